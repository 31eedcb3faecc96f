"""The columns of the work list in memory: which rows meet the chosen conditions, and which come first in an order.

Loaded once from the file in one read transaction and then kept level by the change lines of the index. About 40 bytes a
row. Everything here is derived; without it the router answers the same questions from the file.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, states_asked
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import day_range, having
from medreg_desktop.services.search.index import CODE_INDEXES, REBUILD, SORT_INDEXES
from medreg_desktop.services.search.names import tokens
from medreg_desktop.services.search.router import Cursor, most_candidates, numbers_of
from medreg_desktop.services.search.rows import CATEGORIES, KINDS, LEVELS, PARTS, PROBLEMS, STATES, SYNCS
from medreg_desktop.services.search.slices import Slices, row_set

NUMBERS = ("kind", "part", "state", "sync", "category", "level", "submitted", "deadline", "checks", "missing")
CHOICES = ("department", "education", "handler")
ORDERS = (
    "name_sort", "department_sort", "handler_sort", "scopes", "education", "id_number", "phone", "qualification_code",
    "practice_code", "form_key",
)  # fmt: skip
"""Columns of text the list can be ordered by: held as ranks."""

MOST_LOOSE = 2000
"""Rows changed since the ranks were made that are still sorted one by one; beyond, make the ranks anew."""

_CHUNK = 20_000
_LOADED = (*NUMBERS, *CHOICES, "scopes")


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
        return unranked | self.ranks.first(ranked, most, descending=descending)


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
        """Return the order by a column of ``worklist``, None if it is not loaded or too many rows have changed."""
        if column in self.numbers:
            return Order(self.numbers[column], self.rows, by_value=True)
        if column not in self.ranks or self.loose.bit_count() > MOST_LOOSE:
            return None
        return Order(self.ranks[column], self.rows ^ (self.rows & self.loose), by_value=False)

    def complete(self) -> bool:
        """Return whether every order can be answered."""
        return all(self.order(column) for column in ORDERS)

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


def load(connection: Connection) -> Columns:
    """Read all columns but the ranks; the caller holds a read transaction. 1.5 s for a million rows."""
    seq = last_change(connection)
    size = connection.execute("SELECT coalesce(max(n), 0) FROM worklist").fetchone()[0] + 1
    draft = _Draft(size)
    cursor = connection.execute(f"SELECT n, {', '.join(_LOADED)} FROM worklist ORDER BY n")  # noqa: S608 - constants
    while chunk := cursor.fetchmany(_CHUNK):
        draft.add(chunk)
    numbers = {name: Slices.of(draft.values[name]) for name in (*NUMBERS, "unknown")}
    choices = {name: Slices.of(draft.values[name]) for name in CHOICES}
    scopes = {scope: row_set(numbers_) for scope, numbers_ in draft.scopes.items()}
    rows = Slices.of(draft.present).bits
    return Columns(seq, rows[0] if rows else 0, numbers, choices, draft.codes, scopes)


class _Draft:
    """The columns while they are read: one array per column, indexed by row number."""

    def __init__(self, size: int) -> None:
        self.values = {name: array("I", bytes(4 * size)) for name in (*NUMBERS, "unknown", *CHOICES)}
        self.present = array("I", bytes(4 * size))
        self.codes: dict[str, dict[str, int]] = {name: {} for name in CHOICES}
        self.scopes: dict[str, list[int]] = {}

    def add(self, chunk: Sequence[Sequence[Any]]) -> None:
        """Take over a run of rows, ascending by number."""
        numbers, *columns = zip(*chunk, strict=True)
        self._put("present", numbers, [1] * len(numbers))
        for name, values in zip(_LOADED, columns, strict=True):
            if name in CHOICES:
                codes = self.codes[name]
                self._put(name, numbers, [codes.setdefault(value, len(codes) + 1) for value in values])
            elif name == "part":
                self._put(name, numbers, [value + 1 for value in values])
            elif name == "scopes":
                for n, text in zip(numbers, values, strict=True):
                    for scope in text.split():
                        self.scopes.setdefault(scope, []).append(n)
            else:
                self._put(name, numbers, values)
        self._put("unknown", numbers, [value % PROBLEMS for value in columns[_LOADED.index("checks")]])

    def _put(self, name: str, numbers: Sequence[int], values: Sequence[int]) -> None:
        target = self.present if name == "present" else self.values[name]
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            target[numbers[0] : numbers[-1] + 1] = array("I", values)
            return
        for n, value in zip(numbers, values, strict=True):
            target[n] = value


def completed(connection: Connection, columns: Columns, cancelled: Callable[[], bool]) -> Columns | None:
    """Return the columns with common tokens and the ranks of every order, read in the same transaction as they were.

    ``cancelled`` is asked between the parts; None when it said so.
    """
    columns = replace(columns, common=_common(connection, columns.rows.bit_length()))
    ranks: dict[str, Slices] = {}
    size = columns.rows.bit_length()
    for column in ORDERS:
        if cancelled():
            return None
        ranks[column] = _ranks(connection, column, size)
    return replace(columns, ranks=ranks)


def _common(connection: Connection, size: int) -> Mapping[str, int]:
    """Return the rows of every token whose posting list is longer than the router would read."""
    terms = connection.execute("SELECT term FROM worklist_terms WHERE doc > ?", (most_candidates(size),)).fetchall()
    return {term: row_set(numbers_of(connection, having((term,)))) for (term,) in terms}


def _ranks(connection: Connection, column: str, size: int) -> Slices:
    index = {**CODE_INDEXES, **SORT_INDEXES}.get(column)
    indexed = f"INDEXED BY {index}" if index else ""
    cursor = connection.execute(f"SELECT n, {column} FROM worklist {indexed} ORDER BY {column}")  # noqa: S608 - constants
    ranks, rank, last = array("I", bytes(4 * size)), 0, None
    while chunk := cursor.fetchmany(_CHUNK):
        for n, text in chunk:
            if text != last:
                rank, last = rank + 1, text
            ranks[n] = rank
    return Slices.of(ranks)


def last_change(connection: Connection) -> int:
    """Return the number of the last change line."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM worklist_change").fetchone()[0])


