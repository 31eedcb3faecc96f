"""The sync thread of the desktop program: starts and stops the driver, and tells it what others want of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.domain.records import AccountId
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.outbox_view import Actor

_log = logging.getLogger(__name__)

AFTER_A_BUG_S = 30.0
"""An unexpected error must neither end sync for the day nor spin."""


class SyncLoop:
    """Owns the sync thread. All methods may be called from the user interface's thread; none waits for the network."""

    def __init__(self, driver: SyncDriver, close_wire: Callable[[], None], on_bug: Callable[[Exception], None]) -> None:
        """``close_wire`` breaks off what the driver's transport is doing; ``on_bug`` is called on the sync thread."""
        self._driver = driver
        self._close_wire = close_wire
        self._on_bug = on_bug
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="medreg-sync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Stop and wait for the thread; what was in flight goes again next time. Return whether it ended in time."""
        self._stop.set()
        self._close_wire()
        self._driver.inbox.ring()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def signed_in(self, account_id: AccountId, *, online: bool) -> None:
        """A registrar works here now; without a session his commands wait, and the service is looked for."""
        actor = Actor(account_id, session=online)
        self._driver.tell(lambda at: events.SignedIn(at, actor))

    def signed_out(self) -> None:
        """Nobody works here; nothing is sent."""
        self._driver.tell(events.SignedOut)

    def device_refused(self) -> None:
        """The service refused this device at sign-in: it is asked whether the copy must go."""
        self._driver.tell(events.DeviceRefused)

    def leave_taken(self, order: WipeAnswer, rescued: int) -> None:
        """An earlier run had begun to destroy the copy: go on."""
        self._driver.tell(lambda at: events.LeaveTaken(at, order, rescued))

    def command_saved(self) -> None:
        """The outbox changed; a running long poll is given up for it."""
        self._driver.tell(events.CommandSaved)

    def sync_now(self) -> None:
        """立即同步: try at once, whatever was waited for."""
        self._driver.tell(lambda at: events.Asked(at, Wish.NOW))

    def pause(self) -> None:
        """暂停发送."""
        self._driver.tell(lambda at: events.Asked(at, Wish.PAUSE))

    def resume(self) -> None:
        """继续发送."""
        self._driver.tell(lambda at: events.Asked(at, Wish.RESUME))

    def rehearse(self) -> None:
        """预演: tell what would become of what waits, before it leaves."""
        self._driver.tell(lambda at: events.Asked(at, Wish.REHEARSE))

    def send_rehearsed(self, *, all_of_it: bool) -> None:
        """发送: what passes leaves at once; with ``all_of_it`` also what would need the registrar."""
        wish = Wish.SEND_ALL if all_of_it else Wish.SEND
        self._driver.tell(lambda at: events.Asked(at, wish))

    def bundle_wanted(self, folder: str) -> None:
        """交信使: write what waits into a courier's file in this folder."""
        self._driver.tell(lambda at: events.BundleWanted(at, folder))

    def answers_brought(self, outcomes: tuple[Outcome, ...], epoch: str, beside: str) -> None:
        """A courier brought answers to commands made here; they fit a copy of the epoch ``beside``."""
        self._driver.tell(lambda at: events.AnswersBrought(at, outcomes, epoch, beside))

    def network_changed(self) -> None:
        """The operating system reports another network."""
        self._driver.tell(events.NetworkChanged)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._driver.run(self._stop.is_set)
            except Exception as error:  # noqa: BLE001 - the sync loop is one of the four places that may (style 15)
                _log.exception("sync stumbled and starts again")
                self._on_bug(error)
                self._driver.restart()
                self._stop.wait(AFTER_A_BUG_S)
