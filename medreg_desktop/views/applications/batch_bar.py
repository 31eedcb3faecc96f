"""The bar over ticked rows. It covers no row, and its button carries the number it will really do."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from medreg_desktop.services.ports import Progress
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Panel, Text
from medreg_desktop.ui.widgets.progress import ProgressStrip
from medreg_desktop.views.applications.state import Batch
from medreg_desktop.views.applications.words import batch_words

_HEIGHT = 40


class BatchBar(Panel):
    """Shown while rows are ticked. While a batch runs it shows its progress with a cancel button instead."""

    agree = Signal()
    preview = Signal()
    reasons = Signal()
    untick = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Colour.ACCENT_SOFT, parent=parent)
        self._count = Text("", Type.NAME, Colour.ACCENT)
        self._words = Text("")
        self._why = Button(tr("Show reasons"), Kind.LINK)
        self._preview = Button(tr("Print preview"), icon="printer", shown_keys="Ctrl+P", tall=True)
        self._agree = Button("", Kind.FILLED, icon="tick", keys="Ctrl+Return", tall=True)
        self._untick = Button(tr("Untick"), Kind.PLAIN, shown_keys="Esc", tall=True)
        self._progress = ProgressStrip()
        self._lay_out()
        for button, signal in (
            (self._why, self.reasons),
            (self._preview, self.preview),
            (self._agree, self.agree),
            (self._untick, self.untick),
        ):
            button.clicked.connect(signal)
        self._progress.cancelled.connect(self.cancelled)
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(look().px(12), 4, look().px(12), 4)
        row.setSpacing(look().px(Space.CONTROL))
        for widget in (self._count, self._words, self._why):
            row.addWidget(widget)
        row.addWidget(self._progress, 1)
        row.addStretch(1)
        for button in (self._preview, self._agree, self._untick):
            row.addWidget(button)

    def sizeHint(self) -> QSize:
        """Return the height of an action row."""
        return QSize(super().sizeHint().width(), look().px(_HEIGHT))

    def show_batch(self, batch: Batch | None, progress: Progress | None) -> None:
        """Show the ticked rows, or the batch under way."""
        self.setVisible(batch is not None or progress is not None)
        parts = (self._count, self._words, self._why, self._preview, self._agree, self._untick)
        for part in parts:
            part.setVisible(progress is None)
        if progress is not None:
            self._show_progress(progress)
            return
        self._progress.finish()
        if batch is None:
            return
        self._count.setText(trn("{n} ticked", "{n} ticked", batch.ticked))
        self._words.setText(batch_words(batch))
        self._why.setVisible(bool(batch.ineligible))
        self._agree.set_label(trn("Agree to {n}", "Agree to {n}", len(batch.eligible)))
        self._agree.setEnabled(bool(batch.eligible))

    def _show_progress(self, progress: Progress) -> None:
        if not self._progress.isVisible():
            self._progress.start(tr("Agreeing one by one; each is saved on its own"))
        self._progress.set_progress(progress.done, progress.total)
