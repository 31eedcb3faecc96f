"""Counts of what the copy holds, for support: no names, no bodies, no ids of persons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from medreg_desktop.services.cache import codes, leases, schema, sync_state, synced
from medreg_desktop.services.cache.connection import Connection, scalar

_COUNTED = ("outbox", "audit", "draft", "form", "print_record", "recall", "lease")
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """One command that waits for the registrar: its own id, kind, state, cause and tries."""

    id: str
    kind: str
    state: str
    cause: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The copy in numbers. ``states`` counts commands by "state kind"."""

    schema: tuple[int, int]
    cipher: str
    applications: int
    form_numbers_left: int
    codes_left: int
    tables: dict[str, int]
    states: dict[str, int]
    waiting: tuple[Standing, ...]


def read(conn: Connection, now: datetime) -> Figures:
    """Count everything, on one consistent view."""
    at = sync_state.server_time(conn, now)
    waiting = conn.execute(
        "SELECT id, kind, state, last_cause, attempts FROM outbox"
        " WHERE state IN ('needs_you', 'quarantined', 'deferred') ORDER BY n DESC LIMIT ?",
        (_SHOWN,),
    )
    states = conn.execute("SELECT state || ' ' || kind, count(*) FROM outbox GROUP BY 1 ORDER BY 1")
    return Figures(
        schema=schema.version_of(conn),
        cipher=str(scalar(conn, "PRAGMA cipher_version") or ""),
        applications=synced.count(conn),
        form_numbers_left=leases.left(conn, at),
        codes_left=codes.left(conn, at),
        tables={table: int(scalar(conn, f"SELECT count(*) FROM {table}")) for table in _COUNTED},  # noqa: S608 - ours
        states={str(name): int(number) for name, number in states},
        waiting=tuple(Standing(*row) for row in waiting),
    )
