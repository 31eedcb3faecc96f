"""The questions as plain SQL, written without the product's: for SQLite, PostgreSQL and DuckDB (``?`` for values)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
from medreg_desktop.services.search.conditions import (
    TAB_STATES,
    CheckCondition,
    MaterialsCondition,
    Query,
    RowSync,
    SortColumn,
)
from medreg_desktop.services.search.rows import ROW_COLUMNS, day_number

_SORTED_BY = {
    SortColumn.NAME: "name_sort",
    SortColumn.DEPARTMENT: "department_sort",
    SortColumn.HANDLER: "handler_sort",
    SortColumn.MATERIALS: "missing",
    SortColumn.FORM_NUMBER: "form_key",
}


@dataclass(frozen=True, slots=True)
class Plain:
    """A condition and its values."""

    where: str
    values: tuple[str | int, ...]
    order: str


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _word(word: str) -> Test:
    tests = {"folded": f"%{_like(word)}%"}
    if word.isascii() and word.isalnum():
        tests["tails"] = f"% {_like(word)}%"
    code = word.replace("-", "").upper()
    if word.isascii() and any(c.isdigit() for c in word) and code.isalnum():
        if len(code) <= 6:
            tests["id_tail"] = f"{code[::-1]}%"
        else:
            columns = ("id_number", "qualification_code", "practice_code", "phone", "form_key")
            tests |= dict.fromkeys(columns, f"{code}%")
    like = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in tests)
    return f"({like})", tuple(tests.values())


Test = tuple[str, tuple[str | int, ...]]


def plain(query: Query) -> Plain:
    """Return the query (normalised) as a WHERE text, its values and its ORDER BY."""
    tests = [*_typed(query), *_numbered(query), *_named(query), *_days(query), *_results(query), ("1 = 1", ())]
    column = _SORTED_BY.get(query.sort.column, query.sort.column.value)
    direction = "DESC" if query.sort.descending else "ASC"
    values = tuple(value for _, bound in tests for value in bound)
    return Plain(" AND ".join(text for text, _ in tests), values, f"{column} {direction}, n {direction}")


def _typed(query: Query) -> Iterator[Test]:
    yield from (_word(word) for word in query.text.split())
    short = 0 < len(query.id_number) <= 6
    for column, text in (
        ("id_tail" if short else "id_number", query.id_number[::-1] if short else query.id_number),
        ("qualification_code", query.qualification_code),
        ("practice_code", query.practice_code),
        ("phone", query.phone),
        ("form_key", query.form_number),
    ):
        if text:
            yield f"{column} LIKE ? ESCAPE '\\'", (f"{_like(text)}%",)


def _one_of(column: str, chosen: Sequence[str | int]) -> Test:
    return f"{column} IN ({', '.join('?' * len(chosen))})", tuple(chosen)


def _numbered(query: Query) -> Iterator[Test]:
    chosen: tuple[tuple[str, list[Any], Collection[Any]], ...] = (
        ("state", list(State), TAB_STATES[query.tab] if query.tab else ()),
        ("kind", list(Kind), query.kinds),
        ("part", list(ChangePart), query.parts),
        ("state", list(State), query.states),
        ("category", list(Category), query.categories),
        ("level", list(Level), query.levels),
        ("sync", list(RowSync), query.sync),
    )
    for column, order, values in chosen:
        if values:
            yield _one_of(column, [order.index(value) for value in values])


def _named(query: Query) -> Iterator[Test]:
    if query.departments:
        yield _one_of("department", query.departments)
    if query.educations:
        yield _one_of("education", query.educations)
    if query.handler is not None:
        yield "handler = ?", (query.handler,)
    if query.scopes:
        like = " OR ".join(["scopes LIKE ? ESCAPE '\\'"] * len(query.scopes))
        yield f"({like})", tuple(f"% {_like(scope)} %" for scope in query.scopes)


def _days(query: Query) -> Iterator[Test]:
    if query.submitted_from:
        yield "submitted >= ?", (day_number(query.submitted_from),)
    if query.submitted_to:
        yield "submitted <= ?", (day_number(query.submitted_to),)
    if query.deadline_from:
        yield "deadline >= ? AND deadline < 65534", (day_number(query.deadline_from),)
    if query.deadline_to:
        yield "deadline <= ?", (day_number(query.deadline_to),)


def _results(query: Query) -> Iterator[Test]:
    checks = {
        CheckCondition.ALL_PASSED: "checks = 0",
        CheckCondition.FAILED: "checks >= 100",
        CheckCondition.UNKNOWN: "checks % 100 <> 0",
    }
    if query.check is not None:
        yield checks[query.check], ()
    if query.materials is not None:
        yield "have >= need" if query.materials is MaterialsCondition.COMPLETE else "have < need", ()


SHOWN = ", ".join(ROW_COLUMNS)
"""The columns of a page: every engine returns the same values."""


def page_sql(question: Plain, table: str) -> str:
    """Return the statement of the first page of 100 rows."""
    return f"SELECT {SHOWN} FROM {table} WHERE {question.where} ORDER BY {question.order} LIMIT 100"


def count_sql(question: Plain, table: str) -> str:
    """Return the statement of the exact count."""
    return f"SELECT count(*) FROM {table} WHERE {question.where}"
