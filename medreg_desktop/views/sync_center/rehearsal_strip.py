"""预演: what would become of the queue, before it leaves. Never a box in the way, and it needs no answer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.sync.forecast import Rehearsed
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import IconLabel, Panel, Text
from medreg_desktop.views.sync_center.rehearsal_words import send_label, verdict, what_follows

_EDGE = 12


class RehearsalStrip(Panel):
    """One line of verdict, one of what happens by itself, and two ways not to wait. Counts the seconds down."""

    send = Signal(bool)  # whether what needs the registrar goes too

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Colour.ACCENT_SOFT, parent=parent)
        self._told: Rehearsed | None = None
        self._paused = self._cut = False
        self._seconds_left: Callable[[], int] = lambda: 0
        self._verdict = Text("", Type.SECTION)
        self._follows = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self.send_button = Button("", Kind.OUTLINED, keys="Alt+S")
        self.all_button = Button(tr("Send all, let the register decide"), Kind.PLAIN)
        self._tick = QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._count)
        self.send_button.clicked.connect(lambda: self.send.emit(False))
        self.all_button.clicked.connect(lambda: self.send.emit(True))
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(look().px(2))
        words.addWidget(self._verdict)
        words.addWidget(self._follows)
        row = QHBoxLayout(self)
        edge = look().px(_EDGE)
        row.setContentsMargins(edge, look().px(Space.CONTROL), edge, look().px(Space.CONTROL))
        row.setSpacing(look().px(Space.CONTROL))
        row.addWidget(IconLabel("circle-dashed-up", 20, Colour.ACCENT))
        row.addLayout(words, 1)
        row.addWidget(self.send_button)
        row.addWidget(self.all_button)

    def count_by(self, seconds_left: Callable[[], int]) -> None:
        """Say where the seconds come from."""
        self._seconds_left = seconds_left

    def show_rehearsed(self, told: Rehearsed | None, *, paused: bool, cut: bool = False) -> None:
        """Show a rehearsal, or nothing; while sending is paused nothing goes, neither by itself nor by a button.

        ``cut``: nor while the line that it was rehearsed over is down.
        """
        self._told, self._paused, self._cut = told, paused, cut
        self.setVisible(told is not None)
        if told is None:
            self._tick.stop()
            return
        self._verdict.setText(verdict(told))
        self.setAccessibleName(verdict(told))
        self.send_button.set_label(send_label(told))
        self._count()
        if not self._tick.isActive():
            self._tick.start()

    def stop(self) -> None:
        """Count no longer."""
        self._tick.stop()

    def _count(self) -> None:
        told = self._told
        if told is None:
            return
        left = self._seconds_left()
        self._follows.setText(what_follows(told, left, paused=self._paused, cut=self._cut))
        sends = not (told.is_running or self._paused or self._cut)
        self.send_button.setVisible(sends and left > 0)
        self.all_button.setVisible(sends)
