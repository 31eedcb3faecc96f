"""我的决定 beside 服务端当前: two heads and, field by field, what is no longer as the registrar had read it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medreg_core.domain.comparison import Mark, Shown
from medreg_desktop.services.review.outbox_desk import Conflict
from medreg_desktop.services.texts.terms import label
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.services.texts.values import NOTHING, value_text
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import Painted, paint_word
from medreg_desktop.ui.words import DIFFERENCES
from medreg_desktop.views.sync_center.words import decided_line, register_line

_LABEL, _MARK, _HEAD = 92, 60, 50


class Versions(Painted):
    """Painted; its words are in the accessible description."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heads = ("", "")
        self._rows: tuple[tuple[str, str, str, Mark], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_conflict(self, conflict: Conflict, now: datetime) -> None:
        """Show both versions."""
        self._heads = (decided_line(conflict, now), register_line(conflict, now))
        self._rows = tuple(_row(change.field, change.read, change.now) for change in conflict.changes)
        self.setAccessibleName(tr("Both versions"))
        heads = zip((tr("My decision"), tr("In the register now")), self._heads, strict=True)
        rows = (tr("{field}: {read}, now {now}", field=f, read=r, now=n) for f, r, n, _ in self._rows)
        self.setAccessibleDescription("\n".join((*(" ".join(head) for head in heads), *rows)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of heads and rows."""
        rows = len(self._rows) * look().metrics.row
        return QSize(look().px(420), look().px(_HEAD + Space.GROUP * bool(rows)) + rows)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the two heads, then the rows."""
        painter = QPainter(self)
        titles = ((tr("My decision"), "person-tick"), (tr("In the register now"), "tray"))
        for (title, icon), line, box in zip(titles, self._heads, self._halves(0, look().px(_HEAD)), strict=True):
            self._paint_head(painter, box, title, icon, line)
        top = look().px(_HEAD + Space.GROUP)
        for row in self._rows:
            self._paint_row(painter, top, *row)
            top += look().metrics.row
        painter.end()

    def _halves(self, top: int, height: int) -> tuple[QRect, QRect]:
        left = look().px(_LABEL) if self._rows else 0  # the names of the fields, where there are any
        half = (self.width() - left - look().px(Space.CONTROL)) // 2
        return QRect(left, top, half, height), QRect(left + half + look().px(Space.CONTROL), top, half, height)

    def _paint_head(self, painter: QPainter, box: QRect, title: str, icon: str, line: str) -> None:
        paint.panel(painter, box, fill=Colour.RAISED)
        inner = box.adjusted(look().px(Space.BAND), look().px(Space.TIGHT), -look().px(Space.TIGHT), 0)
        upper = QRect(inner.left(), inner.top(), inner.width(), (box.height() - look().px(Space.GROUP)) // 2)
        icons.paint(painter, icon, upper.left(), upper.center().y() + 1, look().px(14), Colour.TEXT2)
        paint.words(painter, upper.adjusted(look().px(14 + Space.GROUP), 0, 0, 0), title, Type.NAME)
        paint.words(painter, upper.translated(0, upper.height()), line, Type.SMALL, Colour.TEXT2)

    def _paint_row(self, painter: QPainter, top: int, field: str, read: str, now: str, mark: Mark) -> None:
        height = look().metrics.row
        painter.fillRect(0, top, self.width(), height - 1, look().colour(Colour.DIFF_SOFT))
        edge = look().px(Space.CONTROL)
        paint.words(painter, QRect(edge, top, look().px(_LABEL) - edge, height - 1), field, colour=Colour.TEXT2)
        mine, there = self._halves(top, height - 1)
        inset = look().px(Space.BAND)
        there.setRight(self.width() - look().px(_MARK))
        for box, text in ((mine, read), (there, now)):
            paint.words(painter, box.adjusted(inset, 0, 0, 0), text, Type.NAME, Colour.DIFF)
        beside = QRect(there.right() + edge, top, look().px(_MARK) - edge, height - 1)
        paint_word(painter, beside, DIFFERENCES[mark], Type.SMALL)
        paint.hline(painter, 0, self.width(), top + height - 1)


def _row(field: str, read: Shown, now: Shown) -> tuple[str, str, str, Mark]:
    before, after = (value_text(field, value) for value in (read, now))
    gone = Mark.REMOVED if after == NOTHING else Mark.CHANGED
    return label(field), before, after, Mark.ADDED if before == NOTHING else gone
