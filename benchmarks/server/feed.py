"""The feed and the snapshot: rows per second, and whether memory stays the same however many rows there are."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import text

from benchmarks.server.offices import applications
from medreg_core.domain.records import Institution
from medreg_server.db.engine import begun, open_engine
from medreg_server.services.service import Service
from tests.helpers.server import seed_hospital, store_applications
from tests.server.clients import Office

_SEED_ROWS = 500


@dataclass(frozen=True, slots=True)
class Stream:
    """One way of reading all rows of an institution."""

    engine: str
    what: str
    rows: int
    rows_per_s: float
    mb_per_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """The most memory that a stream took at once, for few rows and for five times as many."""

    engine: str
    what: str
    few: int
    few_mb: float
    many: int
    many_mb: float


def streams(service: Service, url: str, rows: int) -> tuple[list[Stream], list[Memory]]:
    """Measure snapshot and feed of an institution with ``rows`` applications, and the engine's own way beside them."""
    engine = "sqlite" if url.startswith("sqlite") else "postgresql"
    office = _office(service, url, rows)
    cursor = office.cursor()

    def snapshot() -> Iterator[bytes]:
        return office.snapshots.begin("", office.caller)

    def feed() -> Iterator[bytes]:
        return _pages(office, cursor)

    institution_id = office.hospital.institution.id
    _touch(url, institution_id)
    measured = [
        _measured(engine, "snapshot", snapshot(), rows),
        _measured(engine, "feed", feed(), rows),
        _measured(engine, "floor: bodies without the service", _bodies(url, institution_id), rows),
    ]
    return measured, [_memory(engine, "snapshot", snapshot, rows), _memory(engine, "feed", feed, rows)]


def _office(service: Service, url: str, rows: int) -> Office:
    """Return an office whose institution has ``rows`` applications."""
    hospital = seed_hospital(service)
    store_applications(service, applications(hospital.institution, min(rows, _SEED_ROWS)))
    copy_rows(url, hospital.institution, rows // _SEED_ROWS - 1)
    return Office(service, hospital)


def copy_rows(url: str, institution: Institution, times: int) -> None:
    """Let the database engine copy the applications of an institution ``times`` over, under other ids."""
    engine = open_engine(url)
    with engine.connect() as connection, begun(connection, writes=True):
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))  # no request of the service
        for copy in range(1, times + 1):
            connection.execute(text(_COPY), {"institution": institution.id, "mark": f"9{copy:04d}"})
    engine.dispose()


_COPY = (
    "INSERT INTO application (id, institution_id, physician_id, kind, state, in_progress, version, content_version,"
    " submitted_at, body) SELECT :mark || substr(id, 6), institution_id, physician_id, kind, state, in_progress,"
    " version, content_version, submitted_at, replace(body, id, :mark || substr(id, 6))"
    " FROM application WHERE institution_id = :institution AND substr(id, 1, 1) = '0'"
)


def _touch(url: str, institution_id: str) -> None:
    """Note a change of every row, as if each had been decided since."""
    engine = open_engine(url)
    with engine.connect() as connection, begun(connection, writes=True):
        head = connection.execute(text("SELECT head FROM feed_head WHERE institution_id = :i"), {"i": institution_id})
        connection.execute(text(_LOG), {"institution": institution_id, "head": head.scalar_one()})
        connection.execute(text(_HEAD), {"institution": institution_id})
    engine.dispose()


_LOG = (
    "INSERT INTO change_log (institution_id, seq, kind, entity_id, version, op, at)"
    " SELECT institution_id, :head + row_number() OVER (ORDER BY id), 'application', id, version, 'upsert',"
    " submitted_at FROM application WHERE institution_id = :institution"
)
_HEAD = (
    "UPDATE feed_head SET head = (SELECT max(seq) FROM change_log WHERE institution_id = :institution)"
    " WHERE institution_id = :institution"
)


def _pages(office: Office, cursor: str) -> Iterator[bytes]:
    """Yield the feed page by page, each as it goes to the network, with one entry per change for the count."""
    more = True
    while more:
        page = office.changes(cursor)
        body = msgspec.json.encode(page)
        cursor, more = page.cursor, page.more
        yield body
        yield from (b"" for _ in range(len(page.changes) - 1))


def _bodies(url: str, institution_id: str) -> Iterator[bytes]:
    """Yield the bodies as the driver alone gives them: ``COPY`` on PostgreSQL, a cursor on SQLite."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            query = f"SELECT body FROM application WHERE institution_id = '{institution_id}' ORDER BY id DESC"
            if engine.dialect.name == "sqlite":
                yield from (body.encode() for (body,) in driver.execute(query))
                return
            with driver.cursor().copy(f"COPY ({query}) TO STDOUT") as copying:
                yield from map(bytes, copying)
    finally:
        engine.dispose()


def _measured(engine: str, what: str, rows: Iterator[bytes], limit: int) -> Stream:
    began = time.perf_counter()
    read, size = _read(rows, limit)
    seconds = time.perf_counter() - began
    return Stream(engine, what, read, read / seconds, size / seconds / 1e6)


def _read(rows: Iterator[bytes], limit: int) -> tuple[int, int]:
    """Read ``limit`` lines; return how many there were and their bytes."""
    read = size = 0
    for line in rows:
        read += 1
        size += len(line)
        if read == limit:
            break
    return read, size


def _memory(engine: str, what: str, begin: Callable[[], Iterator[bytes]], rows: int) -> Memory:
    few, many = max(rows // 10, 1_000), rows // 2  # more than one page
    return Memory(engine, what, few, _peak_mb(begin(), few), many, _peak_mb(begin(), many))


def _peak_mb(rows: Iterator[bytes], limit: int) -> float:
    """Return the most that Python's objects took at once while ``limit`` rows were read, in MB."""
    tracemalloc.start()
    try:
        _read(rows, limit)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
