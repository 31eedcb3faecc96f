"""One registrar's engine over a service and a copy in memory, for the tests of the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.outbox_view import Actor, RowState
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.sync.state import Habits
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind
from tests.desktop.sync.world import DEVICE_ID, FakeCopy, FakeService, Time, World

ME = AccountId("me")
OFFLINE = Trouble(TroubleKind.LINK, "server_unreachable")


class Desk:
    """One registrar's engine, its copy and the world."""

    def __init__(self, seed: int = 1, rows: int = 10, habits: Habits | None = None) -> None:
        self.habits = habits
        self.time = Time()
        self.world = World(self.time)
        for number in range(rows):
            self.world.change(f"a{number:04}")
        self.copy = FakeCopy()
        self.reports: list[SyncReport] = []
        self.driver = self.start(seed)
        self.saved = 0

    def start(self, seed: int = 1) -> SyncDriver:
        """A start of the program over the same disk."""
        self.driver = SyncDriver(
            self.copy,
            FakeService(self.world),
            self.time,
            Device(DEVICE_ID, b"k" * 32, "0.1.0"),
            seed=seed,
            on_report=self.reports.append,
            habits=self.habits,
        )
        self.sign_in()
        return self.driver

    def sign_in(self, account: AccountId = ME) -> None:
        self.driver.tell(lambda at: events.SignedIn(at, Actor(account, session=True)))

    def save(self, application: str, depends_on: CommandId | None = None) -> CommandId:
        self.saved += 1
        command = self.copy.save(self.saved, application, depends_on)
        self.driver.tell(events.CommandSaved)
        return command

    def sync(self, later_s: float = 0.0) -> SyncReport:
        self.time.mono += later_s
        return self.driver.run_once()

    def calm(self, hours: int = 3) -> SyncReport:
        """No more trouble, and time to heal."""
        self.world.fail = lambda _call, _when: None
        for _ in range(hours * 12):
            self.sync(300)
        return self.sync()

    def states(self) -> Counter[RowState]:
        return Counter(row.state for row in self.copy.queue_rows.values())


def only(call: str, trouble: Trouble, when: str = "before") -> Callable[[str, str], Trouble | None]:
    return lambda name, moment: trouble if (name, moment) == (call, when) else None
