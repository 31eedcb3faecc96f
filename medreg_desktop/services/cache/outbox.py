"""The outbox: commands this office has made and the server has not finished answering (``sync.md`` §5.6).

Every function runs inside a transaction of the store. A saved command never changes and is never deleted; what changes
is where it stands, and :mod:`.outbox_moves` alone changes that. Rows belong to the registrar who made them: another
one on the same PC sees counts only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.domain.records import AccountId, ApplicationId, CommandId
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.connection import Connection, Row

_decode_command = msgspec.json.Decoder(Command).decode
_decode_outcome = msgspec.json.Decoder(Outcome).decode


class OutboxState(StrEnum):
    """Where a command stands."""

    QUEUED = "queued"  # 待上传
    IN_FLIGHT = "in_flight"  # 发送中
    DEFERRED = "deferred"  # 暂缓: the server waits for something else
    NEEDS_YOU = "needs_you"  # 需处理: conflict or rejection
    QUARANTINED = "quarantined"  # 已隔离
    DONE = "done"


class Resolution(StrEnum):
    """How a command was closed other than by being accepted or superseded."""

    NONE = ""
    CANCELLED = "cancelled"  # taken back before it was ever sent
    DROPPED = "dropped"  # the registrar gave it up after a refusal
    REPLACED = "replaced"  # a newer command of his took its place
    STOPPED = "stopped"  # the command it depended on was not taken


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One command with all that is known of its way."""

    n: int
    command: Command
    actor: AccountId
    state: OutboxState
    sent: bool
    attempts: int
    next_try: datetime | None
    last_cause: str
    outcome: Outcome | None
    epoch: str
    saved_at: datetime
    settled_at: datetime | None  # when it was answered, or closed without an answer
    resolution: Resolution
    size: int  # of the encoded command, in bytes
    deferred_since: datetime | None  # when the server first asked to wait
    seq: int  # position in the feed of ``epoch`` that contains the effect; 0: none, or forgotten
    handed_at: datetime | None = None  # when it last went into a courier's file

    @property
    def kind(self) -> CommandKind:
        """What the command asks for."""
        return kind_of(self.command)

    @property
    def is_corrected(self) -> bool:
        """Whether the registrar is about to replace it."""
        return self.state is OutboxState.QUARANTINED and self.last_cause == CORRECTING

    @property
    def has_left(self) -> bool:
        """Whether the register may have it: it was sent, or lies in a courier's file."""
        return self.sent or self.handed_at is not None

    @property
    def is_lost(self) -> bool:
        """Whether the service had accepted it and, restored from a backup, no longer holds it."""
        return self.state is OutboxState.NEEDS_YOU and self.last_cause == LOST_BY_SERVER

    @property
    def is_open(self) -> bool:
        """Whether the command still waits for something."""
        return self.state is not OutboxState.DONE


@dataclass(frozen=True, slots=True)
class OutboxCounts:
    """What waits: the signed-in registrar's own by state, and how many of others."""

    own: dict[OutboxState, int]
    others: int

    @property
    def unsent(self) -> int:
        """Commands of the registrar that the server has not finished with and that need nobody."""
        return sum(self.own.get(s, 0) for s in (OutboxState.QUEUED, OutboxState.IN_FLIGHT, OutboxState.DEFERRED))

    @property
    def need_you(self) -> int:
        """Commands that wait for the registrar."""
        return self.own.get(OutboxState.NEEDS_YOU, 0) + self.own.get(OutboxState.QUARANTINED, 0)


CORRECTING = "being_corrected"
"""Cause of a quarantined decision that another one is about to replace: it stays in sight and shows no effect."""

LOST_BY_SERVER = "lost_by_server"
"""Cause of a command that the server had accepted and, restored from a backup, no longer holds."""

_COLUMNS = (
    "n, command, actor, state, sent, attempts, next_try, last_cause, outcome, epoch, saved_at, settled_at, resolution,"
    " length(CAST(command AS BLOB)), deferred_since, seq, (SELECT at FROM handover WHERE command_id = outbox.id)"
)

_OPEN = "FROM outbox INDEXED BY outbox_open WHERE state <> 'done'"
# Named, because the planner would walk the table for its order: every decision ever made here, each time one is saved.


def kind_of(command: Command) -> CommandKind:
    """Return the kind a command's body is tagged with."""
    tag = command.body.__struct_config__.tag
    return CommandKind(str(tag))


