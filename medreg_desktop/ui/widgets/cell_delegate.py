"""Draws the content of every cell of every table, and tells how wide it is."""

from __future__ import annotations

from html import escape
from typing import assert_never

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Space, Type
from medreg_desktop.ui.widgets.cells import ButtonCell, Cell, MaskedCell, TextCell, TickCell, TickState, WordCell
from medreg_desktop.ui.widgets.labels import paint_word
from medreg_desktop.ui.widgets.rows_model import CELL_ROLE
from medreg_desktop.ui.widgets.tick import paint_tick

_WORD_ICON = 14
_WORD_GAP = 8


class CellDelegate(QStyledItemDelegate):
    """Tells a table how wide its cells are; the table draws them itself (:mod:`rows_painter`)."""

    def sizeHint(self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the width the cell's content needs, for double click on a column edge."""
        return QSize(round(content_width(index.data(CELL_ROLE))) + 2 * look().px(Space.CONTROL), look().metrics.row)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Show under the pointer what the column is too narrow for."""
        words = shortened(index.data(CELL_ROLE), option.rect.width()) if index.isValid() else ""
        QToolTip.showText(event.globalPos(), f"<span>{escape(words)}</span>" if words else "", view)
        return True


def shortened(cell: Cell, width: int) -> str:
    """Return the whole text of a cell that a column of this width cuts off; nothing where all of it can be read."""
    room = width - look().px(Space.CONTROL) - look().px(Space.TIGHT)
    return cell.accessible if isinstance(cell, TextCell) and content_width(cell) > room else ""


def content_width(cell: Cell) -> float:
    """Return the width a cell's content takes."""
    match cell:
        case TextCell():
            tail = look().text_width(cell.tail, Type.SMALL) + look().px(7) if cell.tail else 0
            return look().text_width(cell.text, _text_face(cell)) + tail
        case MaskedCell():
            return paint.masked_width(cell.head, cell.tail, Type.BODY)
        case WordCell():
            return sum(_word_width(word.text, bold=word.bold, small=cell.small) for word in cell.words)
        case ButtonCell():
            return look().text_width(cell.text, Type.BODY) + look().px(16)
        case TickCell():
            return look().px(16)
        case _:
            assert_never(cell)


def _word_width(text: str, *, bold: bool, small: bool) -> float:
    face = Face((Type.SMALL if small else Type.BODY).px, bold=bold)
    return look().text_width(text, face) + look().px(_WORD_ICON + 5 + _WORD_GAP + 12)


def _text_face(cell: TextCell) -> Face:
    return Face((Type.SMALL if cell.small else Type.BODY).px, bold=cell.bold)


def paint_cell(painter: QPainter, rect: QRect, cell: Cell, *, focused: bool) -> None:
    """Draw what a cell shows on the ground that is there; ``focused``: the keyboard is on it."""
    inner = rect.adjusted(look().px(Space.CONTROL), 0, -look().px(Space.TIGHT), -1)
    match cell:
        case TextCell():
            width = paint.words(painter, inner, cell.text, _text_face(cell), cell.colour)
            if cell.tail:
                tail = inner.adjusted(round(width) + look().px(7), 0, 0, 0)
                paint.words(painter, tail, cell.tail, Type.SMALL, Colour.TEXT2)
        case MaskedCell():
            paint.masked(painter, inner, cell.head, cell.tail, Type.BODY, cell.colour)
        case WordCell():
            _paint_words(painter, inner, cell)
        case ButtonCell():
            _paint_button(painter, rect, cell, focused=focused)
        case TickCell():
            barred = cell.state is TickState.BARRED
            on = cell.state is TickState.ON
            paint_tick(painter, inner.left(), rect.center().y(), checked=on, enabled=not barred)
            if focused:
                side = look().px(20)
                box = QRect(inner.left() - look().px(3), rect.center().y() - side // 2, side, side)
                paint.ring(painter, box, radius=5)
        case _:
            assert_never(cell)


def _paint_words(painter: QPainter, rect: QRect, cell: WordCell) -> None:
    face = Type.SMALL if cell.small else Type.BODY
    x = rect.left()
    for word in cell.words:
        # A pill's edge stands further left, so that icons of pills and plain words form one column.
        shift = look().px(Space.GROUP) if cell.beside_pills and not word.soft else 0
        paint_word(painter, QRect(x + shift, rect.top(), rect.right() - x - shift + 3, rect.height()), word, face)
        icon = look().px(_WORD_ICON + 5) if word.icon else 0
        x += look().text_width(word.text, Face(face.px, bold=word.bold)) + icon + look().px(_WORD_GAP)


def _paint_button(painter: QPainter, rect: QRect, cell: ButtonCell, *, focused: bool) -> None:
    height = look().metrics.row_button
    left = rect.left() + look().px(Space.TIGHT)
    width = min(look().text_width(cell.text, Type.SMALL) + look().px(16), rect.right() - left)
    box = QRect(left, rect.center().y() - height // 2, width, height)
    if not cell.quiet:
        paint.panel(painter, box, fill=Colour.SURFACE, edge=Colour.ACCENT_LINE)
    paint.words(painter, box, cell.text, Type.SMALL, Colour.ACCENT, paint.CENTRE)
    if focused:
        paint.ring(painter, box)


def paint_sort_mark(painter: QPainter, x: float, middle: float, *, descending: bool) -> None:
    """Draw the small mark beside the title of the column the rows are sorted by."""
    icons.paint(painter, "chevron-down" if descending else "chevron-up", x, middle, look().px(12), Colour.TEXT2)
