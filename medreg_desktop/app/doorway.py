"""The way in and the line to the service: transport, keys, gate, sync loop. Loaded after the first paint.

Every method that can be slow is called on a background thread; one at a time, which a lock sees to.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from threading import Event, Lock
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.messages import ClaimQuery, CourierAnswer, CourierUpload
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import ApplicationId
from medreg_desktop.app.adapters import SystemClock
from medreg_desktop.app.tables import packaged_tables
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.auth.departure import Departure
from medreg_desktop.services.auth.device_key import device_key
from medreg_desktop.services.auth.farewell import Farewell
from medreg_desktop.services.auth.gate import Entrance, Gate
from medreg_desktop.services.cache import outbox, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.keys import DatabaseKeys
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.system_keyring import SystemKeyring
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.settings import options
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.loop import SyncLoop
from medreg_desktop.services.sync.ports import LocalCopy
from medreg_desktop.services.sync.report import RemovalReport, Stage, SyncReport
from medreg_desktop.services.sync.state import Habits
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from medreg_desktop.views.signin.state import Entered

CACHE = "cache.db"

_GLANCE_S = 0.1
"""How often the sync thread looks up while it waits for the window."""


class Doorway:
    """Implements the sign-in page's ``Access`` and ``KnownAccounts``; owns the sync loop of the program."""

    def __init__(
        self,
        folder: Path,
        ca_file: Path | None,
        on_report: Callable[[SyncReport], None],
        server: str,
        *,
        rehearse_from: int = options.REHEARSE_FROM.default,
        look_s: float = options.REHEARSAL_SECONDS.default,
    ) -> None:
        """``server`` is the address used last; who unlocks offline is looked for there. May be empty at first."""
        self._habits = Habits(rehearse_from, look_s)
        folder.mkdir(parents=True, exist_ok=True)
        self.clock = SystemClock()
        self.tables = packaged_tables()
        self.diary = Diary(self.clock)
        self._folder, self._ca_file, self._on_report = folder, ca_file, on_report
        self._keys = DatabaseKeys(folder, SystemKeyring(), self.clock)
        self._lock = Lock()
        self._claiming = Lock()
        self._server = server
        self._sign_in_wanted = False
        self._door: HttpTransport | None = None
        self._claims: HttpTransport | None = None
        self._wire: HttpTransport | None = None  # the sync thread's
        self._gate: Gate | None = None
        self._window_gone = Event()  # nothing on the screen reads the copy any more
        self._is_ending = False
        self.loop: SyncLoop | None = None

    # -- sign-in ----------------------------------------------------------------------------------------------------

    def knows(self, login: str) -> bool:
        """Whether this account has signed in on this computer."""
        return self._keys.knows(login)

    def sign_in(self, server: str, account: str, password: str, passphrase: str) -> Entered:
        """Let somebody in, by the service if it answers."""
        with self._lock:
            return self._entered(self._enter(self._gate_at(server), account, password, passphrase))

    def unlock(self, account: str, password: str) -> Entered:
        """Let somebody in by the local password alone; for who is in already, check it.

        Whose session the service has ended gets a new one by the way, so that sending goes on; who has been without
        contact for too long must be let in by the service.
        """
        with self._lock:
            gate = self._gate_at(self._server)
            is_in = gate.account is not None and gate.account.login == account
            if is_in and (self._sign_in_wanted or gate.reading_is_over()):
                return self._entered(self._enter(gate, account, password))
            if gate.account is not None and gate.account.login == account:
                gate.confirm(password)
                return self._entered(Entrance(gate.account, online=bool(self._link.token)), again=True)
            return self._entered(gate.enter_offline(account, password))

    def reading_is_over(self) -> bool:
        """Return whether the copy may be read no longer without contact; off the window's thread."""
        with self._lock:
            return self._gate is not None and self._gate.reading_is_over()

    def rebuild(self, server: str, account: str, password: str) -> Entered:
        """Put a damaged copy aside, carry unsent work over into a new one, and let the registrar in."""
        with self._lock:
            key = self._keys.unlock(account, password)
            self._shut()  # the damage may have been found past the door, where the copy is open
            rescue(self._folder / CACHE, key, self.clock)
            return self._entered(self._enter(self._gate_at(server), account, password))

    def leave(self) -> None:
        """Sign out; nothing of the registrar's unsent work is touched."""
        with self._lock:
            if self.loop is not None:
                self.loop.signed_out()
            if self._gate is not None:
                self._gate.leave()
                if self._gate.store is not None and self._gate.store.is_suspect:
                    self._shut()  # whoever comes next opens it anew, which finds the damage and offers to rebuild

    def take_up_removal(self) -> None:
        """Go on where an earlier run left this computer; called before anybody can sign in."""
        kept = farewell.find(self._folder)
        if kept is None:
            return
        if kept.gone:
            self._on_report(SyncReport(removal=RemovalReport(Stage.GONE, kept.order, rescued=kept.rescued)))
            return
        self._open_door(self._address(self._server)).expect(kept.order.server_id)
        self._finish_leaving(kept)

    def institution_name(self) -> str:
        """Return the name of the institution this computer belongs to, or belonged to; "" where the disk fails."""
        with suppress(KnownFault):  # to leave must not wait for a name
            kept = farewell.find(self._folder)
            if kept is not None:
                return kept.institution
            found = self.store.read(sync_state.institution)
            return found.name if found else ""
        return ""

    def window_gone(self) -> None:
        """Nothing on the screen reads the copy any more: it may be destroyed."""
        self._window_gone.set()

    def window_back(self) -> None:
        """The order to leave no longer stands, the copy stays: before another order it has to be let go of anew."""
        self._window_gone.clear()

    def begin_anew(self) -> None:
        """Forget the farewell of a removed computer: whoever signs in next sets it up as another one."""
        with self._lock, self._claiming:
            self._end()
            self._gate = self._door = self._claims = self._wire = None
            self._window_gone.clear()
            farewell.forget(self._folder)

    def break_off(self) -> None:
        """The program ends: nobody waits for the service any more, nor begins to. Any thread; waits for nothing."""
        self._is_ending = True
        if self._door is not None:
            self._link.closing.set()
        if self.loop is not None:
            self.loop.stop(timeout_s=0.0)

    def close(self) -> None:
        """End the program: stop sync, forget the token, close the copy."""
        self.break_off()
        with self._lock, self._claiming:
            self._end()

    # -- what an office works with ----------------------------------------------------------------------------------

    @property
    def gate(self) -> Gate:
        """Who is in, and the open copy."""
        assert self._gate is not None
        return self._gate

    @property
    def store(self) -> CacheStore:
        """The open copy."""
        assert self.gate.store is not None
        return self.gate.store

    def token(self) -> str:
        """Return the session's token, which must never leave this process in the clear; empty without a session."""
        return self._link.token

    def judge_if_due(self) -> None:
        """Bring the searchable rows up to this program and this day: verdicts depend on both. Slow only when due."""
        feed = Feed(self.store, Judging(self.tables, self.clock))
        feed.rebuild_index_if_needed()
        feed.judge_again_if_due(china_date(self.clock.now()))

    def device(self) -> tuple[str, Ed25519PrivateKey]:
        """Return this device's id and private key."""
        return self.gate.office.device_id, device_key(self.store)

    def take(self, application_id: ApplicationId) -> None:
        """Take a soft claim. Raises TransportFault; nothing depends on it."""
        self._claim(ClaimQuery(application_id=application_id))

    def release(self, application_id: ApplicationId) -> None:
        """Give a soft claim back."""
        self._claim(ClaimQuery(application_id=application_id, release=True))

    def carry(self, upload: CourierUpload) -> CourierAnswer:
        """Bring a colleague's courier file to the service. Raises TransportFault."""
        with self._claiming:
            return self._aside().carry(upload)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        if self.loop is not None:
            self.loop.stop()
            self.loop = None
        self.diary.closing()
        if self._gate is not None:
            self._gate.close()
        for transport in (self._door, self._claims, self._wire):
            if transport is not None:
                transport.close()

    def _enter(self, gate: Gate, account: str, password: str, passphrase: str = "") -> Entrance:
        """Let somebody in; if the service refuses this device, have it asked whether the copy must go."""
        try:
            return gate.enter(account, password, passphrase)
        except KnownFault as fault:
            if fault.code != "device_revoked" or not gate.open_refused(account, password):
                raise
            if gate.holds_nothing():
                return self._as_another_device().enter(account, password, passphrase)
            if self.loop is None:
                self._start_loop()
            assert self.loop is not None
            self.loop.device_refused()
            raise

    def _as_another_device(self) -> Gate:
        """Set this computer up anew: it was shut out before hello had filled its copy, and would wait for ever."""
        self._shut()
        departure = self._departure(None)
        departure.delete_copy()
        departure.destroy_key()
        return self._gate_at(self._server)

    @property
    def _link(self) -> Link:
        assert self._door is not None
        return self._door.link

    def _claim(self, query: ClaimQuery) -> None:
        door = self._door
        if door is None or not door.link.token:
            return
        # A lock of its own: a claim that waits for a dead line must not keep the registrar from unlocking.
        with self._claiming:
            self._aside().claim(query)

    def _aside(self) -> HttpTransport:
        """Return the transport for what goes on beside sync; the caller holds its lock."""
        assert self._door is not None
        if self._claims is None or self._claims.link is not self._door.link:
            self._claims = self._door.twin()
        return self._claims

    def _gate_at(self, server: str) -> Gate:
        """Return the gate for an address; another address is another door to the same copy."""
        if self._gate is not None and server in ("", self._server):
            return self._gate
        server = server or self._server
        address = self._address(server)
        self._shut()
        self._gate = Gate(self._folder, self._keys, self._open_door(address), self._open_store, self.clock)
        self._server = server
        return self._gate

    def _open_door(self, address: ServerAddress) -> HttpTransport:
        door = self._door = HttpTransport(Link(address, self.clock, version("medreg"), self.diary.log))
        if self._is_ending:  # asked once the door can be seen: one of the two threads closes it
            self.break_off()
        return door

    def _address(self, server: str) -> ServerAddress:
        return ServerAddress(server or "https://localhost", self._ca_file).checked()

    def _shut(self) -> None:
        if self.loop is not None:
            self.loop.stop()
            self.loop = None
        self.diary.closing()
        if self._gate is not None:
            self._gate.close()
        self._gate = self._claims = None

    def _hear(self, report: SyncReport) -> None:
        self._sign_in_wanted = report.sign_in_wanted
        self.diary.heard(report)
        self._on_report(report)

    def _open_store(self, key: bytes) -> CacheStore:
        return CacheStore.open(self._folder / CACHE, key, self.clock)

    def _entered(self, entrance: Entrance, *, again: bool = False) -> Entered:
        account = entrance.account
        if self.loop is None:
            self._start_loop()
        assert self.loop is not None
        if not again:
            self.judge_if_due()
            self.loop.signed_in(account.id, online=entrance.online)

        def look(conn: Connection) -> tuple[str, int]:
            institution = sync_state.institution(conn)
            return institution.name if institution else "", outbox.counts(conn, account.id).others

        name, others = self.store.read(look)
        because = entrance.because.code if entrance.because else ""
        return Entered(account.id, account.login, account.name, account.role, name, entrance.online, because, others)

    def _start_loop(self) -> None:
        key = device_key(self.store)
        device = Device(self.gate.office.device_id, key.public_key().public_bytes_raw(), version("medreg"))
        self.diary.opened(self.store)
        copy = CacheCopy(self.store, Judging(self.tables, self.clock))
        self._begin(self._new_loop(copy, device, self._departure(key)))

    def _finish_leaving(self, kept: Farewell) -> None:
        device = Device(kept.order.device_id, b"", version("medreg"))
        copy = cast("LocalCopy", object())  # there is none any more: whoever asks it anything is a bug
        loop = self._new_loop(copy, device, self._departure(None))
        loop.leave_taken(kept.order, kept.rescued)
        self._begin(loop)

    def _begin(self, loop: SyncLoop) -> None:
        loop.start()
        self.loop = loop
        if self._is_ending:
            self.break_off()

    def _new_loop(self, copy: LocalCopy, device: Device, departure: Departure) -> SyncLoop:
        assert self._door is not None
        self._wire = self._door.twin(reads_ahead=True)
        driver = SyncDriver(
            copy,
            self._wire,
            self.clock,
            device,
            seed=random.SystemRandom().getrandbits(64),
            on_report=self._hear,
            habits=self._habits,
            departure=departure,
        )
        return SyncLoop(driver, self._link.closing.set, _raise_later)

    def _departure(self, key: Ed25519PrivateKey | None) -> Departure:
        return Departure(
            self._folder,
            self._folder / CACHE,
            self._keys,
            key,
            identity=lambda: self.gate.office,
            institution=self.institution_name,
            let_go=self._let_go,
        )

    def _let_go(self) -> None:
        """Close the copy for good once the window has let go of it; on the sync thread."""
        while not self._window_gone.wait(_GLANCE_S):
            if self._link.closing.is_set():
                raise KnownFault("cache_closed")  # the program ends: the next one goes on from the farewell
        self.diary.closing()
        if self._gate is not None and self._gate.store is not None:
            self._gate.store.close()


def _raise_later(_error: Exception) -> None:
    """The loop has logged the bug and goes on; the lamp tells the registrar."""
