"""找人或找操作: a list below the search field; actions whose words match, and always the search for a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.shell.top_bar import FindField
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type

_MOST = 9


@dataclass(frozen=True, slots=True)
class Action:
    """Something the user can do from anywhere; ``initials`` in lower case pinyin also find it."""

    text: str
    icon: str
    run: Callable[[], None]
    shown_keys: str = ""
    initials: str = ""


def matching(actions: Sequence[Action], typed: str) -> tuple[Action, ...]:
    """Return the actions whose words contain what was typed, or whose initials start with it."""
    wanted = typed.strip().casefold()
    found = (a for a in actions if wanted in a.text.casefold() or (a.initials and a.initials.startswith(wanted)))
    return tuple(found)[: _MOST - 1]


class Finder(QWidget):
    """The list. A child of the window, not a popup: the field above it keeps the focus and the input method."""

    person_sought = Signal(str)

    def __init__(self, field: FindField, actions: Callable[[], Sequence[Action]], over: QWidget) -> None:
        super().__init__(over)
        self._field = field
        self._over = over
        self._actions = actions
        self._entries: tuple[Action, ...] = ()
        self._at = 0
        self.setAccessibleName(tr("Find a person or an action"))
        self.setMouseTracking(True)
        field.edited.connect(self._on_edited)
        field.moved.connect(self._on_moved)
        field.submitted.connect(self._on_submitted)
        field.left.connect(self.close_list)
        self.hide()

    @property
    def entries(self) -> tuple[Action, ...]:
        """What is offered now."""
        return self._entries

    def _on_edited(self, text: str) -> None:
        typed = text.strip()
        if not typed:
            self.hide()
            return
        person = Action(tr("Find the person: {text}", text=typed), "person-search", lambda: self._seek(typed))
        found = matching(self._actions(), typed)
        self._entries = (*found, person) if found else (person,)
        self._at = 0
        self._place()
        self.show()
        self.raise_()
        self.update()

    def _seek(self, typed: str) -> None:
        self.person_sought.emit(typed)

    def _on_moved(self, step: int) -> None:
        if self.isVisible():
            self._at = (self._at + step) % len(self._entries)
            self.update()

    def _on_submitted(self) -> None:
        if self.isVisible():
            self._run(self._at)

    def _run(self, at: int) -> None:
        action = self._entries[at]
        self.close_list()
        action.run()

    def close_list(self) -> None:
        """Take the list away and empty the field."""
        self.hide()
        self._field.set_text("")
        self._field.editor.clearFocus()

    def _row_height(self) -> int:
        return look().metrics.row

    def _place(self) -> None:
        corner = self._field.mapTo(self._over, QPoint(0, self._field.height() + 4))
        self.setGeometry(
            QRect(corner.x(), corner.y(), self._field.width(), self._row_height() * len(self._entries) + 8)
        )

    def _at_point(self, event: QMouseEvent) -> int:
        at = (event.position().toPoint().y() - 4) // self._row_height()
        return at if 0 <= at < len(self._entries) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The entry under the pointer becomes the current one."""
        at = self._at_point(event)
        if at >= 0:
            self._at = at
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Run the entry."""
        at = self._at_point(event)
        if at >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._run(at)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the list."""
        painter = QPainter(self)
        paint.panel(painter, self.rect(), fill=Colour.SURFACE, edge=Colour.LINE2, radius=6)
        for at, action in enumerate(self._entries):
            box = QRect(1, 4 + at * self._row_height(), self.width() - 2, self._row_height())
            if at == self._at:
                painter.fillRect(box, look().colour(Colour.ACCENT_SOFT))
            icons.paint(painter, action.icon, look().px(Space.BAND), box.center().y(), look().px(16), Colour.TEXT2)
            inner = box.adjusted(look().px(34), 0, -look().px(Space.BAND), 0)
            paint.words(painter, inner, action.shown_keys, Type.KEY, Colour.TEXT3, paint.RIGHT)
            keys = look().text_width(action.shown_keys, Type.KEY)
            paint.words(painter, inner.adjusted(0, 0, -keys - 8, 0), action.text)
        painter.end()
