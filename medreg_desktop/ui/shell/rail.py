"""The left rail: screens with their counts; icons only below 1366 px or after F9."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui import icons, paint
from medreg_desktop.ui.shell.state import Count, Place, Screen
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type

_ITEM = 30


class RailButton(QAbstractButton):
    """One screen: icon, word, count. The current one stands on the surface with a bar at its left."""

    def __init__(self, screen: Screen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.screen_key = screen.key
        self._title = tr(screen.title)
        self._icon = screen.icon
        self._count = Count(0)
        self._narrow = False
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._name()

    @property
    def title(self) -> str:
        """The word."""
        return self._title

    def set_count(self, count: Count) -> None:
        """Show how much waits there."""
        self._count = count
        self._name()
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        """Show the icon only, with the word as a tool tip."""
        self._narrow = narrow
        self._name()
        self.update()

    def _name(self) -> None:
        count = trn("{n} item", "{n} items", self._count.n) if self._count.n else ""
        self.setAccessibleName(f"{self._title} {count}".strip())
        self.setToolTip(f"{self._title} {self._count.n or ''}".strip() if self._narrow else "")

    def sizeHint(self) -> QSize:
        """Return one entry."""
        return QSize(look().px(36), look().px(_ITEM))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, bar, icon, word, count and ring."""
        painter = QPainter(self)
        if self.isChecked():
            paint.panel(painter, self.rect(), fill=Colour.SURFACE)
            bar = QRect(0, look().px(6), 3, self.height() - 2 * look().px(6))
            paint.panel(painter, bar, fill=Colour.ACCENT, radius=1.5)
        elif self.underMouse():
            paint.panel(painter, self.rect(), fill=Colour.HOVER)
        colour = Colour.ACCENT if self.isChecked() else Colour.TEXT2
        size = look().px(16)
        left = (self.width() - size) // 2 if self._narrow else look().px(12)
        icons.paint(painter, self._icon, left, self.height() / 2, size, colour)
        if self._narrow:
            self._paint_dot(painter, left + size)
        else:
            self._paint_words(painter, left + size + look().px(Space.CONTROL))
        if self.hasFocus():
            paint.ring(painter, self.rect())
        painter.end()

    def _paint_words(self, painter: QPainter, left: int) -> None:
        right = self.width() - look().px(Space.BAND)
        count = f"{self._count.n:,}" if self._count.n else ""
        face = Type.SMALL_BOLD if self._count.urgent else Type.SMALL
        width = look().text_width(count, face)
        colour = Colour.BAD if self._count.urgent else Colour.TEXT2
        paint.words(painter, QRect(right - width, 0, width + 1, self.height()), count, face, colour)
        word = Type.NAME if self.isChecked() else Type.BODY
        box = QRect(left, 0, right - width - left, self.height())
        paint.words(painter, box, self._title, word, Colour.ACCENT if self.isChecked() else Colour.TEXT)

    def _paint_dot(self, painter: QPainter, right: int) -> None:
        if self._count.urgent and self._count.n:
            side = look().px(7)
            dot = QRect(right - 3, self.height() // 2 - look().px(10), side, side)
            paint.panel(painter, dot, fill=Colour.BAD_FILL, radius=side / 2)


class Rail(QWidget):
    """The column of entries. Up and Down move between them, Space or Enter opens."""

    chosen = Signal(str)

    def __init__(self, screens: Sequence[Screen], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._narrow = False
        self._buttons: dict[str, RailButton] = {}
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.GROUP, Space.GROUP, Space.GROUP, Space.GROUP)
        column.setSpacing(Space.TIGHT)
        for screen in (s for s in screens if s.place is Place.MAIN):
            column.addWidget(self._add(screen))
        column.addStretch(1)
        for screen in (s for s in screens if s.place is Place.FOOT):
            column.addWidget(self._add(screen))
        self._fit()

    def _add(self, screen: Screen) -> RailButton:
        button = RailButton(screen, self)
        self._buttons[screen.key] = button
        self._group.addButton(button)
        button.clicked.connect(lambda: self.chosen.emit(screen.key))
        return button

    @property
    def keys(self) -> tuple[str, ...]:
        """The screens from top to bottom."""
        return tuple(self._buttons)

    @property
    def is_narrow(self) -> bool:
        """Whether only icons are shown."""
        return self._narrow

    def set_narrow(self, *, narrow: bool) -> None:
        """Show icons only, or icons with words."""
        self._narrow = narrow
        for button in self._buttons.values():
            button.set_narrow(narrow)
        self._fit()

    def set_current(self, key: str) -> None:
        """Mark the current screen."""
        self._buttons[key].setChecked(True)

    def set_count(self, key: str, count: Count) -> None:
        """Show a screen's count."""
        if key in self._buttons:
            self._buttons[key].set_count(count)

    def focus_current(self) -> None:
        """Give the current entry the focus."""
        button = next((b for b in self._buttons.values() if b.isChecked()), None)
        if button is not None:
            button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with Up and Down, open with Enter."""
        focused = self.focusWidget()
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down} and focused is not None:
            entries = list(self._buttons.values())
            at = next((i for i, button in enumerate(entries) if button is focused), 0)
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            entries[(at + step) % len(entries)].setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and isinstance(focused, RailButton):
            focused.click()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._fit()

    def _fit(self) -> None:
        metrics = look().metrics
        self.setFixedWidth(metrics.rail_narrow if self._narrow else metrics.rail)
