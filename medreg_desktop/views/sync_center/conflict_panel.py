"""The right side of 同步中心: one item at a time, both versions side by side, and what can be done (``look.md`` §3)."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.comparison import Mark, Shown
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.review.outbox_desk import Conflict
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.terms import label, term
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Panel, Text, WordLabel
from medreg_desktop.ui.words import DIFFERENCES, Word
from medreg_desktop.views.sync_center.state import ScreenState
from medreg_desktop.views.sync_center.words import clock, give_up_label, what_happened, who


class ConflictPanel(QWidget):
    """Never says upload or download; closing it changes no state."""

    review_again = Signal()
    give_up = Signal()
    later = Signal()
    next_item = Signal()
    recall = Signal(object)
    retry = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Text("", Type.SECTION)
        self._kind = Text("", Type.BODY, Colour.TEXT2)
        self._state = WordLabel()
        self._position = Text("", Type.SMALL, Colour.TEXT2)
        self._next = Button(tr("Next item"), Kind.PLAIN, keys="F2")
        self._story = Text("", Type.BODY, wrap=True)
        self._versions = QGridLayout()
        self._papers = Banner(Tone.FAULT, "")
        self._heading = Text(tr("You can"), Type.NAME)
        self._again = Button("", Kind.FILLED, icon="arrow-right", shown_keys="Enter", tall=True)
        self._retry = Button(tr("Try again now"), Kind.OUTLINED, icon="sync", tall=True)
        self._give_up = Button("", Kind.OUTLINED, icon="arrow-back", tall=True)
        self._later = Button(tr("Later"), Kind.PLAIN, shown_keys="Esc", tall=True)
        self._hint = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._opinion = Text("", Type.BODY, wrap=True)
        self._empty = Text(tr("Nothing needs you."), Type.BODY, Colour.TEXT2)
        self._paper: PaperLine | None = None
        self._conflict: Conflict | None = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        for words in (self._title, self._kind, self._state):
            head.addWidget(words)
        head.addStretch(1)
        head.addWidget(self._position)
        head.addWidget(self._next)
        acts = QHBoxLayout()
        for button in (self._again, self._retry, self._give_up):
            acts.addWidget(button)
        acts.addStretch(1)
        acts.addWidget(self._later)
        self._versions.setHorizontalSpacing(look().px(Space.CONTROL))
        self._versions.setVerticalSpacing(look().px(Space.HAIR))
        column = QVBoxLayout(self)
        column.setContentsMargins(look().px(Space.PAGE), look().px(Space.CONTROL), 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self._story)
        column.addLayout(self._versions)
        column.addWidget(self._papers)
        column.addWidget(self._heading)
        column.addLayout(acts)
        column.addWidget(self._hint)
        column.addWidget(self._opinion)
        column.addStretch(1)

    def _connect(self) -> None:
        for button, signal in (
            (self._again, self.review_again),
            (self._give_up, self.give_up),
            (self._later, self.later),
            (self._next, self.next_item),
        ):
            button.clicked.connect(signal)
        self._retry.clicked.connect(self._on_retry)
        self._papers.pressed.connect(self._on_recall)

    def show_state(self, state: ScreenState) -> None:
        """Show the item in question, or that nothing needs anybody."""
        conflict = self._conflict = state.current
        shown = conflict is not None
        for widget in (self._story, self._heading, self._later, self._hint, self._opinion, self._give_up):
            widget.setVisible(shown)
        self._empty.setVisible(not shown and not state.waiting)
        self._clear_versions()
        self._papers.setVisible(False)
        self._again.setVisible(False)
        self._retry.setVisible(False)
        self._show_position(state)
        if conflict is None:
            self._title.setText("")
            self._kind.setText("")
            self._state.set_word(None)
            return
        self._show_item(conflict, state)

    def _show_position(self, state: ScreenState) -> None:
        ids = [item.row.command.id for item in state.waiting]
        at = self._conflict.row.command.id if self._conflict else None
        place = ids.index(at) + 1 if at in ids else 0
        self._position.setText(f"{place} / {len(ids)}" if place else "")
        self._next.setVisible(len(ids) > 1)

    def _show_item(self, conflict: Conflict, state: ScreenState) -> None:
        application = conflict.current or conflict.read
        self._title.setText(application.person.name if application else tr("An application that has left"))
        self._kind.setText(term(application.kind) if application else "")
        item = next((i for i in state.items if i.row.command.id == conflict.row.command.id), None)
        quarantined = item is not None and item.row.state is OutboxState.QUARANTINED
        self._state.set_word(_trouble(conflict, quarantined=quarantined))
        self._story.setText(what_happened(conflict))
        self._show_versions(conflict)
        self._show_papers(conflict, state)
        version = conflict.current.content_version if conflict.current else 0
        self._again.setVisible(conflict.can_review_again)
        self._again.set_label(tr("Review again on version {n}", n=version))
        self._retry.setVisible(quarantined)
        self._give_up.set_label(give_up_label(conflict.row.kind))
        self._hint.setText(
            tr("Reviewing again opens the window with your words in it. Later changes nothing; the item stays here.")
        )
        opinion = getattr(conflict.row.command.body, "opinion", "")
        self._opinion.setText(tr("My opinion: {opinion}", opinion=opinion) if opinion else "")

    def _show_versions(self, conflict: Conflict) -> None:
        grid = self._versions
        mine = tr("{act} at {at}", act=term(conflict.row.kind), at=clock(conflict.row.saved_at))
        there = term(conflict.current.state) if conflict.current else tr("no longer here")
        if conflict.at is not None:
            there = tr("{who}, {at}, {state}", who=who(conflict.by), at=clock(conflict.at), state=there)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        grid.addWidget(_version_head(tr("My decision"), mine), 0, 1)
        grid.addWidget(_version_head(tr("In the register now"), there), 0, 2)
        for row, change in enumerate(conflict.changes, start=1):
            grid.addWidget(Text(label(change.field), Type.BODY, Colour.TEXT2), row, 0)
            grid.addWidget(_changed(change.read), row, 1)
            grid.addWidget(_changed(change.now), row, 2)
            grid.addWidget(WordLabel(DIFFERENCES[Mark.CHANGED], Type.SMALL), row, 3)

    def _show_papers(self, conflict: Conflict, state: ScreenState) -> None:
        application_id = conflict.row.command.application_id
        line = next((p for p in state.outstanding if p.paper.application_id == application_id), None)
        self._paper = line
        self._papers.setVisible(line is not None)
        if line is not None:
            copies = line.paper.outstanding
            what = trn("{n} copy of this form is printed", "{n} copies of this form are printed", copies)
            todo = tr(
                "{number}: a scan says it is not valid. Take it back before deciding again.",
                number=line.paper.form_number,
            )
            self._papers.show_news(Tone.FAULT, what, todo, icon="printer", button=tr("Record the recall"))

    def _clear_versions(self) -> None:
        while (item := self._versions.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()

    def _on_recall(self) -> None:
        if self._paper is not None:
            self.recall.emit(self._paper)

    def _on_retry(self) -> None:
        if self._conflict is not None:
            self.retry.emit(self._conflict.row.command.id)


def _trouble(conflict: Conflict, *, quarantined: bool) -> Word:
    if quarantined:
        return Word(tr("Quarantined"), "circle-pause", Colour.BAD, bold=True)
    outcome = conflict.row.outcome
    return Word(term(outcome.kind) if outcome else tr("Needs you"), "triangle-alert", Colour.BAD, bold=True)


def _version_head(title: str, line: str) -> Panel:
    head = Panel()
    column = QVBoxLayout(head)
    column.setContentsMargins(look().px(12), look().px(Space.GROUP), look().px(12), look().px(Space.GROUP))
    column.setSpacing(look().px(Space.HAIR))
    column.addWidget(Text(title, Type.NAME))
    column.addWidget(Text(line, Type.SMALL, Colour.TEXT2, wrap=True))
    return head


def _changed(value: Shown) -> Text:
    return Text("—" if value in (None, "") else str(value), Type.NAME, Colour.DIFF, wrap=True)
