"""How a command enters the outbox, and each move it makes from there (``sync.md`` §5.6).

Every function runs inside a transaction of the store. No move leads out of ``done`` but the two that a restored server
asks for: :func:`reopen` and :func:`send_again`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.domain.records import AccountId, ApplicationId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution, kind_of, row_of

_encode = msgspec.json.Encoder().encode


def add(conn: Connection, command: Command, actor: AccountId, now: datetime) -> OutboxRow:
    """Save a new command. Its bytes are fixed here, before any send."""
    content = _encode(command).decode()
    conn.execute(
        "INSERT INTO outbox(id, actor, application_id, kind, base_version, depends_on, command, body_hash, saved_at,"
        " state) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued')",
        (
            command.id,
            actor,
            command.application_id,
            kind_of(command).value,
            command.base_version,
            command.depends_on,
            content,
            hashlib.sha256(content.encode()).hexdigest(),
            now.isoformat(),
        ),
    )
    return row_of(conn, command.id)


def set_in_flight(conn: Connection, ids: Iterable[CommandId]) -> None:
    """Note that the commands are about to go out: from here on the server may know them."""
    conn.executemany(
        "UPDATE outbox SET state = 'in_flight', sent = 1, attempts = attempts + 1, next_try = NULL"
        " WHERE id = ? AND state <> 'done'",
        [(i,) for i in ids],
    )


def back_off(
    conn: Connection, ids: Iterable[CommandId], cause: str, next_try: datetime | None, *, counted: bool = True
) -> None:
    """Put commands back in the queue after a try that brought no answer; ``counted=False`` takes the attempt back."""
    conn.executemany(
        "UPDATE outbox SET state = 'queued', last_cause = ?, next_try = ?, attempts = attempts - ? "
        "WHERE id = ? AND state = 'in_flight'",
        [(cause, _text(next_try), 0 if counted else 1, i) for i in ids],
    )


def reclaim(conn: Connection) -> list[ApplicationId]:
    """Put everything a killed program left in flight back in the queue; sending it again is harmless (same key)."""
    left = [
        ApplicationId(row[0]) for row in conn.execute("SELECT application_id FROM outbox WHERE state = 'in_flight'")
    ]
    conn.execute("UPDATE outbox SET state = 'queued', next_try = NULL WHERE state = 'in_flight'")
    return left


def retry_now(conn: Connection, ids: Sequence[CommandId] = (), *, actor: AccountId) -> None:
    """Make the registrar's commands due at once, quarantined ones by name only; without ids all that wait.

    Whose is named begins anew: its tries and how long the service has put it off count from here.
    """
    if not ids:
        conn.execute("UPDATE outbox SET next_try = NULL WHERE actor = ? AND state IN ('queued', 'deferred')", (actor,))
        return
    conn.executemany(
        "UPDATE outbox SET state = 'queued', next_try = NULL, attempts = 0, deferred_since = NULL "
        "WHERE id = ? AND actor = ? AND state IN ('queued', 'deferred', 'quarantined')",
        [(i, actor) for i in ids],
    )


def quarantine(conn: Connection, command_id: CommandId, cause: str) -> None:
    """Set a poisoned command aside, in sight, so that the rest flows."""
    conn.execute(
        "UPDATE outbox SET state = 'quarantined', last_cause = ?, next_try = NULL WHERE id = ? AND state <> 'done'",
        (cause, command_id),
    )


def store_outcome(
    conn: Connection,
    outcome: Outcome,
    state: OutboxState,
    now: datetime,
    *,
    epoch: str,
    next_try: datetime | None = None,
) -> None:
    """Store the server's answer in the transaction that moves the row on."""
    conn.execute(
        "UPDATE outbox SET state = ?, outcome_kind = ?, outcome = ?, epoch = ?, seq = ?, last_cause = ?, next_try = ?,"
        " settled_at = ?, deferred_since = CASE WHEN ? THEN coalesce(deferred_since, ?) END"
        " WHERE id = ? AND state <> 'done'",
        (
            state.value,
            outcome.kind.value,
            _encode(outcome).decode(),
            epoch,
            outcome.seq if outcome.kind in {OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED} else 0,
            outcome.code,
            _text(next_try),
            None if state in {OutboxState.QUEUED, OutboxState.DEFERRED} else now.isoformat(),
            state is OutboxState.DEFERRED,
            now.isoformat(),
            outcome.id,
        ),
    )


def close(conn: Connection, command_id: CommandId, resolution: Resolution, now: datetime) -> None:
    """Close a command by decision of the registrar, or because what it depended on was not taken.

    When it was answered stays: an outage counts by that what waited for it.
    """
    conn.execute(
        "UPDATE outbox SET state = 'done', resolution = ?, next_try = NULL, settled_at = coalesce(settled_at, ?)"
        " WHERE id = ? AND state <> 'done'",
        (resolution.value, now.isoformat(), command_id),
    )


def reopen(conn: Connection, command_id: CommandId, cause: str) -> None:
    """Ask the registrar again: the server no longer holds what it had accepted (restored from a backup)."""
    conn.execute("UPDATE outbox SET state = 'needs_you', last_cause = ?, seq = 0 WHERE id = ?", (cause, command_id))


def hold(conn: Connection, command_id: CommandId, epoch: str) -> None:
    """Note that the register of this epoch was seen to hold what it had accepted; the next restore is compared anew."""
    conn.execute("UPDATE outbox SET epoch = ?, seq = 0 WHERE id = ?", (epoch, command_id))


def need_you(conn: Connection, command_id: CommandId, cause: str) -> None:
    """Ask the registrar for a command that has waited too long."""
    conn.execute(
        "UPDATE outbox SET state = 'needs_you', last_cause = ?, next_try = NULL WHERE id = ? AND state <> 'done'",
        (cause, command_id),
    )


def forget_positions(conn: Connection, epoch: str) -> None:
    """Drop the feed positions of all other epochs than the copy's: they mean nothing any more."""
    conn.execute("UPDATE outbox SET seq = 0 WHERE seq > 0 AND epoch <> ?", (epoch,))


def send_again(conn: Connection, command_id: CommandId) -> None:
    """Put an answered command back in the queue: a server that has it gives the same answer."""
    conn.execute(
        "UPDATE outbox SET state = 'queued', outcome_kind = '', outcome = NULL, seq = 0, attempts = 0,"
        " next_try = NULL, last_cause = '', settled_at = NULL, resolution = '' WHERE id = ?",
        (command_id,),
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
