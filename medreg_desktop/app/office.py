"""Everything a signed-in registrar works with: services, screens, and what flows between them.

One :class:`Office` lives from sign-in to sign-out. Changes travel one way: a write commits, the office hears of it, and
the screens read again. The sync thread's reports come in by a queued signal. Loaded after the first paint.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from threading import Event

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QWidget

from medreg_core.domain.access import may_command
from medreg_core.domain.records import ApplicationId, Institution
from medreg_core.domain.vocabulary import CommandKind, Role
from medreg_desktop.app.around import APPLICATIONS, SYNC, Around, Counted, ageing_ms
from medreg_desktop.app.diagnosis import diagnosis_desk
from medreg_desktop.app.forms import PresetMemory
from medreg_desktop.app.handouts import HandoutWorks
from medreg_desktop.app.house import House, desks_of
from medreg_desktop.app.list_page import list_page
from medreg_desktop.app.recall_list import RecallPrinting
from medreg_desktop.app.sending import SendingWishes, center_services
from medreg_desktop.app.windows import Windows
from medreg_desktop.app.worklist import EngineWorklist
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.connection import fault_of
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.search.conditions import Query, Tab
from medreg_desktop.services.search.engine import SearchEngine, SearchInterrupted
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.ui.notices import Notice, Tone
from medreg_desktop.ui.shell.state import Screen
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.view import ApplicationsView
from medreg_desktop.views.review.view import ReviewWindow
from medreg_desktop.views.settings.rehearsal_box import RehearsalBox
from medreg_desktop.views.signin.state import Entered
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.view import SyncCenterView

_SETTLE_MS = 150
"""Changes that come in a burst make the screens read once."""

_LOADING_MS = 1_000
"""While the copy is loaded, each mark of the stream is a change: the list follows once a second."""


class Office(QObject):
    """Owned by the program; lives on the UI thread. ``shell_changed`` carries what the window shows around the page."""

    shell_changed = Signal(object)
    screen_wanted = Signal(str)
    sign_in_wanted = Signal()
    _saved = Signal()

    def __init__(self, house: House, entered: Entered, window: Callable[[], QWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._house, self._entered = house, entered
        doorway = house.doorway
        self._clock = doorway.clock
        self._desks = desks_of(doorway, self.is_online)
        self.reviews, self.outbox, self.papers = self._desks.reviews, self._desks.outbox, self._desks.papers
        self._window = window
        self._windows = Windows(house, self._desks, entered, window, self.is_online, self._saved.emit, self)
        self._windows.review_closed.connect(self.read_soon)
        self._windows.preview_closed.connect(self._on_saved)
        self.engine = SearchEngine(doorway.store.reader, fault_of)
        self._worklist = EngineWorklist(self.engine, doorway.store.noting_damage)
        self._around = Around(
            doorway.store,
            self._clock,
            doorway.tables,
            entered,
            lambda: self._worklist.count(Query(tab=Tab.SUBMITTED)).n,
            lambda: doorway.gate.session_until,
            self._may_decide(),
            house.is_demo,
        )
        self._diagnosis = diagnosis_desk(
            doorway,
            entered.account_id,
            house,
            lambda: self._report,
            lambda: self._around.readiness(self._counted_last, self._report),
            self.screen_wanted.emit,
        )
        self._windows.why_wanted.connect(self._diagnosis.explain_over)
        self._wishes = SendingWishes(doorway)
        self._handouts = HandoutWorks(doorway, self._desks.forms, self._clock, house.background)
        self._report, self._day = SyncReport(), house.today()
        self._shown_changes: tuple[int, ...] = ()
        self.list: ApplicationsView | None = None
        self.center: SyncCenterView | None = None
        self._center_presenter: SyncCenterPresenter | None = None
        self._list_presenter: ApplicationsPresenter | None = None
        self._institution: Institution | None = None
        self._counted_last = Counted()
        self._told: set[str] = set()
        self._is_closing = Event()
        self._is_making_ready = self._ready_wanted = False
        self._counts_asked = self._counts_shown = 0
        self._start_timers()
        self._saved.connect(self._on_saved, Qt.ConnectionType.QueuedConnection)

    def _start_timers(self) -> None:
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.timeout.connect(self._read_again)
        self._ageing = QTimer(self)
        self._ageing.timeout.connect(self._on_aged)
        self._ageing.start(ageing_ms(self._report))

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

    def institution(self) -> Institution | None:
        """Return the office's institution, once the service has told it; None, too, while the file cannot be read."""
        if self._institution is None:
            with suppress(KnownFault):  # asked again with the next report
                self._institution = self._house.doorway.store.read(sync_state.institution)
        return self._institution

    def has_copy(self) -> bool:
        """Whether there is something to show. A list over an empty copy would say that nobody applied."""
        with suppress(KnownFault):
            return self.institution() is not None and self._house.doorway.store.read(sync_state.has_rows)
        return False

    def _make_list(self) -> QWidget:
        institution = self.institution()
        assert institution is not None, "the list is shown only once the copy is usable"
        page, presenter = list_page(
            self._house,
            self._desks,
            self._entered,
            institution,
            self._worklist,
            self._saved.emit,
            may_decide=self._may_decide(),
        )
        page.review_wanted.connect(self._windows.open_review)
        page.conflict_wanted.connect(self._open_conflict)
        page.print_wanted.connect(self._windows.open_preview)
        self.list, self._list_presenter = page, presenter
        return page

    def _make_center(self) -> QWidget:
        page, desks = SyncCenterView(), self._desks
        recalls = RecallPrinting(desks.forms, desks.printers, PresetMemory(self._house.settings), self._clock)
        around = center_services(desks.desk, desks.outbox, desks.papers, self._house.doorway, recalls)
        presenter = SyncCenterPresenter(page, around, self._house.reading, self._house.writing, self._clock)
        page.attach(presenter)
        page.review_wanted.connect(lambda application: self._windows.open_review(application, ()))
        page.sync_wanted.connect(self.sync_now)
        self._wishes.join(page)
        page.counted.connect(self._on_counts)
        page.saved.connect(self._on_saved)
        page.told.connect(lambda text: self._house.notices.post(Notice(text, Tone.DONE)))
        self._handouts.join(page)
        presenter.report(self._report)
        self._diagnosis.join(page)
        self.center, self._center_presenter = page, presenter
        return page

    def _may_decide(self) -> bool:
        return may_command(Role(self._entered.role), CommandKind.AGREE)

    def explain(self, shown: str, *, lamp: bool = False) -> None:
        """F1: say why the state under the keyboard is what it is; the lamp's where there is none."""
        application = self.list.asked() if self.list is not None and shown == APPLICATIONS and not lamp else None
        command = self.center.command_asked() if self.center is not None and shown == SYNC and not lamp else None
        self._diagnosis.explain(shown, application, command)

    def choose_rehearsal(self) -> None:
        """Open the choices about rehearsing before sending."""
        RehearsalBox(self._house.settings, self._window()).open()

    def show_offline(self, shown: str) -> None:
        """Show what speaks for and against leaving the network."""
        self._diagnosis.show_offline(shown)

    @property
    def review(self) -> ReviewWindow | None:
        """审核窗口, if it is open."""
        return self._windows.review

    @property
    def preview(self) -> QDialog | None:
        """打印预览, if it is open."""
        return self._windows.preview

    def open_preview(self, ids: tuple[ApplicationId, ...]) -> None:
        """Open 打印预览 of one or many forms."""
        self._windows.open_preview(ids)

    def _open_conflict(self, application_id: str) -> None:
        self.screen_wanted.emit(SYNC)
        if self._center_presenter is not None:
            self._center_presenter.look_at_application(ApplicationId(application_id))

    # -- what flows -------------------------------------------------------------------------------------------------

    def take_report(self, report: SyncReport) -> None:
        """Show the newest report of the sync loop; the screens read again when the copy or the outbox changed."""
        was_loading, self._report = self._is_loading, report
        self._handouts.report(report)
        if self._center_presenter is not None:
            self._center_presenter.report(report)
        self._diagnosis.renew()
        before = self._shown_changes
        changes = (report.copy_changes, report.queue_changes)
        if changes != before:
            self._shown_changes = changes
            self._read_within(_LOADING_MS if self._is_loading and changes[1:] == before[1:] else _SETTLE_MS)
        else:
            self._show_shell()
        if was_loading and not self._is_loading:
            self._ready_soon()

    @property
    def _is_loading(self) -> bool:
        """Whether the rows of a snapshot are coming in at this moment."""
        return self._report.lamp.kind is LampKind.SENDING and self._report.to_load > 0

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
        self._read_within(_SETTLE_MS)

    def _read_within(self, milliseconds: int) -> None:
        waits = self._settle.isActive() and self._settle.remainingTime() <= milliseconds
        if not waits and not self._is_closing.is_set():
            self._settle.start(milliseconds)

    def close(self) -> None:
        """Close the windows and let go of the copy; drafts and outbox stay."""
        self._is_closing.set()
        self._settle.stop()
        self._ageing.stop()
        self._diagnosis.close()  # first: its box may stand over a window
        self._windows.close()
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
        self._windows.reload()
        self._count()
        self._ready_soon()

    def _ready_soon(self) -> None:
        """Make ready, once for all that is asked meanwhile: two that read all rows at a time would hold both up.

        Not while rows come in: what was made ready would be behind at once, and is made by reading them all.
        """
        if self._is_loading:
            return
        self._ready_wanted = True
        if not self._is_making_ready and not self._is_closing.is_set():
            self._is_making_ready, self._ready_wanted = True, False
            self._house.background.submit(self._make_ready, self._on_ready, self._on_unready)

    def _on_ready(self, _answer: None) -> None:
        self._is_making_ready = False
        if self._ready_wanted:
            self._ready_soon()

    def _on_unready(self, error: Exception) -> None:
        self._is_making_ready = False
        self._tell_trouble(error)

    def _make_ready(self) -> None:
        """Judge anew on a new day, and keep the search's columns level with the copy."""
        self._house.doorway.judge_if_due()
        if self.engine.prepare(self._is_closing.is_set):
            # What is there by now stays: a collection that looks through all of it would hold a key press up for 50 ms.
            gc.freeze()

    def _count(self) -> None:
        self._counts_asked += 1
        number = self._counts_asked
        self._house.reading.submit(
            self._around.count,
            lambda counted: self._show_counted(number, counted),
            lambda error: self._on_uncounted(number, error),
        )

    def _on_uncounted(self, number: int, error: Exception) -> None:
        """A key typed meanwhile drops this question with the list's own: it is asked again, for nobody else does."""
        if not isinstance(error, SearchInterrupted):
            self._tell_trouble(error)
        elif number == self._counts_asked and not self._is_closing.is_set():
            self._count()

    def _show_counted(self, number: int, counted: Counted) -> None:
        if self._is_closing.is_set() or number < self._counts_shown:
            return  # asked before the registrar left, or overtaken by a newer one
        self._counts_shown = number
        if self.center is not None and self._counted_last.counts is not None:
            counted = replace(counted, counts=self._counted_last.counts)  # as it stands there: it reads and tells them
        self._counted_last = counted
        self._told.clear()
        self._show_counts()

    def _on_counts(self, counts: OutboxCounts) -> None:
        """同步中心 has read what waits: say so in the same moment wherever it is said."""
        self._counted_last = replace(self._counted_last, counts=counts)
        self._show_counts()

    def _show_counts(self) -> None:
        self._diagnosis.renew()
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

    def _on_aged(self) -> None:
        """Show what ages; on a new day the screens read again, for what is due today is not what was."""
        today = self._house.today()
        if today != self._day:
            self._day = today
            self.read_soon()
        self._show_shell()

    def _show_shell(self) -> None:
        self._ageing.setInterval(ageing_ms(self._report))
        self.shell_changed.emit(self._around.state(self._counted_last, self._report))
