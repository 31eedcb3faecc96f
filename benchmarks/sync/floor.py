"""The floor: the same bodies inserted into one plain table: no index, no encryption, a durable commit each 500 rows."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from medreg_core.contract.v1.feed import PAGE_CHANGES


def inserts_per_s(bodies: Sequence[str], file: Path) -> float:
    """Return rows per second of bare inserts in pages as the feed has them."""
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE row(n INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    rest = iter(bodies)
    began = time.perf_counter()
    while page := [(body,) for body in islice(rest, PAGE_CHANGES)]:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO row(body) VALUES (?)", page)
        database.execute("COMMIT")
    seconds = time.perf_counter() - began
    database.close()
    return len(bodies) / seconds
