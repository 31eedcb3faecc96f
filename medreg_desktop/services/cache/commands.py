"""Saves a command and takes the server's answer, each with audit line and overlay in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import msgspec

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.domain.records import AccountId, Application, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import (
    applications,
    audit,
    outbox,
    outbox_moves,
    overlay,
    receipts,
    restored,
    sync_state,
    synced,
    unfinished,
)
from medreg_desktop.services.cache.audit import AuditLine
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution


def save(
    conn: Connection, command: Command, actor: AccountId, now: datetime, basis: Application | None = None
) -> AuditLine:
    """Put a new command in the outbox with its signed receipt; return its audit line.

    ``basis`` is what he had read, kept to show what changed meanwhile if the server answers with a conflict.
    Raises KnownFault ``device_removed``.
    """
    unfinished.check_open(conn)
    row = outbox_moves.add(conn, command, actor, now)
    receipts.append(conn, command, actor, now)
    if basis is not None:
        text = msgspec.json.encode(basis).decode()
        conn.execute("INSERT INTO basis(command_id, body) VALUES(?, ?)", (command.id, text))
    detail = {"command": command.id, "base_version": str(command.base_version)}
    line = audit.append(conn, now, actor, row.kind.value, command.subject, detail)
    applications.refresh(conn, [command.application_id])
    return line


def settle(
    conn: Connection,
    outcome: Outcome,
    now: datetime,
    *,
    next_try: datetime | None = None,
    overdue: bool = False,
    epoch: str = "",
) -> OutboxRow:
    """Store the server's answer and move the command on; what depended on a command that was not taken stops.

    ``next_try`` is for deferred and retry; ``overdue`` turns a deferral that has lasted too long into a question. A
    late or repeated answer to a closed command changes nothing. ``epoch``: in which the answer's position counts, ""
    for the copy's own; a server just restored answers in an epoch that the copy has not reached yet.
    Raises LookupError for an id this device never sent.
    """
    row = outbox.row_of(conn, outcome.id)
    if not row.is_open:
        return row
    epoch = epoch or sync_state.viewer(conn).epoch
    state = OutboxState.NEEDS_YOU if overdue else _state_after(outcome.kind)
    outbox_moves.store_outcome(conn, outcome, state, now, epoch=epoch, next_try=next_try)
    if outcome.receipt is not None and not receipts.keep_counter(conn, outcome.id, outcome.receipt):
        detail = {"command": outcome.id, "kid": outcome.receipt.kid}
        audit.append(conn, now, row.actor, "receipt_not_proven", row.command.subject, detail)
    if state in {OutboxState.DONE, OutboxState.NEEDS_YOU}:
        detail = {"command": outcome.id, "code": outcome.code, "version": str(outcome.version), "seq": str(outcome.seq)}
        audit.append(conn, now, row.actor, f"answer_{outcome.kind}", row.command.subject, detail)
    if outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.CONFLICT}:
        _stop_dependents(conn, outcome.id, now)
    if outcome.kind is OutcomeKind.SUPERSEDED:
        # Nobody is asked about it: no decision may end with it unseen; the register's refusal comes before its author.
        _stop_dependents(conn, outcome.id, now, goes_on=lambda dependent: dependent.kind in overlay.MOVES)
    if _waits_for_nothing(conn, outcome):
        _stop(conn, row, outcome.waits_for or row.command.id, now)
        _stop_dependents(conn, outcome.id, now)
    forgotten = _forgotten(conn, outcome, epoch)
    if forgotten is not None:
        restored.ask_again(conn, forgotten)
    if state is OutboxState.DONE:
        conn.execute("DELETE FROM basis WHERE command_id = ?", (outcome.id,))
    applications.refresh(conn, [row.command.application_id])
    return outbox.row_of(conn, outcome.id)


def close(
    conn: Connection,
    command_id: CommandId,
    resolution: Resolution,
    now: datetime,
    reason: str = "",
    actor: AccountId | None = None,
) -> AuditLine:
    """Close a command by a registrar's decision, with all that depended on it; return the audit line.

    ``actor`` is who decides that, None for who made the command: a colleague may void a code he did not hand out.
    Raises KnownFault ``device_removed``: a supervisor may have it before him already.
    """
    unfinished.check_open(conn)
    row = outbox.row_of(conn, command_id)
    outbox_moves.close(conn, command_id, resolution, now)
    detail = {"command": command_id} | ({"reason": reason} if reason else {})
    line = audit.append(conn, now, actor or row.actor, f"command_{resolution}", row.command.subject, detail)
    for dependent in closed_with(conn, row):
        _stop(conn, dependent, command_id, now)
    applications.refresh(conn, [row.command.application_id])
    return line


def closed_with(conn: Connection, row: OutboxRow) -> list[OutboxRow]:
    """Return what stops when a registrar closes the command, in order.

    What has left may have been carried out with a command that was never answered: the register is asked about it.
    """
    answered = row.outcome is not None and row.outcome.kind not in {OutcomeKind.DEFERRED, OutcomeKind.RETRY}
    return _stopping(conn, row.command.id, lambda dependent: dependent.has_left and not answered)


def basis_of(conn: Connection, command_id: CommandId) -> Application | None:
    """Return what the registrar had read when he decided; None if it is not kept (any more)."""
    row = conn.execute("SELECT body FROM basis WHERE command_id = ?", (command_id,)).fetchone()
    return None if row is None else synced.decode_application(row[0])


def reclaim(conn: Connection) -> int:
    """Put what a killed program left in flight back in the queue; return how many applications it concerned."""
    found = outbox_moves.reclaim(conn)
    applications.refresh(conn, found)
    return len(found)


def _stop_dependents(
    conn: Connection, command_id: CommandId, now: datetime, *, goes_on: Callable[[OutboxRow], bool] = lambda _: False
) -> None:
    for row in _stopping(conn, command_id, goes_on):
        _stop(conn, row, command_id, now)


def _stopping(conn: Connection, command_id: CommandId, goes_on: Callable[[OutboxRow], bool]) -> list[OutboxRow]:
    """Return what builds on a command that was not taken, without what ``goes_on`` to the register or hangs on that."""
    kept: set[CommandId] = set()
    stopping = []
    for dependent in outbox.dependents(conn, command_id):
        row = outbox.row_of(conn, dependent)
        if goes_on(row) or row.command.depends_on in kept:
            kept.add(dependent)
        else:
            stopping.append(row)
    return stopping


def _stop(conn: Connection, row: OutboxRow, because_of: CommandId, now: datetime) -> None:
    outbox_moves.close(conn, row.command.id, Resolution.STOPPED, now)
    detail = {"command": row.command.id, "because_of": because_of}
    audit.append(conn, now, row.actor, "command_stopped", row.command.subject, detail)
    applications.refresh(conn, [row.command.application_id])


def _waits_for_nothing(conn: Connection, outcome: Outcome) -> bool:
    """Whether the register waits for a command that was closed here by hand, and so never comes."""
    if outcome.kind is not OutcomeKind.DEFERRED or outcome.waits_for is None:
        return False
    awaited = outbox.find(conn, outcome.waits_for)
    return awaited is not None and awaited.resolution is not Resolution.NONE


def _forgotten(conn: Connection, outcome: Outcome, epoch: str) -> OutboxRow | None:
    """Return what the register waits for and had answered before a restore: its answer is gone, not what it found.

    Only of a colleague's same decision, as what hangs on it goes on. What was accepted is compared with the whole copy.
    """
    awaited = outbox.find(conn, outcome.waits_for) if outcome.waits_for is not None else None
    if awaited is None or awaited.is_open or awaited.resolution is not Resolution.NONE or awaited.epoch == epoch:
        return None
    return awaited if overlay.is_superseded(awaited) else None


def _state_after(kind: OutcomeKind) -> OutboxState:
    match kind:
        case OutcomeKind.ACCEPTED | OutcomeKind.SUPERSEDED:
            return OutboxState.DONE
        case OutcomeKind.REJECTED | OutcomeKind.CONFLICT:
            return OutboxState.NEEDS_YOU
        case OutcomeKind.DEFERRED:
            return OutboxState.DEFERRED
        case OutcomeKind.RETRY:
            return OutboxState.QUEUED
        case OutcomeKind.MISMATCH:
            return OutboxState.QUARANTINED
        case _:
            assert_never(kind)
