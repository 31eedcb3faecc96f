"""One valid request for every operation of the API, and who may make it; the router tells whether one is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from medreg_core.contract.v1.activation import Redemption
from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.devices import Purpose, Revocation, SetAside, WipeCheck, WipeDone
from medreg_core.contract.v1.feed import DigestQuery
from medreg_core.contract.v1.messages import ClaimQuery, CourierUpload, Hello, ScanQuery, SignIn
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import Kind, RevocationReason, Role, State
from medreg_server.api.commission import MOVES
from medreg_server.api.physician import Resubmission, Withdrawal
from medreg_server.app import create_app
from medreg_server.db.clock import system_clock
from medreg_server.services.applicants import Content, Submission
from medreg_server.services.authority import Ruling
from medreg_server.services.service import Service
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    ServerHandle,
    make_application,
    seed_account,
    seed_hospital,
    store_applications,
)
from tests.server.clients import Client, command, new_id
from tests.server.code_office import CodeOffice, seed_physician
from tests.server.couriers import Sender
from tests.server.leaver import NONCE, Leaver

OFFICE = frozenset({Role.REGISTRAR, Role.SUPERVISOR, Role.READ_ONLY, Role.INSTITUTION_ADMIN})
DECIDERS = frozenset({Role.REGISTRAR, Role.SUPERVISOR})
ANYONE = frozenset(Role) - {Role.SYSTEM}
_PREFIX = "/api/v1"

_STATE_OF_MOVE = {
    "accept": State.AGREED,
    "not-accept": State.AGREED,
    "supplement": State.AGREED,
    "supply": State.SUPPLEMENT,
    "approve": State.ACCEPTED,
    "deny": State.ACCEPTED,
    "certify": State.APPROVED,
    "collect": State.CERTIFIED,
}


@dataclass(frozen=True)
class Operation:
    """An operation: how to ask it validly, and who may."""

    method: str
    path: str
    roles: frozenset[Role]
    ask: Callable[[World, Client, Application], requests.Response]
    state: State = State.SUBMITTED
    audited: bool = True
    by_id: bool = False  # names an application: another tenant's must be 404
    needs_session: bool = True


@dataclass
class World:
    """A running service with one hospital and one signed-in client per role."""

    server: ServerHandle
    hospital: Hospital
    clients: dict[Role, Client] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        return self.server.service

    def application(self, state: State = State.SUBMITTED, hospital: Hospital | None = None) -> Application:
        """Store and return a new application of the world's physician, or of a physician of its own elsewhere."""
        made = make_application((hospital or self.hospital).institution, state=state)
        store_applications(self.service, [made])
        return made

    def client(self, role: Role, application: Application) -> Client:
        """Return a signed-in client of ``role``; the physician is the applicant."""
        if role is Role.PHYSICIAN:
            login = f"physician-{new_id()}"
            seed_account(self.service, login, role, physician_id=application.physician_id)
        elif role is Role.COMMISSION:
            login = f"commission-{new_id()}"
            seed_account(self.service, login, role, region="990100")
        else:
            login = self.hospital.logins[role]
        if role not in self.clients or role is Role.PHYSICIAN:
            client = Client(self.server.url, login)
            client.sign_in()
            if role in OFFICE:
                client.hello()
            self.clients[role] = client
        return self.clients[role]


def open_world(server: ServerHandle) -> World:
    return World(server, seed_hospital(server.service))


def _sign_in(world: World, client: Client, _: Application) -> requests.Response:
    return client.call("POST", "/session", SignIn(client.login, PASSWORD, client.device_id))


def _sign_out(world: World, client: Client, application: Application) -> requests.Response:
    other = Client(client.url, client.login)
    other.sign_in()
    return other.call("DELETE", "/session")


def _hello(world: World, client: Client, _: Application) -> requests.Response:
    hello = Hello(
        protocol_min=1,
        protocol_max=1,
        client_version="1",
        device_id=client.device_id,
        device_key=client.device_key,
        client_time=system_clock(),
    )
    return client.call("POST", "/sync/hello", hello)


