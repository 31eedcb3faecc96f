"""What the sign-in page shows, as one immutable value, and what it needs from the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.faults import Problem


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody is in. ``others_unsent`` counts colleagues' work waiting on this computer; no more is told of it.

    ``online`` is False when the local copy was opened without the service; ``because`` is then the fault's code.
    """

    account_id: AccountId
    login: str
    name: str
    role: Role
    institution: str
    online: bool
    because: str = ""
    others_unsent: int = 0


class Access(Protocol):
    """The way in; every call is slow and runs off the window's thread. All raise KnownFault."""

    def sign_in(self, server: str, account: str, password: str, passphrase: str) -> Entered:
        """Sign in at the service and open the local copy, made at the first time; without service as unlock."""
        ...

    def unlock(self, account: str, password: str) -> Entered:
        """Open the local copy without the service; while locked, only check the password."""
        ...

    def rebuild(self, server: str, account: str, password: str) -> Entered:
        """Put a damaged copy aside, begin a new one, carry unsent work over, and enter."""
        ...


class KnownAccounts(Protocol):
    """Which accounts have signed in on this computer; fast."""

    def knows(self, login: str) -> bool:
        """Whether this account can unlock the local copy."""
        ...


class Step(StrEnum):
    """What the fault's button offers."""

    NONE = "none"
    TRY_AGAIN = "try_again"
    OFFLINE = "offline"
    BROWSER = "browser"
    REBUILD = "rebuild"


class Busy(StrEnum):
    """What is going on, for the words beside the button."""

    NO = "no"
    SIGNING_IN = "signing_in"
    UNLOCKING = "unlocking"
    REBUILDING = "rebuilding"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the way: its code and params have a sentence in ``texts``; ``step`` is the next thing to do."""

    code: str
    params: dict[str, str] = field(default_factory=dict)
    step: Step = Step.NONE


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the page renders except what is typed; the password never is in here.

    ``locked_as`` is who is in while the program is locked: then only his password is asked. ``wait_s`` counts down
    after too many tries.
    """

    server: str = ""
    account: str = ""
    can_go_offline: bool = False
    shows_server: bool = True
    asks_passphrase: bool = False
    locked_as: Entered | None = None
    busy: Busy = Busy.NO
    problems: tuple[Problem, ...] = ()
    fault: Fault | None = None
    wait_s: int = 0

    @property
    def may_submit(self) -> bool:
        """Whether the button acts now."""
        return self.busy is Busy.NO and self.wait_s == 0


class View(Protocol):
    """What the presenter asks of the page."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def clear_secrets(self) -> None:
        """Forget typed passwords: they were wrong, were used, or the program was locked."""
        ...

    def enter(self, entered: Entered) -> None:
        """Leave the page: somebody is in."""
        ...

    def sign_out(self) -> None:
        """Leave the lock for the sign-in page."""
        ...

    def open_browser(self, address: str) -> None:
        """Let the network's sign-in page appear in the system's browser."""
        ...
