"""最近的答复: what the service said last, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from medreg_desktop.services.review.outbox_desk import OutboxItem
from medreg_desktop.services.texts.moments import short
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import Painted
from medreg_desktop.ui.words import Word
from medreg_desktop.views.sync_center.words import answer_line, state_word

SHOWN = 3
_LINE, _TIME = 28, 52


class Answers(Painted):
    """A few still lines; the tab 已答复 has them all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[tuple[str, Word, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_items(self, items: Sequence[OutboxItem], now: datetime) -> None:
        """Show the newest answers."""
        self._lines = tuple(
            (short(item.row.settled_at or item.row.saved_at, now), state_word(item), answer_line(item, now))
            for item in items[:SHOWN]
        )
        self.setAccessibleName(tr("Latest answers"))
        self.setAccessibleDescription("\n".join(f"{at} {words}" for at, _, words in self._lines))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of the lines."""
        return QSize(look().px(320), look().px(_LINE) * len(self._lines))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw time, icon and sentence."""
        painter = QPainter(self)
        height = look().px(_LINE)
        for n, (at, word, words) in enumerate(self._lines):
            box = self.rect().adjusted(0, n * height, 0, 0)
            box.setHeight(height)
            paint.words(painter, box, at, Type.SMALL, Colour.TEXT2)
            left = look().px(_TIME)
            icons.paint(painter, word.icon, left, box.center().y() + 1, look().px(14), word.colour)
            paint.words(painter, box.adjusted(left + look().px(14 + Space.CONTROL), 0, 0, 0), words)
        painter.end()
