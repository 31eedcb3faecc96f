"""The status bar: lamp, what waits, offline verdict, age of the data, whose calendar; right: authority, density."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.shell.state import ShellState
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Density, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Text, WordLabel
from medreg_desktop.ui.words import Word

_BEGINNING = 96
"""Room for the offline verdict without its reason."""


class LampButton(QAbstractButton):
    """The lamp or the offline verdict; pressing it opens what it speaks of. Its accessible name is the state's word.

    With ``shrinks`` a long sentence gives way where there is no room; it is then read in the tip, or by pressing.
    """

    def __init__(self, parent: QWidget | None = None, *, shrinks: bool = False) -> None:
        super().__init__(parent)
        self._shrinks = shrinks
        self._label = WordLabel(None, Type.SMALL, parent=self)
        self._label.move(4, 0)
        across = QSizePolicy.Policy.Maximum if shrinks else QSizePolicy.Policy.Fixed
        self.setSizePolicy(across, QSizePolicy.Policy.Fixed)

    @property
    def word(self) -> str:
        """The state's word."""
        return self.accessibleName()

    def set_word(self, word: Word | None) -> None:
        """Show another state."""
        self._label.set_word(word)
        self.setAccessibleName(word.text if word else "")
        self.setToolTip(word.text if word and self._shrinks else "")
        self.setVisible(word is not None)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the word's size."""
        return QSize(self._label.sizeHint().width() + 8, look().metrics.status_bar - 4)

    def minimumSizeHint(self) -> QSize:
        """Return what must be seen: all of the word, or the icon and how the sentence begins."""
        whole = self.sizeHint()
        return QSize(min(whole.width(), look().px(_BEGINNING)), whole.height()) if self._shrinks else whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the word the room there is."""
        super().resizeEvent(event)
        self._label.resize(self.width() - 8, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ring only; the word draws itself."""
        if self.hasFocus():
            painter = QPainter(self)
            paint.ring(painter, self.rect())
            painter.end()


class StatusBar(QWidget):
    """One row on the desk."""

    lamp_pressed = Signal()
    offline_pressed = Signal()
    help_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lamp = LampButton()
        self.offline = LampButton(shrinks=True)
        self._second = WordLabel(None, Type.SMALL)
        self._waiting = WordLabel(None, Type.SMALL)
        self._as_of = Text("", Type.SMALL, Colour.TEXT2)
        self._calendar = Text("", Type.SMALL, Colour.TEXT2)
        self._authority = Text("", Type.SMALL, Colour.TEXT2)
        self._density = Text("", Type.SMALL, Colour.TEXT2)
        self._help = Button(tr("Help F1"), Kind.PLAIN)
        self.lamp.clicked.connect(self.lamp_pressed)
        self.offline.clicked.connect(self.offline_pressed)
        self._help.clicked.connect(self.help_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 8, 0)
        row.setSpacing(Space.PAGE)
        left: tuple[QWidget, ...] = (self.lamp, self._second, self._waiting, self.offline, self._as_of, self._calendar)
        right: tuple[QWidget, ...] = (self._authority, self._density, self._help)
        for widget in left:
            row.addWidget(widget)
        row.addStretch(1)
        for widget in right:
            row.addWidget(widget)

    def show_state(self, state: ShellState) -> None:
        """Show the state."""
        self.lamp.set_word(state.lamp)
        self.offline.set_word(state.offline)
        waiting = Word(tr("To be sent {n}", n=state.waiting), "arrow-from-line", Colour.ACCENT)
        for label, word in ((self._second, state.second), (self._waiting, waiting if state.waiting else None)):
            label.set_word(word)
            label.setVisible(word is not None)
        self._show(self._as_of, tr("Data as of {at}", at=state.as_of) if state.as_of else "")
        self._show(self._calendar, tr("Work calendar: {years}", years=state.calendar) if state.calendar else "")
        self._show(self._authority, tr("Authority: {name}", name=state.authority) if state.authority else "")
        density = tr("Compact") if look().density is Density.COMPACT else tr("Standard")
        self._show(self._density, tr("{density}, text {px}", density=density, px=look().body_px))

    @staticmethod
    def _show(label: Text, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))

    def set_folded(self, *, folded: bool) -> None:
        """Leave the authority out in a narrow window."""
        self._authority.setVisible(not folded and bool(self._authority.text()))

    def sizeHint(self) -> QSize:
        """Return the density's height."""
        return QSize(super().sizeHint().width(), look().metrics.status_bar)

    def minimumSizeHint(self) -> QSize:
        """Return the density's height."""
        return QSize(super().minimumSizeHint().width(), look().metrics.status_bar)
