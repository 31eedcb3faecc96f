"""The questions as plain SQL, written without the product's: for SQLite, PostgreSQL and DuckDB alike (``?`` for values)."""

from __future__ import annotations

from dataclasses import dataclass

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


def _word(word: str) -> tuple[str, list[str | int]]:
    tests, values = ["folded LIKE ? ESCAPE '\\'"], [f"%{_like(word)}%"]
    if word.isascii() and word.isalnum():
        tests.append("tails LIKE ? ESCAPE '\\'")
        values.append(f"% {_like(word)}%")
    code = word.replace("-", "").upper()
    if word.isascii() and any(c.isdigit() for c in word) and code.isalnum():
        if len(code) <= 6:
            tests.append("id_tail LIKE ? ESCAPE '\\'")
            values.append(f"{_like(code[::-1])}%")
        else:
            for column in ("id_number", "qualification_code", "practice_code", "phone", "form_key"):
                tests.append(f"{column} LIKE ? ESCAPE '\\'")
                values.append(f"{_like(code)}%")
    return f"({' OR '.join(tests)})", list(values)


def plain(query: Query) -> Plain:
    """Return the query (normalised) as a WHERE text, its values and its ORDER BY."""
    tests: list[str] = []
    values: list[str | int] = []

    def add(test: str, *bound: str | int) -> None:
        tests.append(test)
        values.extend(bound)

    def choose(column: str, chosen: list[str] | list[int]) -> None:
        add(f"{column} IN ({', '.join('?' * len(chosen))})", *chosen)

    for word in query.text.split():
        add(_word(word)[0], *_word(word)[1])
    if query.id_number:
        short = len(query.id_number) <= 6
        code = query.id_number[::-1] if short else query.id_number
        add(f"{'id_tail' if short else 'id_number'} LIKE ? ESCAPE '\\'", f"{_like(code)}%")
    for column, text in (
        ("qualification_code", query.qualification_code),
        ("practice_code", query.practice_code),
        ("phone", query.phone),
        ("form_key", query.form_number),
    ):
        if text:
            add(f"{column} LIKE ? ESCAPE '\\'", f"{_like(text)}%")
    if query.tab is not None:
        choose("state", [list(State).index(state) for state in TAB_STATES[query.tab]])
    for column, order, chosen in (
        ("kind", Kind, query.kinds),
        ("part", ChangePart, query.parts),
        ("state", State, query.states),
        ("category", Category, query.categories),
        ("level", Level, query.levels),
        ("sync", RowSync, query.sync),
    ):
        if chosen:
            choose(column, [list(order).index(value) for value in chosen])  # type: ignore[attr-defined] # an enum class
    if query.departments:
        choose("department", list(query.departments))
    if query.educations:
        choose("education", list(query.educations))
    if query.handler is not None:
        add("handler = ?", query.handler)
    if query.scopes:
        like = " OR ".join(["scopes LIKE ? ESCAPE '\\'"] * len(query.scopes))
        add(f"({like})", *(f"% {_like(scope)} %" for scope in query.scopes))
    if query.submitted_from:
        add("submitted >= ?", day_number(query.submitted_from))
    if query.submitted_to:
        add("submitted <= ?", day_number(query.submitted_to))
    if query.deadline_from:
        add("deadline >= ? AND deadline < 65534", day_number(query.deadline_from))
    if query.deadline_to:
        add("deadline <= ?", day_number(query.deadline_to))
    add(
        {
            None: "1 = 1",
            CheckCondition.ALL_PASSED: "checks = 0",
            CheckCondition.FAILED: "checks >= 100",
            CheckCondition.UNKNOWN: "checks % 100 <> 0",
        }[query.check]
    )
    add(
        {
            None: "1 = 1",
            MaterialsCondition.COMPLETE: "have >= need",
            MaterialsCondition.MISSING: "have < need",
        }[query.materials]
    )
    column = _SORTED_BY.get(query.sort.column, query.sort.column.value)
    direction = "DESC" if query.sort.descending else "ASC"
    return Plain(" AND ".join(tests), tuple(values), f"{column} {direction}, n {direction}")


SHOWN = ", ".join(ROW_COLUMNS)
"""The columns of a page: every engine returns the same values."""


def page_sql(question: Plain, table: str) -> str:
    """Return the statement of the first page of 100 rows."""
    return f"SELECT {SHOWN} FROM {table} WHERE {question.where} ORDER BY {question.order} LIMIT 100"


def count_sql(question: Plain, table: str) -> str:
    """Return the statement of the exact count."""
    return f"SELECT count(*) FROM {table} WHERE {question.where}"
