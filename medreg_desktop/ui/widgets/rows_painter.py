"""Draws the rows of a table: ground, hairline, ring of the current row, and the cells, each drawn once and kept.

A window full of rows is some hundred cells of a dozen drawing steps. Each step is a call into Qt, which lets go of the
interpreter: beside a thread that computes, drawing them all anew held the window for a fifth of a second. Most cells
of a list look alike (its states, kinds and dates) or come again, so each is drawn into a picture and laid down whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from PySide6.QtCore import QPointF, QRect
from PySide6.QtGui import QPainter, QPixmap

from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.widgets.cell_delegate import paint_cell
from medreg_desktop.ui.widgets.cells import Cell
from medreg_desktop.ui.widgets.rows_model import RowsModel

_KEPT = 256  # new pictures of 10 kB, and as many old ones: two windows full of rows no two of which are alike


@dataclass(frozen=True, slots=True)
class Span:
    """Where a column stands in the viewport."""

    column: int
    left: int
    width: int


@dataclass(frozen=True, slots=True)
class Marked:
    """Which row is selected, and which column of it has the keyboard (-1: none)."""

    row: int = -1
    focused_column: int = -1


class RowsPainter:
    """Owned by one table, which sets ``hovered_row`` (the one under the pointer), and forgets when its look changes."""

    def __init__(self, model: RowsModel[Any]) -> None:
        self.hovered_row = -1
        self._model = model
        self._new: dict[tuple[object, ...], QPixmap] = {}
        self._old: dict[tuple[object, ...], QPixmap] = {}

    def forget(self) -> None:
        """Draw everything anew: colours, sizes or fonts are others."""
        self._new, self._old = {}, {}

    def paint(self, painter: QPainter, rows: range, top: int, height: int, spans: Sequence[Span], at: Marked) -> None:
        """Draw the columns, at least one, of some rows, each ``height`` high; ``top`` is the first one's place."""
        snapped = _Snapped.of(painter)
        places = [(span, snapped.x(span.left)) for span in spans]
        left, right = min(s.left for s in spans), max(s.left + s.width for s in spans)
        for row in rows:
            box = QRect(left, top, right - left, height)
            ground, shown, y = self._ground(row), self._model.row(row), snapped.y(top)
            # At 125 % a picture may end a device pixel before the next begins.
            painter.fillRect(box, look().colour(ground))
            for span, x in places:
                cell = self._model.columns[span.column].cell(shown)
                focused = row == at.row and span.column == at.focused_column
                picture = self._picture(cell, span.width, height, ground, snapped.scale, focused=focused)
                painter.drawPixmap(QPointF(x, y), picture)
            _paint_lines(painter, box, current=row == at.row)
            top += height

    def _ground(self, row: int) -> Colour:
        if self._model.is_ticked(row):
            return Colour.ACCENT_SOFT
        return Colour.HOVER if row == self.hovered_row else Colour.SURFACE

    def _picture(self, cell: Cell, width: int, height: int, ground: Colour, scale: float, *, focused: bool) -> QPixmap:
        key = (cell, width, height, ground, scale, focused)
        found = self._new.get(key)
        if found is not None:
            return found
        if len(self._new) >= _KEPT:  # what was not asked for since the last time is given up
            self._new, self._old = {}, self._new
        found = self._old.get(key)
        if found is None:
            found = _drawn(cell, width, height, ground, scale, focused=focused)
        self._new[key] = found
        return found


@dataclass(frozen=True, slots=True)
class _Snapped:
    """Whole device pixels: a picture laid down between two would be blurred."""

    scale: float
    dx: float
    dy: float

    @classmethod
    def of(cls, painter: QPainter) -> _Snapped:
        to_device = painter.deviceTransform()
        return cls(to_device.m11(), to_device.dx(), to_device.dy())

    def x(self, logical: int) -> float:
        return (round(logical * self.scale + self.dx) - self.dx) / self.scale

    def y(self, logical: int) -> float:
        return (round(logical * self.scale + self.dy) - self.dy) / self.scale


def _drawn(cell: Cell, width: int, height: int, ground: Colour, scale: float, *, focused: bool) -> QPixmap:
    """Return the picture of a cell, opaque, so that text is drawn on it as on the window."""
    picture = QPixmap(ceil(width * scale), ceil(height * scale))
    picture.setDevicePixelRatio(scale)
    picture.fill(look().colour(ground))
    painter = QPainter(picture)
    paint_cell(painter, QRect(0, 0, width, height), cell, focused=focused)
    painter.end()
    return picture


def _paint_lines(painter: QPainter, box: QRect, *, current: bool) -> None:
    left, right = box.left(), box.right() + 1
    paint.hline(painter, left, right, box.bottom(), Colour.RING if current else Colour.LINE)
    if current:
        paint.hline(painter, left, right, box.top(), Colour.RING)
        if left <= 0:
            painter.fillRect(QRect(left, box.top(), 3, box.height()), look().colour(Colour.RING))
