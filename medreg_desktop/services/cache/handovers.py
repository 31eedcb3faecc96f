"""What a courier was given: which commands went into which file. The outbox keeps them as waiting all the same."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import applications, audit, outbox
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow


def hand_over(conn: Connection, ids: Iterable[CommandId], bundle_id: str, now: datetime) -> None:
    """Note that the open ones of these commands go into a courier's file: from here on the service may know them."""
    for command_id in ids:
        if conn.execute("UPDATE outbox SET sent = 1 WHERE id = ? AND state <> 'done'", (command_id,)).rowcount:
            conn.execute(
                "INSERT INTO handover(command_id, at, bundle) VALUES(?, ?, ?) ON CONFLICT(command_id)"
                " DO UPDATE SET at = excluded.at, bundle = excluded.bundle",
                (command_id, now.isoformat(), bundle_id),
            )
    rows = handed_over(conn, bundle_id)
    if rows:
        audit.append(conn, now, rows[0].actor, "handed_to_courier", bundle_id, {"commands": str(len(rows))})
    applications.refresh(conn, [row.command.application_id for row in rows])


def handed_over(conn: Connection, bundle_id: str) -> list[OutboxRow]:
    """Return what went into a courier's file and is still open, in the order it was made."""
    ids = conn.execute("SELECT command_id FROM handover WHERE bundle = ?", (bundle_id,)).fetchall()
    rows = (outbox.row_of(conn, CommandId(row[0])) for row in ids)
    return sorted((row for row in rows if row.is_open), key=lambda row: row.n)


def take_back(conn: Connection, bundle_id: str) -> None:
    """Forget a courier's file that was never finished. Its commands stay as if sent: part of it may be on a stick."""
    conn.execute("DELETE FROM handover WHERE bundle = ?", (bundle_id,))
