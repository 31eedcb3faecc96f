"""Tabs with counts: a word, its count, the current one underlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets.labels import Painted

_GAP, _COUNT_GAP = 26, 6
LEAD = 5
"""Room for the focus ring at the left of the first word: the row hangs over the page's edge by it, see :func:`hung`."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab. ``count`` is shown as given (``1,000+``); ``work`` colours it: it waits for the user."""

    key: str
    text: str
    count: str = ""
    work: Colour | None = None


class Tabs(Painted):
    """A row of tabs; Left and Right change the current one. The first word stands ``LEAD`` behind the left edge."""

    chosen = Signal(str)

    def __init__(self, name: str, tabs: Sequence[Tab] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._tabs: tuple[Tab, ...] = ()
        self._current = ""
        self._hovered = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_tabs(tabs)

    @property
    def current(self) -> str:
        """The key of the current tab."""
        return self._current

    def set_tabs(self, tabs: Sequence[Tab]) -> None:
        """Show these tabs, keeping the current one when it is still there."""
        self._tabs = tuple(tabs)
        if self._current not in {tab.key for tab in tabs}:
            self._current = tabs[0].key if tabs else ""
        self._renew()

    def set_current(self, key: str) -> None:
        """Choose a tab without emitting ``chosen``."""
        self._current = key
        self._renew()

    def _renew(self) -> None:
        shown = next((tab for tab in self._tabs if tab.key == self._current), None)
        words = f" {shown.text} {shown.count}".rstrip() if shown else ""
        self.setAccessibleName(f"{self._name}{words}")
        self.updateGeometry()
        self.update()

    def _width(self, tab: Tab) -> int:
        width = look().text_width(tab.text, Type.NAME)
        if tab.count:
            width += look().px(_COUNT_GAP) + look().text_width(tab.count, Type.SMALL_BOLD)
        return width + 1

    def _boxes(self) -> list[QRect]:
        boxes, x = [], LEAD
        for tab in self._tabs:
            width = self._width(tab)
            boxes.append(QRect(x, 0, width, self.height()))
            x += width + look().px(_GAP)
        return boxes

    def sizeHint(self) -> QSize:
        """Return all tabs side by side."""
        width = sum(self._width(tab) + look().px(_GAP) for tab in self._tabs)
        return QSize(max(width - look().px(_GAP), 0) + 2 * LEAD, look().metrics.tab_row)

    def minimumSizeHint(self) -> QSize:
        """Never cut a tab."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the words, counts and the underline."""
        painter = QPainter(self)
        for position, (tab, box) in enumerate(zip(self._tabs, self._boxes(), strict=True)):
            self._paint_tab(painter, tab, box, hovered=position == self._hovered)
        painter.end()

    def _paint_tab(self, painter: QPainter, tab: Tab, box: QRect, *, hovered: bool) -> None:
        current = tab.key == self._current
        colour = Colour.ACCENT if current else (Colour.TEXT if hovered else Colour.TEXT2)
        width = paint.words(painter, box, tab.text, Type.NAME if current else Type.BODY, colour)
        count_colour = tab.work or (Colour.ACCENT if current else Colour.TEXT3)
        face = Type.SMALL_BOLD if tab.work else Type.SMALL
        count = box.adjusted(round(width) + look().px(_COUNT_GAP), 1, 2, 1)
        paint.words(painter, count, tab.count, face, count_colour)
        if current:
            painter.fillRect(QRect(box.left(), self.height() - 2, box.width(), 2), look().colour(Colour.ACCENT))
            if self.hasFocus():
                paint.ring(painter, box.adjusted(-LEAD, 3, LEAD, -3))

    def _choose(self, position: int) -> None:
        if 0 <= position < len(self._tabs) and self._tabs[position].key != self._current:
            self._current = self._tabs[position].key
            self._renew()
            self.chosen.emit(self._current)

    def _at(self, event: QMouseEvent) -> int:
        margin = look().px(_GAP) // 2
        point = event.position().toPoint()
        boxes = self._boxes()
        return next((i for i, box in enumerate(boxes) if box.adjusted(-margin, 0, margin, 0).contains(point)), -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the tab under the pointer."""
        self._choose(self._at(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show which tab would be chosen."""
        self._hovered = self._at(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the pointer."""
        super().leaveEvent(event)
        self._hovered = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left, Right, Home and End choose."""
        position = next((i for i, tab in enumerate(self._tabs) if tab.key == self._current), 0)
        moves = {
            Qt.Key.Key_Left: position - 1,
            Qt.Key.Key_Right: position + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self._tabs) - 1,
        }
        if event.key() in moves:
            self._choose(moves[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)


def hung(row: QWidget) -> QHBoxLayout:
    """Return a layout that hangs ``row``, tabs or what begins with them, out so that its first word stands on the edge.

    The ring is cut where the parent ends: that must have ``LEAD`` to spare at the left.
    """
    layout = QHBoxLayout()
    layout.setSpacing(0)
    layout.addSpacing(-LEAD)  # a margin cannot be negative, a space can
    layout.addWidget(row)
    return layout
