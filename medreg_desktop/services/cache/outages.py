"""Losses of contact with the service, each with its causes, and what was decided meanwhile.

Moments are the service's time as far as it is known: a clock set wrong, or set right, in the middle of an outage makes
it neither longer nor shorter. The last :data:`MOST` that lasted a minute or more are kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.connection import Connection, Row, scalar

MOST = 200
SHORTEST = timedelta(minutes=1)
"""A shorter loss is no outage: nobody had to work without the service."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One loss of contact. ``ended_at`` is None while it lasts. ``noticed_at`` is by this computer's clock."""

    n: int
    began_at: datetime
    noticed_at: datetime
    ended_at: datetime | None
    causes: tuple[str, ...]  # fault codes, in the order they were met
    first_n: int  # the outbox's last counter when it began
    last_n: int | None  # … and when it ended


_COLUMNS = "n, began_at, noticed_at, ended_at, causes, first_n, last_n"


def note(conn: Connection, now: datetime, cause: str, offset_s: float | None) -> None:
    """Note that contact is lost, or one more cause of it. ``offset_s``: this computer's clock minus the service's."""
    lasting = current(conn)
    if lasting is None:
        began = now - timedelta(seconds=_offset(conn, offset_s))
        conn.execute(
            "INSERT INTO outage(began_at, noticed_at, causes, first_n) VALUES(?, ?, ?, ?)",
            (began.isoformat(), now.isoformat(), json.dumps([cause]), _last_command(conn)),
        )
    elif cause not in lasting.causes:
        conn.execute("UPDATE outage SET causes = ? WHERE n = ?", (json.dumps([*lasting.causes, cause]), lasting.n))


def end(conn: Connection, now: datetime, lasted_s: float | None, offset_s: float | None) -> None:
    """Note that the service was heard again. ``lasted_s`` by the monotonic clock, if it was one run of the program.

    With both clocks compared the service's time says how long it was; else the monotonic clock does.
    """
    lasting = current(conn)
    if lasting is None:
        return
    ended = now - timedelta(seconds=_offset(conn, offset_s))
    if offset_s is None and lasted_s is not None:
        ended = lasting.began_at + timedelta(seconds=lasted_s)
    ended = max(ended, lasting.began_at)
    if ended - lasting.began_at < SHORTEST:
        conn.execute("DELETE FROM outage WHERE n = ?", (lasting.n,))
        return
    conn.execute(
        "UPDATE outage SET ended_at = ?, last_n = ? WHERE n = ?", (ended.isoformat(), _last_command(conn), lasting.n)
    )
    conn.execute("DELETE FROM outage WHERE n <= (SELECT max(n) FROM outage) - ?", (MOST,))


def current(conn: Connection) -> Outage | None:
    """Return the outage that lasts, or None."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM outage WHERE ended_at IS NULL ORDER BY n DESC LIMIT 1").fetchone()  # noqa: S608 - constant
    return None if row is None else _outage(row)


def latest(conn: Connection, limit: int = MOST) -> list[Outage]:
    """Return the outages, newest first."""
    rows = conn.execute(f"SELECT {_COLUMNS} FROM outage ORDER BY n DESC LIMIT ?", (limit,))  # noqa: S608 - constant
    return [_outage(row) for row in rows]


def commands_of(conn: Connection, outage: Outage) -> list[CommandId]:
    """Return what was decided in an outage, and what waited for an answer when it began."""
    rows = conn.execute(
        "SELECT id FROM outbox WHERE (n > ?1 AND n <= ?2) OR (n <= ?1 AND (settled_at IS NULL OR settled_at > ?3))"
        " ORDER BY n",
        (outage.first_n, outage.last_n if outage.last_n is not None else _last_command(conn),
         outage.noticed_at.isoformat()),
    )  # fmt: skip
    return [CommandId(row[0]) for row in rows]


def _offset(conn: Connection, offset_s: float | None) -> float:
    return offset_s if offset_s is not None else -sync_state.read(conn).server_offset_s


def _last_command(conn: Connection) -> int:
    return int(scalar(conn, "SELECT coalesce(max(n), 0) FROM outbox"))


def _outage(row: Row) -> Outage:
    n, began_at, noticed_at, ended_at, causes, first_n, last_n = row
    return Outage(
        n,
        datetime.fromisoformat(began_at),
        datetime.fromisoformat(noticed_at),
        datetime.fromisoformat(ended_at) if ended_at else None,
        tuple(json.loads(causes)),
        first_n,
        last_n,
    )
