"""Historic bugs of other systems (``sync.md`` §6, L6) as patches: a simulator must find each of them again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from medreg_core.contract.v1.messages import ChangePage
from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import feed, outbox, overlay, snapshot, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.review import deciding, outbox_desk
from medreg_desktop.services.sync import batch, circuit, copy, receiving, sending
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.outbox_view import QueueRow, RowState, Settlement
from medreg_desktop.services.transport import classify
from medreg_server.db.commands import CommandKey, Commands
from medreg_server.db.tables import command
from medreg_server.services.commands import CommandDesk
from medreg_server.services.registry import Registry
from simulator.compare import every_row
from simulator.run import Result, run

Patch = tuple[ModuleType | type, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: its name, who had it, and what it replaces."""

    name: str
    fell_in: str
    patches: tuple[Patch, ...]

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Put the bug into the program for a while."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.patches]
        try:
            for where, name, bug in self.patches:
                setattr(where, name, bug)
            yield
        finally:
            for where, name, original in before:
                setattr(where, name, original)


def killer(mutant: Mutant, seeds: Iterable[int], count: int) -> Result | None:
    """Return the first run in which an invariant breaks; None if the mutant survives them all."""
    with mutant.alive():
        return next((result for seed in seeds if (result := run(seed, count)).wrong), None)


# ---- the bugs -------------------------------------------------------------------------------------------------------

_settle = copy._settle  # noqa: SLF001 - mutants are made of the insides


def _floor_without_cap(failures: int, chance: float, cap_s: float = 0.0) -> float:
    del chance, cap_s
    return max(10.0, 2.0 ** min(failures, 40) * 8)


def _dropped_on_401(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    if item.cause == "session_expired":
        outbox.close(conn, item.id, Resolution.DROPPED, at)


def _dropped_after_tries(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    row = outbox.row_of(conn, item.id)
    if row.state is OutboxState.QUEUED and row.attempts >= 3:  # it was 10; our circuit tries less often
        outbox.close(conn, item.id, Resolution.DROPPED, at)


def _deleted_when_refused(conn: Connection, item: Settlement, at: datetime) -> None:
    _settle(conn, item, at)
    if item.state is RowState.NEEDS_YOU:
        conn.execute("DELETE FROM outbox WHERE id = ?", (item.id,))


def _cursor_apart_from_rows(self: feed.Feed, page: ChangePage, **_: object) -> feed.Applied:
    latest = {(change.kind, change.id): change for change in page.changes}.values()
    rows = self._judged(list(latest))
    self._store.write(lambda conn: sync_state.write(conn, cursor=page.cursor, seq=str(page.last)))
    return self._store.write(lambda conn: feed._applied(conn, page, rows, []))  # noqa: SLF001 - as above


def _no_idempotency_key(self: Commands, key: CommandKey) -> bool:
    self._connection.execute(command.delete().where(command.c.id == key.id))
    return _claim(self, key)


_claim = Commands.claim


def _overlay_dropped_early(row: OutboxRow, epoch: str, seq: int) -> bool:
    del epoch, seq
    return row.state is not OutboxState.DONE and row.state is not OutboxState.NEEDS_YOU


def _same_epoch_after_restore(self: Registry, reason: str) -> str:
    del self
    return reason


def _every_page_continues(*_: object) -> bool:
    return True


def _nothing_checked(*_: object) -> None:
    return


def _queue_of_everybody(self: CacheCopy, account_id: AccountId) -> tuple[QueueRow, ...]:
    del account_id
    open_rows = lambda conn: [row for row in every_row(conn) if row.is_open]  # noqa: E731 - one expression
    return tuple(copy._queue_row(row) for row in self._store.read(open_rows))  # noqa: SLF001 - as above


def _no_actor_check(self: CommandDesk, _: Any, caller: Any) -> Any:
    with self._environment.database.read() as transaction:
        return transaction.devices.get(caller.device_id)


def _no_receipt_compared(*_: object) -> int:
    return 0


def _recallable_though_sent(decision: OutboxRow) -> bool:
    return decision.state is OutboxState.QUEUED


def _retry_after_believed(retry_after: str, now: datetime) -> int | None:
    del now
    return int(retry_after) if retry_after.isdigit() else None


def _stored_wait_obeyed(row: QueueRow, now: datetime) -> datetime:
    return row.next_try if row.next_try is not None and row.next_try > now else now


def _answer_dropped(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.outcome is None or item.state is not RowState.DONE:
        _settle(conn, item, at)
        return
    outbox.back_off(conn, [item.id], "", at + timedelta(days=365), counted=True)


def _outbox_not_read_after_snapshot(state: Any, event: Any) -> Any:
    queue = state.sending.queue
    after, wanted = _snapshot_ended(state, event)
    return after.with_sending(queue=queue), wanted


_snapshot_ended = receiving.snapshot_ended


def _older_rows_win(row: synced.ServerRow, stored: object) -> bool:
    del row, stored
    return False


ALL: tuple[Mutant, ...] = (
    Mutant(
        "delay floor without cap",
        "OpenCRVS",
        ((circuit, "back_off_s", _floor_without_cap), (sending, "back_off_s", _floor_without_cap)),
    ),
    Mutant("dropped on 401", "TanStack/db#1592", ((copy, "_settle", _dropped_on_401),)),
    Mutant("dropped after tries", "TanStack/db#1301", ((copy, "_settle", _dropped_after_tries),)),
    Mutant("refused command leaves the outbox", "OpenCRVS", ((copy, "_settle", _deleted_when_refused),)),
    Mutant("cursor stored apart from rows", "syncthing#5149", ((feed.Feed, "apply_page", _cursor_apart_from_rows),)),
    Mutant("no idempotency key", "opencrvs-core#7477", ((Commands, "claim", _no_idempotency_key),)),
    Mutant("overlay dropped early", "TanStack#1659", ((overlay, "is_effective", _overlay_dropped_early),)),
    Mutant("same epoch after a restore", "syncthing#6335", ((Registry, "begin_epoch", _same_epoch_after_restore),)),
    Mutant(
        "any page continues",
        "Marten#2189",
        ((receiving, "_continues", _every_page_continues), (feed, "_check_continues", _nothing_checked)),
    ),
    Mutant(
        "one outbox for everybody",
        "DHIS2",
        ((CacheCopy, "queue", _queue_of_everybody), (CommandDesk, "_device", _no_actor_check)),
    ),
    Mutant(
        "receipts not compared after a restore", "nextcloud#1026", ((snapshot, "_receipts_lost", _no_receipt_compared),)
    ),
    Mutant("absurd Retry-After believed", "any proxy", ((classify, "_wait", _retry_after_believed),)),
    Mutant("stored wait obeyed after a clock jump", "Anki", ((batch, "due_at", _stored_wait_obeyed),)),
    Mutant("answer lost on its way to the disk", "TanStack#1659", ((copy, "_settle", _answer_dropped),)),
    Mutant(
        "called back though sent",
        "collect#5317",
        ((deciding, "is_recallable", _recallable_though_sent), (outbox_desk, "is_recallable", _recallable_though_sent)),
    ),
    Mutant(
        "outbox not read after a snapshot",
        "our own, found here",
        ((receiving, "snapshot_ended", _outbox_not_read_after_snapshot),),
    ),
    Mutant("another's token carries the queue", "our own, found here", ((CommandDesk, "_device", _no_actor_check),)),
    Mutant("changes of known rows are ignored", "android-fhir#2361", ((synced, "_is_newer", _older_rows_win),)),
)