def row_of(conn: Connection, command_id: CommandId) -> OutboxRow:
    """Return a command's row. Raises LookupError."""
    row = find(conn, command_id)
    if row is None:
        raise LookupError(command_id)
    return row


def find(conn: Connection, command_id: CommandId) -> OutboxRow | None:
    """Return a command's row, or None."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", (command_id,)).fetchone()  # noqa: S608 - constant
    return None if row is None else _row(row)


def rows(conn: Connection, actor: AccountId, *, open_only: bool = True, limit: int = 1000) -> list[OutboxRow]:
    """Return the registrar's commands: every open one in the order they were made, or the newest of all.

    However many are open: one that nobody reads would be neither sent nor seen until those before it are done.
    """
    which = f"{_OPEN} AND actor = ? ORDER BY n" if open_only else "FROM outbox WHERE actor = ? ORDER BY n DESC LIMIT ?"
    statement = f"SELECT {_COLUMNS} {which}"
    return [_row(row) for row in conn.execute(statement, (actor,) if open_only else (actor, limit))]


def closed(conn: Connection, actor: AccountId, limit: int) -> list[OutboxRow]:
    """Return the newest of the registrar's commands that wait for nothing any more, however many still do."""
    statement = f"SELECT {_COLUMNS} FROM outbox WHERE actor = ? AND state = 'done' ORDER BY n DESC LIMIT ?"  # noqa: S608 - constants
    return [_row(row) for row in conn.execute(statement, (actor, limit))]


def open_behind(conn: Connection, actor: AccountId, n: int, limit: int) -> list[OutboxRow]:
    """Return the registrar's next open commands behind ``n``, in the order they were made."""
    statement = f"SELECT {_COLUMNS} {_OPEN} AND actor = ? AND n > ? ORDER BY n LIMIT ?"
    return [_row(row) for row in conn.execute(statement, (actor, n, limit))]


def of_application(conn: Connection, application_id: ApplicationId, actor: AccountId) -> list[OutboxRow]:
    """Return all the registrar's commands on one application, in the order they were made."""
    statement = f"SELECT {_COLUMNS} FROM outbox WHERE application_id = ? AND actor = ? ORDER BY n"  # noqa: S608 - constants
    return [_row(row) for row in conn.execute(statement, (application_id, actor))]


def due(conn: Connection, actor: AccountId, now: datetime, limit: int = 100) -> list[OutboxRow]:
    """Return what may be sent now, oldest first. Per application nothing overtakes an older command that still waits.

    An older command in the same answer does not hold a younger one back: the server runs a batch in order.
    """
    found: list[OutboxRow] = []
    held: set[ApplicationId] = set()
    waiting = f"SELECT {_COLUMNS} {_OPEN} AND actor = ? ORDER BY n"
    for row in map(_row, conn.execute(waiting, (actor,))):
        application = row.command.application_id
        if application in held or row.state is OutboxState.NEEDS_YOU:
            continue
        sendable = row.state in {OutboxState.QUEUED, OutboxState.DEFERRED}
        if sendable and (row.next_try is None or row.next_try <= now):
            found.append(row)
        else:
            held.add(application)
        if len(found) == limit:
            break
    return found


def next_due(conn: Connection, actor: AccountId) -> datetime | None:
    """Return the earliest moment set for a further try, or None."""
    row = conn.execute(
        "SELECT min(next_try) FROM outbox WHERE state IN ('queued', 'deferred') AND actor = ?", (actor,)
    ).fetchone()
    return _moment(row[0]) if row else None


def dependents(conn: Connection, command_id: CommandId) -> list[CommandId]:
    """Return the open commands that build on this one, directly or through others, in order."""
    found = conn.execute(
        "WITH RECURSIVE chain(id) AS (SELECT ? UNION SELECT o.id FROM outbox o JOIN chain c ON o.depends_on = c.id) "
        "SELECT o.id FROM outbox o JOIN chain c ON o.id = c.id WHERE o.id <> ? AND o.state <> 'done' ORDER BY o.n",
        (command_id, command_id),
    )
    return [CommandId(row[0]) for row in found]


def counts(conn: Connection, actor: AccountId) -> OutboxCounts:
    """Count what is open: the registrar's own by state, everybody else's as one number."""
    own: dict[OutboxState, int] = {}
    others = 0
    for state, who, number in conn.execute(
        "SELECT state, actor, count(*) FROM outbox WHERE state <> 'done' GROUP BY 1, 2"
    ):
        if who == actor:
            own[OutboxState(state)] = number
        else:
            others += number
    return OutboxCounts(own, others)


