"""同步中心: four numbers, the outbox, papers to recall, and one item at a time at the right."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.review.outbox_desk import OutboxItem
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import words as states
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner, SectionHeader
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.cells import ButtonCell, Cell, TextCell, WordCell
from medreg_desktop.ui.widgets.labels import Hairline, IconLabel, Text
from medreg_desktop.ui.widgets.rows_model import Column, RowsModel
from medreg_desktop.ui.widgets.scrolling import ScrollArea
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.ui.widgets.tabs import Tab, Tabs
from medreg_desktop.views.sync_center.conflict_panel import ConflictPanel
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.state import Group, ScreenState
from medreg_desktop.views.sync_center.words import action_word, clock, detail, reason, state_word

_RIGHT = 536
_PAPER_ROWS = 6


class Number(QWidget):
    """One of the four numbers: icon, count, word, and a line below."""

    def __init__(self, icon: str, word: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconLabel(icon, 20)
        self._count = Text("0", Type.COUNT)
        self._note = Text("", Type.SMALL, Colour.TEXT2)
        row = QHBoxLayout()
        row.setSpacing(look().px(Space.CONTROL))
        for widget in (self._icon, self._count, Text(word)):
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._note)
        self._icon_name = icon

    def show_number(self, text: str, note: str, colour: Colour = Colour.TEXT) -> None:
        """Show the number in a colour that says whether it is work."""
        self._count.setText(text)
        self._count.set_colour(colour)
        self._icon.set_icon(self._icon_name, colour if colour is not Colour.TEXT else Colour.TEXT2)
        self._note.setText(note)


class SyncCenterView(QWidget):
    """The page; lives on the UI thread."""

    review_wanted = Signal(str)
    sync_wanted = Signal()
    pause_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter: SyncCenterPresenter | None = None
        self._state = ScreenState()
        self._build()
        self._lay_out()

    def attach(self, presenter: SyncCenterPresenter) -> None:
        """Join the presenter and read for the first time."""
        self._presenter = presenter
        self.tabs.chosen.connect(lambda key: presenter.choose(Group(key)))
        self.outbox.current_changed.connect(self._on_current)
        self.outbox.pressed.connect(self._on_pressed)
        self.outbox.opened.connect(lambda row: self._on_pressed(row, "action"))
        self.papers.pressed.connect(lambda row, _key: presenter.record_recall(self.paper_model.row(row)))
        panel = self.panel
        panel.review_again.connect(presenter.review_again)
        panel.give_up.connect(presenter.give_up)
        panel.later.connect(presenter.later)
        panel.next_item.connect(presenter.next_waiting)
        panel.recall.connect(presenter.record_recall)
        panel.retry.connect(lambda command: presenter.retry(CommandId(command)))
        self._now.clicked.connect(self.sync_wanted)
        self._pause.clicked.connect(self.pause_wanted)
        presenter.refresh()

    # -- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._now = Button(tr("Sync now"), icon="sync", keys="F5")
        self._pause = Button(tr("Pause sending"), Kind.PLAIN, icon="pause")
        self._pause.setCheckable(True)
        self.numbers = {
            "needs_you": Number("triangle-alert", tr("Needs you")),
            "unsent": Number("arrow-from-line", tr("To be sent")),
            "papers": Number("sheet-alert", tr("Papers to recall")),
            "synced": Number("clock", tr("Last success")),
        }
        self._problem = Banner(Tone.FAULT, "")
        self._problem.hide()
        self.tabs = Tabs(tr("Outbox"))
        self.outbox_model = RowsModel[OutboxItem](
            _outbox_columns(), identity=lambda item: item.row.command.id, parent=self
        )
        self.outbox = Table(self.outbox_model, tr("Outbox"))
        self.paper_model = RowsModel[PaperLine](
            _paper_columns(), identity=lambda line: line.paper.form_number, parent=self
        )
        self.papers = Table(self.paper_model, tr("Papers to recall"))
        self._papers_head = SectionHeader(tr("Papers to recall"))
        self.panel = ConflictPanel()

    def _lay_out(self) -> None:
        page = QVBoxLayout(self)
        edge = look().px(Space.PAGE)
        page.setContentsMargins(edge, look().px(Space.CONTROL), edge, look().px(Space.CONTROL))
        page.setSpacing(look().px(Space.BAND))
        head = QHBoxLayout()
        head.addWidget(Text(tr("Sync centre"), Type.TITLE))
        head.addWidget(
            Text(tr("What needs you holds nothing else up: the rest is sent as usual"), Type.BODY, Colour.TEXT2)
        )
        head.addStretch(1)
        head.addWidget(self._pause)
        head.addWidget(self._now)
        page.addLayout(head)
        numbers = QHBoxLayout()
        for number in self.numbers.values():
            numbers.addWidget(number, 1)
        page.addLayout(numbers)
        page.addWidget(Hairline())
        page.addWidget(self._problem)
        left = QVBoxLayout()
        left.setSpacing(look().px(Space.GROUP))
        left.addWidget(self.tabs)
        left.addWidget(self.outbox, 3)
        left.addWidget(self._papers_head)
        left.addWidget(self.papers, 2)
        right = ScrollArea(self.panel)
        right.setFixedWidth(look().px(_RIGHT))
        body = QHBoxLayout()
        body.setSpacing(look().px(Space.PAGE))
        body.addLayout(left, 1)
        body.addWidget(Hairline(vertical=True))
        body.addWidget(right)
        page.addLayout(body, 1)

    # -- what the presenter asks for --------------------------------------------------------------------------------

    def show_state(self, state: ScreenState) -> None:
        """Show the state, whole."""
        before, self._state = self._state, state
        self._show_numbers(state)
        self._show_tabs(state)
        if before.shown != state.shown or not self.outbox_model.rows:
            self.outbox_model.set_rows(state.shown)
        if before.papers != state.papers:
            self.paper_model.set_rows(state.papers)
        self.papers.setVisible(bool(state.papers))
        self._papers_head.setVisible(bool(state.papers))
        self._problem.setVisible(bool(state.problem))
        if state.problem:
            self._problem.show_news(Tone.FAULT, sentence(state.problem))
        self._pause.setChecked(bool(state.report and state.report.paused))
        self.panel.show_state(state)

    def open_review(self, application_id: ApplicationId) -> None:
        """Ask the shell for 审核窗口."""
        self.review_wanted.emit(application_id)

    def sync_now(self) -> None:
        """Ask the shell to sync at once."""
        self.sync_wanted.emit()

    # -- inside -----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read everything again, after something changed in the cache."""
        if self._presenter is not None:
            self._presenter.refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc puts the item away; Enter reviews again when that is offered."""
        if self._presenter is not None and event.key() == Qt.Key.Key_Escape:
            self._presenter.later()
        elif self._presenter is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._presenter.review_again()
        else:
            super().keyPressEvent(event)

    def _on_current(self, row: int) -> None:
        if self._presenter is not None and 0 <= row < len(self.outbox_model.rows):
            item = self.outbox_model.row(row)
            if item.can_drop:
                self._presenter.look_at(item.row.command.id)

    def _on_pressed(self, row: int, _key: str) -> None:
        assert self._presenter is not None
        item = self.outbox_model.row(row)
        if item.can_drop:
            self._presenter.look_at(item.row.command.id)
        elif item.can_cancel:
            self._presenter.cancel(item.row.command.id)

    def _show_numbers(self, state: ScreenState) -> None:
        waiting = len(state.waiting)
        unsent = state.counts.unsent if state.counts else 0
        others = state.counts.others if state.counts else 0
        oldest = min((item.row.saved_at for item in state.items if not item.can_drop), default=None)
        self.numbers["needs_you"].show_number(str(waiting), "", Colour.BAD if waiting else Colour.TEXT)
        note = tr("the oldest saved at {at}", at=clock(oldest)) if oldest else ""
        if others:
            note = tr("{note} {n} of other registrars on this computer", note=note, n=others).strip()
        self.numbers["unsent"].show_number(str(unsent), note, Colour.ACCENT if unsent else Colour.TEXT)
        copies = sum(line.paper.outstanding for line in state.outstanding)
        note = tr("{n} copies about", n=copies) if copies else ""
        self.numbers["papers"].show_number(str(len(state.outstanding)), note, Colour.BAD if copies else Colour.TEXT)
        at = state.report.synced_at if state.report else None
        self.numbers["synced"].show_number(clock(at) if at else "—", "")

    def _show_tabs(self, state: ScreenState) -> None:
        waiting = len(state.waiting)
        self.tabs.set_tabs(
            [
                Tab(Group.OPEN, tr("Open"), str(len(state.items))),
                Tab(Group.NEEDS_YOU, tr("Needs you"), str(waiting), Colour.BAD if waiting else None),
                Tab(Group.ANSWERED, tr("Answered"), str(len(state.answered))),
            ]
        )
        self.tabs.set_current(state.group)


def _outbox_columns() -> tuple[Column[OutboxItem], ...]:
    column: Callable[..., Column[OutboxItem]] = Column
    return (
        column("what", tr("Content"), 236, _content, sortable=False),
        column("saved", tr("Saved"), 56, lambda i: TextCell(clock(i.row.saved_at)), sortable=False),
        column("tries", tr("Tries"), 46, lambda i: TextCell(str(i.row.attempts)), sortable=False),
        column("state", tr("State"), 88, lambda i: WordCell((state_word(i),), small=True), sortable=False),
        column("why", tr("Reason"), 190, lambda i: TextCell(reason(i)), stretch=True, sortable=False),
        column("action", tr("Action"), 80, _action, sortable=False),
    )


def _content(item: OutboxItem) -> Cell:
    return TextCell(f"{action_word(item)}　{item.applicant}", tail=detail(item), bold=True)


def _action(item: OutboxItem) -> Cell:
    if item.can_drop:
        return ButtonCell(tr("Settle"))
    return ButtonCell(tr("Take back"), quiet=True) if item.can_cancel else TextCell("")


def _paper_columns() -> tuple[Column[PaperLine], ...]:
    column: Callable[..., Column[PaperLine]] = Column
    return (
        column("form", tr("Form number"), 180, lambda p: TextCell(p.paper.form_number), sortable=False),
        column("who", tr("Applicant"), 90, lambda p: TextCell(p.applicant or "—", bold=True), sortable=False),
        column("printed", tr("Printed"), 92, lambda p: TextCell(clock(p.paper.last_printed_at)), sortable=False),
        column("copies", tr("Copies"), 56, lambda p: TextCell(str(p.paper.copies)), sortable=False, stretch=True),
        column("state", tr("State"), 90, lambda p: WordCell((_paper_state(p),), small=True), sortable=False),
        column("action", tr("Action"), 96, _paper_action, sortable=False),
    )


def _paper_state(line: PaperLine) -> states.Word:
    return states.PAPERS["to_recall" if line.paper.outstanding else "recalled"]


def _paper_action(line: PaperLine) -> Cell:
    return ButtonCell(tr("Record the recall")) if line.paper.outstanding else TextCell("")
