"""The sign-in page, which is also the lock: one sheet on the desk, the password always asked afresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from medreg_desktop.services.ports import Clock, Runner
from medreg_desktop.services.texts.faults import sentence, what_and_todo
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.shell.top_bar import DemoMark, Seal
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Radius, Space, Type
from medreg_desktop.ui.widgets import Banner, Button, Hairline, IconLabel, Kind, Panel, Text, TextField
from medreg_desktop.views.signin.presenter import NO_SERVICE, REMOVAL_UNFOUNDED, SignInPresenter
from medreg_desktop.views.signin.state import Access, Busy, Entered, KnownAccounts, ScreenState, Step

_WIDTH = 420

_STEPS: dict[Step, str] = {
    Step.TRY_AGAIN: mark("Try again"),
    Step.OFFLINE: mark("Work offline"),
    Step.BROWSER: mark("Open the browser"),
    Step.REBUILD: mark("Rebuild the copy"),
}
_BUSY: dict[Busy, str] = {
    Busy.SIGNING_IN: mark("Signing in…"),
    Busy.UNLOCKING: mark("Opening the local copy…"),
    Busy.REBUILDING: mark("Rebuilding; unsent work is carried over…"),
}


def _tone(code: str) -> Tone:
    """The way to the service is nobody's mistake, and an order taken back is good news; the rest is a fault."""
    if code == REMOVAL_UNFOUNDED:
        return Tone.NEWS
    return Tone.CARE if code in NO_SERVICE or code == "captive_portal" else Tone.FAULT


@dataclass(frozen=True, slots=True)
class Ways:
    """What the page needs from the composition root."""

    access: Access
    known: KnownAccounts
    runner: Runner
    clock: Clock
    remember: Callable[[str, str], None]


