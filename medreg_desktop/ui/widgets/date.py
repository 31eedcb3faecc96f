"""A field for a date, typed as 2026-11-23 or 20261123, or picked from a calendar."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from PySide6.QtCore import QDate, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QCalendarWidget, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Type
from medreg_desktop.ui.widgets.button import IconButton
from medreg_desktop.ui.widgets.field import TextField
from medreg_desktop.ui.widgets.labels import Text

_WRITTEN = re.compile(r"(\d{4})[-./年]?(\d{1,2})[-./月]?(\d{1,2})日?")
_WIDE_DIGITS = str.maketrans("０１２３４５６７８９－．／", "0123456789-./")


def parse_date(text: str) -> date | None:
    """Return the date written in ``text`` (any usual separator, full-width digits too), or None if it is not one."""
    match = _WRITTEN.fullmatch(text.strip().translate(_WIDE_DIGITS))
    if match is None:
        return None
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        return None


class _Calendar(QFrame):
    """The month that drops down; no year spin box, because text fields do not belong into popups."""

    picked = Signal(QDate)
    closed = Signal()

    def __init__(self, shown: QDate, field: QWidget) -> None:
        super().__init__(field, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.Box)
        self._month = Text("", Type.NAME)
        self._calendar = QCalendarWidget(self)
        self._calendar.setNavigationBarVisible(False)
        self._calendar.setVerticalHeaderFormat(QCalendarWidget.VerticalHeaderFormat.NoVerticalHeader)
        self._calendar.setFirstDayOfWeek(Qt.DayOfWeek.Monday)
        self._calendar.setAccessibleName(field.accessibleName())
        self._calendar.setSelectedDate(shown)
        self._calendar.clicked.connect(self._on_picked)
        self._calendar.activated.connect(self._on_picked)
        self._calendar.currentPageChanged.connect(self._show_month)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(self._head())
        layout.addWidget(self._calendar)
        self._show_month(shown.year(), shown.month())

    def showEvent(self, event: QShowEvent) -> None:
        """The days have the focus: arrows and Enter pick."""
        super().showEvent(event)
        self._calendar.setFocus(Qt.FocusReason.PopupFocusReason)

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        back = IconButton("chevron-left", tr("Previous month"))
        on = IconButton("chevron-right", tr("Next month"))
        back.clicked.connect(self._calendar.showPreviousMonth)
        on.clicked.connect(self._calendar.showNextMonth)
        head.addWidget(back)
        head.addWidget(self._month, 1, Qt.AlignmentFlag.AlignCenter)
        head.addWidget(on)
        return head

    def _show_month(self, year: int, month: int) -> None:
        self._month.setText(tr("{year}-{month}", year=year, month=f"{month:02}"))

    def _on_picked(self, day: QDate) -> None:
        self.picked.emit(day)
        self.close()

    def closeEvent(self, event: Any) -> None:
        """Tell the field."""
        self.closed.emit()
        super().closeEvent(event)


class DateField(TextField):
    """A date or nothing. ``changed`` carries a :class:`datetime.date` or None when the value settles."""

    changed = Signal(object)

    def __init__(self, label: str, *, keys: str = "", parent: QWidget | None = None) -> None:
        super().__init__(label, placeholder=tr("Any"), keys=keys, parent=parent)
        self._value: date | None = None
        self._calendar: _Calendar | None = None
        self._button = IconButton("calendar", tr("Pick {label}", label=label), size=24, parent=self)
        self._button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # F4 opens the same calendar; one tab stop a field
        self._button.clicked.connect(self.open_calendar)
        self.editor.editingFinished.connect(self._settle)

    @property
    def value(self) -> date | None:
        """The last valid date."""
        return self._value

    def set_value(self, value: date | None) -> None:
        """Show ``value`` without emitting ``changed``."""
        self._value = value
        self.set_text(value.isoformat() if value else "")
        self.set_problem("")

    def _settle(self) -> None:
        parsed = parse_date(self.text)
        if self.text.strip() and parsed is None:
            self.set_problem(tr("Write the date as 2026-11-23."))
            return
        before = self._value
        self.set_value(parsed)
        if parsed != before:
            self.changed.emit(parsed)

    def open_calendar(self) -> None:
        """Drop the calendar down."""
        if self._calendar is not None:
            return
        self._settle()
        shown = QDate.fromString(self._value.isoformat(), Qt.DateFormat.ISODate) if self._value else QDate.currentDate()
        calendar = _Calendar(shown, self)
        calendar.picked.connect(self._on_picked)
        calendar.closed.connect(self._on_closed)
        self._calendar = calendar
        calendar.move(self.mapToGlobal(QPoint(0, self.height() + 1)))
        calendar.show()

    def _on_picked(self, day: QDate) -> None:
        self.set_text(date(day.year(), day.month(), day.day()).isoformat())
        self._settle()

    def _on_closed(self) -> None:
        self._calendar = None
        self.editor.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F4 or Alt+Down opens the calendar."""
        alt_down = event.key() == Qt.Key.Key_Down and event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_F4 or alt_down:
            self.open_calendar()
        else:
            super().keyPressEvent(event)

    def _right_room(self) -> int:
        return look().px(24)

    def _place_editor(self) -> None:
        super()._place_editor()
        if hasattr(self, "_button"):
            size: QSize = self._button.sizeHint()
            self._button.setGeometry(
                self.width() - size.width() - 2, (self.height() - size.height()) // 2, size.width(), size.height()
            )
