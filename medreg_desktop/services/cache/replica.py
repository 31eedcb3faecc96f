"""Notices which precious rows a transaction touched, so that no writer can forget the journal."""

from __future__ import annotations

from collections.abc import Iterator

from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.cache.journal import Entry, Frame
from medreg_desktop.services.cache.schema import PRECIOUS

_EVENTS = (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old"))


def watch(conn: Connection) -> None:
    """Install the triggers on this connection; they are temporary, so no other connection pays for them."""
    conn.execute("CREATE TEMP TABLE touched(tab TEXT, n INTEGER, PRIMARY KEY(tab, n)) WITHOUT ROWID")
    for table in PRECIOUS:
        for event, row in _EVENTS:
            conn.execute(
                f"CREATE TEMP TRIGGER touch_{table}_{event} AFTER {event} ON main.{table} "
                f"BEGIN INSERT OR IGNORE INTO touched VALUES('{table}', {row}.n); END"
            )


def take_touched(conn: Connection) -> Frame | None:
    """Return the precious rows this transaction touched, as they are now; None if it touched none."""
    touched = conn.execute("SELECT tab, n FROM touched").fetchall()
    if not touched:
        return None
    conn.execute("DELETE FROM touched")
    return Frame(audit_head(conn), tuple(_entry(conn, table, n) for table, n in touched))


def audit_head(conn: Connection) -> int:
    """Return the number of the last audit line."""
    return int(scalar(conn, "SELECT coalesce(max(n), 0) FROM audit"))


def all_rows(conn: Connection) -> Iterator[Entry]:
    """Yield every precious row, for a journal written anew."""
    for table in PRECIOUS:
        names = columns(conn, table)
        for row in conn.execute(f"SELECT {', '.join(names)} FROM {table}"):  # noqa: S608 - table names are ours
            content = dict(zip(names, row, strict=True))
            yield Entry(table, int(content["n"]), content)


def columns(conn: Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [str(row[1]) for row in conn.execute(f"PRAGMA table_info({table})")]


def _entry(conn: Connection, table: str, n: int) -> Entry:
    found = conn.execute(f"SELECT * FROM {table} WHERE n = ?", (n,))  # noqa: S608 - table names are ours
    row = found.fetchone()
    names = [column[0] for column in found.description]
    return Entry(table, n, None if row is None else dict(zip(names, row, strict=True)))