class SignInPage(QWidget):
    """Covers the window until somebody is in. ``other_wanted`` leaves a lock for a colleague."""

    entered = Signal(object)
    other_wanted = Signal()

    def __init__(
        self,
        ways: Ways,
        *,
        server: str = "",
        account: str = "",
        locked_as: Entered | None = None,
        because: str = "",
        is_demo: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._is_lock = locked_as is not None
        self._server = TextField(tr("Server address"), placeholder="https://", icon="server")
        self._account = TextField(tr("Account"), icon="person")
        self._password = TextField(tr("Password"), icon="key", secret=True)
        self._passphrase = TextField(tr("Passphrase of this computer"), icon="lock", secret=True)
        self._banner = Banner(Tone.FAULT, "")
        self._hint = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self._busy = Text("", Type.SMALL, Colour.TEXT2)
        words = tr("Unlock") if self._is_lock else tr("Sign in")
        self._go = Button(words, Kind.FILLED, shown_keys="Enter", tall=True)
        self._offline = Button(tr("Work offline"), Kind.LINK)
        self._other = Button(tr("Another registrar…"), Kind.LINK)
        self._change = Button(tr("Change the server…"), Kind.LINK)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._sheet = Panel(Colour.SURFACE, Radius.SHEET, parent=self)
        self._lay_out(locked_as, is_demo=is_demo)
        self.presenter = SignInPresenter(
            self,
            ways.access,
            ways.known,
            ways.runner,
            ways.clock,
            ways.remember,
            server=server,
            account=account,
            locked_as=locked_as,
            because=because,
        )
        self._account.set_text(account)
        self._server.set_text(server)
        self._connect()
        self.presenter.start()

    # building

    def _lay_out(self, locked_as: Entered | None, *, is_demo: bool) -> None:
        column = QVBoxLayout(self._sheet)
        column.setContentsMargins(36, 32, 36, 28)
        column.setSpacing(Space.BAND)
        column.addLayout(self._head(is_demo=is_demo))
        column.addSpacing(Space.CONTROL)
        if locked_as is not None:
            column.addLayout(self._locked_words(locked_as))
        column.addWidget(self._banner)
        for field in (self._server, self._account, self._password, self._passphrase):
            column.addWidget(field)
        column.addWidget(self._hint)
        column.addSpacing(Space.TIGHT)
        self._go.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        column.addWidget(self._go)
        column.addLayout(self._foot())
        column.addWidget(Hairline())
        column.addWidget(Text(self._promise(), Type.SMALL, Colour.TEXT3, wrap=True))
        # Stretches, not an alignment: an aligned item does not grow with wrapped words.
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(self._sheet)
        across.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addLayout(across)
        outer.addStretch(3)
        self._sheet.setFixedWidth(look().px(_WIDTH))

    @staticmethod
    def _head(*, is_demo: bool) -> QHBoxLayout:
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(Text(tr("Physician e-registration"), Type.TITLE))
        names.addWidget(Text(tr("Institution"), Type.BODY, Colour.TEXT2))
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Seal(40))
        head.addLayout(names)
        head.addStretch(1)
        mark_ = DemoMark()
        mark_.setVisible(is_demo)
        head.addWidget(mark_, 0, Qt.AlignmentFlag.AlignTop)
        return head

    @staticmethod
    def _locked_words(locked_as: Entered) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(Space.CONTROL)
        row.addWidget(IconLabel("lock", 18))
        row.addWidget(Text(locked_as.name, Type.SECTION))
        row.addWidget(Text(locked_as.institution, Type.SMALL, Colour.TEXT2))
        row.addStretch(1)
        return row

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(0)
        foot.addWidget(self._busy)
        foot.addStretch(1)
        for button in (self._change, self._offline, self._other):
            foot.addWidget(button)
        return foot

    def _promise(self) -> str:
        if self._is_lock:
            return tr("Locked. What you were writing is kept as it was.")
        return tr("Work that was not sent stays on this computer and is sent under its author's name only.")

    def _connect(self) -> None:
        self._server.edited.connect(self.presenter.server_typed)
        self._account.edited.connect(self.presenter.account_typed)
        self._password.edited.connect(self.presenter.password_typed)
        for field in (self._server, self._account, self._password, self._passphrase):
            field.submitted.connect(self._on_go)
        self._go.clicked.connect(self._on_go)
        self._offline.clicked.connect(self._on_offline)
        self._other.clicked.connect(self.other_wanted)
        self._change.clicked.connect(self._on_change_server)
        self._banner.pressed.connect(self._on_step)
        self._ticker.timeout.connect(self.presenter.tick)

    # acts

    def _on_go(self) -> None:
        self.presenter.submit(self._password.text, self._passphrase.text)

    def _on_offline(self) -> None:
        self.presenter.go_offline(self._password.text)

    def _on_step(self) -> None:
        self.presenter.take_step(self._password.text, self._passphrase.text)

    def _on_change_server(self) -> None:
        self.presenter.change_server()
        self._server.setFocus(Qt.FocusReason.OtherFocusReason)
        self._server.select_all()

    # what the presenter asks

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole; what is typed stays."""
        self._show_fields(state)
        self._show_fault(state)
        self._go.setEnabled(state.may_submit)
        self._busy.setText(tr(_BUSY[state.busy]) if state.busy is not Busy.NO else "")
        faulty = state.fault is not None and state.fault.step is Step.OFFLINE
        self._offline.setVisible(state.can_go_offline and not self._is_lock and not faulty)
        self._offline.setEnabled(state.may_submit)
        self._other.setVisible(self._is_lock)
        self._change.setVisible(not state.shows_server and not self._is_lock)
        if state.wait_s:
            self._ticker.start()
        else:
            self._ticker.stop()

    def _show_fields(self, state: ScreenState) -> None:
        self._server.set_text(state.server)
        self._server.setVisible(state.shows_server and not self._is_lock)
        self._account.setVisible(not self._is_lock)
        self._passphrase.setVisible(state.asks_passphrase)
        fields = {"server": self._server, "account": self._account, "password": self._password}
        wrong = {problem.field: sentence(problem.code, **problem.params) for problem in state.problems}
        for name, field in fields.items():
            field.set_problem(wrong.get(name, ""))
            field.editor.setReadOnly(state.busy is not Busy.NO)
        self._hint.setText(" ".join(wrong.values()))
        self._hint.set_colour(Colour.BAD)
        self._hint.setVisible(bool(wrong))
        first_wrong = next((field for name, field in fields.items() if name in wrong), None)
        if first_wrong is not None and self.isVisible():
            first_wrong.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_fault(self, state: ScreenState) -> None:
        fault = state.fault
        self._banner.setVisible(fault is not None)
        if fault is None:
            return
        what, todo = what_and_todo(fault.code, **fault.params)
        if fault.code == "captive_portal":
            todo = tr("Complete the network's sign-in in the browser, then sign in here.")
        elif fault.code == REMOVAL_UNFOUNDED:
            todo = tr("Everything is kept. Sign in here to go on.")
        elif fault.code in NO_SERVICE and not state.can_go_offline and not self._is_lock:
            todo += tr("The first sign-in of an account on this computer needs the network.")
        elif state.wait_s:
            todo = trn("You can try again in {n} s.", "You can try again in {n} s.", state.wait_s)
        button = tr(_STEPS[fault.step]) if fault.step in _STEPS else ""
        self._banner.show_news(_tone(fault.code), what, todo, button=button)

    def clear_secrets(self) -> None:
        """Forget typed passwords and ask again."""
        self._password.set_text("")
        self._passphrase.set_text("")
        self._password.setFocus(Qt.FocusReason.OtherFocusReason)

    def enter(self, entered: Entered) -> None:
        """Leave the page."""
        self._ticker.stop()
        self.entered.emit(entered)

    def sign_out(self) -> None:
        """Leave the lock as for a colleague."""
        self.other_wanted.emit()

    def open_browser(self, address: str) -> None:
        """Any plain page makes the network show its sign-in; ours is asked for, so that nobody else hears of it."""
        QDesktopServices.openUrl(QUrl(address))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        """The first empty field has the focus."""
        super().showEvent(event)
        fields = [f for f in (self._server, self._account, self._password) if f.isVisibleTo(self)]
        empty = next((field for field in fields if not field.text), self._password)
        empty.setFocus(Qt.FocusReason.OtherFocusReason)
        self.setFocusProxy(empty)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another page lies here now, such as that of a removed computer: the answer is for nobody any more."""
        super().hideEvent(event)
        if not event.spontaneous():  # else the window is only minimised
            self.presenter.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keep every key: nothing below the page may hear it."""
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the desk; nothing of the page below shows through."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), look().colour(Colour.WINDOW))
        painter.end()
