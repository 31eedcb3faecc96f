"""Saves a command and takes the server's answer to it, each with its audit line and what the screen shows, in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from medreg_core.contract.v1.messages import Command, Outcome
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache import applications, audit, outbox, sync_state
from medreg_desktop.services.cache.audit import AuditLine
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution


def save(conn: Connection, command: Command, actor: AccountId, now: datetime) -> AuditLine:
    """Put a new command in the outbox; return its audit line, the registrar's receipt."""
    row = outbox.add(conn, command, actor, now)
    detail = {"command": command.id, "base_version": str(command.base_version)}
    line = audit.append(conn, now, actor, row.kind.value, command.application_id, detail)
    applications.refresh(conn, [command.application_id])
    return line


def settle(conn: Connection, outcome: Outcome, now: datetime, *, next_try: datetime | None = None) -> OutboxRow:
    """Store the server's answer and move the command on; what depended on a command that was not taken stops.

    ``next_try`` is for deferred and retry. A late or repeated answer to a closed command changes nothing.
    Raises LookupError for an id this device never sent.
    """
    row = outbox.row_of(conn, outcome.id)
    if not row.is_open:
        return row
    state = _state_after(outcome.kind)
    outbox.store_outcome(conn, outcome, state, now, epoch=sync_state.viewer(conn).epoch, next_try=next_try)
    if state in {OutboxState.DONE, OutboxState.NEEDS_YOU}:
        detail = {"command": outcome.id, "code": outcome.code, "version": str(outcome.version), "seq": str(outcome.seq)}
        audit.append(conn, now, row.actor, f"answer_{outcome.kind}", row.command.application_id, detail)
    if outcome.kind in {OutcomeKind.REJECTED, OutcomeKind.CONFLICT, OutcomeKind.SUPERSEDED}:
        _stop_dependents(conn, outcome.id, now)
    applications.refresh(conn, [row.command.application_id])
    return outbox.row_of(conn, outcome.id)


def close(conn: Connection, command_id: CommandId, resolution: Resolution, now: datetime) -> None:
    """Close a command by the registrar's decision, with all that depended on it."""
    row = outbox.row_of(conn, command_id)
    outbox.close(conn, command_id, resolution, now)
    audit.append(conn, now, row.actor, f"command_{resolution}", row.command.application_id, {"command": command_id})
    if resolution is not Resolution.REPLACED:
        _stop_dependents(conn, command_id, now)
    applications.refresh(conn, [row.command.application_id])


def reclaim(conn: Connection) -> int:
    """At the start: put what a killed program left in flight back in the queue; return how many applications it concerned."""
    found = outbox.reclaim(conn)
    applications.refresh(conn, found)
    return len(found)


def _stop_dependents(conn: Connection, command_id: CommandId, now: datetime) -> None:
    for dependent in outbox.dependents(conn, command_id):
        row = outbox.row_of(conn, dependent)
        outbox.close(conn, dependent, Resolution.STOPPED, now)
        detail = {"command": dependent, "because_of": command_id}
        audit.append(conn, now, row.actor, "command_stopped", row.command.application_id, detail)


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
