"""Opens SQLCipher connections and turns the driver's errors into known faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlcipher3 import dbapi2

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.search import connection as search

CIPHER_PAGE_BYTES = 8192
"""Larger than the default: scans cost 1.0 instead of 1.3 times an unencrypted file (``performance.md`` §2)."""

CACHE_KIB = 128 * 1024
"""A page is decrypted once per entry into this cache: the main setting of an encrypted file (``performance.md`` §2)."""

BUSY_TIMEOUT_MS = 5_000

Row = tuple[Any, ...]
"""One row as SQLite gives it."""


class Cursor(Protocol):
    """The part of a DB-API cursor that is used."""

    rowcount: int
    lastrowid: int
    description: Sequence[Row]

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""
        ...

    def __iter__(self) -> Iterator[Row]: ...


class Connection(search.Connection, Protocol):
    """The part of a DB-API connection that is used; the driver itself has no types."""

    total_changes: int
    """Rows written since it was opened, by triggers too."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Cursor:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]], /) -> Cursor:
        """Run one statement for each row of parameters."""
        ...


DatabaseError = cast("type[Exception]", dbapi2.DatabaseError)
"""What the driver raises; to be caught only where :func:`database_faults` cannot be used."""

ClosedError = cast("type[Exception]", dbapi2.ProgrammingError)
"""What the driver raises when a connection that was closed is asked for something."""

_FAULTS = {
    "SQLITE_FULL": "disk_full",
    "SQLITE_NOTADB": "cache_damaged",
    "SQLITE_CORRUPT": "cache_damaged",
    "SQLITE_READONLY": "cache_read_only",
    "SQLITE_CANTOPEN": "cache_read_only",
    "SQLITE_PERM": "cache_read_only",
    "SQLITE_BUSY": "cache_locked",
    "SQLITE_LOCKED": "cache_locked",
    "SQLITE_IOERR": "disk_trouble",
}

# The extended codes whose family says something else than they do.
_EXTENDED_FAULTS = {
    "SQLITE_IOERR_SHORT_READ": "cache_damaged",
    "SQLITE_IOERR_DATA": "cache_damaged",
    "SQLITE_IOERR_CORRUPTFS": "cache_damaged",
}


def fault_of(error: Exception) -> KnownFault | None:
    """Return what a driver's error means to the user; None for a bug (wrong SQL, broken constraint)."""
    name = getattr(error, "sqlite_errorname", None) or ""
    code = _EXTENDED_FAULTS.get(name) or _FAULTS.get("_".join(name.split("_")[:2]))
    return KnownFault(code, cause=name) if code else None


@contextmanager
def database_faults() -> Iterator[None]:
    """Turn driver errors that have a cause in the environment into :class:`KnownFault`."""
    try:
        yield
    except DatabaseError as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise fault from error


def connect(path: Path, key: bytes, *, read_only: bool = False) -> Connection:
    """Open ``path`` with the raw 256-bit ``key``.

    Statements run in autocommit; transactions are begun by name. ``read_only`` refuses writes on this connection.

    Raises:
        KnownFault: ``cache_read_only`` if the file cannot be opened; ``cache_damaged`` with cause SQLITE_NOTADB if
            the first page does not open, which a wrong key does as well.
    """
    with database_faults():
        conn = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False, cached_statements=256)
        try:
            _configure(conn, key, read_only=read_only)
        except BaseException:
            conn.close()
            raise
    return cast("Connection", conn)


def _configure(conn: Connection, key: bytes, *, read_only: bool) -> None:
    conn.execute("PRAGMA cipher_log_level = NONE")  # it would write to the terminal
    conn.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    conn.execute(f"PRAGMA cipher_page_size = {CIPHER_PAGE_BYTES}")
    conn.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    conn.execute("PRAGMA temp_store = MEMORY")  # sort files would stand on the disk unencrypted
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA trusted_schema = OFF")
    conn.execute("PRAGMA cell_size_check = ON")
    conn.execute(f"PRAGMA cache_size = -{CACHE_KIB}")  # reads the file's first page
    if read_only:
        conn.execute("PRAGMA query_only = ON")


def prepare_for_writing(conn: Connection) -> None:
    """Settings of the one writing connection; touches the file, so a wrong key or damage shows here."""
    conn.execute("PRAGMA journal_mode = WAL")
    # NORMAL may roll a committed decision back at a power cut (sync.md §4).
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute("PRAGMA secure_delete = FAST")
    # The store checkpoints between transactions, so that no decision pays for it.
    conn.execute("PRAGMA wal_autocheckpoint = 0")


def scalar(conn: Connection, sql: str, parameters: Sequence[object] = ()) -> Any:
    """Return the first column of the first row, or None."""
    row = conn.execute(sql, parameters).fetchone()
    return None if row is None else row[0]
