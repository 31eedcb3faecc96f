"""The right side of 同步中心: one item at a time, both versions side by side, and what can be done (``look.md`` §3)."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.review.outbox_desk import Conflict
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Hairline, Text, WordLabel
from medreg_desktop.views.sync_center.quarantine_panel import QuarantinePanel
from medreg_desktop.views.sync_center.reconcile_words import recall_first
from medreg_desktop.views.sync_center.state import ScreenState
from medreg_desktop.views.sync_center.versions import Versions
from medreg_desktop.views.sync_center.words import (
    again_label,
    give_up_label,
    hint,
    opinion_line,
    title,
    trouble_word,
    what_happened,
)


class ConflictPanel(QWidget):
    """Never says upload or download; closing it changes no state."""

    review_again = Signal()
    give_up = Signal()
    later = Signal()
    next_item = Signal()
    recall = Signal(object)
    retry = Signal(str)
    why = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Text("", Type.SECTION)
        self._kind = Text("", Type.BODY, Colour.TEXT2)
        self._state = WordLabel()
        self._position = Text("", Type.SMALL, Colour.TEXT2)
        self._next = Button(tr("Next item"), Kind.PLAIN, keys="F2")
        self._why = Button(tr("Why"), Kind.LINK, shown_keys="F1")
        self._story = Text("", Type.BODY, wrap=True)
        self._versions = Versions()
        self._papers = Banner(Tone.FAULT, "")
        self._heading = Text(tr("You can"), Type.NAME)
        self._again = Button("", Kind.FILLED, icon="arrow-right", shown_keys="Enter", tall=True)
        self._give_up = Button("", Kind.OUTLINED, icon="arrow-back", tall=True)
        self.quarantine = QuarantinePanel()
        self._later = Button(tr("Later"), Kind.PLAIN, shown_keys="Esc", tall=True)
        self._hint = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._rule = Hairline()
        self._opinion = Text("", Type.BODY, wrap=True)
        self._empty = Text("", Type.BODY, Colour.TEXT2)
        self._item_widgets: tuple[QWidget, ...] = (
            self._title, self._kind, self._state, self._why, self._story, self._versions, self._papers, self._heading,
            self._again, self.quarantine, self._give_up, self._later, self._hint, self._rule, self._opinion,
        )  # fmt: skip
        self._paper: PaperLine | None = None
        self._conflict: Conflict | None = None
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addStrut(look().metrics.tab_row)  # in line with the tabs at the left
        for words in (self._empty, self._title, self._kind, self._state):
            head.addWidget(words)
        head.addWidget(self._why)
        head.addStretch(1)
        head.addWidget(self._position)
        head.addWidget(self._next)
        acts = QHBoxLayout()
        for button in (self._again, self._give_up):
            acts.addWidget(button)
        acts.addStretch(1)
        acts.addWidget(self._later)
        column = QVBoxLayout(self)
        column.setContentsMargins(look().px(Space.PAGE), 0, 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addLayout(head)
        column.addWidget(self._story)
        column.addWidget(self._versions)
        column.addWidget(self._papers)
        column.addWidget(self._heading)
        column.addWidget(self.quarantine)
        column.addLayout(acts)
        column.addWidget(self._hint)
        column.addWidget(self._rule)
        column.addWidget(self._opinion)
        column.addStretch(1)

    def _connect(self) -> None:
        for button, signal in (
            (self._again, self.review_again),
            (self._give_up, self.give_up),
            (self._later, self.later),
            (self._next, self.next_item),
            (self._why, self.why),
        ):
            button.clicked.connect(signal)
        self.quarantine.send_again.connect(self._on_retry)
        self.quarantine.correct.connect(self.review_again)
        self.quarantine.give_up.connect(self.give_up)
        self._papers.pressed.connect(self._on_recall)

    def show_state(self, state: ScreenState) -> None:
        """Show the item in question, or what is left to be looked at."""
        conflict = self._conflict = state.current
        shown = conflict is not None
        for widget in self._item_widgets:
            widget.setVisible(shown)
        self._show_position(state)
        self._empty.setVisible(not shown)
        if conflict is None:
            n = len(state.waiting)
            left = trn("{n} item stays, F2 shows it.", "{n} items stay, F2 shows the next.", n)
            self._empty.setText(left if n else tr("Nothing needs you."))
            return
        self._show_item(conflict, state.now)
        self._show_ways(conflict, state)
        self._show_papers(conflict, state)

    def focus_first(self) -> None:
        """Put the keyboard on the default way out of the item."""
        ways = (self._again, self.quarantine.again_button, self._give_up)
        first = next((button for button in ways if button.isVisibleTo(self)), self._next)
        first.setFocus()

    def _show_position(self, state: ScreenState) -> None:
        ids = [item.row.command.id for item in state.to_look_at]
        at = self._conflict.row.command.id if self._conflict else None
        place = ids.index(at) + 1 if at in ids else 0
        self._position.setText(f"{place} / {len(ids)}" if place else "")
        self._next.setVisible(len(ids) > (1 if place else 0))

    def _show_item(self, conflict: Conflict, now: datetime) -> None:
        name, kind = title(conflict)
        self._title.setText(name)
        self._kind.setText(kind)
        self._state.set_word(trouble_word(conflict))
        self._story.setText(what_happened(conflict, now))
        self._versions.show_conflict(conflict, now)
        self._hint.setText(hint(conflict))
        self._again.set_label(again_label(conflict))
        self._give_up.set_label(give_up_label(conflict))
        words = opinion_line(conflict)
        self._opinion.setText(words)
        self._opinion.setVisible(bool(words))
        self._rule.setVisible(bool(words))

    def _show_ways(self, conflict: Conflict, state: ScreenState) -> None:
        apart = state.set_apart if conflict.row.state is OutboxState.QUARANTINED else None
        self.quarantine.setVisible(apart is not None)
        if apart is not None:
            self.quarantine.show_item(conflict, apart, gives_up=state.gives_up)
        may_change = not conflict.is_foreseen or conflict.can_take_back
        self._again.setVisible(apart is None and conflict.can_review_again and may_change)
        self._give_up.setVisible(apart is None and may_change)
        self._heading.setVisible(not state.gives_up and (apart is not None or may_change))
        self._hint.setVisible(apart is None)
        self._later.setVisible(not state.gives_up)

    def _show_papers(self, conflict: Conflict, state: ScreenState) -> None:
        command = conflict.row.command
        lines = [p for p in state.outstanding if p.paper.application_id == command.application_id]
        own = getattr(command.body, "form_number", "")
        line = next((p for p in lines if p.paper.form_number == own), lines[0] if lines else None)
        self._paper = line
        self._papers.setVisible(line is not None)
        if line is not None:
            copies = line.paper.outstanding
            what = trn("{n} copy of this form is printed", "{n} copies of this form are printed", copies)
            if line.paper.form_number != own:
                text = "{n} copy of an earlier form is printed"
                what = trn(text, "{n} copies of an earlier form are printed", copies)
            self._papers.show_news(Tone.FAULT, what, recall_first(line), icon="printer", button=tr("Record the recall"))

    def _on_recall(self) -> None:
        if self._paper is not None:
            self.recall.emit(self._paper)

    def _on_retry(self) -> None:
        if self._conflict is not None:
            self.retry.emit(self._conflict.row.command.id)
