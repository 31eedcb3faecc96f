"""One computer of an office: real cache, transport, sync engine and review services in a simulated world."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import CommandBody
from medreg_core.contract.v1.messages import Account, SignIn
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId, DeviceId
from medreg_desktop.services.activation.code_desk import CodeDesk
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.auth.farewell import Farewell
from medreg_desktop.services.auth.office import Office
from medreg_desktop.services.cache import applications, sync_state
from medreg_desktop.services.cache.device import adopt
from medreg_desktop.services.cache.store import CacheStore, Footing
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import FormToPrint, PaperDesk
from medreg_desktop.services.review.quarantine_desk import QuarantineDesk
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.outbox_view import Actor
from medreg_desktop.services.sync.removal import REVOKED
from medreg_desktop.services.sync.report import Stage, SyncReport
from medreg_desktop.services.sync.state import Habits
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.trouble import TransportFault
from medreg_server.services.rule_tables import installed_tables
from simulator.clocks import PcClock
from simulator.crash import Fate, MortalStore
from simulator.disk import FOOTING, make_older
from simulator.leaving import MortalDeparture, give_key
from simulator.streams import Random
from simulator.template import KEY, PASSWORD
from simulator.wire import Overwork, Wire

_HELD = "SELECT id FROM application ORDER BY id"
_DAMAGES = (
    "DELETE FROM application WHERE id = ?",
    "UPDATE application SET version = version - 1 WHERE id = ?",
    "UPDATE application SET version = version + 1 WHERE id = ?",
)

_MOST_ROUNDS = 5_000
_CACHE_FILES = ("cache.db", "cache.db-wal", "cache.journal")

_REHEARSE_FROM = 2
"""Queues are short in the simulation, and every one that gathered shall be rehearsed."""


class SteppedIds:
    """Command ids from the computer's clock and the run's chance."""

    def __init__(self, clock: PcClock) -> None:
        self.chance = Random(0)
        self._clock = clock

    def new_id(self) -> str:
        """Return a UUIDv7."""
        return uuid7(int(self._clock.now().timestamp() * 1000), self.chance.randbytes(10))


@dataclass(slots=True)
class Desktop:
    """The running program; a crash takes all of it. On a computer that was removed it has no copy."""

    copy: MortalStore | None
    transport: HttpTransport
    driver: SyncDriver
    account: Account | None = None
    reviews: ReviewService | None = None
    outbox: OutboxDesk | None = None
    papers: PaperDesk | None = None
    codes: CodeDesk | None = None
    quarantine: QuarantineDesk | None = None
    sheets: dict[ApplicationId, Application] = field(default_factory=dict)  # open on the screen, as they were then
    previews: dict[ApplicationId, FormToPrint] = field(default_factory=dict)

    @property
    def store(self) -> MortalStore:
        """The local copy."""
        assert self.copy is not None, "this computer was removed"
        return self.copy

    def empty_the_chair(self) -> None:
        """Let nobody be signed in."""
        self.account = self.reviews = self.outbox = self.papers = self.codes = self.quarantine = None
        self.sheets.clear()
        self.previews.clear()


@dataclass(slots=True)
class Pc:
    """A computer with its disk. ``at_work`` guards against a second sync while one is under way.

    ``promised``: what its registrars were told is saved and nobody has looked for yet, with the content they had read.
    ``ticked``: of what they agreed to in one go, the version that each had on the list they ticked it on.
    ``said``: the other commands that they were told are saved, by content, unless anybody has looked for them.
    ``printed``: the copies of each form number that have left its printer, ``returned``: those that were brought back.
    ``sheets``: what stands on those that nobody has read yet; ``stale``: what is wrong with one that has just left.
    ``by_hand``: the commands that its registrars have closed, handed over or begun to correct, and which of these.
    ``clock_was_set``: how long something has lasted by its clock may be wrong.
    ``sees_off`` is told when its program is about to destroy the copy, because the computer was shut out;
    ``begin_anew`` sets it up as another one.
    """

    name: str
    folder: Path
    clock: PcClock
    wire: Wire
    fate: Fate
    device_id: DeviceId
    seed: int
    footing: Footing = FOOTING
    ids: SteppedIds = field(init=False)
    running: Desktop = field(init=False)
    at_work: bool = False
    starts: int = 0
    installations: int = 1
    is_removed: bool = False
    promised: dict[CommandId, int | None] = field(default_factory=dict)
    ticked: dict[CommandId, int] = field(default_factory=dict)
    said: list[CommandBody] = field(default_factory=list)
    printed: Counter[str] = field(default_factory=Counter)
    returned: Counter[str] = field(default_factory=Counter)
    sheets: list[FormToPrint] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    by_hand: set[tuple[CommandId, str]] = field(default_factory=set)
    clock_was_set: bool = False
    sees_off: Callable[[], None] = lambda: None
    begin_anew: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.ids = SteppedIds(self.clock)
        give_key(self.folder)
        self.start()

    @property
    def device_key(self) -> Ed25519PrivateKey:
        """The device's key, the same after each start."""
        return Ed25519PrivateKey.from_private_bytes(self.device_id.encode()[:32])

    def start(self) -> None:
        """Start the program on what the disk holds."""
        self.at_work = False
        self.starts += 1
        kept = farewell.find(self.folder)
        self.is_removed = kept is not None
        if kept is None:
            self._start_work()
        else:
            self._go_on_leaving(kept)

    def _start_work(self) -> None:
        store = MortalStore.open(self.folder / "cache.db", KEY, self.clock, footing=self.footing)
        assert isinstance(store, MortalStore)
        try:
            store.write(lambda conn: adopt(conn, self.device_key))
        except BaseException:
            store.close()  # killed over it: the lock goes with the process
            raise
        store.fate = self.fate
        transport = self.wire.transport(self.clock)
        copy = CacheCopy(store, Judging(installed_tables(), self.clock))
        self.running = Desktop(store, transport, self._driver(copy, transport, self.device_key))

    def _go_on_leaving(self, kept: Farewell) -> None:
        transport = self.wire.transport(self.clock)
        transport.expect(kept.order.server_id)
        nothing: Any = None  # as in the program: of what is left to do nothing asks for the copy
        self.running = Desktop(None, transport, self._driver(nothing, transport, None))
        self.tell(lambda at: events.LeaveTaken(at, kept.order, kept.rescued))

    def _driver(self, copy: CacheCopy, transport: HttpTransport, key: Ed25519PrivateKey | None) -> SyncDriver:
        device = Device(self.device_id, self.device_key.public_key().public_bytes_raw(), "0.1.0")
        departure = MortalDeparture(
            self.folder,
            self.clock,
            key,
            lambda: Office(self.device_id, transport.link.server_id),
            self.fate,
            lambda: self.sees_off(),  # noqa: PLW0108 - who sees off is named after the start
            self._let_go,
        )
        return SyncDriver(
            copy,
            transport,
            self.clock,
            device,
            seed=self.seed * 1_000 + self.starts,
            on_report=lambda _: None,
            habits=Habits(rehearse_from=_REHEARSE_FROM),
            departure=departure,
        )

    def _let_go(self) -> None:
        self.is_removed = True
        self.running.empty_the_chair()
        if self.running.copy is not None:
            self.running.copy.close()

    @property
    def is_gone(self) -> bool:
        """Whether the service has heard that this computer's copy is destroyed."""
        return self.is_removed and self.running.driver.report.removal.stage is Stage.GONE

    def remains(self) -> set[str]:
        """Return the names of the files in this computer's folder."""
        return {path.name for path in self.folder.iterdir()}

    def set_up_anew(self, blank: Path) -> None:
        """Let whoever comes next begin on this computer as on another one, with an empty copy."""
        self.close()
        self.installations += 1
        self.device_id = device_named(f"{self.name}{self.installations}")
        shutil.rmtree(self.folder)
        give_cache(blank, self.folder)
        give_key(self.folder)
        self.start()

    def die(self) -> None:
        """End the program as a kill does: the files stay exactly as they are at this moment."""
        saved = {name: (self.folder / name).read_bytes() for name in _CACHE_FILES if (self.folder / name).exists()}
        self.close()
        for name in (*_CACHE_FILES, "cache.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        for name, content in saved.items():
            (self.folder / name).write_bytes(content)
        self.fate.point = self.fate.work = ""

    def lay_older_copy(self) -> bool:
        """End the program and leave its file as the version before would have left it; the next start migrates it."""
        self.close()
        conn = self.footing.connect(self.folder / "cache.db", KEY)
        try:
            return make_older(conn)
        finally:
            conn.close()

    def spoil(self, chance: Random) -> str:
        """Damage a row of the copy, as a tool of somebody else might: the digest has to find it."""
        found = self.running.store.read(lambda conn: [key for (key,) in conn.execute(_HELD)])
        if not found:
            return "nothing held"
        spoilt, damage = chance.choice(found), chance.choice(_DAMAGES)
        self.running.store.write(lambda conn: conn.execute(damage, (spoilt,)))
        return f"{damage.split()[0].lower()} {spoilt[:8]}"

    def close(self) -> None:
        """Give the files free."""
        self.running.transport.close()
        if self.running.copy is not None:
            self.running.copy.close()

    # ---- who works here ---------------------------------------------------------------------------------------------

    @property
    def actor(self) -> AccountId:
        """Who is signed in; empty for nobody."""
        return self.running.account.id if self.running.account else AccountId("")

    def sign_in(self, login: str) -> str:
        """Sign a registrar in over the network; return what came of it."""
        program = self.running
        if self.is_removed:
            return "removed"
        try:
            session = program.transport.sign_in(SignIn(login, PASSWORD, self.device_id))
        except TransportFault as fault:
            if fault.trouble.code != REVOKED:
                return fault.trouble.code
            if self._holds_nothing():
                self.begin_anew()
                return self.sign_in(login)
            self.tell(events.DeviceRefused)
            return REVOKED
        program.transport.use_token(session.token)
        return self._let_in(session.account, online=True)

    def _holds_nothing(self) -> bool:
        """As the program's gate: a copy that sync has closed for good meanwhile was not blank."""
        try:
            return self.running.store.read(sync_state.is_blank)
        except KnownFault:
            return False

    def unlock(self, account: Account) -> str:
        """Let a registrar in whom this computer knows, without the network."""
        self.running.transport.use_token("")
        return self._let_in(account, online=False)

    def sign_out(self) -> str:
        """Let nobody be at this computer; return what came of telling the service."""
        program = self.running
        try:
            program.transport.sign_out()
            done = "out"
        except TransportFault as fault:
            done = fault.trouble.code
        program.transport.use_token("")
        program.empty_the_chair()
        program.driver.tell(events.SignedOut)
        return done

    def start_twice(self) -> str:
        """Start the program a second time on the same copy; return what it says."""
        try:
            CacheStore.open(self.folder / "cache.db", KEY, self.clock, footing=self.footing).close()
        except KnownFault as fault:
            return fault.code
        return "opened"

    def _let_in(self, account: Account, *, online: bool) -> str:
        program = self.running
        try:
            program.store.write(lambda conn: applications.switch_actor(conn, account.id, account.name))
        except KnownFault as fault:
            return fault.code
        if program.account is None or program.account.id != account.id:
            program.empty_the_chair()  # nobody leaves his sheets to the next one
        desk = Desk(program.store, self.clock, self.ids, installed_tables(), account, lambda: online)
        program.account = account
        program.reviews, program.papers = ReviewService(desk), PaperDesk(desk)
        program.codes, program.quarantine = CodeDesk(desk), QuarantineDesk(desk)
        program.outbox = OutboxDesk(desk, Judging(installed_tables(), self.clock))
        actor = Actor(account.id, session=online)
        program.driver.tell(lambda at: events.SignedIn(at, actor))
        return "in"

    # ---- sync -------------------------------------------------------------------------------------------------------

    def tell(self, message: Callable[[events.Moment], events.Event]) -> None:
        """Leave the sync engine a message."""
        self.running.driver.tell(message)

    def sync(self) -> SyncReport | None:
        """Run the engine until it would only wait; None when it is running already."""
        if self.at_work:
            return None
        self.at_work = True
        try:
            return self.running.driver.run_once(self._is_overworked())
        finally:
            self.at_work = False

    def _is_overworked(self) -> Callable[[], bool]:
        """Return what the engine asks before every round; it raises when there is no end to them (I9)."""
        rounds = itertools.count()

        def is_overworked() -> bool:
            if next(rounds) > _MOST_ROUNDS:
                raise Overwork(f"{self.name} does not come to rest")
            return False

        return is_overworked

    @property
    def lamp(self) -> LampKind:
        """The word of the status bar."""
        return self.running.driver.report.lamp.kind

    def set_clock_wrong(self, by: timedelta) -> None:
        """Move this computer's wall clock."""
        self.clock_was_set = self.clock_was_set or by != self.clock.skew
        self.clock.skew = by


def device_named(name: str) -> DeviceId:
    """Return the id of an installation."""
    return DeviceId(f"simulated-device-{name}".ljust(32, "0"))


def give_cache(template: Path, folder: Path) -> None:
    """Put a fresh, empty cache on a computer's disk."""
    shutil.copytree(template, folder)
