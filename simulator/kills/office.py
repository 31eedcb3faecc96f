"""The client of one registrar without its windows: the services the program joins, over a real encrypted file."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.messages import Account, SignIn
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import Application, ApplicationId, CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.activation.code_desk import CodeDesk
from medreg_desktop.services.cache import applications, outbox, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.device import adopt
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.cache.schema import STEPS, Step
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.courier_desk import CourierDesk
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.outbox_view import Actor
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.trouble import TransportFault
from medreg_server.services.rule_tables import installed_tables
from simulator.clocks import START
from simulator.compare import every_row
from simulator.courier import Engine
from simulator.kills.fate import Fate
from simulator.kills.said import Accepted, Saved, Say
from simulator.template import KEY, PASSWORD

CACHE = "cache.db"
DAMAGED = frozenset({"cache_damaged"})


class RunningClock:
    """The clock of everybody in a world: it begins where the applications were submitted, and runs."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.ahead_s = 0.0

    def now(self) -> datetime:
        """Return the present moment, aware UTC."""
        return START + timedelta(seconds=self.monotonic() - self._began)

    def monotonic(self) -> float:
        """Return seconds; what a process lets pass without waiting is its own."""
        return time.monotonic() + self.ahead_s


class FreshIds:
    """Command ids as the program makes them."""

    def __init__(self, clock: RunningClock) -> None:
        self._clock = clock

    def new_id(self) -> str:
        """Return a UUIDv7."""
        return uuid7(int(self._clock.now().timestamp() * 1000), os.urandom(10))


@dataclass(frozen=True, slots=True)
class Place:
    """One computer: its disk, who works at it, and the migrations its program brings."""

    name: str
    folder: Path
    account: Account
    clock: RunningClock
    steps: tuple[Step, ...] = STEPS

    @property
    def cache(self) -> Path:
        """The file of the copy."""
        return self.folder / CACHE

    @property
    def stick(self) -> Path:
        """The folder that a courier carries from computer to computer."""
        return self.folder.parent / "stick"

    @property
    def device_id(self) -> DeviceId:
        """This installation's id."""
        return DeviceId(f"device-{self.name}".ljust(32, "0"))

    @property
    def device_key(self) -> Ed25519PrivateKey:
        """The device's key, the same after each start."""
        return Ed25519PrivateKey.from_private_bytes(self.device_id.encode()[:32])


@dataclass(slots=True)
class Office:
    """The program at work. ``say`` carries what the registrar is told."""

    place: Place
    store: CacheStore
    transport: HttpTransport
    driver: SyncDriver
    reviews: ReviewService
    papers: PaperDesk
    outbox: OutboxDesk
    codes: CodeDesk
    courier: CourierDesk
    say: Say

    @classmethod
    def open(cls, place: Place, transport: HttpTransport, say: Say, fate: Fate | None = None) -> Office:
        """Start on what the disk holds, rescuing it first where it is damaged, and sign in if the service is there."""
        store = opened(place, fate or Fate())
        store.write(lambda conn: adopt(conn, place.device_key))
        tables = installed_tables()
        judging = Judging(tables, place.clock)
        device = Device(place.device_id, place.device_key.public_key().public_bytes_raw(), "0.1.0")
        copy = CacheCopy(store, judging)
        driver = SyncDriver(copy, transport, place.clock, device, seed=1, on_report=lambda _: None)
        desk = Desk(store, place.clock, FreshIds(place.clock), tables, place.account, lambda: True)
        office = cls(
            place,
            store,
            transport,
            driver,
            ReviewService(desk),
            PaperDesk(desk),
            OutboxDesk(desk, judging),
            CodeDesk(desk),
            CourierDesk(store, place.device_id, Engine(driver.tell), transport.carry),
            say,
        )
        office.sign_in()
        return office

    def sign_in(self) -> None:
        """Sign in over the network, or without it."""
        account = self.place.account
        try:
            session = self.transport.sign_in(SignIn(account.login, PASSWORD, self.place.device_id))
        except TransportFault:
            token = ""
        else:
            token = session.token
        self.transport.use_token(token)
        self.store.write(lambda conn: applications.switch_actor(conn, account.id, account.name))
        actor = Actor(account.id, session=bool(token))
        self.driver.tell(lambda at: events.SignedIn(at, actor))

    def sync(self) -> SyncReport:
        """Sync until the engine would only wait; tell what the register has taken."""
        report = self.driver.run_once()
        for row in self.store.read(every_row):
            taken = row.outcome is not None and row.outcome.kind is OutcomeKind.ACCEPTED
            if taken and row.kind in MOVES and row.state is OutboxState.DONE and row.resolution is Resolution.NONE:
                self.say(Accepted(row.command.id))
        return report

    def close(self) -> None:
        """End the program in peace."""
        self.transport.close()
        self.store.close()

    def tell_saved(self, ids: Sequence[CommandId]) -> None:
        """Tell the registrar that commands are saved, with what proves it."""
        for command_id in ids:
            self.say(self.store.read(lambda conn, i=command_id: receipt(conn, i)))  # type: ignore[misc] # bound now
        self.driver.tell(events.CommandSaved)

    def rows(self) -> list[Application]:
        """Return what the copy holds, by id."""

        def work(conn: Connection) -> list[Application]:
            ids = sorted(key for kind, key, _ in synced.keys(conn) if kind == "application")
            found = (synced.find(conn, ApplicationId(key)) for key in ids)
            return [application for application in found if application is not None]

        return self.store.read(work)


def opened(place: Place, fate: Fate) -> CacheStore:
    """Open the copy as the program does: what is damaged is rescued."""
    try:
        return CacheStore.open(place.cache, KEY, place.clock, place.steps)
    except KnownFault as fault:
        if fault.code not in DAMAGED:
            raise
    with fate.doing("rescue"):
        rescue(place.cache, KEY, place.clock)
        return CacheStore.open(place.cache, KEY, place.clock, place.steps)


def receipt(conn: Connection, command_id: CommandId) -> Saved:
    """Return the proof that a command is saved."""
    command = outbox.row_of(conn, command_id).command
    ((body_hash, kind),) = conn.execute("SELECT body_hash, kind FROM outbox WHERE id = ?", (command_id,)).fetchall()
    ((line, digest),) = conn.execute(
        "SELECT n, hash FROM audit WHERE subject = ? AND action = ? AND json_extract(detail, '$.command') = ?",
        (command.subject, kind, command_id),
    ).fetchall()
    return Saved(command.id, body_hash, line, digest)