def open_of_others(conn: Connection, application_id: ApplicationId, actor: AccountId) -> int:
    """Return how many commands of other registrars on this application are open."""
    statement = "SELECT count(*) FROM outbox WHERE application_id = ? AND actor <> ? AND state <> 'done'"
    return int(conn.execute(statement, (application_id, actor)).fetchall()[0][0])


def applications_of(conn: Connection, actors: Iterable[AccountId]) -> list[ApplicationId]:
    """Return the applications on which the registrars' commands may show."""
    marks = json.dumps(list(actors))
    statement = (
        "SELECT DISTINCT application_id FROM outbox WHERE (state <> 'done' OR seq > 0)"
        " AND actor IN (SELECT value FROM json_each(?))"
    )
    return [ApplicationId(row[0]) for row in conn.execute(statement, (marks,))]


def applications_between(conn: Connection, after: int, last: int) -> list[ApplicationId]:
    """Return the applications whose command takes effect in the feed behind ``after`` up to ``last``."""
    found = conn.execute("SELECT DISTINCT application_id FROM outbox WHERE seq > ? AND seq <= ?", (after, last))
    return [ApplicationId(row[0]) for row in found]


def accepted_outside(conn: Connection, epoch: str) -> list[OutboxRow]:
    """Return accepted commands that were answered in another epoch: receipts to compare after a restore.

    All of them, however long ago: the second backup that an operator tries may be older than the first.
    """
    statement = (
        f"SELECT {_COLUMNS} FROM outbox WHERE outcome_kind = 'accepted' AND state = 'done' AND resolution = ''"  # noqa: S608 - constants
        " AND epoch <> ? ORDER BY n"
    )
    return [_row(row) for row in conn.execute(statement, (epoch,))]


def refused_outside(conn: Connection, epoch: str, application_ids: Iterable[ApplicationId] | None) -> list[OutboxRow]:
    """Return commands on these applications, None for all, that were answered in another epoch and not carried out.

    Also those that a registrar has given up since, or replaced.
    """
    statement = (
        f"SELECT {_COLUMNS} FROM outbox WHERE outcome_kind IN ('superseded', 'conflict', 'rejected')"  # noqa: S608 - constants
        " AND state IN ('done', 'needs_you') AND resolution IN ('', 'dropped', 'replaced') AND epoch <> ?"
    )
    if application_ids is None:
        return [_row(row) for row in conn.execute(f"{statement} ORDER BY n", (epoch,))]
    of_these = f"{statement} AND application_id IN (SELECT value FROM json_each(?)) ORDER BY n"  # noqa: S608 - constants
    return [_row(row) for row in conn.execute(of_these, (epoch, json.dumps(list(application_ids))))]


def accepted_at(conn: Connection, application_id: ApplicationId) -> set[datetime | None]:
    """Return when commands of this computer on the application were carried out."""
    statement = "SELECT outcome FROM outbox WHERE application_id = ? AND outcome_kind = 'accepted' AND resolution = ''"
    return {_decode_outcome(row[0]).at for row in conn.execute(statement, (application_id,))}


def stopped_by(conn: Connection, command_id: CommandId) -> list[OutboxRow]:
    """Return what was closed because this command was not taken."""
    statement = f"SELECT {_COLUMNS} FROM outbox WHERE depends_on = ? AND resolution = 'stopped' ORDER BY n"  # noqa: S608 - constants
    return [_row(row) for row in conn.execute(statement, (command_id,))]


def needing_you(conn: Connection, cause: str) -> list[OutboxRow]:
    """Return the commands of everybody that ask their author for this cause."""
    statement = f"SELECT {_COLUMNS} FROM outbox WHERE state = 'needs_you' AND last_cause = ? ORDER BY n"  # noqa: S608 - constants
    return [_row(row) for row in conn.execute(statement, (cause,))]


def _row(row: Row) -> OutboxRow:
    return OutboxRow(
        n=row[0],
        command=_decode_command(row[1]),
        actor=AccountId(row[2]),
        state=OutboxState(row[3]),
        sent=bool(row[4]),
        attempts=row[5],
        next_try=_moment(row[6]),
        last_cause=row[7],
        outcome=None if row[8] is None else _decode_outcome(row[8]),
        epoch=row[9],
        saved_at=datetime.fromisoformat(row[10]),
        settled_at=_moment(row[11]),
        resolution=Resolution(row[12]),
        size=row[13],
        deferred_since=_moment(row[14]),
        seq=row[15],
        handed_at=_moment(row[16]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
