"""What a registrar can ask the work list for: one immutable value, any condition or combination (``look.md`` §3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from typing import Any

from medreg_core.domain.states import OPEN
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
from medreg_desktop.services.search.names import fold


class RowSync(StrEnum):
    """How far this device's own work on an application has travelled (``look.md`` §5, row sync)."""

    SYNCED = "synced"  # 已同步
    WAITING = "waiting"  # 待上传
    SENDING = "sending"  # 发送中
    DEFERRED = "deferred"  # 暂缓
    NEEDS_YOU = "needs_you"  # 需处理
    QUARANTINED = "quarantined"  # 已隔离


class CheckCondition(StrEnum):
    """核对结果. An application may both fail one rule and be unknown in another: it then meets both."""

    ALL_PASSED = "all_passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class MaterialsCondition(StrEnum):
    """材料."""

    COMPLETE = "complete"
    MISSING = "missing"


class Tab(StrEnum):
    """The tabs over the list, each a group of states."""

    OPEN = "open"  # 全部在办
    SUBMITTED = "submitted"  # 待机构审核
    AGREED = "agreed"  # 机构已同意
    ACCEPTED = "accepted"  # 已受理
    SUPPLEMENT = "supplement"  # 补正
    RETURNED = "returned"  # 退回修改
    DONE = "done"  # 办结


TAB_STATES: Mapping[Tab, frozenset[State]] = {
    Tab.OPEN: OPEN,
    Tab.SUBMITTED: frozenset({State.SUBMITTED}),
    Tab.AGREED: frozenset({State.AGREED}),
    Tab.ACCEPTED: frozenset({State.ACCEPTED}),
    Tab.SUPPLEMENT: frozenset({State.SUPPLEMENT}),
    Tab.RETURNED: frozenset({State.RETURNED}),
    Tab.DONE: frozenset(State) - OPEN - {State.DRAFT},
}


class SortColumn(StrEnum):
    """What the list can be ordered by. Ties keep the order in which the rows came in."""

    NAME = "name"
    ID_NUMBER = "id_number"
    KIND = "kind"
    CATEGORY = "category"
    LEVEL = "level"
    SCOPES = "scopes"
    DEPARTMENT = "department"
    EDUCATION = "education"
    HANDLER = "handler"
    SUBMITTED = "submitted"
    CHECKS = "checks"
    MATERIALS = "materials"
    DEADLINE = "deadline"
    STATE = "state"
    SYNC = "sync"
    PHONE = "phone"
    QUALIFICATION_CODE = "qualification_code"
    PRACTICE_CODE = "practice_code"
    FORM_NUMBER = "form_number"


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of the list; ``descending`` turns the whole order round, ties included."""

    column: SortColumn = SortColumn.DEADLINE
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The conditions of one search; an empty one is not a condition. Conditions are joined by and, values in one by or.

    ``text``: words, each of which must be found in the name (any part, pinyin, initials), be the end of the ID number
    (up to 6 characters) or the beginning of a code (7 and more). ``id_number``: the end up to 6 characters, else the
    beginning. The other codes: the beginning, so that a whole code finds exactly its row. Dates include both ends; a
    deadline that does not exist or is not published meets no deadline condition.
    """

    text: str = ""
    id_number: str = ""
    qualification_code: str = ""
    practice_code: str = ""
    phone: str = ""
    form_number: str = ""
    tab: Tab | None = None
    kinds: tuple[Kind, ...] = ()
    parts: tuple[ChangePart, ...] = ()
    states: tuple[State, ...] = ()
    departments: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    levels: tuple[Level, ...] = ()
    scopes: tuple[str, ...] = ()
    educations: tuple[str, ...] = ()
    handler: str | None = None  # "" means nobody yet
    submitted_from: date | None = None
    submitted_to: date | None = None
    deadline_from: date | None = None
    deadline_to: date | None = None
    check: CheckCondition | None = None
    materials: MaterialsCondition | None = None
    sync: tuple[RowSync, ...] = ()
    sort: Sort = Sort()


CODE_FIELDS = ("id_number", "qualification_code", "practice_code", "phone", "form_number")
"""The conditions typed as codes."""

_CHOICES = tuple(field.name for field in fields(Query) if field.default == ())

_NOT_CONDITIONS = frozenset({"tab", "sort"})


@dataclass(frozen=True, slots=True)
class ActiveCondition:
    """One chip: the condition's field name and its value; the words come from the text catalogue."""

    code: str
    value: object


def fold_code(text: str) -> str:
    """Return a code as it is compared: NFKC, upper case, letters and digits only (so no dashes)."""
    if not text or (text.isascii() and text.isalnum()):  # nearly all of them: ten times faster
        return text.upper()
    return "".join(c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum())


def normalise(query: Query) -> Query:
    """Return the query with its texts folded and its choices without doubles; equal questions become equal values."""
    plain: dict[str, Any] = {}
    if (text := fold(query.text)) != query.text:
        plain["text"] = text
    for name in CODE_FIELDS:
        typed = getattr(query, name)
        if typed and (code := fold_code(typed)) != typed:
            plain[name] = code
    for name in _CHOICES:
        if len(choices := getattr(query, name)) > 1:
            plain[name] = tuple(sorted(set(choices)))
    return replace(query, **plain) if plain else query


def active_conditions(query: Query) -> tuple[ActiveCondition, ...]:
    """Return the conditions in force, in the order of the fields: one chip each, never a hidden one."""
    plain = normalise(query)
    return tuple(
        ActiveCondition(field.name, value)
        for field in fields(plain)
        if field.name not in _NOT_CONDITIONS and (value := getattr(plain, field.name)) not in ("", (), None)
    ) + (((ActiveCondition("handler", "")),) if plain.handler == "" else ())


def without(query: Query, code: str) -> Query:
    """Return the query with the condition ``code`` removed; raises ValueError for a name that is no condition."""
    for field in fields(query):
        if field.name == code and code not in _NOT_CONDITIONS:
            cleared: dict[str, Any] = {code: field.default}
            return replace(query, **cleared)
    raise ValueError(code)


def without_all(query: Query) -> Query:
    """Return the query with no condition; tab and order stay."""
    return Query(tab=query.tab, sort=query.sort)


def states_asked(query: Query) -> frozenset[State] | None:
    """Return the states that tab and state condition leave, or None when neither is set."""
    if query.tab is None:
        return frozenset(query.states) if query.states else None
    tab = TAB_STATES[query.tab]
    return tab & frozenset(query.states) if query.states else tab
