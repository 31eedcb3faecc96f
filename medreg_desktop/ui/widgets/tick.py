"""The tick box, as a widget and as drawn in rows."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Radius, Type

_SIDE = 14


def paint_tick(
    painter: QPainter, left: float, middle: float, *, checked: bool, partly: bool = False, enabled: bool = True
) -> None:
    """Draw a tick box with its left edge at ``left``, centred on ``middle``."""
    side = look().px(_SIDE)
    box = QRectF(left, round(middle - side / 2), side, side)
    if not (checked or partly):
        edge = Colour.LINE2 if enabled else Colour.LINE
        paint.panel(painter, box, fill=Colour.SURFACE, edge=edge, radius=Radius.TICK)
        return
    paint.panel(painter, box, fill=Colour.ACCENT_FILL if enabled else Colour.LINE2, radius=Radius.TICK)
    painter.setPen(QPen(look().colour(Colour.ON_ACCENT), side / 7.5, c=Qt.PenCapStyle.RoundCap))
    marks = ((0.27, 0.5), (0.73, 0.5)) if partly else ((0.25, 0.53), (0.43, 0.71), (0.76, 0.32))
    points = [QPointF(box.left() + x * side, box.top() + y * side) for x, y in marks]
    painter.drawPolyline(points)


class Tick(QCheckBox):
    """A check box with its words, such as 完成后转到下一条."""

    def __init__(self, text: str, *, face: Face = Type.SMALL, parent: QWidget | None = None) -> None:
        super().__init__(text.replace("&", "&&"), parent)
        self._label = text
        self._face = face
        self.setAccessibleName(text)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return box, gap and words."""
        width = look().text_width(self._label, self._face)
        return QSize(look().px(_SIDE + 6) + width + look().px(4), look().metrics.control)

    def minimumSizeHint(self) -> QSize:
        """Never cut the words."""
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        """Take clicks anywhere in the widget."""
        return self.rect().contains(pos)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw box, words and ring."""
        painter = QPainter(self)
        paint_tick(painter, 2, self.height() / 2, checked=self.isChecked(), enabled=self.isEnabled())
        left = look().px(_SIDE + 6) + 2
        colour = Colour.TEXT if self.isEnabled() else Colour.TEXT3
        paint.words(painter, QRect(left, 0, self.width() - left, self.height()), self._label, self._face, colour)
        if self.hasFocus():
            paint.ring(painter, self.rect())
        painter.end()
