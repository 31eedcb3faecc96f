"""The rows read last, kept in memory: the pages of one word typed letter by letter show mostly the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from medreg_desktop.services.search.conditions import Sort
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import SORT_COLUMNS, sort_column
from medreg_desktop.services.search.router import Cursor, Found, listed
from medreg_desktop.services.search.rows import ROW_COLUMNS, WorklistRow, worklist_row

MOST_ROWS = 5_000
"""Rows kept, about 1.5 kB each."""

_ORDERED_BY = tuple(column for column in SORT_COLUMNS.values() if column not in ROW_COLUMNS)
_READ = (*ROW_COLUMNS, *_ORDERED_BY)
_AT = {column: i for i, column in enumerate(_READ)}
_SHOWN = ", ".join(f"worklist.{column}" for column in _READ)

Values = tuple[Any, ...]


class RecentRows:
    """Rows as the file holds them at one change line; a later line throws them all away.

    Not for several threads at a time; what is asked for is read inside the caller's read transaction.
    """

    def __init__(self) -> None:
        self._seq = -1
        self._rows: dict[int, tuple[WorklistRow, Values]] = {}

    def page(
        self, connection: Connection, seq: int, numbers: Sequence[int], sort: Sort, after: Cursor | None, limit: int
    ) -> Found:
        """Return the first ``limit`` of the given rows after the cursor; ``seq``: the change line the reader sees."""
        by = itemgetter(_AT[sort_column(sort.column)])
        rows = self._read(connection, seq, numbers)
        keyed = [(by(rows[n][1]), n) for n in numbers if n in rows]
        keyed.sort(reverse=sort.descending)
        if after is not None:
            end = (after.value, after.n)
            keyed = [key for key in keyed if (key < end if sort.descending else key > end)]
        del keyed[limit:]
        return Found(tuple([rows[n][0] for _, n in keyed]), tuple([value for value, _ in keyed]))

    def _read(self, connection: Connection, seq: int, numbers: Sequence[int]) -> dict[int, tuple[WorklistRow, Values]]:
        if seq != self._seq or len(self._rows) > MOST_ROWS:
            kept = islice(self._rows.items(), MOST_ROWS // 2, None) if seq == self._seq else ()
            self._seq, self._rows = seq, dict(kept)
        rows = self._rows
        missing = [n for n in numbers if n not in rows]
        if missing:
            these = listed(missing)
            statement = f"SELECT {_SHOWN} FROM {these.text}"  # noqa: S608 - constants
            for values in connection.execute(statement, these.values).fetchall():
                rows[values[0]] = (worklist_row(values[:_WIDTH]), values)
        return rows


_WIDTH = len(ROW_COLUMNS)
