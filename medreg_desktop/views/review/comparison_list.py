"""申请与现登记对照: what is applied for beside what is registered, differences marked by colour, icon and word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medreg_core.domain.comparison import Group, Mark, Row
from medreg_core.domain.masking import MASK
from medreg_core.domain.records import Application
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.services.texts.values import NOTHING, value_text
from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Space, Type
from medreg_desktop.ui.widgets.labels import Painted, paint_word
from medreg_desktop.ui.words import DIFFERENCES
from medreg_desktop.views.review.words import differing, group_title, row_label

_LABEL, _MARK = 128, 76
_TITLE_ROW = 32
_MARK_ICON = 14


@dataclass(frozen=True, slots=True)
class _Line:
    """One painted line: a group's title, or a row with both values as text."""

    title: str = ""
    row: Row | None = None
    applied: str = ""
    registered: str = ""

    @property
    def differs(self) -> bool:
        return self.row is not None and self.row.differs


class ComparisonList(Painted):
    """The list inside its scroll area. Columns: item 128, applied and registered equal, mark 76."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[_Line, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_groups(
        self, groups: Sequence[Group], application: Application, *, only_differences: bool, reveal: bool
    ) -> None:
        """Show the groups; with ``only_differences`` equal rows and groups without a difference are left out."""
        self._lines = tuple(_lines(groups, application, only_differences=only_differences, reveal=reveal))
        self.setAccessibleName(tr("Application beside the register"))
        self.setAccessibleDescription("\n".join(map(_spoken, self._lines)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of all lines."""
        return QSize(look().px(640), sum(map(self._height, self._lines)) + 1)

    def minimumSizeHint(self) -> QSize:
        """Return the narrowest readable width."""
        return QSize(look().px(420), self.sizeHint().height())

    def _height(self, line: _Line) -> int:
        return look().px(_TITLE_ROW) if line.title else look().metrics.row - 1

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines."""
        painter = QPainter(self)
        top = 0
        for line in self._lines:
            height = self._height(line)
            self._paint_line(painter, line, QRect(0, top, self.width(), height))
            top += height
        painter.end()

    def _paint_line(self, painter: QPainter, line: _Line, rect: QRect) -> None:
        edge = look().px(Space.CONTROL)
        if line.title:
            box = rect.adjusted(edge, 0, -edge, 0)
            paint.words(painter, box, line.title, Type.NAME)
            paint.hline(painter, rect.left(), rect.right() + 1, rect.bottom(), Colour.LINE2)
            return
        if line.differs:
            painter.fillRect(rect.adjusted(0, 0, 1, 0), look().colour(Colour.DIFF_SOFT))
        label, mark, half = _widths(rect.width())
        assert line.row is not None
        paint.words(
            painter, QRect(edge, rect.top(), label - edge, rect.height()), row_label(line.row), colour=Colour.TEXT2
        )
        left = QRect(label, rect.top(), half - edge, rect.height())
        right = QRect(label + half, rect.top(), half - edge, rect.height())
        _paint_value(painter, left, line.applied, line.registered, differs=line.differs)
        _paint_value(painter, right, line.registered, line.applied, differs=line.differs)
        self._paint_mark(painter, line.row.mark, QRect(rect.width() - mark, rect.top(), mark - edge, rect.height()))
        paint.hline(painter, rect.left(), rect.right() + 1, rect.bottom())

    def _paint_mark(self, painter: QPainter, mark: Mark, rect: QRect) -> None:
        word = DIFFERENCES.get(mark)
        if word is None:
            return
        if mark is Mark.SAME:
            below_words = look().px(_MARK_ICON + 5)
            paint.words(painter, rect.adjusted(below_words, 0, 0, 0), word.text, Type.SMALL, Colour.TEXT3)
        else:
            paint_word(painter, rect, word, Type.SMALL, _MARK_ICON)


class ColumnTitles(Painted):
    """The titles over the list; they stand still while it scrolls, at its columns' places."""

    def __init__(self, comparison: ComparisonList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = comparison
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        comparison.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """Return one line."""
        return QSize(look().px(420), look().px(_TITLE_ROW - 4))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the list's width."""
        if event.type() == QEvent.Type.Resize:
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the titles."""
        painter = QPainter(self)
        width = self._list.width()
        label, mark, half = _widths(width)
        places = (look().px(Space.CONTROL), label, label + half, width - mark)
        titles = (tr("Item"), tr("Applied for"), tr("Registered now"), tr("Difference"))
        for left, title in zip(places, titles, strict=True):
            paint.words(painter, QRect(left, 0, half, self.height()), title, Type.SMALL, Colour.TEXT2)
        paint.hline(painter, 0, width, self.height() - 1, Colour.LINE2)
        painter.end()


def _widths(width: int) -> tuple[int, int, int]:
    """Return the widths of label, mark and each of the two values."""
    label, mark = look().px(_LABEL), look().px(_MARK)
    return label, mark, (width - label - mark) // 2


def _lines(
    groups: Sequence[Group], application: Application, *, only_differences: bool, reveal: bool
) -> Iterator[_Line]:
    for group in groups:
        rows = [row for row in group.rows if row.differs or not only_differences]
        if rows:
            yield _Line(title=group_title(group, application))
        for row in rows:
            applied, registered = (
                value_text(row.field, value, reveal=reveal) for value in (row.applied, row.registered)
            )
            yield _Line(row=row, applied=applied, registered="" if row.mark is Mark.NONE else registered)


def _spoken(line: _Line) -> str:
    if line.row is None:
        return line.title
    mark = term(line.row.mark)
    return " ".join(filter(None, (row_label(line.row), line.applied, line.registered, mark)))


def _paint_value(painter: QPainter, rect: QRect, text: str, other: str, *, differs: bool) -> None:
    if MASK in text:
        head, _, tail = text.partition(MASK)
        paint.masked(painter, rect, head, tail, Type.BODY, Colour.TEXT)
        return
    if not differs:
        paint.words(painter, rect, text, colour=Colour.TEXT)
        return
    spans = differing(text, other) if NOTHING not in (text, other) else ()
    if not spans:
        paint.words(painter, rect, text, Type.NAME if text != NOTHING else Type.BODY)
        return
    _paint_spans(painter, rect, text, spans)


def _paint_spans(painter: QPainter, rect: QRect, text: str, spans: Sequence[tuple[int, int]]) -> None:
    """Draw the text with the differing characters bold and underlined."""
    x, at = rect.left(), 0
    for start, end in (*spans, (len(text), len(text))):
        for piece, face, colour in (
            (text[at:start], Type.BODY, Colour.TEXT),
            (text[start:end], Type.NAME, Colour.DIFF),
        ):
            width = look().text_width(piece, face)
            if not piece or x + width > rect.right():
                continue
            paint.words(painter, QRect(x, rect.top(), width + 2, rect.height()), piece, face, colour)
            if colour is Colour.DIFF:
                _underline(painter, x, width, rect, face)
            x += width
        at = end


def _underline(painter: QPainter, x: int, width: int, rect: QRect, face: Face) -> None:
    y = rect.center().y() + look().line_height(face) // 2 + 1
    painter.fillRect(x, y, width, 2, look().colour(Colour.DIFF))
