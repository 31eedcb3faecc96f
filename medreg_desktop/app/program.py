"""The program from its first window to its last: sign-in, lock, change of registrar, end.

Only what the sign-in page needs is imported here. The rest is loaded on a worker thread once the page is painted; a
registrar who types his password meanwhile waits for that thread at most (ADR 004).
"""

from __future__ import annotations

import gc
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from medreg_desktop.app.adapters import RandomIds, SystemClock
from medreg_desktop.app.lazy_doorway import LazyDoorway
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.texts.faults import SENTENCES, what_and_todo
from medreg_desktop.services.texts.translator import tr, trn
from medreg_desktop.ui import clipboard, language
from medreg_desktop.ui.crash import CrashGuard
from medreg_desktop.ui.idle import IdleWatch, session_idle
from medreg_desktop.ui.main_window import MainWindow
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.ui.tasks import TaskRunner
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.tokens import Density
from medreg_desktop.ui.widgets.blocks import EmptyState
from medreg_desktop.ui.window_first import WindowFirst
from medreg_desktop.views.signin.presenter import REMOVAL_UNFOUNDED
from medreg_desktop.views.signin.state import Entered
from medreg_desktop.views.signin.view import SignInPage, Ways

if TYPE_CHECKING:
    from medreg_desktop.app.doorway import Doorway
    from medreg_desktop.app.house import House
    from medreg_desktop.app.office import Office
    from medreg_desktop.app.removed import RemovedPage


_LIMIT_EVERY_MS = 60_000

_PARTING_S = 1.0
"""How long the end of the program lets the service answer: a claim is given back in milliseconds where it does."""


