"""Whose decisions the register tells of lately, and whose wait on this computer: for an office to be reconciled."""

from __future__ import annotations

from datetime import datetime

from medreg_core.domain.records import AccountId, Application
from medreg_desktop.services.cache import outbox, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow

MOST = 2_000
"""Applications and commands looked at: an office decides some hundred a day."""


def in_register(conn: Connection, since: datetime) -> list[Application]:
    """Return the applications that the institution has decided since, newest first.

    Reads every row of the copy once, some tenths of a second for 50,000: for a reader's thread, on request.
    """
    found = conn.execute(
        "SELECT CAST(body AS BLOB) FROM application WHERE json_extract(body, '$.decided_at') >= ?"
        " ORDER BY json_extract(body, '$.decided_at') DESC LIMIT ?",
        (f"{since:%Y-%m-%dT%H:%M:%S}", MOST),
    )
    return [synced.decode_application(body) for (body,) in found]


def made_here(conn: Connection, actor: AccountId, since: datetime) -> list[OutboxRow]:
    """Return a registrar's commands that were saved or answered since, or are still open; newest first."""
    rows = outbox.rows(conn, actor, open_only=False, limit=MOST)
    return [row for row in rows if row.is_open or max(row.saved_at, row.settled_at or row.saved_at) >= since]


def others_here(conn: Connection, actor: AccountId) -> list[AccountId]:
    """Return the other registrars whose commands lie on this computer."""
    return [AccountId(i) for (i,) in conn.execute("SELECT DISTINCT actor FROM outbox WHERE actor <> ?", (actor,))]
