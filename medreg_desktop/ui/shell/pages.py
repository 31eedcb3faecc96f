"""The page stack: the white sheet on the desk, its top left corner rounded; pages are built when first shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from medreg_desktop.ui.shell.state import Screen
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Radius


class Pages(QStackedWidget):
    """Shows one screen at a time and keeps the others as they were left."""

    shown = Signal(str)

    def __init__(self, screens: Sequence[Screen], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._screens = {screen.key: screen for screen in screens}
        self._built: dict[str, QWidget] = {}
        self._current = ""

    @property
    def current_key(self) -> str:
        """The key of the screen on top."""
        return self._current

    def page(self, key: str) -> QWidget | None:
        """Return a page that was built already."""
        return self._built.get(key)

    def show_page(self, key: str) -> QWidget:
        """Bring a screen to the top, building it at the first call; raises KeyError for an unknown key."""
        page = self._built.get(key)
        if page is None:
            page = self._screens[key].factory()
            self._built[key] = page
            self.addWidget(page)
        self._current = key
        self.setCurrentWidget(page)
        self.shown.emit(key)
        return page

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the sheet."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius, box = Radius.SHEET, QRectF(self.rect())
        sheet = QPainterPath()
        sheet.addRoundedRect(box.adjusted(0, 0, radius, radius), radius, radius)
        painter.fillPath(sheet, look().colour(Colour.SURFACE))
        painter.end()
