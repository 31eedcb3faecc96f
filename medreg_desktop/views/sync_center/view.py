"""同步中心: four numbers, the outbox, papers to recall, and one item at a time at the right."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.sync.report import GuardState
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space
from medreg_desktop.ui.widgets.blocks import Banner
from medreg_desktop.ui.widgets.labels import Hairline
from medreg_desktop.ui.widgets.scrolling import ScrollArea
from medreg_desktop.ui.widgets.tabs import hung
from medreg_desktop.views.sync_center.conflict_panel import ConflictPanel
from medreg_desktop.views.sync_center.files import ask_where
from medreg_desktop.views.sync_center.head import Head
from medreg_desktop.views.sync_center.lists import Lists
from medreg_desktop.views.sync_center.numbers import Numbers
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.rehearsal_strip import RehearsalStrip
from medreg_desktop.views.sync_center.rehearsal_words import guard_words
from medreg_desktop.views.sync_center.state import Group, ScreenState, stands_out
from medreg_desktop.views.sync_center.words import standing_in_the_way

_RIGHT = 506


class SyncCenterView(QWidget):
    """The page; lives on the UI thread."""

    review_wanted = Signal(str)
    sync_wanted = Signal()
    pause_wanted = Signal(bool)
    why_wanted = Signal(str)
    diagnosis_wanted = Signal()
    handouts_wanted = Signal(str)  # with the decision looked at, or ""
    rehearsal_wanted = Signal()
    send_wanted = Signal(bool)
    told = Signal(str)
    counted = Signal(object)  # OutboxCounts, as soon as they were read
    saved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter: SyncCenterPresenter | None = None
        self._state = ScreenState()
        self._build()
        self._lay_out()

    def attach(self, presenter: SyncCenterPresenter) -> None:
        """Join the presenter and read for the first time."""
        self._presenter = presenter
        self.lists.tabs.chosen.connect(lambda key: presenter.choose(Group(key)))
        self.lists.outbox.current_changed.connect(self._on_current)
        self.lists.outbox.pressed.connect(self._on_pressed)
        self.lists.outbox.opened.connect(self._on_opened)
        self.lists.papers.pressed.connect(lambda row, _key: presenter.record_recall(self.lists.paper_model.row(row)))
        self.lists.recall.recorded.connect(presenter.recall)
        self.lists.recall.left.connect(presenter.keep)
        panel = self.panel
        panel.review_again.connect(presenter.review_again)
        panel.give_up.connect(presenter.give_up)
        panel.later.connect(presenter.later)
        panel.next_item.connect(presenter.next_waiting)
        panel.recall.connect(presenter.record_recall)
        panel.retry.connect(lambda command: presenter.retry(CommandId(command)))
        panel.why.connect(self._on_why)
        self.head.diagnosis.clicked.connect(self.diagnosis_wanted)
        self.head.handouts.clicked.connect(lambda: self.handouts_wanted.emit(self._looked_at()))
        ways = panel.quarantine
        ways.hand_over.connect(presenter.hand_over)
        ways.give_up_for.connect(presenter.give_up_for)
        ways.keep.connect(presenter.keep)
        self.strip.count_by(presenter.seconds_left)
        self.strip.send.connect(self.send_wanted)
        self.lists.papers_head.pressed.connect(presenter.print_recall_list)
        self.lists.reconcile.table.opened.connect(self._on_decided)
        self.lists.reconcile.table.pressed.connect(lambda row, _key: self._on_decided(row))
        self.head.rehearse.clicked.connect(self.rehearsal_wanted)
        self.head.now.clicked.connect(self.sync_wanted)
        self.head.pause.clicked.connect(self.pause_wanted)
        self.setFocusProxy(self.lists.outbox)
        presenter.refresh()

    # -- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = Head()
        self.strip = RehearsalStrip()
        self.guard = Banner(Tone.CARE, "")
        self.guard.hide()
        self._trouble = Banner(Tone.CARE, "")
        self._trouble.hide()
        self.numbers = Numbers()
        self._problem = Banner(Tone.FAULT, "")
        self._problem.hide()
        self.lists = Lists()
        self.panel = ConflictPanel()

    def _lay_out(self) -> None:
        page = QVBoxLayout(self)
        edge = look().px(Space.PAGE)
        page.setContentsMargins(edge, look().px(Space.CONTROL), edge, look().px(Space.CONTROL))
        page.setSpacing(look().px(Space.BAND))
        page.addWidget(self.head)
        page.addWidget(self._trouble)
        page.addWidget(self.numbers)
        page.addWidget(Hairline())
        page.addWidget(self._problem)
        page.addWidget(self.guard)
        page.addWidget(self.strip)
        self._right = QStackedWidget()
        self._right.addWidget(ScrollArea(self.panel))
        self._right.setFixedWidth(look().px(_RIGHT + Space.PAGE))  # every panel there has its own edge
        self._right.installEventFilter(self)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addLayout(hung(self.lists), 1)
        body.addSpacing(look().px(Space.PAGE))
        body.addWidget(Hairline(vertical=True))
        body.addWidget(self._right)
        page.addLayout(body, 1)

    # -- what the presenter asks for --------------------------------------------------------------------------------

    def show_state(self, state: ScreenState) -> None:
        """Show the state, whole."""
        before, self._state = self._state, state
        had_focus = self._has_focus()
        self.numbers.show_state(state)
        self.lists.show_state(state, self._right.height())
        self.setFocusProxy(self.lists.first)
        trouble = standing_in_the_way(state.report)
        self._trouble.setVisible(bool(trouble[0]))
        if trouble[0]:
            self._trouble.show_news(Tone.CARE, *trouble)
        self._problem.setVisible(bool(state.problem))
        if state.problem:
            self._problem.show_news(Tone.FAULT, sentence(state.problem))
        paused = bool(state.report and state.report.paused)
        self.strip.show_rehearsed(state.rehearsal, paused=paused, cut=not state.is_answered)
        self.head.show_state(state)
        self._show_guard(state)
        self.panel.show_state(state)
        self._follow(before, state)
        if had_focus and not self._has_focus():
            self.setFocus()  # what had it is gone: Qt has given it to the next in the window, the field at the top

    def _has_focus(self) -> bool:
        focused: QWidget | None = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused) and focused.isVisible()

    def _show_guard(self, state: ScreenState) -> None:
        guard = state.report.guard if state.report else None
        what, todo = guard_words(guard, state.now)
        self.guard.setVisible(bool(what))
        if guard is not None:
            tone = Tone.DONE if guard.state is GuardState.CONFIRMED else Tone.CARE
            self.guard.show_news(tone, what, todo)

    def tell(self, text: str) -> None:
        """Say in a notice what was done."""
        self.told.emit(text)

    def tell_counts(self, counts: OutboxCounts) -> None:
        """Let the shell say the same number of what waits."""
        self.counted.emit(counts)

    def tell_saved(self) -> None:
        """Let the sync loop and the other screens know that something was written."""
        self.saved.emit()

    def offer_file(self, name: str, content: bytes) -> None:
        """Ask where the file shall be saved, and have it saved."""
        assert self._presenter is not None
        save = self._presenter.save_file
        ask_where(self, tr("Save as"), name, lambda path: save(path, content))

    def open_review(self, application_id: ApplicationId) -> None:
        """Ask the shell for 审核窗口."""
        self.review_wanted.emit(application_id)

    def sync_now(self) -> None:
        """Ask the shell to sync at once."""
        self.sync_wanted.emit()

    # -- what the shell asks for ------------------------------------------------------------------------------------

    def set_aside(self, panel: QWidget) -> None:
        """Give the page a panel that can take the place of the item at the right."""
        self._right.addWidget(panel)

    def show_aside(self, *, shown: bool) -> None:
        """Show the panel given with :meth:`set_aside`, or the item again."""
        self._right.setCurrentIndex(1 if shown else 0)
        if not shown:
            self.lists.outbox.setFocus()

    def command_asked(self) -> CommandId | None:
        """Return the decision under the keyboard: the row in the list, or the item at the right."""
        if self.lists.outbox.hasFocus() and 0 <= self.lists.outbox.current_row < len(self.lists.outbox_model.rows):
            return self.lists.outbox_model.row(self.lists.outbox.current_row).row.command.id
        focused: QWidget | None = self.focusWidget()
        return _shown(self._state) if focused is not None and self.panel.isAncestorOf(focused) else None

    def refresh(self) -> None:
        """Read everything again, after something changed in the cache."""
        if self._presenter is not None:
            self._presenter.refresh()

    def close_screen(self) -> None:
        """Drop everything under way."""
        self.strip.stop()
        if self._presenter is not None:
            self._presenter.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc puts the item away; Enter reviews again when that is offered."""
        if event.isAutoRepeat():
            return  # held down: by now another item may be in view
        if self._presenter is not None and event.key() == Qt.Key.Key_Escape:
            self._presenter.later()
        elif self._presenter is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._presenter.review_again()
        else:
            super().keyPressEvent(event)

    def _on_why(self) -> None:
        shown = _shown(self._state)
        if shown is not None:
            self.why_wanted.emit(shown)

    def _on_current(self, row: int) -> None:
        """The item under the bar is the one at the right; looking at it changes nothing."""
        if self._presenter is not None and 0 <= row < len(self.lists.outbox_model.rows):
            item = self.lists.outbox_model.row(row)
            if stands_out(item) and item.row.command.id != _shown(self._state):
                self._presenter.look_at(item.row.command.id)

    def _on_opened(self, row: int) -> None:
        """Enter or double click: the first look, then the way out. What only waits opens to be changed, never more."""
        assert self._presenter is not None
        item = self.lists.outbox_model.row(row)
        if stands_out(item) and item.row.command.id == _shown(self._state):
            self._presenter.review_again()
        elif stands_out(item):
            self._presenter.look_at(item.row.command.id)
        elif item.can_edit:
            self.review_wanted.emit(item.row.command.application_id)

    def _on_pressed(self, row: int, _key: str) -> None:
        assert self._presenter is not None
        item = self.lists.outbox_model.row(row)
        if stands_out(item):
            self._presenter.look_at(item.row.command.id)
            self.panel.focus_first()
        elif item.can_cancel:
            self._presenter.cancel(item.row.command.id)

    def _on_decided(self, row: int) -> None:
        """One's own that needs a person comes up at the right; anything else is looked at in its window."""
        assert self._presenter is not None
        line = self.lists.reconcile.model.row(row)
        if line.command_id is not None and line.needs_person:
            self._presenter.look_at(line.command_id)
            self.panel.focus_first()
        else:
            self.review_wanted.emit(line.application_id)

    def _follow(self, before: ScreenState, state: ScreenState) -> None:
        """Move the bar in the list to the item shown at the right."""
        shown = _shown(state)
        if shown is not None and shown != _shown(before):
            row = self.lists.outbox_model.position_of(shown)
            if row >= 0 and row != self.lists.outbox.current_row:
                self.lists.outbox.select_row(row)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the room that the bands above leave."""
        if event.type() == QEvent.Type.Resize:
            self.lists.show_answers(self._right.height())
        return super().eventFilter(watched, event)

    def _looked_at(self) -> str:
        """Return the decision under the bar of the list that is seen, or none: others' have no receipt here."""
        return self.lists.looked_at or ""


def _shown(state: ScreenState) -> CommandId | None:
    return state.current.row.command.id if state.current else None
