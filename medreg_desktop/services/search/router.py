"""The way through the file: which index a question goes by. SQLite's planner is never asked (``performance.md`` §1.1).

The planner walked the date index for a condition on the name and read every row of the table, eleven times slower than
with no index at all. Here the order is fixed: the first typed condition with few candidates is read from its index and
the rows sorted; else the list is walked in its order until the page is full, within a budget; else all is read once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt

from medreg_desktop.services.search.conditions import Query, Sort
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import (
    Filter,
    Sql,
    any_of,
    chosen_filters,
    joined,
    sort_column,
    typed_filters,
)
from medreg_desktop.services.search.index import SORT_INDEXES
from medreg_desktop.services.search.rows import ROW_COLUMNS, WorklistRow, worklist_row

SHOWN = ", ".join(f"worklist.{column}" for column in ROW_COLUMNS)
"""The columns of a page, as SQL."""

_WALK_BUDGET = 5  # row visits, times the candidates read at most: five times what an even spread would cost


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: where the next one begins. ``value`` is what the list is ordered by."""

    value: str | int
    n: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page as read: the rows, and the sort value of each."""

    rows: tuple[WorklistRow, ...]
    values: tuple[str | int, ...]

    def cursor(self, i: int) -> Cursor:
        """Return the cursor of the row at ``i``."""
        return Cursor(self.values[i], self.rows[i].n)


def most_candidates(rows: int) -> int:
    """Return how many candidates are worth reading before walking costs less: both ways then visit as many rows."""
    return isqrt(100 * rows) + 100


@dataclass(frozen=True, slots=True)
class Route:
    """Where the rows of a question are read from, and the test each must pass."""

    rows: Sql
    test: Sql
    few: bool  # rows are the candidates of one condition, not the whole table
    budget: int  # row visits of a walk


def route(connection: Connection, query: Query) -> Route:
    """Return the way to the rows of a normalised query."""
    filters = [*typed_filters(query), *chosen_filters(query)]
    size = connection.execute("SELECT coalesce(max(n), 0) FROM worklist").fetchone()[0]
    numbers = candidates(connection, filters, most_candidates(size))
    rows = Sql("worklist NOT INDEXED") if numbers is None else listed(numbers)
    return Route(rows, joined(filters), numbers is not None, _WALK_BUDGET * most_candidates(size))


def listed(numbers: Iterable[int]) -> Sql:
    """Return the rows of given numbers as a table expression that visits just these."""
    return Sql("json_each(?) AS listed CROSS JOIN worklist ON worklist.n = listed.value", (json.dumps(list(numbers)),))


def numbers_of(connection: Connection, source: Sql) -> list[int]:
    """Return all row numbers a source yields; as one text, because a row each costs five times what finding it does."""
    statement = f"SELECT json_group_array(n) FROM ({source.text})"  # noqa: S608 - values are bound
    numbers: list[int] = json.loads(connection.execute(statement, source.values).fetchone()[0])
    return numbers


def candidates(connection: Connection, filters: Sequence[Filter], most: int) -> list[int] | None:
    """Return the candidates of the first condition that has at most ``most``; None if every condition has more."""
    for each in filters:
        if not each.ways:
            continue
        sources = any_of((way.source for way in each.ways), " UNION ALL ")
        statement = f"SELECT n FROM ({sources.text}) LIMIT ?"  # noqa: S608 - values are bound
        found = connection.execute(statement, (*sources.values, most + 1)).fetchall()
        if len(found) <= most:
            return sorted({n for (n,) in found})
    return None


def page(connection: Connection, query: Query, after: Cursor | None, limit: int) -> Found:
    """Return the first ``limit`` rows after the cursor. ``query`` must be normalised."""
    way = route(connection, query)
    if not way.few and sort_column(query.sort.column) in SORT_INDEXES:
        found = _walk(connection, way, query.sort, after, limit)
        if len(found.rows) == limit:
            return found
    return read(connection, way.rows, way.test, query.sort, after, limit)


def read(connection: Connection, rows: Sql, test: Sql, sort: Sort, after: Cursor | None, limit: int) -> Found:
    """Read, test and sort ``rows``; return the first ``limit`` after the cursor."""
    column, beyond = sort_column(sort.column), _beyond(sort, after)
    direction = "DESC" if sort.descending else "ASC"
    statement = (
        f"SELECT {SHOWN}, worklist.{column} FROM {rows.text} WHERE {test.text} AND {beyond.text} "  # noqa: S608 - values are bound
        f"ORDER BY worklist.{column} {direction}, n {direction} LIMIT ?"
    )
    values = connection.execute(statement, (*rows.values, *test.values, *beyond.values, limit)).fetchall()
    return Found(tuple(worklist_row(row[:-1]) for row in values), tuple(row[-1] for row in values))


def _walk(connection: Connection, way: Route, sort: Sort, after: Cursor | None, limit: int) -> Found:
    """Visit rows in the order of the list until the page is full or the budget is spent: then fewer rows come back."""
    column, beyond = sort_column(sort.column), _beyond(sort, after)
    direction = "DESC" if sort.descending else "ASC"
    visited = Sql(
        f"(SELECT n AS visited FROM worklist INDEXED BY {SORT_INDEXES[column]} WHERE {beyond.text} "  # noqa: S608 - values are bound
        f"ORDER BY {column} {direction}, n {direction} LIMIT {way.budget}) CROSS JOIN worklist ON n = visited",
        beyond.values,
    )
    return read(connection, visited, way.test, sort, None, limit)


def _beyond(sort: Sort, after: Cursor | None) -> Sql:
    """Return the test for rows after the cursor; the first half lets an index start there."""
    if after is None:
        return Sql("1")
    column, sign = sort_column(sort.column), "<" if sort.descending else ">"
    text = f"worklist.{column} {sign}= ? AND (worklist.{column}, worklist.n) {sign} (?, ?)"
    return Sql(text, (after.value, after.value, after.n))


def count(connection: Connection, query: Query, most: int | None = None) -> int:
    """Return how many rows meet the normalised query, not counting beyond ``most``."""
    way = route(connection, query)
    limit = "" if most is None else f" LIMIT {int(most)}"
    statement = f"SELECT count(*) FROM (SELECT 1 FROM {way.rows.text} WHERE {way.test.text}{limit})"  # noqa: S608 - values are bound
    return int(connection.execute(statement, (*way.rows.values, *way.test.values)).fetchone()[0])


def counts_by_state(connection: Connection, query: Query) -> dict[int, int]:
    """Return the number of rows by state code."""
    way = route(connection, query)
    statement = f"SELECT state, count(*) FROM {way.rows.text} WHERE {way.test.text} GROUP BY state"  # noqa: S608 - values are bound
    return dict(connection.execute(statement, (*way.rows.values, *way.test.values)).fetchall())
