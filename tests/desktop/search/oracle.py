"""The same questions answered in plain Python over the records, sharing no code with the SQL and the columns.

Only the readings of a name are asked of the product, a dictionary being no logic; how they are used is written anew.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

from medreg_core.domain.states import OPEN
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, SortColumn, Tab
from medreg_desktop.services.search.names import fold_name, sort_key, tails
from tests.desktop.search.rows_of_work import Work


@cache
def plain(text: str) -> str:
    """Fold a text the slow way."""
    text = unicodedata.normalize("NFKC", text)
    for dot in "•‧・":
        text = text.replace(dot, "·")
    text = "".join(" " if c.isspace() else c for c in text.casefold())
    return "".join(c for c in text if c != "'" and unicodedata.category(c) not in {"Cc", "Cf", "Cs"})


@cache
def code(text: str) -> str:
    """Keep letters and digits in upper case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def matches(query: Query, work: Work) -> bool:
    """Say whether one row meets every condition."""
    return (
        all(_word(word, work) for word in plain(query.text).split())
        and _codes(query, work)
        and _choices(query, work)
        and _dates(query, work)
        and _results(query, work)
    )


def _codes_of(work: Work) -> dict[str, str]:
    a = work.application
    return {
        "id": code(a.person.id_number),
        "qualification": code(a.qualification.code) if a.qualification else "",
        "practice": code(a.practice_code),
        "phone": code(a.person.phone),
        "form": code(work.derived.form_number or (a.form.number if a.form else "")),
    }


def _word(word: str, work: Work) -> bool:
    name = plain(work.application.person.name).replace(" ", "")
    if word in name or word in name.replace("·", ""):
        return True
    if word.isascii() and word.isalnum():
        folded = fold_name(work.application.person.name)
        if any(tail.startswith(word) for tail in tails(folded).split()):
            return True
    if word.replace("-", "").isascii() and any(c.isdigit() for c in word):
        codes = _codes_of(work)
        if len(code(word)) <= 6:
            return codes["id"].endswith(code(word))
        return any(value.startswith(code(word)) for value in codes.values())
    return False


def _codes(query: Query, work: Work) -> bool:
    codes, typed = _codes_of(work), code(query.id_number)
    if typed and not (codes["id"].endswith(typed) if len(typed) <= 6 else codes["id"].startswith(typed)):
        return False
    return (
        codes["qualification"].startswith(code(query.qualification_code))
        and codes["practice"].startswith(code(query.practice_code))
        and codes["phone"].startswith(code(query.phone))
        and codes["form"].startswith(code(query.form_number))
    )


def _choices(query: Query, work: Work) -> bool:
    a, d = work.application, work.derived
    tabs = {Tab.OPEN: set(OPEN), Tab.DONE: set(State) - set(OPEN) - {State.DRAFT}}
    if query.tab is not None and d.shown_state not in (tabs.get(query.tab) or {State(query.tab.value)}):
        return False
    return (
        (not query.kinds or a.kind in query.kinds)
        and (not query.parts or a.change_part in query.parts)
        and (not query.states or d.shown_state in query.states)
        and (not query.departments or a.request.department in query.departments)
        and (not query.categories or a.request.category in query.categories)
        and (not query.levels or a.request.level in query.levels)
        and (not query.scopes or bool(set(query.scopes) & set(a.request.scopes)))
        and (not query.educations or a.person.education in query.educations)
        and (query.handler is None or d.handler == query.handler)
        and (not query.sync or d.sync in query.sync)
    )


def _dates(query: Query, work: Work) -> bool:
    submitted = (work.application.submitted_at + timedelta(hours=8)).date()
    deadline = work.derived.deadline
    if (query.deadline_from or query.deadline_to) and deadline is None:
        return False
    return (
        (query.submitted_from is None or submitted >= query.submitted_from)
        and (query.submitted_to is None or submitted <= query.submitted_to)
        and (query.deadline_from is None or deadline is None or deadline >= query.deadline_from)
        and (query.deadline_to is None or deadline is None or deadline <= query.deadline_to)
    )


def _results(query: Query, work: Work) -> bool:
    d = work.derived
    checks = {
        None: True,
        CheckCondition.ALL_PASSED: d.failed == 0 and d.unknown == 0,
        CheckCondition.FAILED: d.failed > 0,
        CheckCondition.UNKNOWN: d.unknown > 0,
    }
    materials = {
        None: True,
        MaterialsCondition.COMPLETE: d.have >= d.need,
        MaterialsCondition.MISSING: d.have < d.need,
    }
    return checks[query.check] and materials[query.materials]


def _place(choice: Enum) -> int:
    return _members(type(choice)).index(choice)


@cache
def _members(choices: type[Enum]) -> list[Enum]:
    return list(choices)


def sort_value(column: SortColumn, work: Work) -> Any:
    """Return what a row is ordered by."""
    a, d = work.application, work.derived
    codes = _codes_of(work)
    late = (1, d.deadline) if d.deadline else ((2,) if d.deadline_unpublished else (3,))
    values: dict[SortColumn, Any] = {
        SortColumn.NAME: sort_key(fold_name(a.person.name)),
        SortColumn.ID_NUMBER: codes["id"],
        SortColumn.KIND: _place(a.kind),
        SortColumn.CATEGORY: _place(a.request.category),
        SortColumn.LEVEL: _place(a.request.level),
        SortColumn.SCOPES: f" {' '.join(a.request.scopes)} " if a.request.scopes else "",
        SortColumn.DEPARTMENT: sort_key(a.request.department),
        SortColumn.EDUCATION: a.person.education,
        SortColumn.HANDLER: sort_key(d.handler),
        SortColumn.SUBMITTED: (a.submitted_at + timedelta(hours=8)).date(),
        SortColumn.CHECKS: (min(d.failed, 99), min(d.unknown, 99)),
        SortColumn.MATERIALS: max(d.need - d.have, 0),
        SortColumn.DEADLINE: late,
        SortColumn.STATE: _place(d.shown_state),
        SortColumn.SYNC: _place(d.sync),
        SortColumn.PHONE: codes["phone"],
        SortColumn.QUALIFICATION_CODE: codes["qualification"],
        SortColumn.PRACTICE_CODE: codes["practice"],
        SortColumn.FORM_NUMBER: codes["form"],
    }
    return values[column]


def answer(query: Query, stored: dict[int, Work]) -> list[int]:
    """Return the row numbers a query must give, in order; ``stored`` maps row number to row."""
    met = [n for n, work in stored.items() if matches(query, work)]
    return sorted(met, key=lambda n: (sort_value(query.sort.column, stored[n]), n), reverse=query.sort.descending)
