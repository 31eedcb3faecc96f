"""What the sign-in page talks to, played by the test."""

from __future__ import annotations

from dataclasses import dataclass, field

from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.views.signin.state import Entered, ScreenState

REGISTRAR = Entered(AccountId("a1"), "zharuoxi", "查若溪", Role.REGISTRAR, "示例市第二人民医院", online=True)


@dataclass
class FakeAccess:
    """Lets everybody in unless told what is in the way; remembers how it was asked."""

    fault: Exception | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def _answer(self, *asked: str) -> Entered:
        self.asked.append(asked)
        if self.fault is not None:
            raise self.fault
        return REGISTRAR

    def sign_in(self, server: str, account: str, password: str, passphrase: str) -> Entered:
        return self._answer("sign_in", server, account, password, passphrase)

    def unlock(self, account: str, password: str) -> Entered:
        return self._answer("unlock", account, password)

    def rebuild(self, server: str, account: str, password: str) -> Entered:
        return self._answer("rebuild", server, account, password)

    def fail(self, code: str, **params: str) -> None:
        self.fault = KnownFault(code, **params)


@dataclass
class FakeKnown:
    """These accounts have signed in here before."""

    logins: tuple[str, ...] = ("zharuoxi",)

    def knows(self, login: str) -> bool:
        return login in self.logins


@dataclass
class FakeClock:
    """Only the monotonic half is used."""

    seconds: float = 100.0

    def now(self) -> object:
        raise AssertionError("the page needs no calendar")

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class FakeView:
    """Keeps what it was shown."""

    states: list[ScreenState] = field(default_factory=list)
    cleared: int = 0
    signed_out: int = 0
    entered: list[Entered] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def clear_secrets(self) -> None:
        self.cleared += 1

    def sign_out(self) -> None:
        self.signed_out += 1

    def enter(self, entered: Entered) -> None:
        self.entered.append(entered)

    def open_browser(self, address: str) -> None:
        self.opened.append(address)
