"""业务办理: conditions, chips, tabs, the list, and the bar over ticked rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.records import ApplicationId, Institution
from medreg_core.domain.tables import Tables
from medreg_desktop.services.search.conditions import SortColumn, Tab
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui import clipboard
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Space, Type
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.chips import ChipRow, ChipText
from medreg_desktop.ui.widgets.columns import drop_column_menu
from medreg_desktop.ui.widgets.labels import Text
from medreg_desktop.ui.widgets.rows_model import RowsModel
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.ui.widgets.tabs import hung
from medreg_desktop.views.applications.batch_bar import BatchBar
from medreg_desktop.views.applications.columns import SCHEMA, ListColumns
from medreg_desktop.views.applications.condition_grid import ConditionGrid
from medreg_desktop.views.applications.export import ExportButton, shown_texts
from medreg_desktop.views.applications.list_body import ListBody
from medreg_desktop.views.applications.options import ConditionWords
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.scheme_bar import SchemeBar
from medreg_desktop.views.applications.scheme_keeping import SchemeKeeping
from medreg_desktop.views.applications.schemes import SchemeBook
from medreg_desktop.views.applications.state import BatchDone, ScreenState
from medreg_desktop.views.applications.state_tabs import StateTabs
from medreg_desktop.views.applications.words import all_reasons, done_words

_FOLD_BELOW = 1366


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the screen needs besides its presenter."""

    tables: Tables
    institution: Institution
    handlers: tuple[str, ...]
    today: Callable[[], date]
    notices: Notices
    header_state: str
    keep_header: Callable[[str], None]
    schemes: str = ""  # as stored
    keep_schemes: Callable[[str], None] = lambda _text: None


