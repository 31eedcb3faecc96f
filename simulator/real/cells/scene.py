"""One office at one cell: its institution in the register, its computer, and the network between."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.records import DeviceId, Institution, Person
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache.store import FOOTING
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.exchange import API
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from medreg_desktop.services.transport.watched import WatchedAdapter
from medreg_server.services.registry import NewAccount
from medreg_server.services.service import Service
from simulator import cases
from simulator.clocks import PcClock
from simulator.crash import Fate
from simulator.pc import Pc, give_cache
from simulator.real.exchange import Exchange
from simulator.real.http import Answer
from simulator.real.proxy import Proxy
from simulator.real.register import RealRegister
from simulator.streams import Random
from simulator.template import PASSWORD
from simulator.trace import Trace
from simulator.wire import Wire

_CALLS = {
    "/courier": "courier",
    "/device/wipe/check": "wipe_check",
    "/device/rescue": "rescue",
    "/device/wipe/done": "wipe_done",
    "/session": "sign_in",
    "/ping": "ping",
    "/sync/hello": "hello",
    "/sync/commands": "commands",
    "/sync/changes": "changes",
    "/sync/snapshot": "snapshot",
    "/sync/digest": "digest",
}


_DRY = b'"dry_run":true'


def call_of(target: str, body: bytes = b"", method: str = "") -> str:
    """Return the name of the call that is made by this path, body and method."""
    path = urlsplit(target).path.removeprefix(API)
    if method == "DELETE":
        return "sign_out"
    if path == "/sync/commands" and _DRY in body:
        return "rehearsal"
    return _CALLS.get(path, "bucket" if path.startswith("/sync/buckets/") else path)


@dataclass
class Ambush:
    """Where a toxic waits: at the ``nth`` request of a call. ``was_met`` tells that it has struck."""

    call: str
    nth: int
    script: Callable[[Exchange], None]
    around: Callable[[], AbstractContextManager[None]]
    is_met: bool = False
    was_met: bool = False
    after: int = 0  # how many exchanges the program had logged before


class CellWire(Wire):
    """The network of one office: a plain wire but for the one exchange that an ambush awaits."""

    def __init__(self, register: RealRegister, fate: Fate) -> None:
        super().__init__("office", register, register.time, Trace(), fate)
        self.certificates = register.stage.certificates
        self.proxy = Proxy(register.port, self._script, self.certificates.good)
        self.ambush: Ambush | None = None
        self.kept: dict[str, list[Answer]] = {}  # by the call their paths have, for bad caches
        self.late: list[bytes] = []  # requests that a proxy has kept

    def transport(self, clock: Clock) -> HttpTransport:
        """Return the real transport, over the real network."""
        address = ServerAddress(f"https://127.0.0.1:{self.proxy.port}", self.certificates.ca_file)
        self.link = Link(address, clock, client_version="0.1.0", monotonic=clock.monotonic)
        transport = HttpTransport(self.link, reads_ahead=True)
        self.watch = transport._exchanges.watch  # noqa: SLF001 - its limits are the world's to stretch
        self._adapter = WatchedAdapter(self.watch)
        transport._exchanges.http.mount("https://", self)  # noqa: SLF001 - the one seam below HTTP
        return transport

    def send(  # type: ignore[override]  # the settings pass through
        self, request: requests.PreparedRequest, **settings: Any
    ) -> requests.Response:
        """Send one request; the awaited one into the ambush."""
        ambush = self.ambush
        if ambush is None or ambush.was_met or _call_of(request) != ambush.call:
            return self._adapter.send(request, **settings)
        ambush.nth -= 1
        if ambush.nth > 0:
            return self._adapter.send(request, **settings)
        ambush.is_met = ambush.was_met = True
        ambush.after = len(self.link.log.all())
        try:
            with ambush.around():
                return self._adapter.send(request, **settings)
        finally:
            ambush.is_met = False

    def close(self) -> None:
        """Close the client's connection."""
        self._adapter.close()

    def _script(self, exchange: Exchange) -> None:
        ambush = self.ambush
        if ambush is not None and ambush.is_met:
            ambush.script(exchange)
            return
        answer = exchange.deliver()
        self.kept.setdefault(call_of(exchange.target), []).append(answer)
        exchange.reply(answer)


_people = itertools.count(12_000 * 500)  # far from the day that numbers drawn for others begin with


def _somebody_new() -> Person:
    """Return a physician whom no other cell of this process has: an ID number is one person's."""
    day, sequence = divmod(next(_people) % (12_000 * 999), 999)
    return cases.person(day, sequence + 1)


def _call_of(request: requests.PreparedRequest) -> str:
    return call_of(request.path_url, _body(request), request.method or "")


def _body(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body if isinstance(body, bytes) else body.encode()


@dataclass
class Scene:
    """An office in its own institution. ``decided`` counts the commands made."""

    register: RealRegister
    pc: Pc
    wire: CellWire
    institution: Institution
    account: Account
    chance: Random = field(default_factory=lambda: Random("cells"))

    @property
    def proxy(self) -> Proxy:
        """The network itself."""
        return self.wire.proxy

    @property
    def service(self) -> Service:
        """The operator's hands on the register."""
        return self.register.service

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.register.time.pass_by(seconds)

    def receive_applications(self, count: int) -> None:
        """Applications come in at the register, in one transaction."""
        made = [cases.application(self.institution, n, self.chance, _somebody_new()) for n in range(count)]
        with self.service.environment.database.write() as transaction:
            transaction.physicians.add((entry.physician_id, entry.person) for entry in made)
            transaction.physicians.add_qualifications(
                (entry.physician_id, entry.qualification) for entry in made if entry.qualification
            )
            transaction.applications.add(made)


@contextmanager
def opened_office(register: RealRegister, folder: Path) -> Iterator[Scene]:
    """Found an institution with a registrar, and put a computer with an empty copy there."""
    mark = secrets.token_hex(4).upper()
    institution = cases.institution(mark)
    register.service.registry.add_institution(institution)
    login = f"jia-{mark}"
    new = NewAccount(login, "经办人甲", Role.REGISTRAR, PASSWORD, institution_id=institution.id)
    account = Account(register.service.registry.add_account(new), login, new.name, new.role, institution.id)
    fate, clock = Fate(), PcClock(register.time)
    give_cache(register.stage.cache, folder / mark)
    wire = CellWire(register, fate)
    device = DeviceId(f"device-{mark}".ljust(32, "0"))
    pc = Pc("office", folder / mark, clock, wire, fate, device, 7, FOOTING)
    pc.ids.chance = Random(mark)
    try:
        yield Scene(register, pc, wire, institution, account, Random(mark))
    finally:
        pc.close()
        wire.proxy.close()
