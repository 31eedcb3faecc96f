"""The columns of the work list in memory: which rows meet the chosen conditions, and which come first in an order.

Loaded once from the file (:mod:`loading`) and then kept level by the change lines of the index (:mod:`following`):
about 52 bytes a row. All of it is derived: without it the router answers the same questions from the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, states_asked
from medreg_desktop.services.search.filters import day_range
from medreg_desktop.services.search.router import Cursor
from medreg_desktop.services.search.rows import CATEGORIES, KINDS, LEVELS, PARTS, PROBLEMS, STATES, SYNCS
from medreg_desktop.services.search.slices import Slices

NUMBERS = ("kind", "part", "state", "sync", "category", "level", "submitted", "deadline", "checks", "missing")
CHOICES = ("department", "education", "handler")
FEW_TEXTS = ("department_sort", "handler_sort", "scopes", "education")
"""Columns of few different texts the list can be ordered by: their ranks are made while they are read."""

MANY_TEXTS = ("name_sort", "id_number", "phone", "qualification_code", "practice_code", "form_key")
"""Columns of many different texts the list can be ordered by: their ranks are read from their indexes."""

MOST_LOOSE = 2000
"""Rows changed since the columns were loaded that are still followed and sorted one by one; beyond, load them anew."""

_SLACK = 4  # rows read more than needed, to spare the last slices of an order


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the list. ``ranked`` rows have a rank; the others have changed since and are sorted by value."""

    ranks: Slices
    ranked: int
    by_value: bool  # the rank is the value itself

    def goes_on(self, after: Cursor | None) -> bool:
        """Return whether the place of a cursor in this order is known."""
        return after is None or self.by_value or bool(self.ranked >> after.n & 1)

    def first(self, rows: int, after: Cursor | None, most: int, *, descending: bool) -> int:
        """Return members of ``rows`` among which are the first ``most`` after the cursor; unranked ones come along."""
        ranked = rows & self.ranked
        unranked = rows ^ ranked
        if after is not None:
            rank = int(after.value) if self.by_value else self.ranks.value(after.n)
            ranked = self.ranks.after(ranked, rank, after.n, descending=descending)
        return unranked | self.ranks.first(ranked, most, slack=_SLACK, descending=descending)


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns at change line ``seq``. Immutable: a later state is another value."""

    seq: int
    rows: int
    numbers: Mapping[str, Slices]
    choices: Mapping[str, Slices]
    codes: Mapping[str, Mapping[str, int]]  # column -> text -> value in ``choices``
    scopes: Mapping[str, int]
    ranks: Mapping[str, Slices] = field(default_factory=dict)
    loose: int = 0  # rows changed since the ranks were made
    common: Mapping[str, int] = field(default_factory=dict)  # rows by token, for the tokens of many names

    def order(self, column: str) -> Order | None:
        """Return the order by a column of ``worklist``, None if it is not loaded."""
        if column in self.numbers:
            return Order(self.numbers[column], self.rows, by_value=True)
        if column not in self.ranks:
            return None
        return Order(self.ranks[column], self.rows ^ (self.rows & self.loose), by_value=False)

    def may_follow(self, changes: int) -> bool:
        """Return whether so many changes more are worth following, row by row: not while a whole copy comes in."""
        return self.loose.bit_count() + changes <= MOST_LOOSE

    def complete(self) -> bool:
        """Return whether every order can be answered."""
        return all(self.order(column) for column in MANY_TEXTS)

    def meeting(self, query: Query) -> int:
        """Return the rows that meet the chosen conditions of a normalised query; what is typed is not looked at."""
        rows = self.rows
        for column, values in _numbers_asked(query):
            rows = self._any_number(rows, column, values)
        for column, texts in _texts_asked(query):
            codes = (self.codes[column].get(text) for text in texts)
            rows = _union(self.choices[column].equal(rows, code) for code in codes if code is not None)
        if query.scopes:
            rows &= _union(self.scopes.get(scope, 0) for scope in query.scopes)
        return self._meeting_results(self._meeting_dates(rows, query), query)

    def _any_number(self, rows: int, column: str, values: Iterable[int]) -> int:
        return _union(self.numbers[column].equal(rows, value) for value in values)

    def _meeting_dates(self, rows: int, query: Query) -> int:
        if query.submitted_from or query.submitted_to:
            rows = self.numbers["submitted"].between(rows, *day_range(query.submitted_from, query.submitted_to))
        if query.deadline_from or query.deadline_to:
            rows = self.numbers["deadline"].between(rows, *day_range(query.deadline_from, query.deadline_to))
        return rows

    def _meeting_results(self, rows: int, query: Query) -> int:
        checks, missing = self.numbers["checks"], self.numbers["missing"]
        match query.check:
            case CheckCondition.ALL_PASSED:
                rows = checks.equal(rows, 0)
            case CheckCondition.FAILED:
                rows ^= checks.between(rows, 0, PROBLEMS - 1)
            case CheckCondition.UNKNOWN:
                rows ^= self.numbers["unknown"].equal(rows, 0)
            case None:
                pass
        match query.materials:
            case MaterialsCondition.COMPLETE:
                rows = missing.equal(rows, 0)
            case MaterialsCondition.MISSING:
                rows ^= missing.equal(rows, 0)
            case None:
                pass
        return rows

    def count_by_state(self, rows: int) -> dict[int, int]:
        """Return how many of ``rows`` are in each state, by state code."""
        return {code: self.numbers["state"].equal(rows, code).bit_count() for code in range(len(STATES))}


def _numbers_asked(query: Query) -> Iterator[tuple[str, list[int]]]:
    states = states_asked(query)
    if states is not None:
        yield "state", [STATES.index(state) for state in states]
    for column, order, values in (
        ("kind", KINDS, query.kinds),
        ("category", CATEGORIES, query.categories),
        ("level", LEVELS, query.levels),
        ("sync", SYNCS, query.sync),
    ):
        if values:
            yield column, [order.index(value) for value in values]
    if query.parts:
        yield "part", [PARTS.index(part) + 1 for part in query.parts]


def _texts_asked(query: Query) -> Iterator[tuple[str, Sequence[str]]]:
    if query.departments:
        yield "department", query.departments
    if query.educations:
        yield "education", query.educations
    if query.handler is not None:
        yield "handler", (query.handler,)


def _union(sets: Iterable[int]) -> int:
    rows = 0
    for each in sets:
        rows |= each
    return rows
