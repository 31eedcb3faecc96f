"""One family of icons: 24-grid outlines with a round 2-unit stroke, recoloured by role, crisp at every scale.

Sizes: 14 in rows and the status bar, 16 in buttons, 18 for steps and tasks, 20 beside numbers (``look.md`` §2.4).
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from medreg_desktop.ui import assets
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour

_SCALES = (1.0, 1.25, 1.5, 2.0)


def pixmap(name: str, size: float, colour: Colour, scale: float) -> QPixmap:
    """Return the icon at ``size`` logical pixels for a device pixel ratio; raises AssetMissing for an unknown name."""
    return _pixmap(name, round(size * scale), look().hex(colour), scale)


@lru_cache(maxsize=1024)
def _pixmap(name: str, device_px: int, colour: str, scale: float) -> QPixmap:
    svg = assets.icon_svg(name).replace("currentColor", colour)
    result = QPixmap(device_px, device_px)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, device_px, device_px))
    painter.end()
    result.setDevicePixelRatio(scale)
    return result


def paint(painter: QPainter, name: str, left: float, middle: float, size: float, colour: Colour) -> None:
    """Draw an icon with its left edge at ``left``, centred on ``middle``, snapped to device pixels."""
    scale = painter.deviceTransform().m11()  # not the device's ratio: a picture may be drawn at another one
    top = round((middle - size / 2) * scale) / scale
    painter.drawPixmap(QPointF(round(left * scale) / scale, top), pixmap(name, size, colour, scale))


def icon(name: str, colour: Colour = Colour.TEXT2, size: int = 16) -> QIcon:
    """Return a QIcon for menus and actions. It keeps the colour of the look it was made in."""
    result = QIcon()
    for scale in _SCALES:
        result.addPixmap(pixmap(name, size, colour, scale))
    return result
