"""A strip for work that takes more than a second: what, how far, cancel."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Painted, Text


class _Bar(Painted):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.share = 0.0
        self.setFixedHeight(4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint.panel(painter, self.rect(), fill=Colour.SUNKEN, radius=2)
        done = QRect(0, 0, round(self.width() * self.share), self.height())
        paint.panel(painter, done, fill=Colour.ACCENT_FILL, radius=2)
        painter.end()


class ProgressStrip(QWidget):
    """Words, a thin bar, n / m and a cancel button that says at once that it was heard."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = Text("", Type.BODY)
        self._count = Text("", Type.SMALL, Colour.TEXT2)
        self._bar = _Bar()
        self._cancel = Button(tr("Cancel"), Kind.OUTLINED, shown_keys="Esc")
        self._cancel.clicked.connect(self._on_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.CONTROL)
        for widget, stretch in ((self._words, 0), (self._bar, 1), (self._count, 0), (self._cancel, 0)):
            row.addWidget(widget, stretch, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def start(self, words: str, *, can_cancel: bool = True) -> None:
        """Show the strip."""
        self._words.setText(words)
        self._cancel.setVisible(can_cancel)
        self._cancel.setEnabled(True)
        self._cancel.set_label(tr("Cancel"))
        self.set_progress(0, 0)
        self.show()

    def set_progress(self, done: int, total: int) -> None:
        """Show ``done`` of ``total``; a total of 0 means that it is not known yet."""
        self._bar.share = done / total if total else 0.0
        self._bar.update()
        self._count.setText(f"{done:,} / {total:,}" if total else "")
        self._count.setMinimumWidth(look().text_width(f"{total:,} / {total:,}", Type.SMALL) if total else 0)
        self.setAccessibleName(f"{self._words.text()} {self._count.text()}".strip())

    def finish(self) -> None:
        """Take the strip away."""
        self.hide()

    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._cancel.set_label(tr("Stopping…"))
        self.cancelled.emit()
