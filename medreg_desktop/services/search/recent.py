"""The rows read last, kept in memory: the pages of one word typed letter by letter show mostly the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from medreg_desktop.services.search.conditions import Sort
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import sort_column
from medreg_desktop.services.search.router import SHOWN, Cursor, Found, listed
from medreg_desktop.services.search.rows import WorklistRow, worklist_row

MOST_ROWS = 5_000
"""Rows kept, about 1 kB each."""


class RecentRows:
    """Rows as the file holds them at one change line, with what one order sorts them by; another of either: all go.

    Not for several threads at a time; what is missing is read inside the caller's read transaction.
    """

    def __init__(self) -> None:
        self._kept_for: tuple[int, str] | None = None
        self._rows: dict[int, tuple[str | int, WorklistRow]] = {}

    def page(
        self, connection: Connection, seq: int, numbers: Sequence[int], sort: Sort, after: Cursor | None, limit: int
    ) -> Found:
        """Return the first ``limit`` of the given rows after the cursor; ``seq``: the change line the reader sees."""
        rows = self._read(connection, seq, sort_column(sort.column), numbers)
        keys = [(rows[n][0], n) for n in numbers]
        keys.sort(reverse=sort.descending)
        if after is not None:
            end = (after.value, after.n)
            keys = [key for key in keys if (key < end if sort.descending else key > end)]
        del keys[limit:]
        return Found(tuple([rows[n][1] for _, n in keys]), tuple([value for value, _ in keys]))

    def _read(
        self, connection: Connection, seq: int, column: str, numbers: Sequence[int]
    ) -> Mapping[int, tuple[str | int, WorklistRow]]:
        if self._kept_for != (seq, column):
            self._kept_for, self._rows = (seq, column), {}
        elif len(self._rows) > MOST_ROWS:
            self._rows = dict(islice(self._rows.items(), len(self._rows) - MOST_ROWS // 2, None))
        rows = self._rows
        missing = [n for n in numbers if n not in rows]
        if missing:
            these = listed(missing)
            statement = f"SELECT {SHOWN}, worklist.{column} FROM {these.text}"  # noqa: S608 - constants
            for values in connection.execute(statement, these.values).fetchall():
                rows[values[0]] = (values[-1], worklist_row(values[:-1]))
        return rows
