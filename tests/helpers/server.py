"""The real service for tests: joined in this process, or listening on a free loopback port in a thread.

with running_server(sqlite_url(tmp_path), tmp_path) as server:
    hospital = seed_hospital(server.service)
    requests.post(f"{server.url}/api/v1/session", …)
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import uvicorn

from medreg_core.domain.codes.credit_code import make_credit_code
from medreg_core.domain.codes.id_number import make_id_number
from medreg_core.domain.codes.institution_code import make_institution_code
from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import (
    AccountId,
    Application,
    ApplicationId,
    Institution,
    InstitutionId,
    Material,
    Person,
    PhysicianId,
    Qualification,
    Request,
    Statement,
)
from medreg_core.domain.rules import material_list
from medreg_core.domain.vocabulary import Category, Kind, Level, Role, Sex, State
from medreg_server.app import create_app
from medreg_server.db.clock import Clock, system_clock
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import SchemaMismatch, migrate
from medreg_server.services.registry import NewAccount
from medreg_server.services.rule_tables import installed_tables
from medreg_server.services.service import Service, open_service
from medreg_server.settings import Settings
from tests.helpers.loopback import listening_on, server_of

PASSWORD = "correct horse battery"
REGISTER_FILE = "register.db"
CLINICAL_SCOPES = installed_tables().scopes.of_category(Category.CLINICAL)


class GivenUp(Exception):
    """Raised inside a transaction of a test to have it rolled back."""


def sqlite_url(directory: Path, name: str = REGISTER_FILE) -> str:
    """Return the URL of a database file in ``directory``."""
    return f"sqlite:///{directory / name}"


def test_settings(database_url: str, directory: Path, **changes: object) -> Settings:
    """Return settings for tests: keys in ``directory``, password hashes as weak as the library allows."""
    values = {"hash_memory_kib": 8, "hash_passes": 1, **changes}
    return Settings(database_url=database_url, data_dir=str(directory / "keys"), **values)  # type: ignore[arg-type]


test_settings.__test__ = False  # type: ignore[attr-defined] # a builder, not a test


def migrate_url(database_url: str) -> None:
    """Bring the database at a URL to the newest schema."""
    engine = open_engine(database_url)
    migrate(engine)
    engine.dispose()


class WorldClock:
    """The time of a service, which a test lets pass."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def pass_days(self, days: float) -> None:
        """Let time pass."""
        self.ahead += timedelta(days=days)


@contextmanager
def open_register(
    database_url: str, directory: Path, clock: Clock = system_clock, **changes: object
) -> Iterator[Service]:
    """Migrate the database if it is new, and give the joined service, without a network."""
    settings = test_settings(database_url, directory, **changes)
    try:
        service = open_service(settings, clock)
    except SchemaMismatch:
        migrate_url(database_url)
        service = open_service(settings, clock)
    try:
        yield service
    finally:
        service.close()


@dataclass(frozen=True, slots=True)
class ServerHandle:
    """A service that listens. ``stop`` and leaving the context do the same; stopping twice is harmless."""

    url: str
    service: Service
    _server: uvicorn.Server
    _thread: threading.Thread

    def stop(self) -> None:
        """Stop listening and wait until every connection is closed."""
        self._server.should_exit = True
        self._thread.join(timeout=20)
        if self._thread.is_alive():
            raise TimeoutError("the service did not stop")


@contextmanager
def running_server(
    database_url: str, directory: Path, clock: Clock = system_clock, port: int = 0, **changes: object
) -> Iterator[ServerHandle]:
    """Run the real service on ``127.0.0.1``; a free port unless one is named (to come back where clients look)."""
    with open_register(database_url, directory, clock, **changes) as service, listening_on(port) as listener:
        server = server_of(create_app(service))
        started = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, listener, started), name="server", daemon=True)
        thread.start()
        # The socket listens already: whoever connects before the service is ready is answered when it is.
        handle = ServerHandle(f"http://127.0.0.1:{listener.getsockname()[1]}", service, server, thread)
        try:
            yield handle
        finally:
            started.wait(timeout=20)
            handle.stop()


def _serve(server: uvicorn.Server, listener: socket.socket, started: threading.Event) -> None:
    started.set()
    server.run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class Hospital:
    """A seeded institution with one account per role; every password is :data:`PASSWORD`."""

    institution: Institution
    accounts: dict[Role, AccountId]
    logins: dict[Role, str]


