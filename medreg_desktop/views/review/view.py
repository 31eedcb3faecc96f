"""审核窗口: head, comparison, side column, action bar or the one final sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from medreg_core.domain.records import AccountId, ApplicationId
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.services.texts.checks import blocker_sentence, refusal_sentence
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space
from medreg_desktop.ui.widgets.blocks import Banner, SectionHeader
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Hairline, Panel
from medreg_desktop.ui.widgets.scrolling import ScrollArea
from medreg_desktop.ui.widgets.sheet import Sheet
from medreg_desktop.ui.widgets.toasts import Toasts
from medreg_desktop.ui.window_first import drawn_first
from medreg_desktop.views.review.action_bar import ActionBar, PhraseButton
from medreg_desktop.views.review.comparison_list import ColumnTitles, ComparisonList
from medreg_desktop.views.review.head import Head
from medreg_desktop.views.review.presenter import ReviewPresenter
from medreg_desktop.views.review.side import ChecksBlock, HistoryBlock, MaterialsBlock
from medreg_desktop.views.review.state import Asking, Decided, ScreenState
from medreg_desktop.views.review.words import kind_text

_SIDE = 536
_PHRASE_KEYS = 9


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the window needs besides its presenter."""

    tables: Tables
    now: Callable[[], datetime]
    notices: Notices
    is_online: Callable[[], bool]
    revealed: Callable[[ApplicationId, Callable[[], None]], None] | None  # None: not for this account
    """Writes the audit line of 显示全号 and lets it be shown once it stands."""
    account: AccountId  # whose own claim says so


