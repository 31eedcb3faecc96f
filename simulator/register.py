"""The service in this process: its real rules over a real SQLite file, without sockets and without threads."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from sqlalchemy import Engine

from medreg_core.contract.v1.commands import CommandBatch
from medreg_core.contract.v1.devices import SignedByDevice
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import DigestQuery
from medreg_core.contract.v1.messages import CourierUpload, Fault, Hello, SignIn
from medreg_core.domain.records import AccountId
from medreg_server.api.desks import Desks, open_desks
from medreg_server.api.faults import STATUS
from medreg_server.db.backup import back_up
from medreg_server.db.clock import Clock
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import migrate
from medreg_server.db.transaction import DatabaseBusy
from medreg_server.services.callers import Caller
from medreg_server.services.cursors import Cursor
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service, open_service, restore
from medreg_server.settings import Settings
from simulator.ages import as_read, is_beyond, make_older

API = "/api/v1"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    method: str
    target: str  # path and query
    token: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered. ``lines`` is a stream that is produced while it is read."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    lines: Iterator[bytes] | None = None


def settings_of(folder: Path) -> Settings:
    """Return the settings of a simulated service: weak password hashes, a feed that is soon compacted."""
    return Settings(
        database_url=f"sqlite:///{folder / 'register.db'}",
        data_dir=str(folder / "keys"),
        hash_memory_kib=8,
        hash_passes=1,
        feed_days=2,
        lease_size=20,
        lease_refill_below=8,
        session_hours=24,
        code_lease_size=12,
        code_refill_below=5,
        activation_attempts=1_000_000,
        sign_in_address_attempts=1_000_000,
        sign_in_attempts=1_000_000,
    )


@cache
def _engine(url: str) -> Engine:
    """Return the engine of a file: runs that lie in the same place compile their statements once."""
    return open_engine(url)


@dataclass(slots=True)
class Register:
    """The running service; ``bugs`` collects what no rule of the service foresaw."""

    folder: Path
    clock: Clock
    service: Service = field(init=False)
    desks: Desks = field(init=False)
    server_id: str = field(init=False)
    bugs: list[str] = field(default_factory=list)
    reached: dict[tuple[str, str], int] = field(default_factory=dict)  # by device and epoch: where it last asked from
    is_older: bool = False  # it speaks the protocol of the version before, and keeps nothing of what came since
    _is_late: bool = False
    _backup_is_older: bool = False

    def __post_init__(self) -> None:
        self.start()

    @property
    def settings(self) -> Settings:
        """The service's settings."""
        return settings_of(self.folder)

    def start(self) -> None:
        """Join the service over its files."""
        self.service = self._joined()
        self.desks = open_desks(self.service.environment, self.service.passwords)
        self.server_id = self.service.environment.identity().server_id

    def _joined(self) -> Service:
        return open_service(self.settings, self.clock, _engine(self.settings.database_url))

    def stop(self) -> None:
        """Let the database go."""
        self.service.close()

    def restart(self) -> None:
        """End the service and start it on what its files hold."""
        self.stop()
        self.start()

    def bring_up_to_date(self) -> None:
        """Install the present version over what the one before has kept."""
        self.stop()
        engine = _engine(self.settings.database_url)
        make_older(engine)
        migrate(engine)
        self.is_older = False
        self.start()

    def end_sessions(self, account_id: AccountId) -> None:
        """End every session of an account."""
        with self.service.environment.database.write() as transaction:
            transaction.accounts.close_sessions(account_id)

    def shut_out(self, account_id: AccountId) -> None:
        """Take an account's place from it."""
        with self.service.environment.database.write() as transaction:
            transaction.accounts.set_disabled(account_id, self.clock())

    def let_in(self, accounts: Iterable[AccountId]) -> None:
        """Give accounts their place back."""
        with self.service.environment.database.write() as transaction:
            for account_id in accounts:
                transaction.accounts.set_disabled(account_id, None)

    def back_up(self) -> None:
        """Keep a copy of the whole database, in place of the one before."""
        (self.folder / "backup.db").unlink(missing_ok=True)
        back_up(f"sqlite:///{self.folder / 'register.db'}", self.folder / "backup.db")
        self._backup_is_older = self.is_older
        if self.is_older:
            make_older(open_engine(f"sqlite:///{self.folder / 'backup.db'}"))

    def restore(self) -> bool:
        """Go back to the copy with the operator's own command; False when there is no copy."""
        if not (self.folder / "backup.db").exists():
            return False
        self.stop()
        for name in ("register.db", "register.db-wal", "register.db-shm"):
            (self.folder / name).unlink(missing_ok=True)  # it fills an empty place only
        restore(self.settings, self.folder / "backup.db", "restored", self.clock)
        # The whole machine of then is back; what it says is all that is older of it in this process.
        self.is_older = self._backup_is_older
        self.start()
        return True

    def handle(self, request: Request, *, is_late: bool = False) -> Answer:
        """Answer a request as the ASGI application does: same use cases, same codes, same headers.

        One that ``is_late`` says nothing of where its sender stands now.
        """
        self._is_late = is_late
        try:
            answer = self._routed(request)
        except ServiceFault as fault:
            headers = {"Retry-After": fault.params["wait_s"]} if "wait_s" in fault.params else {}
            answer = _fault(STATUS[fault.code], fault.code, fault.params, headers)
        except DatabaseBusy:
            answer = _fault(503, FaultCode.BUSY, {}, {"Retry-After": "5"})
        except msgspec.MsgspecError as error:
            self.bugs.append(f"BUG: unreadable request to {request.target}: {error}")
            answer = _fault(400, FaultCode.BAD_REQUEST, {}, {})
        answer.headers["X-MedReg-Server"] = self.server_id
        return answer

    def hear(self) -> None:
        """Take over what the service complains of elsewhere than in this process."""

    def _note_position(self, device: str, position: Cursor) -> None:
        """A device that asks from before where it stood has moved its cursor back (I5)."""
        place = device, position.epoch
        seq = self.reached.get(place, 0)
        if self._is_late:
            return
        if position.seq < seq:
            self.bugs.append(f"I5: {device} asks from {position.seq} and had been at {seq}")
        self.reached[place] = position.seq

    def _routed(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        route = f"{request.method} {parts.path.removeprefix(API)}"
        match route:
            case "POST /session":
                return _json(self.desks.sign_in.open(msgspec.json.decode(request.body, type=SignIn), "127.0.0.1"))
            case "GET /ping":
                return _json(self.desks.hello.pong(query["nonce"]))
            case "POST /device/wipe/check" | "POST /device/rescue" | "POST /device/wipe/done":
                return self._signed_by_device(route, msgspec.json.decode(request.body, type=SignedByDevice))
            case _:
                return self._signed_in(route, query, request, self.desks.sign_in.caller(request.token))

    def _signed_by_device(self, route: str, signed: SignedByDevice) -> Answer:
        match route:
            case "POST /device/wipe/check":
                return _json(self.desks.wipes.check(signed))
            case "POST /device/rescue":
                return _json(self.desks.wipes.rescue(signed))
            case _:
                self.desks.wipes.done(signed)
                return Answer(204, {})

    def _signed_in(  # noqa: PLR0911 - one line per route
        self, route: str, query: dict[str, str], request: Request, caller: Caller
    ) -> Answer:
        desks, body, token = self.desks, request.body, request.token
        match route.split():
            case ["DELETE", "/session"]:
                desks.sign_in.close(token, caller)
                return Answer(204, {})
            case ["POST", "/sync/hello"]:
                hello = msgspec.json.decode(body, type=Hello)
                return _json(desks.hello.hello(as_read(hello) if self.is_older else hello, caller))
            case ["GET", "/sync/snapshot"]:
                lines = desks.snapshot.begin(query.get("after", ""), caller)
                return Answer(200, {"Content-Type": "application/x-ndjson"}, lines=lines)
            case ["GET", "/sync/changes"]:
                position = desks.feed.position(query["cursor"], caller)
                self._note_position(caller.device_id, position)
                return _json(desks.feed.page(position))
            case ["POST", "/sync/commands"]:
                batch = msgspec.json.decode(body, type=CommandBatch)
                if self.is_older and is_beyond(batch):
                    raise ServiceFault(FaultCode.BAD_REQUEST)
                return _json(desks.commands.answer(batch, caller))
            case ["POST", "/courier"]:
                return _json(desks.courier.take(msgspec.json.decode(body, type=CourierUpload).file, caller))
            case ["POST", "/sync/digest"]:
                return _json(desks.feed.compare(msgspec.json.decode(body, type=DigestQuery), caller))
            case ["GET", path] if path.startswith("/sync/buckets/"):
                return _json(desks.feed.bucket(int(path.rpartition("/")[2]), caller))
            case _:
                raise ServiceFault(FaultCode.NOT_FOUND)


def copy_template(template: Path, folder: Path) -> None:
    """Give a run its own copy of a prepared service."""
    shutil.copytree(template, folder)


def _json(body: object) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, _encode(body))


def _fault(status: int, code: FaultCode, params: dict[str, str], headers: dict[str, str]) -> Answer:
    body = _encode(Fault(code=code, params=params))
    return Answer(status, {"Content-Type": "application/json", **headers}, body)


class BugWatch(logging.Handler):
    """Turns the service's own cry for help in the log into a finding: a bug that is answered with "retry" is one."""

    def __init__(self, bugs: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._bugs = bugs

    def emit(self, record: logging.LogRecord) -> None:
        """Note the message with the error behind it."""
        error = record.exc_info[1] if record.exc_info else None
        self._bugs.append(f"BUG: {record.getMessage()}: {type(error).__name__}: {error}")
