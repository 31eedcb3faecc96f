"""One PC of a hospital for tests: a real encrypted cache and the real sync engine over a real connection."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from medreg_core.contract.v1.commands import Agree, Command, CommandBody, Refuse, Return
from medreg_core.contract.v1.messages import SignIn
from medreg_core.domain.forms import content_digest
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId, DeviceId, Institution
from medreg_desktop.services.auth.departure import Departure
from medreg_desktop.services.auth.device_key import device_key
from medreg_desktop.services.auth.office import Office
from medreg_desktop.services.cache import applications, commands, leases, outbox, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.keys import DatabaseKeys
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.synced import ReviewFacts
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.outbox_view import Actor
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from tests.helpers.server import PASSWORD

KEY = bytes(range(32))
NOBODY = AccountId("")


class WorldTime:
    """The time everybody lives in: the real one, plus what a test lets pass without waiting."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead_s)  # noqa: TID251 - this is the adapter


class PcClock:
    """One computer's clocks; ``skew`` sets its wall clock wrong."""

    def __init__(self, world: WorldTime) -> None:
        self.world = world
        self.skew = timedelta()

    def now(self) -> datetime:
        return self.world.now() + self.skew

    def monotonic(self) -> float:
        return time.monotonic() + self.world.ahead_s


class MemoryKeyring:
    """A key store of this process alone."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


def judge(application: Application, institution: Institution | None) -> ReviewFacts:
    """No rules here: sync is what is tested."""
    return ReviewFacts()


@dataclass
class Pc:
    """A computer of the office. ``sync`` runs the engine until it would only wait."""

    store: CacheStore
    clock: PcClock
    transport: HttpTransport
    driver: SyncDriver
    reports: list[SyncReport]
    device_id: DeviceId
    actor: AccountId = NOBODY

    @classmethod
    def open(
        cls,
        folder: Path,
        url: str,
        world: WorldTime,
        *,
        device: str = "",
        stall_s: float = 30.0,
        wire: type[HttpTransport] = HttpTransport,
    ) -> Pc:
        clock = PcClock(world)
        store = CacheStore.open(folder / "cache.db", KEY, clock)
        link = Link(ServerAddress(url), clock, connect_s=30.0, stall_s=stall_s)
        transport = wire(link, reads_ahead=True)
        device_id = DeviceId(device or secrets.token_hex(16))
        key = device_key(store)
        reports: list[SyncReport] = []
        driver = SyncDriver(
            CacheCopy(store, judge),
            transport,
            clock,
            Device(device_id, key.public_key().public_bytes_raw(), "0.1.0"),
            seed=7,
            on_report=reports.append,
            departure=Departure(
                folder,
                folder / "cache.db",
                DatabaseKeys(folder, MemoryKeyring(), clock),
                key,
                identity=lambda: Office(device_id, transport.link.server_id),
                let_go=store.close,
            ),
        )
        return cls(store, clock, transport, driver, reports, device_id)

    def close(self) -> None:
        self.transport.close()
        self.store.close()

    def sign_in(self, login: str) -> None:
        session = self.transport.sign_in(SignIn(account=login, password=PASSWORD, device_id=self.device_id))
        self.transport.use_token(session.token)
        self.actor = session.account.id
        self.store.write(lambda conn: applications.switch_actor(conn, self.actor, session.account.name))
        self.driver.tell(lambda at: events.SignedIn(at, Actor(self.actor, session=True)))

    def unlock_offline(self, actor: AccountId) -> None:
        self.actor = actor
        self.transport.use_token("")
        self.driver.tell(lambda at: events.SignedIn(at, Actor(actor, session=False)))

    def wish_now(self) -> None:
        """立即同步."""
        self.driver.tell(lambda at: events.Asked(at, Wish.NOW))

    def sync(self) -> SyncReport:
        return self.driver.run_once()

    def later(self, seconds: float = 600.0) -> SyncReport:
        """Let time pass and sync."""
        self.clock.world.ahead_s += seconds
        return self.sync()

    def until_quiet(self, rounds: int = 30) -> SyncReport:
        """Sync, letting time pass, until nothing is unsent and the copy is whole."""
        report = self.sync()
        while rounds and (report.unsent or self.position().cursor == "" or report.lamp.kind != "synced"):
            report, rounds = self.later(), rounds - 1
        return report

    def position(self) -> sync_state.SyncState:
        return self.store.write(sync_state.read)

    def applications(self) -> dict[str, int]:
        """Return id → version of every row of the copy."""
        return dict(self.store.write(lambda conn: synced.versions_behind(conn, 0, 1_000_000)[1]))

    def find(self, application_id: ApplicationId) -> Application:
        found = self.store.write(lambda conn: synced.find(conn, application_id))
        assert found is not None
        return found

    def rows(self) -> list[OutboxRow]:
        """Return all the signed-in registrar's commands, oldest first."""
        return list(reversed(self.store.write(lambda conn: outbox.rows(conn, self.actor, open_only=False))))

    def agree(self, application_id: ApplicationId) -> CommandId:
        """Agree to what the copy holds, with a form number of the lease, as the review screen does."""

        def body(application: Application) -> CommandBody:
            number = self.store.write(self._number)
            return Agree(
                content_version=application.content_version,
                opinion="同意聘用",
                materials=application.materials,
                form_number=number,
                digest=content_digest(application),
            )

        return self._decide(application_id, body)

    def _number(self, conn: Connection) -> str:
        now = self.clock.now()
        return leases.take(conn, now.year, sync_state.server_time(conn, now))

    def send_back(self, application_id: ApplicationId) -> CommandId:
        """退回修改."""
        return self._decide(application_id, lambda _: Return(opinion="请补充材料"))

    def refuse(self, application_id: ApplicationId) -> CommandId:
        """不同意."""
        return self._decide(application_id, lambda _: Refuse(opinion="本院不再聘用"))

    def agree_to_all(self, wanted: Sequence[Application]) -> None:
        for application in wanted:
            self.agree(application.id)

    def _decide(self, application_id: ApplicationId, body: object) -> CommandId:
        application = self.find(application_id)
        command = Command(
            id=CommandId(uuid7(int(self.clock.now().timestamp() * 1000), secrets.token_bytes(10))),
            application_id=application_id,
            base_version=application.version,
            seen_at=application.moved_at,
            made_at=self.clock.now(),
            body=body(application),  # type: ignore[operator]
        )
        self.store.write(lambda conn: commands.save(conn, command, self.actor, self.clock.now()))
        self.driver.tell(events.CommandSaved)
        return command.id