def _commands(world: World, client: Client, application: Application) -> requests.Response:
    sent = command(application, Return(opinion="补充"))
    return client.call("POST", "/sync/commands", client.batch((sent,), dry_run=False))


def _courier(world: World, client: Client, application: Application) -> requests.Response:
    sender = Sender.of(world.service, world.hospital)
    file = sender.file([sender.decide(application, Return(opinion="补充"))])
    return client.call("POST", "/courier", CourierUpload(file=file))


def _digest(world: World, client: Client, _: Application) -> requests.Response:
    cursor = Client(client.url, world.hospital.logins[Role.READ_ONLY])
    cursor.sign_in()
    return client.call("POST", "/sync/digest", DigestQuery(cursor=cursor.cursor(), count=0, buckets=(0,) * 256))


def _changes(world: World, client: Client, _: Application) -> requests.Response:
    reader = Client(client.url, world.hospital.logins[Role.READ_ONLY])
    reader.sign_in()
    return client.call("GET", "/sync/changes", cursor=reader.cursor())


def _submit(world: World, client: Client, application: Application) -> requests.Response:
    content = Content(request=application.request, statement=application.statement)
    submission = Submission(ApplicationId(new_id()), application.institution_id, Kind.REGISTRATION, content)
    return client.call("POST", "/physician/applications", submission)


def _withdraw(world: World, client: Client, application: Application) -> requests.Response:
    path = f"/physician/applications/{application.id}/withdraw"
    return client.call("POST", path, Withdrawal(application.version))


def _resubmit(world: World, client: Client, application: Application) -> requests.Response:
    content = Content(request=application.request, statement=application.statement)
    path = f"/physician/applications/{application.id}/resubmit"
    return client.call("POST", path, Resubmission(application.version, content))


def _ruling(path: str) -> Operation:
    def ask(world: World, client: Client, application: Application) -> requests.Response:
        body = Ruling(application.version, ("理由",), application.moved_at)
        return client.call("POST", f"/commission/applications/{application.id}/{path}", body)

    template = f"/commission/applications/{{application_id}}/{path}"
    return Operation("POST", template, frozenset({Role.COMMISSION}), ask, _STATE_OF_MOVE[path], by_id=True)


def _left_behind(world: World, application: Application) -> Leaver:
    """A registrar's device of its own, revoked, with one command that it has handed over."""
    leaver = Leaver.of(world.service, world.hospital)
    leaver.revoke()
    leaver.rescue(command(application, Return(opinion="补充")))
    return leaver


def _revoke(world: World, client: Client, _: Application) -> requests.Response:
    device = Leaver.of(world.service, world.hospital).office.device_id
    return client.call("POST", f"/devices/{device}/revoke", Revocation(RevocationReason.LOST))


def _confirm(world: World, client: Client, application: Application) -> requests.Response:
    (left,) = _left_behind(world, application).handed_over
    return client.call("POST", f"/rescued/{left.id}/confirm")


def _set_aside(world: World, client: Client, application: Application) -> requests.Response:
    (left,) = _left_behind(world, application).handed_over
    return client.call("POST", f"/rescued/{left.id}/set-aside", SetAside("已另行办理"))


def _wipe_check(world: World, client: Client, _: Application) -> requests.Response:
    leaver = Leaver.of(world.service, world.hospital)
    return client.call("POST", "/device/wipe/check", leaver.signed(Purpose.WIPE_CHECK, WipeCheck(NONCE)))


def _rescue(world: World, client: Client, application: Application) -> requests.Response:
    leaver = _left_behind(world, application)
    rescue = leaver.rescue_of(command(application, Return(opinion="补充")))
    return client.call("POST", "/device/rescue", leaver.signed(Purpose.RESCUE, rescue))


def _wipe_done(world: World, client: Client, application: Application) -> requests.Response:
    leaver = _left_behind(world, application)
    return client.call("POST", "/device/wipe/done", leaver.signed(Purpose.WIPE_DONE, WipeDone(1)))


