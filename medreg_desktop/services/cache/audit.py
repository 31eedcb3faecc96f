"""The local audit: who did what here, each line chained to the one before, so that no line can change unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from medreg_desktop.services.cache.connection import Connection

_START = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line; ``hash`` covers all of it and the hash before it. ``detail`` holds codes and ids, never a name."""

    n: int
    at: str
    actor: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str


def append(
    conn: Connection, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, str] | None = None
) -> AuditLine:
    """Add a line in the transaction of what it tells, and return it: it is the receipt of that act."""
    last = conn.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone() or (0, _START)
    words = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    moment = at.isoformat()
    n = int(last[0]) + 1
    digest = _hash(n, moment, actor, action, subject, words, last[1])
    line = AuditLine(n, moment, actor, action, subject, words, last[1], digest)
    conn.execute(
        "INSERT INTO audit(n, at, actor, action, subject, detail, previous, hash) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        (n, moment, actor, action, subject, words, last[1], digest),
    )
    return line


def first_broken(conn: Connection) -> int | None:
    """Return the number of the first line that does not follow from the one before; None if the chain is whole."""
    previous, expected = _START, 1
    for row in conn.execute("SELECT n, at, actor, action, subject, detail, previous, hash FROM audit ORDER BY n"):
        line = AuditLine(*row)
        content = (line.n, line.at, line.actor, line.action, line.subject, line.detail, line.previous)
        if line.n != expected or line.previous != previous or line.hash != _hash(*content):
            return expected
        previous, expected = line.hash, expected + 1
    return None


def lines(conn: Connection, limit: int, before: int | None = None) -> list[AuditLine]:
    """Return the newest lines, or the newest before line ``before``."""
    rows = conn.execute(
        "SELECT n, at, actor, action, subject, detail, previous, hash FROM audit WHERE n < ? ORDER BY n DESC LIMIT ?",
        (before if before is not None else 1 << 62, limit),
    )
    return [AuditLine(*row) for row in rows]


def _hash(n: int, at: str, actor: str, action: str, subject: str, detail: str, previous: str) -> str:
    content = json.dumps([n, at, actor, action, subject, detail, previous], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
