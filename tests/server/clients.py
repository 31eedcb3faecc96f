"""A small client of the wire for tests: signs in, says hello, sends and reads contract structs over real sockets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec
import requests

from medreg_core.contract.v1.messages import (
    Agree,
    ChangePage,
    Command,
    CommandBatch,
    CommandBody,
    DeviceId,
    Fault,
    FormLease,
    Hello,
    Outcome,
    OutcomeBatch,
    Session,
    SignIn,
    SnapshotEnd,
    SnapshotLine,
    Welcome,
)
from medreg_core.domain.forms import content_digest, make_form_number
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import Application, CommandId
from medreg_server.db.clock import system_clock
from tests.helpers.server import PASSWORD

T = TypeVar("T")


def new_id() -> str:
    return uuid7(int(system_clock().timestamp() * 1000), secrets.token_bytes(10))


@dataclass
class Refused(Exception):
    """An answer that was not 2xx."""

    status: int
    fault: Fault


@dataclass
class Client:
    """One signed-in account on one device."""

    url: str
    login: str
    device_id: DeviceId = field(default_factory=lambda: DeviceId(new_id()))
    device_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    token: str = ""
    lease: FormLease | None = None
    used: int = 0

    def __post_init__(self) -> None:
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
        hello = Hello(
            protocol_min=1,
            protocol_max=1,
            client_version="1.0.0",
            device_id=self.device_id,
            device_key=self.device_key,
            client_time=system_clock(),
            form_numbers_left=0,
        )
        welcome = self.ask(Welcome, "POST", "/sync/hello", msgspec.structs.replace(hello, **changes))
        self.lease = welcome.lease or self.lease
        return welcome

    def ready(self) -> Client:
        self.sign_in()
        self.hello()
        return self

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

    def send(self, *commands: Command, dry_run: bool = False) -> tuple[Outcome, ...]:
        batch = CommandBatch(device_id=self.device_id, commands=commands, dry_run=dry_run)
        return self.ask(OutcomeBatch, "POST", "/sync/commands", batch).outcomes

    def send_one(self, sent: Command, *, dry_run: bool = False) -> Outcome:
        (outcome,) = self.send(sent, dry_run=dry_run)
        return outcome

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


def at_version(application: Application, version: int) -> Application:
    return replace(application, version=version)
