"""What sync went through lately, kept across restarts: exchanges and changes of the lamp (``sync.md`` §3).

Bounded and replaceable: not in the rescue journal. No bodies, no names, no ids of persons; a command's own id only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.transport.attempts import Attempt

_ATTEMPT = "n, at, call, kind, code, status, took_ms, request_id, next_try, commands"


@dataclass(frozen=True, slots=True)
class LampChange:
    """From ``at`` on the lamp showed this kind, for this cause."""

    at: datetime
    kind: str
    code: str = ""


def write(conn: Connection, attempts: Iterable[Attempt], changes: Iterable[LampChange]) -> None:
    """Put these in the place of everything kept before: both are whole and small."""
    conn.execute("DELETE FROM attempt")
    conn.execute("DELETE FROM lamp_change")
    conn.executemany(
        f"INSERT INTO attempt({_ATTEMPT}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(attempt) for attempt in attempts],
    )
    conn.executemany(
        "INSERT INTO lamp_change(at, kind, code) VALUES(?, ?, ?)",
        [(change.at.isoformat(), change.kind, change.code) for change in changes],
    )


def attempts(conn: Connection) -> list[Attempt]:
    """Return the exchanges kept, oldest first."""
    return [
        Attempt(
            at=datetime.fromisoformat(at), call=call, kind=kind, code=code, status=status, took_ms=took_ms,
            request_id=request_id, next_try=datetime.fromisoformat(next_try) if next_try else None,
            commands=tuple(commands.split()), n=n,
        )
        for n, at, call, kind, code, status, took_ms, request_id, next_try, commands in conn.execute(
            f"SELECT {_ATTEMPT} FROM attempt ORDER BY n"  # noqa: S608 - constant
        )
    ]  # fmt: skip


def lamp_changes(conn: Connection) -> list[LampChange]:
    """Return the changes of the lamp, oldest first."""
    found = conn.execute("SELECT at, kind, code FROM lamp_change ORDER BY n")
    return [LampChange(datetime.fromisoformat(at), kind, code) for at, kind, code in found]


def _row(attempt: Attempt) -> tuple[object, ...]:
    return (
        attempt.n, attempt.at.isoformat(), attempt.call, attempt.kind, attempt.code, attempt.status, attempt.took_ms,
        attempt.request_id, attempt.next_try.isoformat() if attempt.next_try else None, " ".join(attempt.commands),
    )  # fmt: skip
