"""对账: every registrar's batch of the office in one list, with a line of sums above it."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from medreg_desktop.services.review.reconcile_desk import Decided, Reconciliation
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.cells import ButtonCell, Cell, TextCell, WordCell
from medreg_desktop.ui.widgets.labels import Text
from medreg_desktop.ui.widgets.rows_model import Column, RowsModel
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.views.sync_center.reconcile_words import content, heading, remark, result_word, summary, who
from medreg_desktop.views.sync_center.words import moment

ACTION = "action"


class ReconcilePane(QWidget):
    """Knows no presenter: the page connects the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._sums = Text("", Type.BODY, wrap=True)
        self.model = RowsModel[Decided](_columns(), identity=_identity, parent=self)
        self.table = Table(self.model, tr("Reconciliation"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look().px(Space.GROUP))
        column.addWidget(self._heading)
        column.addWidget(self._sums)
        column.addWidget(self.table, 100)

    def show_found(self, found: Reconciliation | None) -> None:
        """Show the batches, one's own first; nothing while they are being read."""
        if found is None:
            return
        self._heading.setText(heading(found))
        self._sums.setText("\n".join(summary(batch) for batch in found.batches) or tr("Nobody has decided anything."))
        rows = tuple(line for batch in found.batches for line in batch.lines)
        if rows != tuple(self.model.rows):
            self.model.set_rows(rows)

    def keep_together(self) -> None:
        """Be no taller than the words and the table, so that what follows stands right below."""
        words = sum(text.heightForWidth(self.width()) for text in (self._heading, self._sums))
        self.setMaximumHeight(words + self.table.maximumHeight() + 2 * look().px(Space.GROUP))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the words, which wrap."""
        super().resizeEvent(event)
        self.keep_together()


def _identity(line: Decided) -> str:
    return line.command_id or f"{line.application_id} {line.act} {line.at.isoformat()} {line.who}"


def _columns() -> tuple[Column[Decided], ...]:
    column: type[Column[Decided]] = Column
    return (
        column("who", tr("Registrar"), 72, lambda i: TextCell(who(i), bold=i.is_mine), sortable=False),
        column("what", tr("Content"), 176, _content, sortable=False),
        column("at", tr("Decided"), 92, lambda i: TextCell(moment(i.at)), sortable=False),
        column("result", tr("Result"), 104, lambda i: WordCell((result_word(i),), small=True), sortable=False),
        column("remark", tr("Remark"), 120, lambda i: TextCell(remark(i), small=True), stretch=True, sortable=False),
        column(ACTION, tr("Action"), 68, _action, sortable=False),
    )


def _content(line: Decided) -> Cell:
    what, kind = content(line)
    return TextCell(what, tail=kind, bold=True)


def _action(line: Decided) -> Cell:
    if line.is_mine and line.needs_person:
        return ButtonCell(tr("Settle"))
    return ButtonCell(tr("View"), quiet=True)