class ReviewWindow(QDialog):
    """Opened with ``open()``; lives on the UI thread. Closing it decides nothing, and what was typed stays."""

    preview_wanted = Signal(str)
    closed = Signal()

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around = around
        self._presenter: ReviewPresenter | None = None
        self._state = ScreenState()
        self.setWindowTitle(tr("Review"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._build()
        self._lay_out()
        self._toasts = Toasts(around.notices, self)

    def attach(self, presenter: ReviewPresenter) -> None:
        """Join the presenter; it loads the application."""
        self._presenter = presenter
        self._connect(presenter)

    # -- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = Head(self._around.tables, may_reveal=self._around.revealed is not None)
        self._fault = Banner(Tone.FAULT, "")
        self._fault.hide()
        self._title = SectionHeader(tr("Application beside the register"))
        self._only = Button(tr("Differences only"), Kind.PLAIN, icon="funnel", keys="Alt+D")
        self._only.setCheckable(True)
        self.comparison = ComparisonList()
        self.checks = ChecksBlock()
        self.materials = MaterialsBlock(self._around.tables)
        self.history = HistoryBlock()
        self.acts = ActionBar()
        self.return_sheet = _sheet(tr("Confirm the return"), "arrow-back")
        self.refuse_sheet = _sheet(tr("Confirm the refusal"), "circle-barred")
        self._instead = Button(tr("Return for correction instead…"), icon="arrow-back", keys="Alt+R", tall=True)
        self.refuse_sheet.add_other_way(self._instead)
        self._sheet_phrases = {sheet: PhraseButton() for sheet in (self.return_sheet, self.refuse_sheet)}
        for sheet, phrases in self._sheet_phrases.items():
            sheet.add_before_buttons(phrases)

    def _lay_out(self) -> None:
        left_head = QHBoxLayout()
        left_head.addWidget(self._title, 1)
        left_head.addWidget(self._only)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.setContentsMargins(look().px(Space.PAGE), look().px(Space.CONTROL), look().px(Space.PAGE), 0)
        left.addLayout(left_head)
        left.addWidget(ColumnTitles(self.comparison))
        left.addWidget(ScrollArea(self.comparison), 1)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(look().px(12), 0, look().px(12), 0)
        column.setSpacing(0)
        for block in (self.checks, self.materials, self.history):
            column.addWidget(block)
        column.addStretch(1)
        right = ScrollArea(side)
        right.setFixedWidth(look().px(_SIDE))
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addLayout(left, 1)
        body.addWidget(Hairline(vertical=True))
        body.addWidget(right)
        self._foot_panel = QWidget()
        self._foot = QStackedLayout(self._foot_panel)
        for widget in (self.acts, self.return_sheet, self.refuse_sheet):
            self._foot.addWidget(widget)
        self._paper = Panel(Colour.SURFACE, 0)
        self._paper.setLayout(body)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.head)
        page.addWidget(self._fault)
        page.addWidget(self._paper, 1)
        page.addWidget(self._foot_panel)

    def _connect(self, presenter: ReviewPresenter) -> None:
        self.head.next.connect(presenter.next)
        self.head.previous.connect(presenter.previous)
        self.head.reveal.connect(self._on_reveal)
        self._only.clicked.connect(lambda on: presenter.show_only_differences(on=on))
        self.materials.ticked.connect(lambda code, on: presenter.tick_material(code, seen=on))
        acts = self.acts
        acts.preview.connect(presenter.preview)
        acts.opinion_edited.connect(presenter.write_opinion)
        acts.phrase_chosen.connect(presenter.use_phrase)
        acts.agree.connect(presenter.agree)
        acts.return_asked.connect(lambda: presenter.ask(Asking.RETURN))
        acts.refuse_asked.connect(lambda: presenter.ask(Asking.REFUSE))
        acts.withdraw.connect(presenter.withdraw)
        for n in range(_PHRASE_KEYS):  # of the window: the bar and both sheets have phrases
            shortcut = QShortcut(QKeySequence(f"Alt+{n + 1}"), self)
            shortcut.activated.connect(lambda n=n: presenter.use_phrase(n))
        QShortcut(QKeySequence("Ctrl+Z"), self).activated.connect(presenter.undo)
        acts.go_on_changed.connect(lambda on: presenter.go_on_after(on=on))
        self._instead.clicked.connect(lambda: presenter.ask(Asking.RETURN))
        for sheet, phrases in self._sheet_phrases.items():
            sheet.reason_edited.connect(presenter.write_reason)
            sheet.left.connect(presenter.leave_sheet)
            sheet.confirmed.connect(presenter.confirm)
            phrases.chosen.connect(presenter.use_phrase)

    # -- what the presenter asks for --------------------------------------------------------------------------------

    def show_state(self, state: ScreenState) -> None:
        """Show the state, whole."""
        before, self._state = self._state, state
        self._show_trouble(state)
        sheet = state.sheet
        self._paper.setVisible(sheet is not None)
        self._foot_panel.setVisible(sheet is not None)
        if sheet is None:
            self.head.show_nothing(state)
            return
        self.head.show_sheet(state, self._around.now(), self._around.account)
        differences = sum(row.differs for group in sheet.comparison for row in group.rows)
        self._title.set_note(tr("{n} differ", n=differences) if differences else "", Colour.DIFF)
        self._only.setChecked(state.only_differences)
        self.comparison.show_groups(
            sheet.comparison, sheet.application, only_differences=state.only_differences, reveal=state.reveal
        )
        self.checks.show_checks(sheet.checks)
        self.materials.show_lines(sheet.materials, may_tick=CommandKind.AGREE in sheet.moves)
        self.history.show_entries(sheet.application.history)
        self.acts.show_acts(state, self._consequence(state), bad=bool(self._standing_in_the_way(state)))
        self._show_foot(state)
        is_new = before.sheet is None or before.sheet.application.id != sheet.application.id
        left_sheet = before.asking is not Asking.NOTHING and state.asking is Asking.NOTHING
        if is_new or left_sheet:
            self.acts.focus_safe(blocked=bool(sheet.blockers))

    def decided(self, decided: Decided) -> None:
        """Say what was saved and how to take it back."""
        sheet, kind = decided.sheet, decided.kind
        who = sheet.application.person.name
        words = tr("{act}: {name}, {kind}.", act=term(kind), name=who, kind=kind_text(sheet.application))
        if not self._around.is_online():
            words += tr("Saved here, will be sent when online; until then prints carry “pending”.")
        elif kind is CommandKind.AGREE:
            words += tr("Can be taken back until it is accepted (Ctrl+Z).")
        presenter = self._presenter

        def undo() -> None:
            if presenter is not None:
                presenter.withdraw(decided)

        self._around.notices.post(Notice(words, Tone.DONE, tr("Take back"), undo))

    def not_decided(self, sheet: ReviewSheet, kind: CommandKind, problems: tuple[Problem, ...]) -> None:
        """Say that nothing was decided, and why: he left in the belief that it was."""
        words = tr(
            "Not saved: {act}, {name}, {kind}. {reasons}",
            act=term(kind),
            name=sheet.application.person.name,
            kind=kind_text(sheet.application),
            reasons=self._reasons(problems),
        )
        self._around.notices.say(words, Tone.FAULT)

    def taken_back(self, sheet: ReviewSheet) -> None:
        """Say that the decision is gone."""
        self._around.notices.say(tr("Taken back: {name}.", name=sheet.application.person.name))

    def not_taken_back(self, sheet: ReviewSheet, problems: tuple[Problem, ...]) -> None:
        """Say that the decision stands, and why."""
        name, reasons = sheet.application.person.name, self._reasons(problems)
        self._around.notices.say(tr("Not taken back: {name}. {reasons}", name=name, reasons=reasons), Tone.FAULT)

    def _reasons(self, problems: tuple[Problem, ...]) -> str:
        return " ".join(refusal_sentence(problem, self._around.tables) for problem in problems)

    def preview(self, application_id: ApplicationId) -> None:
        """Ask the shell for 打印预览."""
        self.preview_wanted.emit(application_id)

    def leave(self) -> None:
        """Close: the list is done."""
        self.close()

    @property
    def shown_application(self) -> ApplicationId | None:
        """The application in view; None while there is none."""
        return self._state.sheet.application.id if self._state.sheet is not None else None

    # -- the window -------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Return the designed size."""
        return QSize(look().px(1440), look().px(900))

    def event(self, event: QEvent) -> bool:
        """Draw before threads that compute go on."""
        with drawn_first(event):
            return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter alone never decides; Esc closes the topmost layer only."""
        if event.key() == Qt.Key.Key_Escape and self._state.asking is not Asking.NOTHING:
            if self._presenter is not None:
                self._presenter.leave_sheet()
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the claim back."""
        if self._presenter is not None:
            self._presenter.close()
        self.closed.emit()
        super().closeEvent(event)

    def _on_reveal(self) -> None:
        presenter, asked = self._presenter, self.shown_application
        if presenter is None or asked is None or self._around.revealed is None:
            return

        def noted() -> None:
            if self.shown_application == asked:
                presenter.reveal()

        self._around.revealed(asked, noted)

    def _show_trouble(self, state: ScreenState) -> None:
        words = [refusal_sentence(problem, self._around.tables) for problem in state.problems]
        if state.fault:
            words.append(sentence(state.fault))
        self._fault.setVisible(bool(words))
        if words:
            self._fault.show_news(Tone.FAULT, " ".join(words))

    def _standing_in_the_way(self, state: ScreenState) -> list[str]:
        sheet = state.sheet
        if sheet is None or CommandKind.AGREE not in sheet.moves:
            return []
        sentences = (blocker_sentence(blocker, self._around.tables).rstrip("。.") for blocker in sheet.blockers)
        return list(dict.fromkeys(sentences))  # a missing photo is both a check that fails and a material

    def _consequence(self, state: ScreenState) -> str:
        """Return the one sentence over the acts: what follows, or why agreeing is not possible."""
        sheet = state.sheet
        assert sheet is not None
        reasons = self._standing_in_the_way(state)
        if reasons:
            return tr(
                "Cannot agree: {reasons}. Better return it; the opinion is prefilled.", reasons=tr("; ").join(reasons)
            )
        if CommandKind.AGREE not in sheet.moves:
            return tr("State: {state}. Nothing is waiting for a decision here.", state=term(sheet.shown_state))
        words = tr(
            "On agreeing it goes to {authority}; until it is accepted, Ctrl+Z takes it back.",
            authority=sheet.institution.authority,
        )
        if not self._around.is_online():
            words += tr("Offline now: the decision is kept here and sent by itself when online.")
        return words

    def _show_foot(self, state: ScreenState) -> None:
        if state.asking is Asking.NOTHING:
            self._show_page_of_foot(self.acts)
            return
        sheet = self.return_sheet if state.asking is Asking.RETURN else self.refuse_sheet
        self._show_case(sheet, state)
        self._sheet_phrases[sheet].set_phrases(state.reason_phrases)
        if self._foot.currentWidget() is not sheet:
            self._show_page_of_foot(sheet)

    def _show_case(self, sheet: Sheet, state: ScreenState) -> None:
        assert state.sheet is not None
        application = state.sheet.application
        is_return = sheet is self.return_sheet
        title = tr("Return for correction: {name}, {kind}") if is_return else tr("Refuse: {name}, {kind}")
        consequence = (
            tr("The applicant reads the reason, corrects and submits again; the deadline starts anew.")
            if is_return
            else tr(
                "The application ends with this; the institution cannot take it back, and the reason is told to the"
                " applicant as written. If only materials are missing, return it for correction."
            )
        )
        note = tr("State: {state}, version {n}", state=term(state.sheet.shown_state), n=application.content_version)
        words = title.format_map({"name": application.person.name, "kind": kind_text(application)})
        sheet.show_case(words, consequence, note, state.reason)

    def _show_page_of_foot(self, page: QWidget) -> None:
        """The foot is as high as what it shows, not as its tallest page."""
        for each in (self.acts, self.return_sheet, self.refuse_sheet):
            vertical = QSizePolicy.Policy.Fixed if each is page else QSizePolicy.Policy.Ignored
            each.setSizePolicy(QSizePolicy.Policy.Preferred, vertical)
        self._foot.setCurrentWidget(page)


def _sheet(final: str, icon: str) -> Sheet:
    return Sheet(final, reason_label=tr("Reason (required)"), icon=icon)
