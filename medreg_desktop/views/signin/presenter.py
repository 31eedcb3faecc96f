"""Decides what the sign-in page shows. Knows no Qt; passwords pass through and are never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.ports import Clock, Handle, Runner
from medreg_desktop.views.signin.state import (
    Access,
    Busy,
    Entered,
    Fault,
    KnownAccounts,
    ScreenState,
    Step,
    View,
)

NO_SERVICE = frozenset(
    {
        "server_unreachable",
        "server_silent",
        "server_error",
        "server_busy",
        "response_cut",
        "server_other_version",
        "other_server",
        "tls_expired",
        "tls_not_yet_valid",
        "tls_wrong_name",
        "tls_untrusted",
    }
)
"""Faults of the way to the service: an account known on this computer may work offline meanwhile."""

WRONG_SECRET = frozenset({"bad_credentials", "offline_password_wrong", "too_many_attempts"})
ADDRESS_FAULTS = frozenset({"address_invalid", "other_server", "tls_wrong_name", "tls_untrusted", "service_unproven"})
_TRY_AGAIN = frozenset({"disk_full", "disk_trouble", "cache_in_use", "key_file_damaged"})
UNEXPECTED = "unexpected"
REMOVAL_UNFOUNDED = "removal_unfounded"


class SignInPresenter:
    """Owned by the page, one per showing of it; runs on the window's thread.

    ``locked_as`` makes it the lock: only this registrar's password opens it; ``because`` is the code of what it
    was locked for. ``remember`` stores server and account.
    """

    def __init__(
        self,
        view: View,
        access: Access,
        known: KnownAccounts,
        runner: Runner,
        clock: Clock,
        remember: Callable[[str, str], None],
        *,
        server: str = "",
        account: str = "",
        locked_as: Entered | None = None,
        because: str = "",
    ) -> None:
        self._view = view
        self._access = access
        self._known = known
        self._runner = runner
        self._clock = clock
        self._remember = remember
        self._work: Handle | None = None
        self._wait_until = 0.0
        self._state = ScreenState(
            server=server,
            account=locked_as.login if locked_as else account,
            can_go_offline=bool(account) and known.knows(account),
            shows_server=not server,
            locked_as=locked_as,
            fault=Fault(because) if because else None,
        )

    @property
    def state(self) -> ScreenState:
        """What is shown now."""
        return self._state

    def start(self) -> None:
        """Show the page."""
        self._show()

    def close(self) -> None:
        """Drop what is under way; its answer no longer matters."""
        if self._work is not None:
            self._work.cancel()

    # typing

    def account_typed(self, account: str) -> None:
        """The account decides whether offline entry is offered; what was said of another one's password goes."""
        account = account.strip()
        if account != self._state.account and self._state.fault and self._state.fault.code in WRONG_SECRET:
            self._wait_until = 0.0
            self._set(fault=None, wait_s=0)
        can_go_offline = bool(account) and self._known.knows(account)
        self._set(account=account, can_go_offline=can_go_offline, problems=self._without("account"))

    def server_typed(self, server: str) -> None:
        """Keep the address."""
        self._set(server=server.strip(), problems=self._without("server"))

    def password_typed(self) -> None:
        """The complaint about the password goes as soon as it is corrected."""
        self._set(problems=self._without("password"))

    def change_server(self) -> None:
        """Show the address field."""
        self._set(shows_server=True)

    # acts

    def submit(self, password: str, passphrase: str = "") -> None:
        """Sign in, or unlock when the program is locked."""
        if not self._state.may_submit or self._complain(password):
            return
        if self._state.locked_as is not None:
            self._unlock(password)
            return
        server, account = with_scheme(self._state.server), self._state.account
        self._set(server=server)
        self._run(Busy.SIGNING_IN, lambda: self._access.sign_in(server, account, password, passphrase))

    def go_offline(self, password: str) -> None:
        """Open the local copy without the service."""
        if self._state.may_submit and self._state.can_go_offline and not self._complain(password, needs_server=False):
            self._unlock(password)

    def take_step(self, password: str, passphrase: str = "") -> None:
        """Do what the fault's button offers."""
        step = self._state.fault.step if self._state.fault else Step.NONE
        match step:
            case Step.TRY_AGAIN:
                self.submit(password, passphrase)
            case Step.OFFLINE:
                self.go_offline(password)
            case Step.REBUILD if self._state.locked_as is not None:
                self._view.sign_out()  # what lies below the lock works with the copy; at the door nobody does
            case Step.REBUILD:
                self._rebuild(password)
            case Step.BROWSER:
                self._view.open_browser(self._state.server)
            case Step.NONE:
                pass

    def tick(self) -> None:
        """Count the waiting time down; called every second while ``wait_s`` is shown."""
        left = max(round(self._wait_until - self._clock.monotonic()), 0)
        if left != self._state.wait_s:
            self._set(wait_s=left, fault=self._state.fault if left else None)

    def _unlock(self, password: str) -> None:
        account = self._state.account
        self._run(Busy.UNLOCKING, lambda: self._access.unlock(account, password))

    def _rebuild(self, password: str) -> None:
        server, account = self._state.server, self._state.account
        if not self._complain(password):
            self._run(Busy.REBUILDING, lambda: self._access.rebuild(server, account, password))

    def _complain(self, password: str, *, needs_server: bool = True) -> bool:
        """Show what is not filled in; return whether anything is missing."""
        locked = self._state.locked_as is not None
        empty = {
            "server": needs_server and not locked and not self._state.server,
            "account": not self._state.account,
            "password": not password,
        }
        problems = tuple(Problem(f"{name}_missing", field=name) for name, missing in empty.items() if missing)
        if problems:
            self._set(problems=problems, fault=None, shows_server=self._state.shows_server or empty["server"])
        return bool(problems)

    def _run(self, busy: Busy, work: Callable[[], Entered]) -> None:
        self._set(busy=busy, fault=None, problems=())
        self._work = self._runner.submit(work, self._on_entered, self._on_error)

    def _on_entered(self, entered: Entered) -> None:
        self._work = None
        self._set(busy=Busy.NO)
        self._view.clear_secrets()
        self._remember(self._state.server, entered.login)
        self._view.enter(entered)

    def _on_error(self, error: Exception) -> None:
        self._work = None
        if not isinstance(error, KnownFault):
            self._set(busy=Busy.NO, fault=Fault(UNEXPECTED, step=Step.TRY_AGAIN))
            raise error
        if error.code in WRONG_SECRET:
            self._view.clear_secrets()
        if error.code == "too_many_attempts":
            self._wait_until = self._clock.monotonic() + _whole(error.params.get("wait_s", ""))
        self._set(
            busy=Busy.NO,
            fault=Fault(error.code, error.params, self._step_after(error.code)),
            asks_passphrase=self._state.asks_passphrase or error.code == "key_passphrase_needed",
            shows_server=self._state.shows_server or error.code in ADDRESS_FAULTS,
            wait_s=max(round(self._wait_until - self._clock.monotonic()), 0),
        )

    def _step_after(self, code: str) -> Step:
        if code == "captive_portal":
            return Step.BROWSER
        if code == "cache_damaged":
            return Step.REBUILD
        if code in NO_SERVICE and self._state.locked_as is None:
            return Step.OFFLINE if self._state.can_go_offline else Step.TRY_AGAIN
        return Step.TRY_AGAIN if code in _TRY_AGAIN else Step.NONE

    def _without(self, field: str) -> tuple[Problem, ...]:
        return tuple(problem for problem in self._state.problems if problem.field != field)

    def _set(self, **changes: object) -> None:
        changed = replace(self._state, **changes)  # type: ignore[arg-type]  # names and types are ScreenState's own
        if changed != self._state:
            self._state = changed
            self._show()

    def _show(self) -> None:
        self._view.show_state(self._state)


def with_scheme(address: str) -> str:
    """Return the address as a URL: people type a host; https is meant."""
    address = address.strip().rstrip("/")
    return address if "://" in address else f"https://{address}"


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 60
