"""The conditions of a query as SQL over the columns of ``worklist``, and where the rows that may meet them are found.

A :class:`Filter` is true for exactly the rows that meet one condition. Its *source*, when it has one, yields the
numbers of the rows that can meet it (a few too many for words of three characters and more) from an index. Values are
always bound, never written into the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from medreg_desktop.services.search.conditions import (
    CheckCondition,
    MaterialsCondition,
    Query,
    SortColumn,
    fold_code,
    states_asked,
)
from medreg_desktop.services.search.index import CODE_INDEXES
from medreg_desktop.services.search.names import SHORT_TAIL, gram_tokens, words
from medreg_desktop.services.search.rows import (
    CATEGORIES,
    KINDS,
    LEVELS,
    PARTS,
    PROBLEMS,
    STATES,
    SYNCS,
    UNPUBLISHED,
    day_number,
)

TAIL_CODE = 6
"""Up to so many characters a code is the end of an ID number, beyond it the beginning of a code."""

MOST_WORDS = 12
"""Words of one text that are looked at; nobody types more into one field."""

_ABOVE_ALL = "\U0010ffff"

SORT_COLUMNS = {
    SortColumn.NAME: "name_sort",
    SortColumn.SCOPES: "scopes",
    SortColumn.DEPARTMENT: "department_sort",
    SortColumn.HANDLER: "handler_sort",
    SortColumn.MATERIALS: "missing",
    SortColumn.FORM_NUMBER: "form_key",
}
"""Where a sort column is stored under another name."""


def sort_column(column: SortColumn) -> str:
    """Return the column of ``worklist`` that a sort column is stored in."""
    return SORT_COLUMNS.get(column, column.value)


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values it binds."""

    text: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """One way of meeting a typed condition: its test, and the query that yields the ``n`` of its candidates.

    ``exact``: every candidate meets the test. ``tokens``: the candidates are the names that have all of these.
    """

    test: Sql
    source: Sql
    exact: bool = True
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: its test over the columns, and the ways of finding its rows in an index, if it has any."""

    test: Sql
    ways: tuple[Way, ...] = ()


def joined(filters: Iterable[Filter]) -> Sql:
    """Return the predicate of all filters together."""
    tests = [each.test for each in filters]
    text = " AND ".join(f"({test.text})" for test in tests) or "1"
    return Sql(text, tuple(value for test in tests for value in test.values))


def typed_filters(query: Query) -> list[Filter]:
    """Return the filters of what is typed, those that find fewest rows first: codes before words, long words first."""
    codes = (
        ("form_key", query.form_number),
        ("qualification_code", query.qualification_code),
        ("practice_code", query.practice_code),
        ("phone", query.phone),
    )
    ways = [_id_number(query.id_number)] if query.id_number else []
    ways += [_beginning(column, code) for column, code in codes if code]
    ordered = sorted(words(query.text)[:MOST_WORDS], key=len, reverse=True)
    return [Filter(way.test, (way,)) for way in ways] + [word_filter(word) for word in ordered]


def _beginning(column: str, code: str) -> Way:
    test = Sql(f"{column} >= ? AND {column} < ?", (code, code + _ABOVE_ALL))
    source = Sql(f"SELECT n FROM worklist INDEXED BY {CODE_INDEXES[column]} WHERE {test.text}", test.values)  # noqa: S608 - constants
    return Way(test, source)


def _id_number(code: str) -> Way:
    return _beginning("id_tail", code[::-1]) if len(code) <= TAIL_CODE else _beginning("id_number", code)


def word_filter(word: str) -> Filter:
    """Return the filter of one folded word: part of the name, beginning of a tail, or a code."""
    ways = [_in_name(word)]
    if word.isascii() and word.isalnum():
        ways.append(_begins_tail(word))
    code = fold_code(word)
    if word.replace("-", "").isascii() and any(c.isdigit() for c in code):
        ways.extend(_as_code(code))
    return Filter(any_of((way.test for way in ways), " OR "), tuple(ways))


def any_of(pieces: Iterable[Sql], joint: str) -> Sql:
    """Return the pieces joined by ``joint``, with all their values."""
    listed = list(pieces)
    return Sql(joint.join(piece.text for piece in listed), tuple(value for piece in listed for value in piece.values))


def _in_name(word: str) -> Way:
    tokens = gram_tokens(word)
    return Way(Sql("instr(folded, ?) > 0", (word,)), having(tokens), len(word) <= 2, tokens)


def _begins_tail(word: str) -> Way:
    test = Sql("instr(tails, ?) > 0", (f" {word}",))
    if len(word) > SHORT_TAIL:
        return Way(test, _match(f"q{word}*"))
    return Way(test, having((f"t{word}",)), tokens=(f"t{word}",))


def having(tokens: Iterable[str]) -> Sql:
    """Return the query for the names that have all of these tokens."""
    return _match(" AND ".join(tokens))


def _match(expression: str) -> Sql:
    return Sql("SELECT rowid AS n FROM worklist_text WHERE worklist_text MATCH ?", (expression,))


def _as_code(code: str) -> Iterator[Way]:
    if len(code) <= TAIL_CODE:
        yield _beginning("id_tail", code[::-1])
        return
    for column in ("id_number", "qualification_code", "practice_code", "phone", "form_key"):
        yield _beginning(column, code)


def chosen_filters(query: Query) -> list[Filter]:
    """Return the filters of what is chosen from lists, dates and results: tests only."""
    return [*_choices(query), *_dates(query), *_results(query)]


def _choices(query: Query) -> Iterator[Filter]:
    states = states_asked(query)
    numbered = {
        "kind": [KINDS.index(kind) for kind in query.kinds],
        "part": [PARTS.index(part) for part in query.parts],
        "category": [CATEGORIES.index(category) for category in query.categories],
        "level": [LEVELS.index(level) for level in query.levels],
        "sync": [SYNCS.index(sync) for sync in query.sync],
        "department": query.departments,
        "education": query.educations,
    }
    if states is not None:
        yield _one_of("state", sorted(STATES.index(state) for state in states))
    for column, values in numbered.items():
        if values:
            yield _one_of(column, values)
    if query.handler is not None:
        yield _one_of("handler", (query.handler,))
    if query.scopes:
        tests = [Sql("instr(scopes, ?) > 0", (f" {scope} ",)) for scope in query.scopes]
        yield Filter(any_of(tests, " OR "))


def _one_of(column: str, values: Iterable[object]) -> Filter:
    bound = tuple(values)
    return Filter(Sql(f"{column} IN ({', '.join('?' * len(bound))})", bound))


def _dates(query: Query) -> Iterator[Filter]:
    for column, first, last in (
        ("submitted", query.submitted_from, query.submitted_to),
        ("deadline", query.deadline_from, query.deadline_to),
    ):
        if first is not None or last is not None:
            yield Filter(Sql(f"{column} BETWEEN ? AND ?", day_range(first, last)))


def day_range(first: date | None, last: date | None) -> tuple[int, int]:
    """Return the day numbers of a range with both ends included; open ends reach every known day."""
    return (0 if first is None else day_number(first), UNPUBLISHED - 1 if last is None else day_number(last))


def _results(query: Query) -> Iterator[Filter]:
    match query.check:
        case CheckCondition.ALL_PASSED:
            yield Filter(Sql("checks = 0"))
        case CheckCondition.FAILED:
            yield Filter(Sql("checks >= ?", (PROBLEMS,)))
        case CheckCondition.UNKNOWN:
            yield Filter(Sql("checks % ? > 0", (PROBLEMS,)))
        case None:
            pass
    match query.materials:
        case MaterialsCondition.COMPLETE:
            yield Filter(Sql("missing = 0"))
        case MaterialsCondition.MISSING:
            yield Filter(Sql("missing > 0"))
        case None:
            pass
