"""Thin scroll bars, the scrolling page, and the splitter with a hairline."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QFrame,
    QScrollArea,
    QScrollBar,
    QSplitter,
    QSplitterHandle,
    QStyle,
    QStyleOptionSlider,
    QWidget,
)

from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour

_THICKNESS, _HANDLE = 10, 6


class ThinScrollBar(QScrollBar):
    """A bar without arrows: the handle alone, in the control edge's colour."""

    def sizeHint(self) -> QSize:
        """Return the thin size."""
        thin = look().px(_THICKNESS)
        return QSize(thin, 48) if self.orientation() == Qt.Orientation.Vertical else QSize(48, thin)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the handle, thicker under the pointer."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().brush(self.backgroundRole()))
        if self.maximum() > self.minimum():
            paint.panel(painter, self._handle(), fill=Colour.LINE2, radius=3)
        painter.end()

    def _handle(self) -> QRect:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        style, part = self.style(), QStyle.SubControl.SC_ScrollBarSlider
        slider = style.subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, self)
        margin = (look().px(_THICKNESS) - look().px(_HANDLE)) // 2
        if self.orientation() == Qt.Orientation.Vertical:
            return slider.adjusted(margin, 1, -margin, -1)
        return slider.adjusted(1, margin, -1, -margin)


def use_thin_bars(area: QAbstractScrollArea) -> None:
    """Give a list or page the thin bars."""
    for bar in (ThinScrollBar(Qt.Orientation.Vertical), ThinScrollBar(Qt.Orientation.Horizontal)):
        bar.setBackgroundRole(area.viewport().backgroundRole())
        if bar.orientation() == Qt.Orientation.Vertical:
            area.setVerticalScrollBar(bar)
        else:
            area.setHorizontalScrollBar(bar)


class ScrollArea(QScrollArea):
    """A page that scrolls vertically when the window is too low; it adds no frame and no ground of its own."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        use_thin_bars(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        self.setWidget(content)
        content.setAutoFillBackground(False)


class _Handle(QSplitterHandle):
    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.rect().center()
        if self.orientation() == Qt.Orientation.Horizontal:
            painter.fillRect(QRect(middle.x(), 0, 1, self.height()), look().colour(Colour.LINE))
        else:
            painter.fillRect(QRect(0, middle.y(), self.width(), 1), look().colour(Colour.LINE))
        painter.end()


class Splitter(QSplitter):
    """Two panes parted by a hairline that can be dragged."""

    def __init__(self, orientation: Qt.Orientation = Qt.Orientation.Horizontal, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self.setHandleWidth(9)
        self.setChildrenCollapsible(False)

    def createHandle(self) -> QSplitterHandle:
        """Return the hairline handle."""
        return _Handle(self.orientation(), self)
