"""Settings that belong to this copy, such as column widths or saved conditions; survive a rebuild."""

from __future__ import annotations

from medreg_desktop.services.cache.connection import Connection, scalar


def find(conn: Connection, name: str) -> str | None:
    """Return a setting, or None."""
    value = scalar(conn, "SELECT value FROM setting WHERE name = ?", (name,))
    return None if value is None else str(value)


def starting(conn: Connection, prefix: str) -> list[str]:
    """Return the values of all settings whose name starts so."""
    rows = conn.execute("SELECT value FROM setting WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
    return [str(row[0]) for row in rows]


def store(conn: Connection, name: str, value: str) -> None:
    """Set a setting; one that stands already is not written again, neither here nor in the journal."""
    conn.execute(
        "INSERT INTO setting(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value"
        " WHERE value <> excluded.value",
        (name, value),
    )
