"""Registrars for tests: inside the process, or as a small client of the wire over real sockets."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self, TypeVar

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Agree, Command, CommandBatch, CommandBody, Outcome, OutcomeBatch
from medreg_core.contract.v1.feed import ChangePage, SnapshotEnd, SnapshotLine
from medreg_core.contract.v1.messages import DeviceId, Fault, FormLease, Hello, Session, SignIn, Welcome
from medreg_core.domain.forms import content_digest, make_form_number
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.clock import system_clock
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from medreg_server.services.feed import FeedDesk
from medreg_server.services.hello import HelloDesk
from medreg_server.services.service import Service
from medreg_server.services.snapshot import SnapshotDesk
from tests.helpers.server import PASSWORD, Hospital

T = TypeVar("T")


def new_id() -> str:
    return uuid7(int(system_clock().timestamp() * 1000), secrets.token_bytes(10))


@dataclass
class Refused(Exception):
    """An answer that was not 2xx."""

    status: int
    fault: Fault


@dataclass
class Desk(ABC):
    """Writes commands with form numbers of its own lease; subclasses say how they reach the service."""

    device_id: DeviceId = field(default_factory=lambda: DeviceId(new_id()), kw_only=True)
    signing_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, kw_only=True)
    device_key: bytes = field(default=b"", kw_only=True)  # empty: the public half of ``signing_key``
    lease: FormLease | None = field(default=None, kw_only=True)
    used: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        self.device_key = self.device_key or self.signing_key.public_key().public_bytes_raw()

    def next_number(self) -> str:
        assert self.lease is not None
        number = make_form_number(self.lease.region, self.lease.year, self.lease.first + self.used)
        self.used += 1
        return number

    def agree(self, application: Application, **changes: object) -> Command:
        body = Agree(
            content_version=application.content_version,
            opinion="同意",
            materials=application.materials,
            form_number=self.next_number(),
            digest=content_digest(application),
        )
        return command(application, msgspec.structs.replace(body, **changes))

    def _hello(self, **changes: object) -> Hello:
        hello = Hello(
            protocol_min=1,
            protocol_max=1,
            client_version="1.0.0",
            device_id=self.device_id,
            device_key=self.device_key,
            client_time=system_clock(),
            form_numbers_left=0,
        )
        return msgspec.structs.replace(hello, **changes)

    def batch(self, commands: tuple[Command, ...], *, dry_run: bool) -> CommandBatch:
        return CommandBatch(device_id=self.device_id, commands=commands, dry_run=dry_run)

    @abstractmethod
    def send(self, *commands: Command, dry_run: bool = False) -> tuple[Outcome, ...]: ...

    def send_one(self, sent: Command, *, dry_run: bool = False) -> Outcome:
        (outcome,) = self.send(sent, dry_run=dry_run)
        return outcome


@dataclass
class Office(Desk):
    """A registrar inside the process, without a network."""

    service: Service
    hospital: Hospital
    role: Role = Role.REGISTRAR

    def __post_init__(self) -> None:
        super().__post_init__()
        with self.service.environment.database.read() as transaction:
            account = transaction.accounts.by_login(self.hospital.logins[self.role])
        assert account is not None
        self.caller = Caller(account, self.device_id)
        self.lease = HelloDesk(self.service.environment).hello(self._hello(), self.caller).lease
        self.commands = CommandDesk(self.service.environment)
        self.feed = FeedDesk(self.service.environment)
        self.snapshots = SnapshotDesk(self.service.environment)

    def send(self, *commands: Command, dry_run: bool = False) -> tuple[Outcome, ...]:
        return self.commands.answer(self.batch(commands, dry_run=dry_run), self.caller).outcomes

    def changes(self, cursor: str) -> ChangePage:
        return self.feed.page(self.feed.position(cursor, self.caller))

    def snapshot(self, after: str = "") -> list[SnapshotLine]:
        return [msgspec.json.decode(line, type=SnapshotLine) for line in self.snapshots.begin(after, self.caller)]

    def cursor(self) -> str:
        end = self.snapshot()[-1]
        assert isinstance(end, SnapshotEnd)
        return end.cursor

    def now(self, application: Application) -> Application:
        """Return the application as the register holds it."""
        with self.service.environment.database.read() as transaction:
            found = transaction.applications.get(application.id, self.caller.scope)
        assert found is not None
        return found


@dataclass
class Client(Desk):
    """One signed-in account on one device, over real sockets."""

    url: str
    login: str
    token: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.http = requests.Session()

    def close(self) -> None:
        self.http.close()

    def call(self, method: str, path: str, body: object = None, **params: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content = None if body is None else msgspec.json.encode(body)
        return self.http.request(
            method, f"{self.url}/api/v1{path}", data=content, params=params, headers=headers, timeout=60
        )

    def ask(self, shape: type[T], method: str, path: str, body: object = None, **params: str) -> T:
        answer = self.call(method, path, body, **params)
        if not answer.ok:
            raise Refused(answer.status_code, msgspec.json.decode(answer.content, type=Fault))
        return msgspec.json.decode(answer.content, type=shape)

    def sign_in(self, password: str = PASSWORD) -> Session:
        session = self.ask(Session, "POST", "/session", SignIn(self.login, password, self.device_id))
        self.token = session.token
        return session

    def hello(self, **changes: object) -> Welcome:
        welcome = self.ask(Welcome, "POST", "/sync/hello", self._hello(**changes))
        self.lease = welcome.lease or self.lease
        return welcome

    def ready(self) -> Self:
        self.sign_in()
        self.hello()
        return self

    def send(self, *commands: Command, dry_run: bool = False) -> tuple[Outcome, ...]:
        return self.ask(OutcomeBatch, "POST", "/sync/commands", self.batch(commands, dry_run=dry_run)).outcomes

    def changes(self, cursor: str, wait: int = 0) -> ChangePage:
        return self.ask(ChangePage, "GET", "/sync/changes", cursor=cursor, wait=str(wait))

    def snapshot(self, after: str = "") -> list[SnapshotLine]:
        answer = self.call("GET", "/sync/snapshot", after=after)
        assert answer.ok, answer.content
        return [msgspec.json.decode(line, type=SnapshotLine) for line in answer.content.splitlines()]

    def cursor(self) -> str:
        end = self.snapshot()[-1]
        assert isinstance(end, SnapshotEnd)
        return end.cursor


def command(application: Application, body: CommandBody, **changes: object) -> Command:
    """Return a new command on the version of ``application`` that the registrar read."""
    made = Command(
        id=CommandId(new_id()),
        application_id=application.id,
        base_version=application.version,
        made_at=system_clock(),
        body=body,
    )
    return msgspec.structs.replace(made, **changes)
