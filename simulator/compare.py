"""Lays a copy beside the register: what commands did there, what they were answered, whether both hold the same."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId, DeviceId, InstitutionId
from medreg_core.domain.vocabulary import RescueState
from medreg_desktop.services.cache import applications, outbox, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.search.rows import STATES
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import Entry
from medreg_server.db.codec import to_body
from medreg_server.db.scope import WHOLE_REGISTER, Scope
from medreg_server.db.transaction import Database
from simulator.leaving import kept_in_lane


@dataclass(frozen=True, slots=True)
class Effect:
    """What the register's audit says a command did."""

    action: str
    actor: str
    subject: str
    detail: Mapping[str, str] = field(default_factory=dict)


_OF_CODES = ("code.hand_out", "code.void", "activation.redeem")
_STORIES = {_OF_CODES[:1], _OF_CODES[:2], (_OF_CODES[0], _OF_CODES[2])}
"""What may become of a code that was handed out: nothing, voided, redeemed."""


def effects(database: Database, only: Collection[str] = ()) -> dict[CommandId, list[Effect]]:
    """Return what each command did to the register, by its audit; of ``only`` these chains, if any are named."""
    found: dict[CommandId, list[Effect]] = defaultdict(list)
    with database.read() as transaction:
        for chain in sorted(only or transaction.audit.chains()):
            for entry in transaction.audit.entries(chain):
                detail = json.loads(entry.detail) if entry.detail else {}
                if "command" in detail and entry.action != "command.refuse":
                    effect = Effect(entry.action, entry.actor, entry.subject, detail)
                    found[CommandId(detail["command"])].append(effect)
    return found


def register_faults(database: Database) -> Iterator[str]:
    """Yield what the register's audit must never say of codes (I2) and receipts (I11)."""
    told: dict[str, list[Entry]] = defaultdict(list)
    active = Counter[str]()
    with database.read() as transaction:
        for chain in sorted(transaction.audit.chains()):
            for entry in transaction.audit.entries(chain):
                if entry.action in {"receipt.fork", "receipt.invalid"}:
                    yield f"I11: {entry.action} {entry.subject} {entry.detail}"
                elif entry.action in _OF_CODES:
                    told[json.loads(entry.detail)["code"]].append(entry)
                    active[entry.subject] += entry.action == "activation.redeem"
    for physician, times in active.items():
        if times > 1:
            yield f"I2: the account of {physician} was activated {times} times"
    for reference, entries in told.items():
        story = tuple(entry.action for entry in entries)
        if story not in _STORIES or len({entry.subject for entry in entries}) > 1:
            yield f"I2: the code {reference} was: {', '.join(story)}"


@dataclass(frozen=True, slots=True)
class Books:
    """What the register says: of commands that were ever saved, of everybody who made one, of every application."""

    epoch: str
    effects: Mapping[CommandId, list[Effect]]
    answers: Mapping[CommandId, Outcome]
    applications: Mapping[ApplicationId, Application]
    accounts: Mapping[AccountId, AccountRecord]
    lane: Mapping[CommandId, tuple[DeviceId, RescueState | None]]


def books(database: Database, makers: Mapping[CommandId, AccountId]) -> Books:
    """Return what the register says: of the commands ``makers`` have made, and of whoever had one carried out."""
    done = effects(database)
    with database.read() as transaction:
        ids = [key for place in transaction.institutions.all() for key, _ in transaction.feed.versions(place.id)]
        found = (transaction.applications.get(ApplicationId(key), WHOLE_REGISTER) for key in ids)
        applications = {one.id: one for one in found if one is not None}
        answers = transaction.commands.outcomes(list(makers), WHOLE_REGISTER)
        actors = {*makers.values(), *(AccountId(one.actor) for each in done.values() for one in each)}
        accounts = {actor: account for actor in sorted(actors) if (account := transaction.accounts.get(actor))}
        epoch = transaction.server_state.identity().epoch
    return Books(epoch, done, answers, applications, accounts, kept_in_lane(database))


def every_row(conn: Connection) -> list[OutboxRow]:
    """Return the commands of all registrars on a computer, in the order they were made."""
    actors = [AccountId(actor) for (actor,) in conn.execute("SELECT DISTINCT actor FROM outbox ORDER BY 1")]
    rows = (row for actor in actors for row in outbox.rows(conn, actor, open_only=False, limit=10_000))
    return sorted(rows, key=lambda row: row.n)


def differences(store: CacheStore, database: Database, institution_id: InstitutionId) -> Iterator[str]:
    """Yield in what a copy at rest differs from the register's rows of its institution (I3, I8)."""
    local = store.read(_copy)
    with database.read() as transaction:
        versions = dict(transaction.feed.versions(institution_id))
        head = transaction.feed.bounds(institution_id).head
        own = Scope(institution_id=institution_id)
        bodies = {key: body for key, _, body in transaction.applications.rows(sorted(versions), own)}
        place = transaction.institutions.get(institution_id)
        bodies[institution_id] = to_body(place) if place else ""
    foreign = sorted(local.keys() - versions.keys())
    if foreign:
        yield f"I8/I3: rows that are not its institution's: {foreign[:3]}"
    missing = sorted(versions.keys() - local.keys())
    if missing:
        yield f"I3: {len(missing)} rows lacking: {missing[:3]}"
    differing = [key for key in versions.keys() & local.keys() if local[key] != (versions[key], _meaning(bodies[key]))]
    if differing:
        yield f"I3: other rows than the register: {sorted(differing)[:3]}"
    reached = store.read(sync_state.read).seq
    if reached != head:
        yield f"I3: at {reached}, the register at {head}"


def misread(conn: Connection) -> Iterator[str]:
    """Yield in what the list says otherwise than the sheets of the same copy (I3)."""
    listed = {ApplicationId(key): STATES[state] for key, state in conn.execute("SELECT id, state FROM worklist")}
    for (key,) in conn.execute("SELECT id FROM application").fetchall():
        sheet = applications.get(conn, key)
        if sheet is not None and listed.pop(key, None) is not sheet.shown_state:
            yield f"I3: the list says otherwise than the sheet of {key}, which is {sheet.shown_state.value}"
    if listed:
        yield f"I3: the list still has {sorted(listed)[:3]}"


def _copy(conn: Connection) -> dict[str, tuple[int, object]]:
    found: dict[str, tuple[int, object]] = {}
    for table in ("application", "entity"):
        for key, version, body in conn.execute(f"SELECT id, version, body FROM {table}"):  # noqa: S608 - two names
            found[key] = version, _meaning(body)
    return found


def _meaning(body: str) -> object:
    return json.loads(body)