class Program(QObject):
    """Owns everything; lives on the UI thread."""

    _reported = Signal(object)
    entered = Signal(object)

    def __init__(self, app: QApplication, folder: Path, *, server: str, ca_file: Path | None, is_demo: bool) -> None:
        super().__init__()
        self._window_first = WindowFirst(self)
        self._app, self._folder, self._ca_file, self._is_demo = app, folder, ca_file, is_demo
        self.clock = SystemClock()
        self.settings = Settings(folder / "settings")
        self._server = server or self.settings.get(options.SERVER_ADDRESS)
        language.use(app, self.settings.get(options.LANGUAGE))
        self.theme = Theme(app)
        self.notices = Notices(self)
        self._guard = CrashGuard(self.notices, RandomIds().new_id, self)
        self._runners = {
            "searching": TaskRunner("search", 1, self),
            "reading": TaskRunner("cache-read", 2, self),
            "writing": TaskRunner("cache-write", 1, self),
            "background": TaskRunner("background", 2, self),
        }
        self.doorway = LazyDoorway(self._load_doorway, self.settings.get(options.LAST_ACCOUNT))
        self.office: Office | None = None
        self._log_book: logging.Handler | None = None
        self._who: Entered | None = None
        self._removed: RemovedPage | None = None
        self._sign_in_wanted = False
        self._idle = IdleWatch(app, self.clock.monotonic, session_idle())
        self._idle.idle.connect(self.lock)
        self._limit = QTimer(self, interval=_LIMIT_EVERY_MS)
        self._limit.timeout.connect(self.look_at_limit)
        self._limit.start()
        self._reported.connect(self._on_report, Qt.ConnectionType.QueuedConnection)
        self.settings.watch(self._on_setting)
        self.window = MainWindow((), self.notices, self.settings)
        self._cover(self.window, None)

    def start(self) -> None:
        """Show the sign-in page; load the rest once it is painted."""
        self.window.show()
        QTimer.singleShot(0, self._load_rest)

    # -- coming and going -------------------------------------------------------------------------------------------

    def lock(self, because: str = "") -> None:
        """Lock the screen; dialogs are hidden with it and come back unchanged. ``because``: a code, shown in words."""
        if self._who is not None and self.window.cover.page is None:
            self._idle.stop()
            clipboard.clear()
            self._cover(self.window, self._who, because)

    def look_at_limit(self) -> None:
        """Lock when the copy may be read no longer without contact; the timer calls this every minute."""
        doorway = self.doorway.made
        if self._who is not None and self.window.cover.page is None and doorway is not None:
            self._runners["background"].submit(doorway.reading_is_over, self._on_limit, _raise_bug)

    def _on_limit(self, is_over: bool) -> None:
        if is_over:
            self.lock("offline_reading_locked")

    def sign_out(self) -> None:
        """Let another registrar come; nothing of this one's unsent work is touched."""
        self._go_to_sign_in()

    def _go_to_sign_in(self, because: str = "") -> None:
        self._close_office()
        self._who = None
        self.settings.use_registrar(None)
        self.notices.clear()
        self._runners["background"].submit(lambda: self.doorway.get().leave(), _ignore, _raise_bug)
        self._renew_window(())
        self._cover(self.window, None, because)

    def close(self) -> None:
        """End: stop sync, close the copy, wait for what is being written, and hardly for the service."""
        self._close_office()
        self._idle.stop()
        self._limit.stop()
        self._runners["background"].wait(_PARTING_S)
        self.doorway.break_off()
        for name, runner in self._runners.items():
            runner.close(finish=name == "writing")
        if self.doorway.made is not None:
            self.doorway.made.close()
        self._guard.release()
        self._window_first.release()
        if self._log_book is not None:
            logging.getLogger().removeHandler(self._log_book)
            self._log_book.close()

    def _cover(self, window: MainWindow, locked_as: Entered | None, because: str = "") -> None:
        page = SignInPage(
            Ways(self.doorway, self.doorway, self._runners["background"], self.clock, self._remember),
            server=self._server,
            account=self.settings.get(options.LAST_ACCOUNT),
            locked_as=locked_as,
            because=because,
            is_demo=self._is_demo,
        )
        page.entered.connect(self._on_entered)
        page.other_wanted.connect(self.sign_out)
        window.cover.lay(page)

    def _on_entered(self, entered: Entered) -> None:
        if self._who is not None and self._who.account_id == entered.account_id and self.office is not None:
            self.window.cover.lift()
            self._watch_idle()
            return
        self._who = entered
        self.settings.use_registrar(entered.account_id)
        self._dress()
        self._open_office(entered)

    def _open_office(self, entered: Entered) -> None:
        module = importlib.import_module("medreg_desktop.app.office")  # loaded already: see _load_rest
        house: House = module.House(
            self.doorway.get(), self.settings, self.notices, **self._runners, is_demo=self._is_demo
        )
        office: Office = module.Office(house, entered, lambda: self.window, self)
        self.office = office
        self._renew_window(office.screens())
        office.shell_changed.connect(self.window.show_state)
        office.screen_wanted.connect(self.window.show_screen)
        office.sign_in_wanted.connect(self.sign_out, Qt.ConnectionType.QueuedConnection)
        self.window.lamp_pressed.connect(lambda: self._on_lamp(module.SYNC))
        self.window.offline_pressed.connect(lambda: office.show_offline(self.window.shown_screen))
        self.window.help_wanted.connect(lambda: office.explain(self.window.shown_screen, lamp=self.window.lamp_asked))
        self.window.person_sought.connect(lambda text: self._seek(office, text))
        if office.has_copy():
            self._show_work()
        else:
            self.window.cover.lay(self._loading())
        self._tell_entered(entered)

    def _show_work(self) -> None:
        assert self.office is not None
        self.window.cover.lift()
        self.window.show_screen("applications")
        self.office.read_soon()
        self._watch_idle()
        self.entered.emit(self._who)

    def _tell_entered(self, entered: Entered) -> None:
        if not entered.online:
            text = tr("Working offline. What you decide is kept here and sent later.")
            if entered.because:
                text = what_and_todo(entered.because)[0] + text
            self.notices.post(Notice(text, Tone.CARE))
        if entered.others_unsent:
            text = trn(
                "{n} decision of other registrars waits on this computer; it is sent under its author's name.",
                "{n} decisions of other registrars wait on this computer; they are sent under their own names.",
                entered.others_unsent,
            )
            self.notices.post(Notice(text, Tone.NEWS))

    def _on_lamp(self, sync_screen: str) -> None:
        """The lamp leads to what it speaks of: the password when the session is over, else 同步中心."""
        if self._sign_in_wanted:
            self.lock()
        else:
            self.window.show_screen(sync_screen)

    def _loading(self) -> EmptyState:
        page = EmptyState("", icon="download")
        page.pressed.connect(self.sign_out)
        _show_waiting(page, None)
        return page

    def _seek(self, office: Office, text: str) -> None:
        self.window.show_screen("applications")
        office.seek(text)

    def _renew_window(self, screens: tuple[Any, ...]) -> None:
        before = self.window
        self.window = MainWindow(screens, self.notices, self.settings)
        self.window.lock_wanted.connect(self.lock)
        self.window.registrar_menu_wanted.connect(self._fill_menu)
        self.window.setGeometry(before.geometry())
        self.window.show()
        before.hide()
        before.deleteLater()

    def _fill_menu(self, menu: QMenu) -> None:
        for text, run in (
            (tr("Light"), lambda: self.settings.set(options.THEME, "light")),
            (tr("Dark"), lambda: self.settings.set(options.THEME, "dark")),
            (tr("As the system"), lambda: self.settings.set(options.THEME, "system")),
            (tr("Compact rows"), lambda: self.settings.set(options.DENSITY, "compact")),
            (tr("Standard rows"), lambda: self.settings.set(options.DENSITY, "standard")),
            (tr("Rehearsal before sending…"), self._choose_rehearsal),
            (tr("Another registrar…"), self.sign_out),
        ):
            action = QAction(text, menu)
            action.triggered.connect(run)
            menu.addAction(action)

    def _choose_rehearsal(self) -> None:
        if self.office is not None:
            self.office.choose_rehearsal()

    def _close_office(self) -> None:
        clipboard.clear()
        if self.office is not None:
            self.office.close()
            for runner in self._runners.values():
                runner.drop_answers()  # they are for this registrar's eyes and windows
            self.office.deleteLater()
            self.office = None

    # -- inside -----------------------------------------------------------------------------------------------------

    def _load_rest(self) -> None:
        def load() -> None:
            self._log_book = importlib.import_module("medreg_desktop.services.support.log_book").LogBook(
                self._folder / "logs"
            )
            logging.getLogger().addHandler(self._log_book)
            importlib.import_module("medreg_desktop.app.office")
            importlib.import_module("medreg_desktop.ui.network")
            self.doorway.get()
            # Modules stay: whichever thread's turn it is to look for garbage would hold the window up for all of them.
            gc.freeze()

        self._runners["background"].submit(load, self._watch_network, _raise_bug)

    def _watch_network(self, _loaded: object) -> None:
        module = importlib.import_module("medreg_desktop.ui.network")  # loaded already: see _load_rest
        module.NetworkWatch(module.system_network(), self).changed.connect(self._on_network)

    def _on_network(self) -> None:
        doorway = self.doorway.made
        if doorway is not None and doorway.loop is not None:
            doorway.loop.network_changed()

    def _load_doorway(self) -> Doorway:
        module = importlib.import_module("medreg_desktop.app.doorway")
        doorway: Doorway = module.Doorway(
            self._folder,
            self._ca_file,
            self._reported.emit,
            self._server,
            rehearse_from=self.settings.get(options.REHEARSE_FROM),
            look_s=self.settings.get(options.REHEARSAL_SECONDS),
        )
        doorway.take_up_removal()
        return doorway

    def _on_report(self, report: Any) -> None:
        if report.removal.order is not None or self._removed is not None:
            self._show_removal(report.removal)
            return
        if self.office is None:
            return
        self._sign_in_wanted = report.sign_in_wanted
        self.office.take_report(report)
        page = self.window.cover.page
        if not isinstance(page, EmptyState):
            return
        if report.copy_usable and self.office.institution() is not None:
            self._show_work()
        else:
            _show_waiting(page, report.lamp)

    def _show_removal(self, removal: Any) -> None:
        """Everything ends here: nothing may be seen, or kept in the settings, of a copy that has to be given up."""
        if self._removed is None:
            self._close_office()
            self._idle.stop()
            self._who = None
            self.settings.use_registrar(None)
            self.settings.set(options.LAST_ACCOUNT, "")
            self.notices.clear()
            self._renew_window(())
            module = importlib.import_module("medreg_desktop.app.removed")
            page: RemovedPage = module.RemovedPage(self.doorway.get().institution_name())
            page.pressed.connect(self._begin_anew)
            self.window.cover.lay(page)
            self._removed = page
            self.doorway.get().window_gone()
        if removal.stage:
            self._removed.show_removal(removal)
        else:
            self._take_removal_back()

    def _take_removal_back(self) -> None:
        """The order no longer stands: whoever worked here signs in again, which also lets sync go on."""
        self._removed = None
        self.doorway.get().window_back()
        self._go_to_sign_in(REMOVAL_UNFOUNDED)

    def _begin_anew(self) -> None:
        def begun(_: object) -> None:
            self._removed = None
            self._cover(self.window, None)

        self._runners["background"].submit(lambda: self.doorway.get().begin_anew(), begun, _raise_bug)

    def _remember(self, server: str, account: str) -> None:
        self._server = server
        self.settings.set(options.SERVER_ADDRESS, server)
        self.settings.set(options.LAST_ACCOUNT, account)

    def _watch_idle(self) -> None:
        self._idle.start(self.settings.get(options.IDLE_LOCK_MINUTES))

    def _on_setting(self, key: str) -> None:
        if key in ("", options.THEME.key, options.DENSITY.key, options.FONT_PT.key):
            self._dress()

    def _dress(self) -> None:
        self.theme.set_mode(Mode(self.settings.get(options.THEME)))
        self.theme.set_density(Density(self.settings.get(options.DENSITY)))
        self.theme.set_font_pt(self.settings.get(options.FONT_PT))


def _show_waiting(page: EmptyState, lamp: Lamp | None) -> None:
    """Say what the first copy waits for: the trouble in its way, if any, and whether it goes by itself."""
    if lamp is not None and lamp.code in SENTENCES:
        what, todo = what_and_todo(lamp.code)
        by_itself = "" if lamp.kind in {LampKind.NEEDS_YOU, LampKind.SIGN_IN} else tr("It is tried again by itself.")
        page.show_words(what, f"{todo}{by_itself}", button=tr("Back to sign-in"))
    else:
        page.show_words(tr("Fetching your institution's data"), tr("The first part is shown as soon as it is here."))


def _ignore(_answer: object) -> None:
    """Nothing follows."""


def _raise_bug(error: Exception) -> None:
    """A disk in trouble is none: whoever signs in or works there is told by what he asks for."""
    if not isinstance(error, KnownFault):
        raise error
