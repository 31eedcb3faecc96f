"""What is kept of commands that are set apart, beside their rows in the outbox."""

from __future__ import annotations

from datetime import datetime

from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.cache import applications, audit, outbox, outbox_moves
from medreg_desktop.services.cache.connection import Connection

HANDED_OVER = "handed_over"
"""Cause of a quarantined command that was given to support."""


def note_handed_over(conn: Connection, command_id: CommandId, actor: AccountId, now: datetime) -> str:
    """Note that a reference to the command was given to support; return the digest of its bytes, in hex.

    One that was about to be replaced is so no longer, and shows again.
    """
    row = outbox.row_of(conn, command_id)
    outbox_moves.quarantine(conn, command_id, HANDED_OVER)
    audit.append(conn, now, actor, "command_handed_over", row.command.application_id, {"command": command_id})
    applications.refresh(conn, [row.command.application_id])
    return str(conn.execute("SELECT body_hash FROM outbox WHERE id = ?", (command_id,)).fetchall()[0][0])