_ADMIN = frozenset({Role.INSTITUTION_ADMIN})
_SUPERVISOR = frozenset({Role.SUPERVISOR})


def _activate(world: World, client: Client, application: Application) -> requests.Response:
    institution = world.hospital.institution
    who = seed_physician(world.service, institution, application.physician_id)
    office = CodeOffice(world.service, world.hospital)
    code = office.codes.pop()
    office.send_one(office.hand_out(who, code))
    return client.call("POST", "/activation", Redemption(code.code))


_APPLICANT = frozenset({Role.PHYSICIAN})
_COMMISSION = frozenset({Role.COMMISSION})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/ping",
        ANYONE,
        lambda w, c, a: c.call("GET", "/ping", nonce="12345678"),
        audited=False,
        needs_session=False,
    ),
    Operation("POST", "/session", ANYONE, _sign_in, needs_session=False),
    Operation("DELETE", "/session", ANYONE, _sign_out),
    Operation("POST", "/sync/hello", OFFICE, _hello),
    Operation("GET", "/sync/snapshot", OFFICE, lambda w, c, a: c.call("GET", "/sync/snapshot"), audited=False),
    Operation("GET", "/sync/changes", OFFICE, _changes, audited=False),
    Operation("POST", "/sync/commands", OFFICE, _commands),
    Operation("GET", "/sync/outcomes", OFFICE, lambda w, c, a: c.call("GET", "/sync/outcomes", ids="x"), audited=False),
    Operation("POST", "/sync/digest", OFFICE, _digest, audited=False),
    Operation("GET", "/sync/buckets/{number}", OFFICE, lambda w, c, a: c.call("GET", "/sync/buckets/7"), audited=False),
    Operation("POST", "/courier", DECIDERS, _courier),
    Operation(
        "POST",
        "/claims",
        DECIDERS,
        lambda w, c, a: c.call("POST", "/claims", ClaimQuery(application_id=a.id)),
        by_id=True,
    ),
    Operation("GET", "/devices", _ADMIN, lambda w, c, a: c.call("GET", "/devices"), audited=False),
    Operation("POST", "/devices/{device_id}/revoke", _ADMIN, _revoke),
    Operation("GET", "/rescued", _SUPERVISOR, lambda w, c, a: c.call("GET", "/rescued"), audited=False),
    Operation("POST", "/rescued/{command_id}/confirm", _SUPERVISOR, _confirm),
    Operation("POST", "/rescued/{command_id}/set-aside", _SUPERVISOR, _set_aside),
    Operation("POST", "/device/wipe/check", ANYONE, _wipe_check, audited=False, needs_session=False),
    Operation("POST", "/device/rescue", ANYONE, _rescue, needs_session=False),
    Operation("POST", "/device/wipe/done", ANYONE, _wipe_done, needs_session=False),
    Operation("POST", "/physician/applications", _APPLICANT, _submit),
    Operation("POST", "/activation", _APPLICANT, _activate),
    Operation("POST", "/physician/applications/{application_id}/withdraw", _APPLICANT, _withdraw, by_id=True),
    Operation(
        "POST",
        "/physician/applications/{application_id}/resubmit",
        _APPLICANT,
        _resubmit,
        State.RETURNED,
        by_id=True,
    ),
    Operation(
        "GET",
        "/commission/applications",
        _COMMISSION,
        lambda w, c, a: c.call("GET", "/commission/applications", state="agreed"),
        audited=False,
    ),
    *(_ruling(path) for path in MOVES),
    Operation(
        "POST", "/commission/scans", _COMMISSION, lambda w, c, a: c.call("POST", "/commission/scans", ScanQuery("YS1:"))
    ),
)


def routed(service: Service) -> set[tuple[str, str]]:
    """Return (method, path) of everything the application routes, its own description apart."""
    found = set()
    for route in create_app(service).routes:
        path = route.path_format
        for method in getattr(route, "methods", ()):
            if method not in {"OPTIONS", "HEAD"} and not path.startswith("/schema"):
                found.add((str(method), path.removeprefix(_PREFIX)))
    return found