def make_institution(region: str = "990100", **changes: object) -> Institution:
    """Return an institution with a random id; its code has a valid check character."""
    mark = secrets.token_hex(4).upper()
    institution = Institution(
        id=InstitutionId(f"{region}-{mark.lower()}"),
        name=f"第{mark}人民医院",
        code=make_institution_code(mark, region, "11", "A100", "1"),
        credit_code=make_credit_code("12", region, mark),
        region=region,
        address="人民路1号",
        postcode="999001",
        authority="卫生健康委员会",
        departments=("内科", "外科"),
        subjects=CLINICAL_SCOPES,
    )
    return replace(institution, **changes)  # type: ignore[arg-type] # names of fields, checked by replace


def seed_hospital(service: Service, region: str = "990100", **changes: object) -> Hospital:
    """Store an institution and its four accounts."""
    institution = make_institution(region, **changes)
    service.registry.add_institution(institution)
    accounts: dict[Role, AccountId] = {}
    logins: dict[Role, str] = {}
    for role in (Role.REGISTRAR, Role.SUPERVISOR, Role.READ_ONLY, Role.INSTITUTION_ADMIN):
        logins[role] = f"{role.value}-{secrets.token_hex(4)}"
        accounts[role] = seed_account(service, logins[role], role, institution_id=institution.id)
    return Hospital(institution, accounts, logins)


def seed_account(service: Service, login: str, role: Role, **place: object) -> AccountId:
    """Store an account; ``place`` is institution_id, physician_id or region."""
    new = NewAccount(login=login, name=f"经办人{login[-4:]}", role=role, password=PASSWORD, **place)  # type: ignore[arg-type] # as named
    return service.registry.add_account(new)


_people = count(secrets.randbelow(12_000 * 999))
"""Drawn at random, two of 600 would share a number in one run of seventy."""


def make_person() -> Person:
    """Return a synthetic physician with a valid ID number that no other of this run has."""
    day, place = divmod(next(_people) % (12_000 * 999), 999)
    born, sequence = date(1960, 1, 1) + timedelta(days=day), place + 1
    number = make_id_number("110105", born, sequence)
    sex = Sex.MALE if sequence % 2 else Sex.FEMALE
    return Person(name="医师甲", sex=sex, birth_date=born, id_number=number, phone="13800000000")


def make_application(institution: Institution, person: Person | None = None, **changes: object) -> Application:
    """Return a submitted first registration at ``institution`` that passes every check and brings every material."""
    who = person or make_person()
    today = china_date(system_clock())
    qualification = Qualification(
        code=make_qualification_code(today.year, "11", Level.PHYSICIAN, "10", who.id_number),
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        exam_category="10",
        obtained_on=date(today.year, 1, 1),
        issuer="卫生健康委员会",
        name=who.name,
        id_number=who.id_number,
    )
    application = Application(
        id=ApplicationId(uuid7(int(system_clock().timestamp() * 1000), secrets.token_bytes(10))),
        institution_id=institution.id,
        physician_id=PhysicianId(secrets.token_hex(16)),
        kind=Kind.REGISTRATION,
        state=State.SUBMITTED,
        version=1,
        content_version=1,
        submitted_at=system_clock(),
        person=who,
        qualification=qualification,
        registration=None,
        request=Request(
            place=institution.region[:2],
            institution_name=institution.name,
            institution_code=institution.code,
            institution_address=institution.address,
            institution_postcode=institution.postcode,
            department="内科",
            level=Level.PHYSICIAN,
            category=Category.CLINICAL,
            scopes=CLINICAL_SCOPES[:1],
            start_on=today,
        ),
        statement=Statement(health="良好", no_refusal_ground=True),
        other_pending=0,
    )
    application = replace(application, **changes)  # type: ignore[arg-type] # names of fields, checked by replace
    if "materials" in changes:
        return application
    return replace(application, materials=full_materials(application))


def full_materials(application: Application) -> tuple[Material, ...]:
    """Return every material the application needs, originals seen."""
    needed = material_list(application, installed_tables())
    return tuple(Material(item.code, pages=1, original_seen=True, copies=max(item.copies, 1)) for item in needed)


def store_applications(service: Service, applications: Sequence[Application]) -> None:
    """Store applications with their physicians and qualifications, in one transaction."""
    with service.environment.database.write() as transaction:
        transaction.physicians.add((entry.physician_id, entry.person) for entry in applications)
        transaction.physicians.add_qualifications(
            (entry.physician_id, entry.qualification) for entry in applications if entry.qualification
        )
        transaction.applications.add(applications)


def seed_applications(service: Service, institution: Institution, count: int = 1) -> list[Application]:
    """Store ``count`` new applications at ``institution`` and return them."""
    applications = [make_application(institution) for _ in range(count)]
    store_applications(service, applications)
    return applications
