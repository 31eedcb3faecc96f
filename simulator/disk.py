"""What a simulated computer's store stands on: an unencrypted file of the same SQLite, written by the caller itself.

Encryption and the hand-over between threads change nothing in what is true of the rows, and cost half a run's time; the
replays on the real thing have both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, cast

from sqlcipher3 import dbapi2

from medreg_desktop.services.cache import schema
from medreg_desktop.services.cache.connection import Connection, Cursor, scalar
from medreg_desktop.services.cache.store import Footing


class InlineWriter(Executor):
    """Carries out at once what it is given. A transaction inside a transaction fails here at its BEGIN."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - as every executor: the error is the waiter's
            done.set_exception(error)
        return done


def plain(path: Path, _key: bytes, /, *, read_only: bool = False, factory: type = dbapi2.Connection) -> Connection:
    """Open a file without its key. A ``factory`` is told of each statement."""
    conn = dbapi2.connect(
        str(path), isolation_level=None, check_same_thread=False, cached_statements=256, factory=factory
    )
    for pragma in ("temp_store = MEMORY", "foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON"):
        conn.execute(f"PRAGMA {pragma}")
    if read_only:
        conn.execute("PRAGMA query_only = ON")
    return cast("Connection", conn)


_SAYS = {
    "disk_full": "SQLITE_FULL",
    "cache_locked": "SQLITE_BUSY",
    "disk_trouble": "SQLITE_IOERR",
    "cache_read_only": "SQLITE_READONLY",
}
"""What SQLite says of a fault of the disk that the program calls so."""

_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b")


class Refusing:
    """A connection in a transaction whose disk refuses the ``place``-th statement that writes, in SQLite's words."""

    def __init__(self, conn: Connection, code: str, place: int) -> None:
        self._conn = conn
        self._code = code
        self._left = place

    def __getattr__(self, name: str) -> Any:
        """Return whatever else is asked of a connection."""
        return getattr(self._conn, name)

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Cursor:
        """Run one statement, unless the disk refuses it."""
        self._count(sql)
        return self._conn.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Cursor:
        """Run one statement for each row, unless the disk refuses them."""
        self._count(sql)
        return self._conn.executemany(sql, parameters)

    def refuse(self) -> None:
        """Raise what SQLite would."""
        error = dbapi2.OperationalError(self._code)
        error.sqlite_errorname = _SAYS[self._code]
        raise error

    def _count(self, sql: str) -> None:
        if _WRITES.match(sql):
            self._left -= 1
            if self._left <= 0:
                self.refuse()


FOOTING = Footing(plain, InlineWriter)


_WORK = "SELECT count(*) FROM activation_code WHERE state <> 'leased'"
_BEFORE = (1, 2)
"""The schema of the program that spoke protocol 1."""

_MADE = re.compile(r"CREATE TABLE (\w+)|ALTER TABLE (\w+) ADD COLUMN (\w+)")


def make_older(conn: Connection) -> bool:
    """Take the newer steps of the schema back in a file that nothing else has open; False if work would go with it.

    Codes that wait in a lease are no work: the program of the version before was never given any.
    """
    newer = [step for step in schema.STEPS if (step.major, step.minor) > _BEFORE]
    statements = [statement.strip() for step in newer for statement in step.statements]
    made = [found.groups() for statement in statements if (found := _MADE.match(statement))]
    if scalar(conn, _WORK):
        return False
    for table, altered, column in made:
        conn.execute(f"DROP TABLE {table}" if table else f"ALTER TABLE {altered} DROP COLUMN {column}")
    schema.set_version(conn, *_BEFORE)
    return True
