"""The grid of conditions: six equal columns, the keyword two wide; F7 folds it to one row (``look.md`` §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
from medreg_desktop.services.search.conditions import CheckCondition, MaterialsCondition, Query, RowSync
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space
from medreg_desktop.ui.widgets.choice import ChoiceField, Option
from medreg_desktop.ui.widgets.date import DateField
from medreg_desktop.ui.widgets.field import Field, TextField
from medreg_desktop.views.applications.options import ConditionWords, condition_label

_ROWS: tuple[tuple[str, ...], ...] = (
    ("text", "kinds", "deadline", "departments", "handler"),
    ("categories", "scopes", "levels", "educations", "submitted_from", "submitted_to"),
    ("id_number", "qualification_code", "practice_code", "form_number", "check", "materials"),
    ("phone", "states", "parts", "sync", "deadline_from", "deadline_to"),
)
"""The conditions in reading order, which is also the tab order."""

_FOLDED = ("text", "kinds", "deadline")
_COLUMNS = 6

_TYPES: dict[str, type[StrEnum]] = {
    "kinds": Kind,
    "parts": ChangePart,
    "states": State,
    "categories": Category,
    "levels": Level,
    "sync": RowSync,
    "check": CheckCondition,
    "materials": MaterialsCondition,
}
_SINGLE = frozenset({"deadline", "check", "materials", "handler"})


class ConditionGrid(QWidget):
    """Shows one :class:`Query` and emits the changed one with every keystroke; Enter in a field asks at once."""

    changed = Signal(object)
    submitted = Signal()

    def __init__(self, words: ConditionWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._query = Query()
        self._folded = False
        self.fields: dict[str, Field] = {}
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(look().px(Space.CONTROL))
        self._layout.setVerticalSpacing(look().px(Space.GROUP))
        for column in range(_COLUMNS):
            self._layout.setColumnStretch(column, 1)
        self._build()
        self._arrange()

    @property
    def is_folded(self) -> bool:
        """Whether only the first conditions show."""
        return self._folded

    @property
    def hidden_count(self) -> int:
        """How many conditions the folded grid does not show."""
        return len(self.fields) - len(_FOLDED)

    def fold(self, *, folded: bool) -> None:
        """Fold to one row or show all; folded conditions stay visible as chips."""
        self._folded = folded
        focused = QApplication.focusWidget()
        self._arrange()
        if focused is not None and self.isAncestorOf(focused) and not focused.isVisibleTo(self):
            self.focus_first()

    def focus_first(self) -> None:
        """Ctrl+F: the keyword."""
        field = self.fields["text"]
        assert isinstance(field, TextField)
        field.editor.setFocus()
        field.select_all()

    def set_query(self, query: Query) -> None:
        """Show conditions without emitting them; what is being typed keeps its cursor.

        A date that cannot be read is no value: it stays, with its sentence, while the condition itself stays.
        """
        self._query = query
        for code, field in self.fields.items():
            if isinstance(field, DateField):
                if field.value != getattr(query, code):
                    field.set_value(getattr(query, code))
            elif isinstance(field, ChoiceField):
                field.set_values(self._chosen(code))
            elif isinstance(field, TextField):
                field.set_text(getattr(query, code))

    def _chosen(self, code: str) -> tuple[str, ...]:
        if code == "deadline":
            key = self._words.deadline_key(self._query.deadline_from, self._query.deadline_to)
            return (key,) if key else ()
        value = getattr(self._query, code)
        if code in _SINGLE:
            return () if value is None else (str(value),)
        return tuple(str(each) for each in value)

    def _build(self) -> None:
        for code in (code for row in _ROWS for code in row):
            field = self._field(code)
            field.setParent(self)
            self.fields[code] = field

    def _field(self, code: str) -> Field:
        if code.endswith(("_from", "_to")):
            day = DateField(condition_label(code))
            day.changed.connect(self._setter(code))
            return day
        if code in self._words.choices:
            return self._choice(code)
        placeholder = tr("Name, pinyin initials, end of ID number, or a code") if code == "text" else ""
        text = TextField(condition_label(code), placeholder=placeholder, icon="search" if code == "text" else "")
        text.edited.connect(self._text_setter(code))
        text.submitted.connect(self.submitted)
        return text

    def _choice(self, code: str) -> ChoiceField:
        options = [Option(choice.value, choice.text, choice.initials) for choice in self._words.choices[code]]
        field = ChoiceField(condition_label(code), options, many=code not in _SINGLE)
        field.chosen.connect(self._choice_setter(code))
        return field

    def _text_setter(self, code: str) -> Callable[[str], None]:
        def typed(text: str) -> None:
            # Setting the text from a query also arrives here; only a difference is the user's.
            if text != getattr(self._query, code):
                self._emit(**{code: text})

        return typed

    def _setter(self, code: str) -> Callable[[date | None], None]:
        return lambda value: self._emit(**{code: value})

    def _choice_setter(self, code: str) -> Callable[[tuple[str, ...]], None]:
        def chosen(values: tuple[str, ...]) -> None:
            if code == "deadline":
                first, last = (self._words.deadline_range(values[0]) if values else None) or (None, None)
                self._emit(deadline_from=first, deadline_to=last)
                return
            kind = _TYPES.get(code, str)
            typed = tuple(kind(value) for value in values)
            self._emit(**{code: (typed[0] if typed else None) if code in _SINGLE else typed})

        return chosen

    def _emit(self, **changes: Any) -> None:
        self._query = replace(self._query, **changes)
        self.changed.emit(self._query)

    def _arrange(self) -> None:
        for field in self.fields.values():
            self._layout.removeWidget(field)
        shown = [_FOLDED] if self._folded else _ROWS
        visible = {code for row in shown for code in row}
        for r, row in enumerate(shown):
            column = 0
            for code in row:
                span = 2 if code == "text" or self._folded else 1
                self._layout.addWidget(self.fields[code], r, column, 1, span)
                column += span
        for code, field in self.fields.items():
            field.setVisible(code in visible)
        order = [self.fields[code] for row in shown for code in row]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)
