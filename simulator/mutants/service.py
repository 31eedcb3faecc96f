"""Bugs of services: keys that expire, numbers out of order, rows of others, locks that do not lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import TextClause, delete, select, text

from medreg_core.contract.v1.digest import bucket_sums
from medreg_core.contract.v1.feed import Change
from medreg_core.domain.records import Application, InstitutionId
from medreg_desktop.services.cache import feed as cache_feed
from medreg_server.db import feed as db_feed
from medreg_server.db.applications import Applications
from medreg_server.db.commands import CommandKey, Commands
from medreg_server.db.feed import Feed
from medreg_server.db.tables import application, change_log, command
from medreg_server.services import cursors, feed
from medreg_server.services.commands import CommandDesk
from medreg_server.services.cursors import Cursor
from medreg_server.services.decisions import DecisionDesk
from medreg_server.services.moves import Seen
from medreg_server.services.registry import Registry
from simulator.mutants.patching import Mutant

_claim = Commands.claim
_page = Feed.page
_rule = DecisionDesk._rule  # noqa: SLF001 - mutants are made of the insides


def _no_idempotency_key(self: Commands, key: CommandKey) -> bool:
    self._connection.execute(command.delete().where(command.c.id == key.id))
    return _claim(self, key)


def _key_expires(self: Commands, key: CommandKey) -> bool:
    old = key.received_at - timedelta(hours=1)  # it was 24; our weeks are shorter
    self._connection.execute(command.delete().where(command.c.id == key.id, command.c.received_at < old))
    return _claim(self, key)


def no_actor_check(_: CommandDesk, transaction: Any, __: Any, caller: Any) -> Any:
    """Take a batch from whoever is signed in."""
    return transaction.devices.get(caller.device_id)


def cursor_of_any_epoch(self: feed.FeedDesk, text: str, caller: Any) -> Cursor:
    """Take a cursor that does not say in which epoch it was given."""
    del caller
    environment = self._environment
    position = cursors._open(environment.keys, text, Cursor)  # noqa: SLF001 - as above
    return msgspec.structs.replace(position, epoch=environment.identity().epoch)


def _no_optimistic_lock(self: DecisionDesk, sent: Any, current: Any, step: Any) -> Any:
    return _rule(self, msgspec.structs.replace(sent, base_version=current.version, seen_at=None), current, step)


def _number_alone(self: Seen, current: Application) -> bool:
    return self.version == current.version


def _same_epoch_after_restore(self: Registry, reason: str) -> str:
    del self
    return reason


def _page_overlooks(
    self: Feed, institution_id: InstitutionId, after: int, limit: int
) -> tuple[int, tuple[Change, ...]]:
    last, changes = _page(self, institution_id, after, limit)
    if len(changes) > 1 and changes[-1].seq % 3 == 0:  # its writer had not committed when the page was read
        return last, (*changes[:-2], changes[-1])
    return last, changes


def _first_change_wins(self: Feed, institution_id: InstitutionId, after: int, limit: int) -> Any:
    last, _ = _page(self, institution_id, after, limit)
    first: dict[str, Change] = {}
    for number in range(after, last):
        for change in _page(self, institution_id, number, 1)[1]:
            first.setdefault(change.id, change)
    return last, tuple(sorted(first.values(), key=lambda change: change.seq))


def _pruned_under_live_cursors(self: Feed, institution_id: InstitutionId, before: datetime) -> int:
    del before
    self._connection.execute(delete(change_log).where(change_log.c.institution_id == institution_id))
    return self.bounds(institution_id).floor


def _rows_of_everybody(self: Applications, institution_id: InstitutionId, **asked: Any) -> Any:
    del institution_id
    query = select(application.c.id, application.c.version, application.c.body).where(
        application.c.in_progress == asked["in_progress"]
    )
    if asked["before"]:
        query = query.where(application.c.id < asked["before"])
    rows = self._connection.execute(query.order_by(application.c.id.desc()).limit(asked["limit"]))
    return [(row.id, row.version, row.body) for row in rows]


_OF_ONE_PLACE = " AND application.institution_id = :institution"


def _changes_of_everybody() -> TextClause:
    asked = str(db_feed._PAGE)  # noqa: SLF001 - as above
    assert _OF_ONE_PLACE in asked
    return text(asked.replace(_OF_ONE_PLACE, "")).bindparams(kind_1="application", kind_2="institution")


def _ids_alone(rows: Any) -> list[int]:
    return bucket_sums([(key, 0) for key, _ in rows])


MUTANTS: tuple[Mutant, ...] = (
    Mutant("no idempotency key", "opencrvs-core#7477", ((Commands, "claim", _no_idempotency_key),)),
    Mutant("idempotency key expires", "Stripe's 24 hours", ((Commands, "claim", _key_expires),)),
    Mutant("another's token carries the queue", "our own, found here", ((CommandDesk, "_device", no_actor_check),)),
    Mutant("no optimistic lock", "android-fhir#1096", ((DecisionDesk, "_rule", _no_optimistic_lock),)),
    Mutant("a version number given twice", "our own, found here", ((Seen, "is_row", _number_alone),)),
    Mutant("same epoch after a restore", "syncthing#6335", ((Registry, "begin_epoch", _same_epoch_after_restore),)),
    Mutant("feed in the order of numbers, not of commits", "SQLStreamStore", ((Feed, "page", _page_overlooks),)),
    Mutant("first change of a row wins", "joplin#14388", ((Feed, "page", _first_change_wins),)),
    Mutant("pruned under live cursors", "PowerSync", ((Feed, "prune", _pruned_under_live_cursors),)),
    Mutant("changes of other institutions", "any missing filter", ((db_feed, "_PAGE", _changes_of_everybody()),)),
    Mutant("rows of other institutions", "any missing filter", ((Applications, "snapshot_rows", _rows_of_everybody),)),
    Mutant(
        "digest of ids alone", "CommCare", ((feed, "bucket_sums", _ids_alone), (cache_feed, "bucket_sums", _ids_alone))
    ),
)
