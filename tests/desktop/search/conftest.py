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


@pytest.fixture
def works(writer: Connection) -> list[Work]:
    """Rows that stand in the index."""
    random_ = random.Random(20261102)
    made = [any_work(random_, number) for number in range(ROWS)]
    writer.execute("BEGIN")
    index.write_rows(writer, (index.index_row(work.application, work.derived) for work in made))
    writer.execute("COMMIT")
    return made


@pytest.fixture
def engine(connect: Callable[[], Connection]) -> Iterator[SearchEngine]:
    """An engine that has loaded nothing yet."""
    made = SearchEngine(connect)
    yield made
    made.close()
