"""The left of 同步中心: tabs over the outbox or 对账, papers to recall, and the latest answers where they fit."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from medreg_core.domain.records import CommandId
from medreg_desktop.services.review.outbox_desk import OutboxItem
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space
from medreg_desktop.ui.widgets.blocks import EmptyState, SectionHeader
from medreg_desktop.ui.widgets.rows_model import RowsModel
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.ui.widgets.tabs import LEAD, Tab, Tabs, hung
from medreg_desktop.views.sync_center.answers import Answers
from medreg_desktop.views.sync_center.recall_strip import RecallStrip
from medreg_desktop.views.sync_center.reconcile_pane import ReconcilePane
from medreg_desktop.views.sync_center.state import ANSWERED_SHOWN, Group, ScreenState
from medreg_desktop.views.sync_center.tables import outbox_columns, paper_columns


class Lists(QWidget):
    """Knows no presenter: the page connects the tables. Each table is as tall as its rows, while there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ScreenState()
        self.tabs = Tabs(tr("Outbox"))
        self.outbox_model = RowsModel[OutboxItem](
            outbox_columns(lambda: self._state.now), identity=lambda item: item.row.command.id, parent=self
        )
        self.outbox = Table(self.outbox_model, tr("Outbox"))
        self.paper_model = RowsModel[PaperLine](
            paper_columns(), identity=lambda line: line.paper.form_number, parent=self
        )
        self.papers = Table(self.paper_model, tr("Papers to recall"))
        self.papers_head = SectionHeader(
            tr("Papers to recall"),
            tr("the decision does not stand: what is printed is void"),
            link=tr("Print the recall list"),
        )
        self.recall = RecallStrip()
        self._empty = EmptyState("")
        self.reconcile = ReconcilePane()
        self._answers_head = SectionHeader(tr("Latest answers"))
        self.answers = Answers()
        self._lay_out()

    def _lay_out(self) -> None:
        left = QVBoxLayout(self)
        left.setContentsMargins(LEAD, 0, 0, 0)  # the page hangs it out by as much
        left.setSpacing(look().px(Space.GROUP))
        left.addLayout(hung(self.tabs))
        left.addWidget(self.reconcile, 500)  # far more than the stretch below, which would take room from them
        left.addWidget(self.outbox, 300)
        left.addWidget(self._empty)
        left.addSpacing(look().px(Space.BAND))
        left.addWidget(self.papers_head)
        left.addWidget(self.recall)
        left.addWidget(self.papers, 200)
        left.addSpacing(look().px(Space.BAND))
        left.addWidget(self._answers_head)
        left.addWidget(self.answers)
        left.addStretch(1)

    @property
    def first(self) -> QWidget:
        """Where the keyboard goes when the page is opened."""
        return self.outbox if self._state.shown and self._state.group is not Group.RECONCILE else self.tabs

    @property
    def looked_at(self) -> CommandId | None:
        """One's own decision under the bar of the outbox, or of 对账 where that stands in its place."""
        if self._state.group is Group.RECONCILE:
            place, lines = self.reconcile.table.current_row, self.reconcile.model.rows
            return lines[place].command_id if 0 <= place < len(lines) else None
        place, items = self.outbox.current_row, self.outbox_model.rows
        return items[place].row.command.id if 0 <= place < len(items) else None

    def show_state(self, state: ScreenState, room: int) -> None:
        """Show the state, whole; ``room`` is the height there is."""
        before, self._state = self._state, state
        self._show_tabs(state)
        if before.shown != state.shown or not self.outbox_model.rows:
            self.outbox_model.set_rows(state.shown)
        if before.papers != state.papers:
            self.paper_model.set_rows(state.papers)
        self._show_lists(state)
        self._show_recalling(state)
        self.show_answers(room)

    def show_answers(self, room: int) -> None:
        """Show the latest answers where what waits leaves room for them; the tab 已答复 has them all."""
        state = self._state
        needed = [self.tabs, self._answers_head, self.answers]
        needed += [self.papers_head] if state.papers else []
        needed += [self.recall] if state.recalling else []
        tables = [(self.outbox, len(state.shown)), (self.papers, len(state.papers))]
        height = sum(widget.sizeHint().height() + look().px(Space.PAGE) for widget in needed)
        height += sum(_whole_height(table, rows) for table, rows in tables if rows)
        shown = bool(state.answered) and state.group in (Group.OPEN, Group.NEEDS_YOU) and height <= room
        self.answers.setVisible(shown)
        self._answers_head.setVisible(shown)

    def _show_lists(self, state: ScreenState) -> None:
        reconciles = state.group is Group.RECONCILE
        self.reconcile.setVisible(reconciles)
        self.reconcile.show_found(state.reconciled)
        _fit(self.reconcile.table, len(self.reconcile.model.rows))
        self.reconcile.keep_together()
        self.outbox.setVisible(bool(state.shown) and not reconciles)
        self._empty.setVisible(not state.shown and not reconciles)
        if not state.shown:
            self._empty.show_words(*_empty_words(state.group))
        _fit(self.outbox, len(state.shown))
        _fit(self.papers, len(state.papers))
        self.papers.setVisible(bool(state.papers))
        self.papers_head.setVisible(bool(state.papers))
        self.answers.show_items(state.answered, state.now)

    def _show_recalling(self, state: ScreenState) -> None:
        """Ask above the papers how many are back; the keyboard goes back to them."""
        focused: QWidget | None = self.window().focusWidget()
        was_asked = focused is not None and self.recall.isAncestorOf(focused)
        self.recall.show_line(state.recalling)
        if was_asked and state.recalling is None and state.papers:
            self.papers.setFocus()

    def _show_tabs(self, state: ScreenState) -> None:
        wanted = len(state.to_look_at)
        self.tabs.set_tabs(
            [
                Tab(Group.OPEN, tr("Open"), str(state.open_count)),
                Tab(Group.NEEDS_YOU, tr("Needs you"), str(wanted), _urgency(state)),
                Tab(Group.ANSWERED, tr("Answered"), _capped(len(state.answered))),
                Tab(Group.RECONCILE, tr("Reconcile"), ""),
            ]
        )
        self.tabs.set_current(state.group)


def _empty_words(group: Group) -> tuple[str, str]:
    """Return why a tab is empty, and what will stand there."""
    match group:
        case Group.OPEN:
            hint = tr("What you decide stands here until the service has answered.")
            return tr("No decision waits to be sent."), hint
        case Group.NEEDS_YOU:
            return tr("Nothing needs you."), ""
        case Group.ANSWERED:
            return tr("No answers yet."), ""
        case Group.RECONCILE:
            return "", ""


def _capped(listed: int) -> str:
    return f"{listed}+" if listed == ANSWERED_SHOWN else str(listed)


def _urgency(state: ScreenState) -> Colour | None:
    """Return the colour of what needs the registrar: now, only if it were sent, or not at all."""
    if state.waiting:
        return Colour.BAD
    return Colour.WARN if state.foreseen else None


def _fit(table: Table, rows: int) -> None:
    """Let a table be no taller than its rows, so that what follows stands right below."""
    table.setMaximumHeight(_whole_height(table, rows))


def _whole_height(table: Table, rows: int) -> int:
    return table.horizontalHeader().sizeHint().height() + rows * look().metrics.row + 2
