"""A real SQLCipher file with an index, and an engine over it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlcipher3

from medreg_desktop.services.search import index
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.engine import SearchEngine
from medreg_desktop.services.search.rows import IndexRow
from tests.desktop.search.rows_of_work import Work, any_work

ROWS = 300


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[], Connection]:
    """Return a function that opens the encrypted file of this test."""

    def opened() -> Connection:
        connection = sqlcipher3.connect(tmp_path / "cache.db", isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA key = \"x'{'5a' * 32}'\"")
        connection.execute("PRAGMA journal_mode = WAL")
        return connection

    return opened


@pytest.fixture
def writer(connect: Callable[[], Connection]) -> Iterator[Connection]:
    """A connection that writes, with an empty index."""
    connection = connect()
    index.create(connection)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def indexed() -> list[tuple[Work, IndexRow]]:
    """The rows that the tests begin with, made once."""
    random_ = random.Random(20261102)
    made = [any_work(random_, number) for number in range(ROWS)]
    return [(work, index.index_row(work.application, work.derived)) for work in made]


@pytest.fixture
def works(writer: Connection, indexed: list[tuple[Work, IndexRow]]) -> list[Work]:
    """Rows that stand in the index."""
    writer.execute("BEGIN")
    index.write_rows(writer, (row for _, row in indexed))
    writer.execute("COMMIT")
    return [work for work, _ in indexed]


@pytest.fixture
def engine(connect: Callable[[], Connection]) -> Iterator[SearchEngine]:
    """An engine that has loaded nothing yet."""
    made = SearchEngine(connect)
    yield made
    made.close()
