"""Small drawing steps shared by the painted widgets and delegates."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Face, Radius, Type

_LINE = Qt.TextFlag.TextSingleLine.value | Qt.AlignmentFlag.AlignVCenter.value
LEFT = Qt.AlignmentFlag.AlignLeft.value | _LINE  # plain numbers: flags joined at each call cost as much as a short text
RIGHT = Qt.AlignmentFlag.AlignRight.value | _LINE
CENTRE = Qt.AlignmentFlag.AlignHCenter.value | _LINE


def panel(
    painter: QPainter,
    rect: QRect | QRectF,
    *,
    fill: Colour | None = None,
    edge: Colour | None = None,
    radius: float = Radius.CONTROL,
    width: float = 1.0,
) -> None:
    """Draw a rounded box; the edge lies inside ``rect``."""
    inset = width / 2 if edge is not None else 0
    box = QRectF(rect).adjusted(inset, inset, -inset, -inset)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(look().colour(edge), width) if edge is not None else Qt.PenStyle.NoPen)
    painter.setBrush(look().colour(fill) if fill is not None else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, radius, radius)


def ring(painter: QPainter, rect: QRect | QRectF, *, radius: float = Radius.CONTROL, inner_line: bool = False) -> None:
    """Draw the 2 px focus ring inside ``rect``; ``inner_line`` adds the white line used on filled buttons."""
    panel(painter, rect, edge=Colour.RING, radius=radius, width=2)
    if inner_line:
        panel(painter, QRectF(rect).adjusted(2, 2, -2, -2), edge=Colour.ON_ACCENT, radius=radius - 1, width=1.2)


def words(
    painter: QPainter,
    rect: QRect | QRectF,
    text: str,
    face: Face = Type.BODY,
    colour: Colour | QColor = Colour.TEXT,
    align: int = LEFT,
) -> float:
    """Draw one line of text, shortened with an ellipsis when it does not fit; return the width it takes."""
    painter.setFont(look().font(face))
    painter.setPen(look().colour(colour) if isinstance(colour, Colour) else colour)
    box = QRectF(rect)
    width = look().text_width(text, face)
    if width > box.width():
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    # Room for the last glyph's overhang: the advance alone can cut the side of a bold hanzi.
    painter.drawText(box.adjusted(0, 0, 1, 0), align, text)
    return min(width, box.width())


def hline(painter: QPainter, left: float, right: float, y: float, colour: Colour = Colour.LINE) -> None:
    """Draw a one pixel line, sharp at whole scales."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.fillRect(QRectF(left, y, right - left, 1), look().colour(colour))


_DOT, _DOT_STEP, _DOT_COUNT = 3.0, 5.5, 4


def masked_width(head: str, tail: str, face: Face) -> float:
    """Return the width that :func:`masked` takes."""
    dots = look().px(_DOT_STEP) * _DOT_COUNT
    return look().text_width(head, face) + look().text_width(tail, face) + dots + 2 * look().px(4)


def masked(painter: QPainter, rect: QRect | QRectF, head: str, tail: str, face: Face, colour: Colour) -> None:
    """Draw a masked number as ``37 •••• 0923`` with four drawn dots; a font's middle dot is too wide."""
    box = QRectF(rect)
    gap, step = look().px(4), _DOT_STEP * look().body_px / Type.BODY.px
    x = box.left() + words(painter, box, head, face, colour) + gap
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look().colour(colour))
    for n in range(_DOT_COUNT):
        painter.drawEllipse(QPointF(x + step * (n + 0.5), box.center().y() + 1), _DOT / 2, _DOT / 2)
    words(painter, box.adjusted(x + step * _DOT_COUNT + gap - box.left(), 0, 0, 0), tail, face, colour)
