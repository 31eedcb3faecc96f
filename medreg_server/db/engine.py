"""Opens the database: one function, so that every connection has the same durable and strict settings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["APPLICATION", "LOGS", "Engine", "begun", "is_missing", "logs_left", "open_engine"]

APPLICATION: Final = "medreg-server"
"""What our connections are called at PostgreSQL."""

LOGS: Final = ("-wal", "-shm", "-journal")
"""What the names of SQLite's own files beside a register's file end with."""

_BUSY_TIMEOUT_MS: Final = 10_000
_POOL_SIZE: Final = 20
_STATEMENT_TIMEOUT_MS: Final = 5_000  # ecosystem.md §3.5, denial of service
_LOCK_TIMEOUT_MS: Final = 4_000


def open_engine(url: str, *, patient: bool = False) -> Engine:
    """Return an engine for a ``sqlite:///file`` or ``postgresql://…`` URL; no connection is made yet.

    A ``patient`` one lets a statement take as long as it needs: an operator's command goes through the whole register,
    and asked for again it would take as long. Nobody waits longer for a lock: the offices queue behind who does.
    Raises ArgumentError for any other URL.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if address.get_backend_name() != "postgresql":
        raise ArgumentError(address.get_backend_name())
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    longest_ms = 0 if patient else _STATEMENT_TIMEOUT_MS  # 0: without end
    options = f"-c statement_timeout={longest_ms} -c lock_timeout={_LOCK_TIMEOUT_MS} -c timezone=UTC"
    return create_engine(
        address,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_SIZE,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # parameters hold personal data; an error text goes to the log
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        connect_args={"options": options, "application_name": APPLICATION},
    )


def is_missing(engine: Engine) -> bool:
    """Return whether SQLite would make a new file if it were asked for anything."""
    return engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists()


def logs_left(engine: Engine) -> list[Path]:
    """Return what a file of SQLite that is no longer there has left: its last changes, which a new one would lose."""
    target = Path(str(engine.url.database)).resolve()  # SQLite looks for its logs where a link leads to
    logs = [target.with_name(target.name + end) for end in LOGS]
    return [log for log in logs if log.exists()] if is_missing(engine) else []


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_size=_POOL_SIZE, max_overflow=_POOL_SIZE, pool_timeout=10)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not open transactions behind our back
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # in WAL a weaker mode may forget a committed decision at power loss, sync.md §4
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def begun(connection: Connection, *, writes: bool) -> Iterator[RootTransaction]:
    """Run the block in a transaction; it is committed at the end, rolled back when the block raises.

    On SQLite one that ``writes`` takes its lock at BEGIN, not half way, where two would wait for each other. BEGIN is
    said here: a listener of the engine would be asked at every single statement.
    """
    with connection.begin() as transaction:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        yield transaction
