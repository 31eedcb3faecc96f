"""The list, or the words that stand in its place; above it what keeps it from being read."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from medreg_desktop.services.search.conditions import Query
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space
from medreg_desktop.ui.widgets.blocks import Banner, EmptyState
from medreg_desktop.ui.widgets.rows_model import RowsModel
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.views.applications.state import Empty, ScreenState


class ListBody(QWidget):
    """Owns the table from :meth:`hold` on; ``cleared`` asks for a list without conditions."""

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fault = Banner(Tone.FAULT, "")
        self.fault.hide()
        self.empty = EmptyState("")
        self.empty.pressed.connect(self.cleared)
        self._shown: tuple[WorklistRow, ...] | None = None
        self._rows_query: Query | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look().px(Space.GROUP))
        column.addWidget(self.fault)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.empty)
        column.addLayout(self._stack, 1)

    def hold(self, table: Table, model: RowsModel[WorklistRow]) -> None:
        """Take the table in and show it."""
        self.table, self.model = table, model
        self._stack.insertWidget(0, table)
        self._stack.setCurrentWidget(table)

    @property
    def shows_rows(self) -> bool:
        """Whether the table is in sight."""
        return self._stack.currentWidget() is self.table

    def show_state(self, state: ScreenState) -> None:
        """Show the rows, or say why there are none."""
        if state.rows is not self._shown:
            self._show_rows(state)
        self.fault.setVisible(bool(state.fault))
        if state.fault:
            self.fault.show_news(Tone.FAULT, sentence(state.fault))
        if state.empty is not None:
            self._show_empty(state)
        self._stack.setCurrentWidget(self.empty if state.empty is not None and not state.rows else self.table)

    def _show_rows(self, state: ScreenState) -> None:
        before, self._shown = self._shown, state.rows
        if before and len(state.rows) > len(before) and state.rows[: len(before)] == before:
            self.model.append_rows(state.rows[len(before) :], has_more=state.more)
        else:
            self.model.set_rows(state.rows, has_more=state.more)
            if state.query != self._rows_query and state.rows:
                self.table.select_row(0)  # other conditions: begin at the top
            self._rows_query = state.query

    def _show_empty(self, state: ScreenState) -> None:
        if state.empty is Empty.NO_MATCH:
            n = len(state.chips)
            words = trn("No application meets the {n} condition.", "No application meets the {n} conditions.", n)
            self.empty.show_words(
                words, tr("Remove one of the chips above, or clear them all."), button=tr("Clear all")
            )
        else:
            self.empty.show_words(tr("Nothing is waiting here."), tr("New applications appear by themselves."))
