"""对账: after an outage, several registrars' decisions of one office beside each other (``sync.md`` §3, feature 5).

Of colleagues a registrar sees what the register tells of the applications he may see, and of what they have not sent
from this computer only the number. A supervisor sees every batch that lies here. The register tells names, and two may
bear the same: one's own is only what lies in one's own outbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from medreg_core.domain.records import AccountId, Application, CommandId, HistoryEntry
from medreg_core.domain.vocabulary import CommandKind, Kind, Move, OutcomeKind, Role
from medreg_desktop.services.cache import decided, outbox, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.review.desk import Desk

LOOKS_BACK = timedelta(days=14)
DAY = timedelta(days=1)

_OF_THE_OFFICE = frozenset({Role.REGISTRAR, Role.SUPERVISOR, Role.INSTITUTION_ADMIN})
_KINDS = {move: kind for kind, move in MOVES.items()}


class Result(StrEnum):
    """What became of a decision."""

    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    LOST = "lost"  # accepted, and no longer held by a service that was restored from a backup
    QUARANTINED = "quarantined"
    WAITING = "waiting"
    CLOSED = "closed"


NEEDS_A_PERSON = frozenset({Result.CONFLICT, Result.REJECTED, Result.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of one registrar. ``is_mine``: made here by whoever asks; ``command_id`` is None for all others."""

    who: str
    is_mine: bool
    application_id: str
    applicant: str
    kind: Kind | None
    act: CommandKind
    at: datetime
    result: Result
    version: int = 0
    by: str = ""  # who stood in the way
    command_id: CommandId | None = None
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """The decisions of one registrar, newest first."""

    who: str
    is_mine: bool
    lines: tuple[Decided, ...]

    @property
    def counts(self) -> dict[Result, int]:
        """How many came to which end, in the order of :class:`Result`."""
        found = Counter(line.result for line in self.lines)
        return {result: found[result] for result in Result if found[result]}


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All batches since ``since``, one's own first; ``hidden`` commands of others wait on this computer."""

    since: datetime
    batches: tuple[Batch, ...]
    hidden: int


class ReconcileDesk:
    """Reads; decides nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self) -> Reconciliation:
        """Return the decisions since the outage began: since the oldest one of one's own that was settled lately."""
        return self._desk.store.read(self._read)

    def _read(self, conn: Connection) -> Reconciliation:
        desk, now = self._desk, self._desk.clock.now()
        since = _began(decided.made_here(conn, desk.actor, now - DAY), now)
        mine = [_of_command(conn, row, desk.account.name, is_mine=True) for row in _decisions(conn, desk.actor, since)]
        told = list(_told(decided.in_register(conn, since), since, mine))
        others: list[Decided] = []
        hidden = outbox.counts(conn, desk.actor).others
        if desk.account.role is Role.SUPERVISOR:
            for actor in decided.others_here(conn, desk.actor):
                rows = _decisions(conn, actor, since)
                others += [_of_command(conn, row, "", is_mine=False) for row in rows if row.is_open]
            hidden = 0
        return Reconciliation(since, _batches([*mine, *told, *others]), hidden)


def _began(rows: Sequence[OutboxRow], now: datetime) -> datetime:
    oldest = min((row.saved_at for row in rows), default=now - DAY)
    return max(min(oldest, now - DAY), now - LOOKS_BACK)


def _decisions(conn: Connection, actor: AccountId, since: datetime) -> list[OutboxRow]:
    return [row for row in decided.made_here(conn, actor, since) if row.kind in MOVES]


def _of_command(conn: Connection, row: OutboxRow, who: str, *, is_mine: bool) -> Decided:
    application = synced.find(conn, row.command.application_id)
    outcome = row.outcome
    return Decided(
        who,
        is_mine,
        row.command.application_id,
        application.person.name if application else "",
        application.kind if application else None,
        row.kind,
        row.saved_at,
        _result(row),
        version=outcome.version if outcome else row.command.base_version,
        by=outcome.by if outcome else "",
        command_id=row.command.id if is_mine else None,
        needs_person=row.state in {OutboxState.NEEDS_YOU, OutboxState.QUARANTINED},
    )


def _result(row: OutboxRow) -> Result:
    if row.state is OutboxState.QUARANTINED:
        return Result.QUARANTINED
    if row.is_lost:
        return Result.LOST
    if row.resolution or (row.outcome is None and not row.is_open):
        return Result.CLOSED
    if row.outcome is None or row.outcome.kind in {OutcomeKind.DEFERRED, OutcomeKind.RETRY}:
        return Result.WAITING
    return _ENDS[row.outcome.kind]


_ENDS = {
    OutcomeKind.ACCEPTED: Result.ACCEPTED,
    OutcomeKind.SUPERSEDED: Result.SUPERSEDED,
    OutcomeKind.CONFLICT: Result.CONFLICT,
    OutcomeKind.REJECTED: Result.REJECTED,
    OutcomeKind.MISMATCH: Result.QUARANTINED,
}


def _told(applications: Iterable[Application], since: datetime, mine: Sequence[Decided]) -> Iterator[Decided]:
    """Yield the decisions of the office that the register tells of and that are not in one's own outbox already."""
    known = {(line.application_id, line.act, line.version) for line in mine if line.result is Result.ACCEPTED}
    for application in applications:
        for entry in application.history:
            if entry.role in _OF_THE_OFFICE and entry.move in _KINDS and entry.at >= since:
                line = _of_entry(application, entry)
                if (line.application_id, line.act, line.version) not in known:
                    yield line


def _of_entry(application: Application, entry: HistoryEntry) -> Decided:
    act = _KINDS[Move(entry.move)]
    return Decided(
        entry.actor,
        False,
        application.id,
        application.person.name,
        application.kind,
        act,
        entry.at,
        Result.ACCEPTED,
        version=entry.version,
    )


def _batches(lines: Iterable[Decided]) -> tuple[Batch, ...]:
    by_registrar: dict[tuple[bool, str], list[Decided]] = {}
    for line in lines:
        by_registrar.setdefault((line.is_mine, line.who), []).append(line)
    made = (
        Batch(who, is_mine, tuple(sorted(batch, key=lambda line: (not line.needs_person, -line.at.timestamp()))))
        for (is_mine, who), batch in by_registrar.items()
    )
    return tuple(sorted(made, key=lambda batch: (not batch.is_mine, batch.who)))
