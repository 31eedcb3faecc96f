"""The doorway as the sign-in page sees it while its modules are still being loaded (ADR 004)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from medreg_desktop.views.signin.state import Entered

if TYPE_CHECKING:
    from medreg_desktop.app.doorway import Doorway


class LazyDoorway:
    """The doorway before and after its modules are loaded: the sign-in page's ``Access`` and ``KnownAccounts``."""

    def __init__(self, make: Callable[[], Doorway], last_account: str) -> None:
        self._make, self._last_account = make, last_account
        self._lock = threading.Lock()
        self._made: Doorway | None = None
        self._is_ending = False

    def get(self) -> Doorway:
        """Return the doorway, loading it at the first call; off the window's thread until it is there."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
                if self._is_ending:
                    self._made.break_off()
            return self._made

    @property
    def made(self) -> Doorway | None:
        """The doorway if it is there."""
        return self._made

    def break_off(self) -> None:
        """The program ends: nobody waits for the service any more, nor begins to once all is loaded."""
        self._is_ending = True
        if self._made is not None:
            self._made.break_off()

    def knows(self, login: str) -> bool:
        """Whether this account has signed in on this computer; before loading only the last one's answer is known."""
        return self._made.knows(login) if self._made is not None else login == self._last_account

    def sign_in(self, server: str, account: str, password: str, passphrase: str) -> Entered:
        """Sign in, by the service if it answers."""
        return self.get().sign_in(server, account, password, passphrase)

    def unlock(self, account: str, password: str) -> Entered:
        """Open the local copy or the locked screen."""
        return self.get().unlock(account, password)

    def rebuild(self, server: str, account: str, password: str) -> Entered:
        """Begin a damaged copy anew."""
        return self.get().rebuild(server, account, password)