class ApplicationsView(QWidget):
    """The page; lives on the UI thread. ``attach`` joins the presenter, which then owns every decision."""

    review_wanted = Signal(str, tuple)
    conflict_wanted = Signal(str)
    print_wanted = Signal(tuple)
    _progressed = Signal(int, int)

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around = around
        self._words = ConditionWords(around.tables, around.institution, around.handlers, around.today)
        self._day = around.today()
        self._presenter: ApplicationsPresenter | None = None
        self._state: ScreenState | None = None
        self._folded_by_user = False
        self._build_controls()
        self._lay_out()

    # -- set-up -----------------------------------------------------------------------------------------------------

    def attach(self, presenter: ApplicationsPresenter) -> None:
        """Join the presenter and show the first list."""
        self._presenter = presenter
        columns = ListColumns(self._around.tables, self._around.today, presenter.act_of)
        extra = columns.extra()
        self.model = RowsModel[WorklistRow](
            (*columns.build(), *extra), identity=lambda row: row.id, tickable=presenter.can_tick, parent=self
        )
        self.table = Table(self.model, tr("Applications"), schema=SCHEMA)
        if not self.table.restore_header(self._around.header_state):
            for column in extra:
                self.table.set_column_shown(column.key, shown=False)
        self.body.hold(self.table, self.model)
        self._connect(presenter)
        self._order_tabs()
        presenter.start()

    def _order_tabs(self) -> None:
        """关键词 and the conditions row by row, 查询, chips, tabs, table, batch bar; the tools of the title last."""
        last = list(self.conditions.fields.values())[-1]
        stops = (last, self._query, self._fold, self.chips, self.tabs, self.table, self.batch_bar)
        tools = (self.schemes.button, self.schemes.name, self.schemes.save, self._columns, self.export, self._refresh)
        for before, after in pairwise((*stops, *tools)):
            QWidget.setTabOrder(before, after)
        self.setFocusProxy(self.conditions.fields["text"])

    def _build_controls(self) -> None:
        self.conditions = ConditionGrid(self._words)
        self.schemes = SchemeBar()
        book = SchemeBook(self._words, self._around.schemes, self._around.keep_schemes)
        self._keeping = SchemeKeeping(self.schemes, book, self._around.notices)
        self._columns = Button(tr("Columns"), Kind.PLAIN, icon="columns")
        self.export = ExportButton()
        self._refresh = Button(tr("Refresh"), Kind.PLAIN, icon="sync", keys="F5")
        self.chips = ChipRow()
        self._fold = Button("", Kind.PLAIN, icon="chevron-up", keys="F7")
        self._query = Button(tr("Query"), icon="search", shown_keys="Enter")
        self._states = StateTabs()
        self.tabs = self._states.tabs
        self.body = ListBody()
        self.batch_bar = BatchBar()

    def _lay_out(self) -> None:
        page = QVBoxLayout(self)
        edge = look().px(Space.PAGE)
        page.setContentsMargins(edge, look().px(Space.CONTROL), edge, look().px(Space.CONTROL))
        page.setSpacing(look().px(Space.GROUP))
        page.addLayout(
            _row(Text(tr("Applications"), Type.TITLE), self.schemes, None, self._columns, self.export, self._refresh)
        )
        page.addWidget(self.conditions)
        page.addLayout(_row((self.chips, 1), self._fold, self._query))
        page.addLayout(hung(self._states))
        page.addWidget(self.body, 1)
        page.addWidget(self.batch_bar)
        self._set_folded(folded=False)

    def _connect(self, presenter: ApplicationsPresenter) -> None:
        self.conditions.changed.connect(presenter.change)
        self.conditions.submitted.connect(self._on_submitted)
        self.chips.removed.connect(self._on_chip_removed)
        self.chips.cleared.connect(presenter.remove_all)
        self.tabs.chosen.connect(lambda key: presenter.choose_tab(Tab(key)))
        self.table.sort_requested.connect(lambda key: presenter.sort_by(SortColumn(key)))
        self.table.opened.connect(self._on_opened)
        self.table.pressed.connect(self._on_opened)
        self.table.header_changed.connect(lambda: self._around.keep_header(self.table.header_state()))
        self.model.more_wanted.connect(presenter.load_more)
        self.model.ticks_changed.connect(lambda: presenter.tick(self.model.ticked))
        self._keeping.used.connect(presenter.change)
        self._progressed.connect(presenter.show_progress, Qt.ConnectionType.QueuedConnection)
        self._columns.clicked.connect(lambda: drop_column_menu(self.table, self._columns))
        self._refresh.clicked.connect(self.refresh)
        self.table.many_copied.connect(presenter.copy if presenter.may_export else self._refuse_copy)
        self.export.setVisible(presenter.may_export)
        self.export.file_chosen.connect(lambda path: presenter.export(path, shown_texts(self.table)))
        self._query.clicked.connect(self._on_submitted)
        self._fold.clicked.connect(self._on_fold)
        self.body.cleared.connect(presenter.remove_all)
        self.batch_bar.agree.connect(presenter.agree_batch)
        self.batch_bar.preview.connect(presenter.print_ticked)
        self.batch_bar.untick.connect(self._untick)
        self.batch_bar.cancelled.connect(presenter.cancel_batch)
        self.batch_bar.reasons.connect(self._show_reasons)
        QShortcut(QKeySequence("Ctrl+F"), self).activated.connect(self.conditions.focus_first)
        QShortcut(QKeySequence("Ctrl+P"), self).activated.connect(presenter.print_ticked)

    # -- what the presenter asks for --------------------------------------------------------------------------------

    def show_state(self, state: ScreenState) -> None:
        """Show the state, whole; only what changed is touched."""
        before, self._state = self._state, state
        if before is None or before.query != state.query:
            self.conditions.set_query(state.query)
            self.table.show_sort(state.query.sort.column, descending=state.query.sort.descending)
            self._keeping.show(state.query, may_save=bool(state.chips))
        if before is None or before.chips != state.chips:
            self._show_chips(state)
        if before is None or (before.tabs, before.query.tab) != (state.tabs, state.query.tab):
            self._states.show_tabs(state)
        self._states.show_total(state)
        self._query.set_kind(Kind.OUTLINED if state.fresh else Kind.FILLED)
        self.body.show_state(state)
        self.batch_bar.show_batch(state.batch, state.progress)

    def open_review(self, application_id: ApplicationId, order: tuple[ApplicationId, ...]) -> None:
        """Ask the shell for 审核窗口."""
        self.review_wanted.emit(application_id, order)

    def open_conflict(self, application_id: ApplicationId) -> None:
        """Ask the shell for 同步中心."""
        self.conflict_wanted.emit(application_id)

    def print_forms(self, ids: tuple[ApplicationId, ...]) -> None:
        """Ask the shell for 打印预览."""
        self.print_wanted.emit(ids)

    def copied(self, text: str, rows: int) -> None:
        """Put the text on the clipboard and say so; not when the screen was locked before the note was written."""
        if not self.isEnabled():
            return
        clipboard.put(text)
        self._around.notices.say(trn("{n} row copied.", "{n} rows copied.", rows))

    def exported(self, path: Path, rows: int) -> None:
        """Say where the file is."""
        self._around.notices.say(trn("{n} row saved: {file}", "{n} rows saved: {file}", rows, file=str(path)))

    def batch_progressed(self, done: int, total: int) -> None:
        """Bring the writer thread's progress to this thread."""
        self._progressed.emit(done, total)

    def batch_done(self, done: BatchDone) -> None:
        """Tell what the batch did."""
        self._untick()
        self._around.notices.post(Notice(done_words(done), Tone.CARE if done.left or done.cancelled else Tone.DONE))

    # -- what the shell asks for ------------------------------------------------------------------------------------

    def focus_list(self) -> None:
        """Put the keyboard on the list."""
        self.table.setFocus()

    def asked(self) -> ApplicationId | None:
        """Return the application of the row under the keyboard, if that is in the list."""
        at = self.table.current_row
        return self.model.row(at).id if self.table.hasFocus() and 0 <= at < len(self.model.rows) else None

    def refresh(self) -> None:
        """Read the rows again, after something changed in the cache; on a new day 期限 means the new day."""
        if self._presenter is None or self._state is None:
            return
        since, self._day = self._day, self._around.today()
        query = self._words.carried_over(self._state.query, since) if since != self._day else self._state.query
        if query == self._state.query:
            self._presenter.refresh()
        else:
            self._presenter.change(query)

    def close_screen(self) -> None:
        """Drop everything under way."""
        if self._presenter is not None:
            self._presenter.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc stops a batch under way, else gives the ticks up: one layer at a time."""
        running = self._state is not None and self._state.progress is not None
        if event.key() == Qt.Key.Key_Escape and running and self._presenter is not None:
            self._presenter.cancel_batch()
        elif event.key() == Qt.Key.Key_Escape and self.model.ticked:
            self._untick()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold in a narrow window."""
        super().resizeEvent(event)
        self.fit_width(self.window().width())

    def fit_width(self, width: int) -> None:
        """Fold the conditions in a narrow window, unless the user has said otherwise."""
        if not self._folded_by_user:
            self._set_folded(folded=width < look().px(_FOLD_BELOW))

    def _on_fold(self) -> None:
        self._folded_by_user = True
        self._set_folded(folded=not self.conditions.is_folded)

    def _set_folded(self, *, folded: bool) -> None:
        self.conditions.fold(folded=folded)
        self._fold.set_icon("chevron-down" if folded else "chevron-up")
        more = trn("{n} more condition", "{n} more conditions", self.conditions.hidden_count)
        self._fold.set_label(more if folded else tr("Fold conditions"))

    def _on_submitted(self) -> None:
        self.refresh()
        if self.body.shows_rows:
            self.focus_list()

    def _on_chip_removed(self, key: str) -> None:
        assert self._presenter is not None
        for code in ("deadline_from", "deadline_to") if key == "deadline" else (key,):
            self._presenter.remove(code)

    def _on_opened(self, position: int) -> None:
        assert self._presenter is not None
        self._presenter.activate(self.model.row(position))

    def _untick(self) -> None:
        self.model.tick_all(on=False)

    def _refuse_copy(self, _text: str, _rows: int) -> None:
        self._around.notices.say(tr("This account may not take the list out. Copying works for one row."), Tone.CARE)

    def _show_reasons(self) -> None:
        if self._state is not None and self._state.batch is not None:
            self._around.notices.post(Notice(all_reasons(self._state.batch.ineligible), Tone.NEWS))

    def _show_chips(self, state: ScreenState) -> None:
        self.chips.set_chips(ChipText(*chip) for chip in self._words.chips(state.chips))


def _row(*parts: QWidget | tuple[QWidget, int] | None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(look().px(Space.CONTROL))
    for part in parts:
        if part is None:
            row.addStretch(1)
        elif isinstance(part, tuple):
            row.addWidget(part[0], part[1], Qt.AlignmentFlag.AlignVCenter)
        else:
            row.addWidget(part)
    return row
