"""What can be chosen in each condition, and the words of the chips; built once per session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from medreg_core.domain.calendar import NotPublished, WorkCalendar
from medreg_core.domain.records import Institution
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
from medreg_desktop.services.search.conditions import (
    ActiveCondition,
    CheckCondition,
    MaterialsCondition,
    Query,
    RowSync,
    Tab,
)
from medreg_desktop.services.search.names import sort_key
from medreg_desktop.services.texts.terms import label, term
from medreg_desktop.services.texts.translator import mark, tr, trn

WITHIN = (2, 5, 10, 12, 20)
"""Working days offered in 期限."""

_FIELD_OF = {
    "departments": "department",
    "categories": "category",
    "levels": "qualification_level",
    "scopes": "scopes",
    "educations": "education",
    "id_number": "id_number",
    "qualification_code": "qualification_code",
    "practice_code": "practice_code",
}
"""Conditions that ask for a field of the records carry the field's own label."""

_LABELS = {
    "text": mark("Keyword"),
    "kinds": mark("Business kind"),
    "parts": mark("Part changed"),
    "states": mark("State"),
    "handler": mark("Registrar"),
    "submitted_from": mark("Submitted from"),
    "submitted_to": mark("Submitted to"),
    "deadline": mark("Deadline"),
    "deadline_from": mark("Due from"),
    "deadline_to": mark("Due to"),
    "check": mark("Checks"),
    "materials": mark("Materials"),
    "sync": mark("Sync"),
    "phone": mark("Mobile"),
    "form_number": mark("Form number"),
}


def condition_label(code: str) -> str:
    """Return the label of a condition, in its field and on its chip."""
    field = _FIELD_OF.get(code)
    return label(field) if field else tr(_LABELS[code])


_TAB_STATES = {
    Tab.SUBMITTED: State.SUBMITTED,
    Tab.AGREED: State.AGREED,
    Tab.ACCEPTED: State.ACCEPTED,
    Tab.SUPPLEMENT: State.SUPPLEMENT,
    Tab.RETURNED: State.RETURNED,
}


def tab_word(tab: Tab) -> str:
    """Return the word of a tab: the state's own, but for the two that gather several."""
    if tab is Tab.OPEN:
        return tr("All in progress")
    return tr("Finished") if tab is Tab.DONE else term(_TAB_STATES[tab])


_SYNC: Mapping[RowSync, str] = {
    RowSync.SYNCED: mark("Synced"),
    RowSync.WAITING: mark("To be sent"),
    RowSync.SENDING: mark("Sending"),
    RowSync.DEFERRED: mark("Deferred"),
    RowSync.NEEDS_YOU: mark("Needs you"),
    RowSync.QUARANTINED: mark("Quarantined"),
}

_CHECKS: Mapping[CheckCondition, str] = {
    CheckCondition.ALL_PASSED: mark("All passed"),
    CheckCondition.FAILED: mark("Something failed"),
    CheckCondition.UNKNOWN: mark("Something unknown"),
}

_MATERIALS: Mapping[MaterialsCondition, str] = {
    MaterialsCondition.COMPLETE: mark("Complete"),
    MaterialsCondition.MISSING: mark("Something missing"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a condition with its words; ``initials`` let a typed letter jump to it."""

    value: str
    text: str
    initials: str = ""


class ConditionWords:
    """The choices of every condition and the words of chips, for one institution. A session outlives the day."""

    def __init__(
        self, tables: Tables, institution: Institution, handlers: Iterable[str], today: Callable[[], date]
    ) -> None:
        self._calendar, self._today = tables.calendar, today
        self.choices: Mapping[str, tuple[Choice, ...]] = {
            "kinds": _terms(Kind),
            "parts": _terms(ChangePart),
            "states": _terms(state for state in State if state is not State.DRAFT),
            "departments": _choices((name, name) for name in institution.departments),
            "categories": _terms(Category),
            "levels": _terms(Level),
            "scopes": _choices((code, tables.scopes.short_name(code)) for code in tables.scopes),
            "educations": _choices((code, tables.educations.name(code)) for code in tables.educations),
            "handler": (Choice("", tr("Nobody yet")), *_choices((name, name) for name in handlers)),
            "check": _choices((value, tr(text)) for value, text in _CHECKS.items()),
            "materials": _choices((value, tr(text)) for value, text in _MATERIALS.items()),
            "sync": _choices((value, tr(text)) for value, text in _SYNC.items()),
            "deadline": tuple(Choice(key, text) for key, text in _deadlines() if self.deadline_range(key) is not None),
        }

    def deadline_range(self, key: str, on: date | None = None) -> tuple[date | None, date | None] | None:
        """Return the days a choice of 期限 stands for, today or on another day; None: the calendar is not published."""
        today = on or self._today()
        if key == "overdue":
            return None, today - timedelta(days=1)
        if key == "today":
            return today, today
        last = self._calendar.add_workdays(today, int(key))
        return None if isinstance(last, NotPublished) else (None, last)

    def deadline_key(self, first: date | None, last: date | None, on: date | None = None) -> str:
        """Return the choice of 期限 that stands for these days, today or on another day; empty when none does."""
        choices = (choice.value for choice in self.choices["deadline"])
        return next((key for key in choices if self.deadline_range(key, on) == (first, last)), "")

    def carried_over(self, query: Query, since: date) -> Query:
        """Return the query with its choice of 期限, made on the day ``since``, as it stands today."""
        key = self.deadline_key(query.deadline_from, query.deadline_to, since)
        days = self.deadline_range(key) if key else None
        return replace(query, deadline_from=days[0], deadline_to=days[1]) if days else query

    def chips(self, conditions: Iterable[ActiveCondition]) -> tuple[tuple[str, str, str], ...]:
        """Return key, label and value of each chip; a range that 期限 offers is one chip under that name."""
        found = {condition.code: condition.value for condition in conditions}
        first, last = found.get("deadline_from"), found.get("deadline_to")
        assert first is None or isinstance(first, date)
        assert last is None or isinstance(last, date)
        key = self.deadline_key(first, last) if first or last else ""
        if key:
            found = {code: value for code, value in found.items() if not code.startswith("deadline_")}
            found["deadline"] = (key,)
        return tuple((code, condition_label(code), self._value(code, value)) for code, value in found.items())

    def _value(self, code: str, value: object) -> str:
        if isinstance(value, date):
            return value.isoformat()
        words = {choice.value: choice.text for choice in self.choices.get(code, ())}
        if isinstance(value, tuple):
            shown = [words.get(str(each), str(each)) for each in value]
            return tr(", ").join(shown) if len(shown) <= 4 else trn("{n} chosen", "{n} chosen", len(shown))
        return words.get(str(value), str(value))


def _choices(pairs: Iterable[tuple[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(str(value), text, _initials(text)) for value, text in pairs)


def _terms(members: Iterable[StrEnum]) -> tuple[Choice, ...]:
    return _choices((member.value, term(member)) for member in members)


def _initials(text: str) -> str:
    readings, _, _ = sort_key(text).partition("\t")
    return "".join(syllable[0] for syllable in readings.split())


def _deadlines() -> Iterable[tuple[str, str]]:
    yield "overdue", tr("Overdue")
    yield "today", tr("Due today")
    for days in WITHIN:
        yield str(days), trn("≤ {n} working day", "≤ {n} working days", days)


def workdays_left(calendar: WorkCalendar, today: date, deadline: date) -> int | None:
    """Return the working days left, negative when late; None when the calendar is not published."""
    left = calendar.workdays_between(today, deadline)
    return None if isinstance(left, NotPublished) else left
