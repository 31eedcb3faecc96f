"""Everything a signed-in registrar works with: services, screens, and what flows between them.

One :class:`Office` lives from sign-in to sign-out. Changes travel one way: a write commits, the office hears of it, and
the screens read again. The sync thread's reports come in by a queued signal. Loaded after the first paint.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from medreg_core.domain.access import may_command
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import ApplicationId, Institution
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CommandKind, Role
from medreg_desktop.app.adapters import RandomIds
from medreg_desktop.app.around import APPLICATIONS, SYNC, Around, Counted, ageing_ms
from medreg_desktop.app.diagnosis import diagnosis_desk
from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.exports import ListExports
from medreg_desktop.app.forms import FormWorks, PresetMemory
from medreg_desktop.app.handouts import HandoutWorks
from medreg_desktop.app.recall_list import RecallPrinting
from medreg_desktop.app.sending import SendingWishes, center_services
from medreg_desktop.app.worklist import EngineWorklist, ReviewBatches, Telling
from medreg_desktop.services.cache import audit, sync_state
from medreg_desktop.services.cache.connection import fault_of
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.search.conditions import Query, Tab
from medreg_desktop.services.search.engine import SearchEngine, SearchInterrupted
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.ui.printing.system_printers import SystemPrinters
from medreg_desktop.ui.shell.state import Screen
from medreg_desktop.ui.tasks import TaskRunner
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.view import ApplicationsView
from medreg_desktop.views.applications.view import Surroundings as ListSurroundings
from medreg_desktop.views.preview.view import PreviewView
from medreg_desktop.views.review.presenter import ReviewPresenter
from medreg_desktop.views.review.view import ReviewWindow
from medreg_desktop.views.review.view import Surroundings as ReviewSurroundings
from medreg_desktop.views.signin.state import Entered
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.view import SyncCenterView

_SETTLE_MS = 150
"""Changes that come in a burst make the screens read once."""


@dataclass(frozen=True, slots=True)
class House:
    """What the program lends to the office of the day."""

    doorway: Doorway
    settings: Settings
    notices: Notices
    searching: TaskRunner
    reading: TaskRunner
    writing: TaskRunner
    background: TaskRunner
    is_demo: bool


class Office(QObject):
    """Owned by the program; lives on the UI thread. ``shell_changed`` carries what the window shows around the page."""

    shell_changed = Signal(object)
    screen_wanted = Signal(str)
    sign_in_wanted = Signal()
    _saved = Signal()

    def __init__(self, house: House, entered: Entered, window: Callable[[], QWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._house, self._entered, self._window = house, entered, window
        doorway = house.doorway
        self._tables: Tables = doorway.tables
        self._clock = doorway.clock
        account = doorway.gate.account
        assert account is not None
        self._desk = Desk(doorway.store, self._clock, RandomIds(), self._tables, account, self.is_online)
        self.reviews = ReviewService(self._desk)
        self.outbox = OutboxDesk(self._desk, Judging(self._tables, self._clock))
        self.papers = PaperDesk(self._desk)
        self.engine = SearchEngine(doorway.store.reader, fault_of)
        self._worklist = EngineWorklist(self.engine, doorway.store.noting_damage)
        self._around = Around(
            doorway.store, self._clock, self._tables, entered, lambda: self._worklist.count(Query(tab=Tab.SUBMITTED)).n,
            lambda: doorway.gate.session_until, self._may_decide(), house.is_demo,
        )  # fmt: skip
        self._diagnosis = diagnosis_desk(
            doorway, entered.account_id, house, lambda: self._report,
            lambda: self._around.readiness(self._counted_last, self._report), self.screen_wanted.emit,
        )  # fmt: skip
        self._printers = SystemPrinters()
        self._forms = FormWorks(self._tables)
        self._wishes = SendingWishes(doorway)
        self._handouts = HandoutWorks(doorway, self._forms, self._clock, house.background)
        self._report = SyncReport()
        self._changes = -1
        self.list: ApplicationsView | None = None
        self.center: SyncCenterView | None = None
        self.review: ReviewWindow | None = None
        self._review_presenter: ReviewPresenter | None = None
        self._center_presenter: SyncCenterPresenter | None = None
        self._list_presenter: ApplicationsPresenter | None = None
        self._counted_last = Counted()
        self._told: set[str] = set()
        self.preview: QDialog | None = None
        self._is_closing = Event()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._read_again)
        self._ageing = QTimer(self)
        self._ageing.timeout.connect(self._show_shell)
        self._ageing.start(ageing_ms(self._report))
        self._saved.connect(self._on_saved, Qt.ConnectionType.QueuedConnection)

    # -- screens ----------------------------------------------------------------------------------------------------

    def screens(self) -> tuple[Screen, ...]:
        """Return the screens that exist."""
        return (
            Screen(APPLICATIONS, mark("Applications"), "documents", self._make_list),
            Screen(SYNC, mark("Sync centre"), "sync", self._make_center),
        )

    def is_online(self) -> bool:
        """Whether the service answered lately."""
        return self._report.lamp.kind.value in ("synced", "sending", "needs_you") and self._report.heard_at is not None

    def today(self) -> date:
        """Return the day in China."""
        return china_date(self._clock.now())

    def institution(self) -> Institution | None:
        """Return the office's institution, once the service has told it."""
        return self._house.doorway.store.read(sync_state.institution)

    def has_copy(self) -> bool:
        """Whether there is something to show. A list over an empty copy would say that nobody applied."""
        return self.institution() is not None and self._house.doorway.store.read(sync_state.has_rows)

    def _make_list(self) -> QWidget:
        institution = self.institution()
        assert institution is not None, "the list is shown only once the copy is usable"
        settings = self._house.settings
        around = ListSurroundings(
            self._tables,
            institution,
            self._handlers(),
            self.today,
            self._house.notices,
            settings.get(options.columns(APPLICATIONS)),
            lambda state: settings.set(options.columns(APPLICATIONS), state),
            settings.get(options.schemes(APPLICATIONS)),
            lambda text: settings.set(options.schemes(APPLICATIONS), text),
        )
        page = ApplicationsView(around)
        house = self._house
        presenter = ApplicationsPresenter(
            page,
            self._worklist,
            ReviewBatches(self.reviews, self._tables, self._saved.emit),
            house.searching,
            house.writing,
            self._clock,
            self._entered.account_id,
            may_decide=self._may_decide(),
            exports=ListExports(
                house.doorway.store, self._clock, self._entered.account_id, self._entered.name, lambda: institution.name
            ),
        )
        page.attach(presenter)
        page.review_wanted.connect(self.open_review)
        page.conflict_wanted.connect(self._open_conflict)
        page.print_wanted.connect(self.open_preview)
        self.list, self._list_presenter = page, presenter
        return page

    def _make_center(self) -> QWidget:
        page = SyncCenterView()
        recalls = RecallPrinting(self._forms, self._printers, PresetMemory(self._house.settings), self._clock)
        around = center_services(self._desk, self.outbox, self.papers, self._house.doorway, recalls)
        presenter = SyncCenterPresenter(page, around, self._house.reading, self._house.writing, self._clock)
        page.attach(presenter)
        page.review_wanted.connect(lambda application: self.open_review(application, ()))
        page.sync_wanted.connect(self.sync_now)
        self._wishes.join(page)
        page.told.connect(lambda text: self._house.notices.post(Notice(text, Tone.DONE)))
        self._handouts.join(page)
        presenter.report(self._report)
        self._diagnosis.join(page)
        self.center, self._center_presenter = page, presenter
        return page

    def _handlers(self) -> tuple[str, ...]:
        """Return the registrars whose names can be chosen; the list itself finds any name."""
        return (self._entered.name,)

    def _may_decide(self) -> bool:
        return may_command(Role(self._entered.role), CommandKind.AGREE)

    def explain(self, shown: str, *, lamp: bool = False) -> None:
        """F1: say why the state under the keyboard is what it is; the lamp's where there is none."""
        application = self.list.asked() if self.list is not None and shown == APPLICATIONS and not lamp else None
        command = self.center.command_asked() if self.center is not None and shown == SYNC and not lamp else None
        self._diagnosis.explain(shown, application, command)

    def show_offline(self, shown: str) -> None:
        """Show what speaks for and against leaving the network."""
        self._diagnosis.show_offline(shown)

    # -- windows ----------------------------------------------------------------------------------------------------

    def open_review(self, application_id: str, order: tuple[Any, ...]) -> None:
        """Open 审核窗口, or bring another application into the one that is open."""
        if self.review is None:
            self._make_review()
        assert self._review_presenter is not None
        self._review_presenter.open(ApplicationId(application_id), order)

    def _make_review(self) -> None:
        house = self._house
        who = self._entered.account_id
        around = ReviewSurroundings(self._tables, self.today, house.notices, self.is_online, self._note_reveal, who)
        window = ReviewWindow(around, self._window())
        presenter = ReviewPresenter(
            window, Telling(self.reviews, self._saved.emit), house.doorway, self._tables, house.writing,
            house.background,
        )  # fmt: skip
        window.attach(presenter)
        window.preview_wanted.connect(lambda application: self.open_preview((application,)))
        window.closed.connect(self._review_closed)
        window.resize(self._window().size())
        self.review, self._review_presenter = window, presenter
        window.open()

    def _review_closed(self) -> None:
        self.review = self._review_presenter = None
        self.read_soon()

    def _note_reveal(self, application_id: ApplicationId) -> None:
        clock, actor, store = self._clock, self._entered.account_id, self._house.doorway.store
        self._house.writing.submit(
            lambda: store.write(lambda conn: audit.append(conn, clock.now(), actor, "reveal_id", application_id, {})),
            lambda _line: None,
            _raise,
        )

    def open_preview(self, ids: tuple[Any, ...]) -> None:
        """Open 打印预览 of one or many forms."""
        house = self._house
        desk = self._forms.desk(
            house.doorway, self.papers, Telling(self.reviews, self._saved.emit), self._printers, self._clock
        )
        view = PreviewView(desk, self._printers, PresetMemory(house.settings), house.reading, house.notices)
        dialog = QDialog(self.review or self._window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Print preview"))
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)
        view.left.connect(dialog.close)
        dialog.finished.connect(view.close_work)
        dialog.finished.connect(self._preview_closed)
        dialog.resize(self._window().size())
        self.preview = dialog
        view.open(tuple(ApplicationId(each) for each in ids))
        dialog.open()

    def _preview_closed(self) -> None:
        self.preview = None
        self._on_saved()

    def _open_conflict(self, application_id: str) -> None:
        self.screen_wanted.emit(SYNC)
        if self._center_presenter is not None:
            self._center_presenter.look_at_application(ApplicationId(application_id))

    # -- what flows -------------------------------------------------------------------------------------------------

    def take_report(self, report: SyncReport) -> None:
        """Show the newest report of the sync loop; the screens read again when the copy changed."""
        self._report = report
        self._handouts.report(report)
        if self._center_presenter is not None:
            self._center_presenter.report(report)
        self._diagnosis.renew()
        if report.copy_changes != self._changes:
            self._changes = report.copy_changes
            self.read_soon()
        else:
            self._show_shell()

    def sync_now(self) -> None:
        """立即同步."""
        if self._house.doorway.loop is not None:
            self._house.doorway.loop.sync_now()

    def seek(self, text: str) -> None:
        """Show who or what was typed into the finder of the top bar."""
        if self._list_presenter is not None:
            self._list_presenter.change(Query(text=text))

    def read_soon(self) -> None:
        """Let the screens read again, once for a burst of changes."""
        if not self._settle.isActive() and not self._is_closing.is_set():
            self._settle.start()

    def close(self) -> None:
        """Close the windows and let go of the copy; drafts and outbox stay."""
        self._is_closing.set()
        self._settle.stop()
        self._ageing.stop()
        for window in (self.preview, self.review):
            if window is not None:
                window.close()
        self._diagnosis.close()
        for page in (self.list, self.center):
            if page is not None:
                page.close_screen()
        self.engine.close()

    def _on_saved(self) -> None:
        if self._house.doorway.loop is not None:
            self._house.doorway.loop.command_saved()
        self.read_soon()

    def _read_again(self) -> None:
        for page in (self.list, self.center):
            if page is not None:
                page.refresh()
        self._diagnosis.reread()
        if self._review_presenter is not None:
            self._review_presenter.reload()
        self._house.reading.submit(self._around.count, self._show_counted, self._tell_trouble)
        self._house.background.submit(self._make_ready, _ignore, self._tell_trouble)

    def _make_ready(self) -> None:
        """Judge anew on a new day, and keep the search's columns level with the copy."""
        self._house.doorway.judge_if_due()
        if self.engine.prepare(self._is_closing.is_set):
            # What is there by now stays: a collection that looks through all of it would hold a key press up for 50 ms.
            gc.freeze()

    def _show_counted(self, counted: Counted) -> None:
        if self._is_closing.is_set():
            return  # asked before the registrar left
        self._counted_last = counted
        self._told.clear()
        self._show_shell()

    def _tell_trouble(self, error: Exception) -> None:
        """Tell once what stands in the way of the copy; a bug goes on to the crash guard."""
        if isinstance(error, SearchInterrupted) or (isinstance(error, KnownFault) and self._is_closing.is_set()):
            return  # nobody waits for the answer any more
        if not isinstance(error, KnownFault):
            raise error
        if error.code in self._told:
            return
        self._told.add(error.code)
        text, action = sentence(error.code, **error.params), ""
        if error.code == "cache_damaged":
            action = tr("Sign in to rebuild")
        self._house.notices.post(Notice(text, Tone.FAULT, action, self.sign_in_wanted.emit))

    def _show_shell(self) -> None:
        self._ageing.setInterval(ageing_ms(self._report))
        self.shell_changed.emit(self._around.state(self._counted_last, self._report))


def _ignore(_answer: object) -> None:
    """Nothing follows."""


def _raise(error: Exception) -> None:
    raise error