def follow(connection: Connection, columns: Columns) -> Columns | None:
    """Return the columns level with the file as the caller's read transaction sees it; None if all must be loaded."""
    last = last_change(connection)
    if last == columns.seq:
        return columns
    lines = connection.execute(
        "SELECT seq, n, name_changed FROM worklist_change WHERE seq > ? ORDER BY seq", (columns.seq,)
    ).fetchall()
    followable = lines and lines[0][0] == columns.seq + 1 and all(n != REBUILD for _, n, _ in lines)
    if not followable:
        return None
    level = _changed(connection, columns, sorted({n for _, n, _ in lines}))
    renamed = sorted({n for _, n, name_changed in lines if name_changed})
    return replace(level, seq=last, common=_renamed(connection, columns.common, renamed))


def _renamed(connection: Connection, common: Mapping[str, int], numbers: Sequence[int]) -> Mapping[str, int]:
    """Return the sets of common tokens with the names of the given rows read anew."""
    if not numbers:
        return common
    touched = row_set(numbers)
    statement = "SELECT n, folded, tails FROM worklist WHERE n IN (SELECT value FROM json_each(?))"
    held: dict[str, list[int]] = {token: [] for token in common}
    for n, folded, tails in connection.execute(statement, (json.dumps(numbers),)).fetchall():
        for token in held.keys() & set(tokens(folded, tails).split()):
            held[token].append(n)
    return {token: (rows ^ (rows & touched)) | row_set(held[token]) for token, rows in common.items()}


def _changed(connection: Connection, columns: Columns, numbers: Sequence[int]) -> Columns:
    """Return the columns with the given rows read anew; rows that are gone are taken out."""
    listed = json.dumps(numbers)
    found = connection.execute(
        f"SELECT n, {', '.join(_LOADED)} FROM worklist WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n",  # noqa: S608 - constants
        (listed,),
    ).fetchall()
    touched = row_set(numbers)
    there = [row[0] for row in found]
    values = {name: [row[1 + i] for row in found] for i, name in enumerate(_LOADED)}
    values["part"] = [value + 1 for value in values["part"]]
    values["unknown"] = [value % PROBLEMS for value in values["checks"]]
    codes = {name: _extended(columns.codes[name], values[name]) for name in CHOICES}
    return replace(
        columns,
        rows=(columns.rows ^ (columns.rows & touched)) | row_set(there),
        numbers={
            name: column.replaced(touched, zip(there, values[name], strict=True))
            for name, column in columns.numbers.items()
        },
        choices={
            name: column.replaced(touched, [(n, codes[name][v]) for n, v in zip(there, values[name], strict=True)])
            for name, column in columns.choices.items()
        },
        codes=codes,
        scopes=_scopes(columns.scopes, touched, list(zip(there, values["scopes"], strict=True))),
        loose=columns.loose | touched,
    )


def _extended(codes: Mapping[str, int], texts: Iterable[str]) -> Mapping[str, int]:
    new = dict(codes)
    for text in texts:
        new.setdefault(text, len(new) + 1)
    return new


def _scopes(scopes: Mapping[str, int], touched: int, rows: Sequence[tuple[int, str]]) -> Mapping[str, int]:
    held: dict[str, list[int]] = {}
    for n, text in rows:
        for scope in text.split():
            held.setdefault(scope, []).append(n)
    return {
        scope: (scopes.get(scope, 0) ^ (scopes.get(scope, 0) & touched)) | row_set(held.get(scope, []))
        for scope in {**scopes, **dict.fromkeys(held, 0)}
    }
