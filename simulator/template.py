"""What every run begins with, made once per process: two institutions, four registrars, twenty applications."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from medreg_core.domain.records import AccountId, Application, Institution, PhysicianId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache.store import CacheStore
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import migrate
from medreg_server.db.physicians import Registered
from medreg_server.services.registry import NewAccount
from medreg_server.services.service import Service, open_service
from medreg_server.settings import Settings
from simulator import cases
from simulator.clocks import PcClock, WorldTime
from simulator.disk import FOOTING
from simulator.paths import kept_folder
from simulator.register import settings_of
from simulator.streams import entropy_from

PASSWORD = "correct horse battery"  # noqa: S105 - of invented accounts in a throw-away file
KEY = bytes(range(32))

REGISTRARS = {"jia": "a", "yi": "a", "bing": "b", "ding": "c"}
"""Each registrar's PC: two share one, a third sits in the same office, the fourth in another institution."""

ELSEWHERE = "ding"

SUPERVISORS = {"a": "fuhe", "b": "fuhe", "c": "fuhe-c"}
"""Who settles at each computer's institution what shut-out computers had not finished."""

PHYSICIANS = {"wen": "a", "xin": "a", "yan": "a", "zhi": "a", "an": "c"}
"""Physicians who practise at the institution of this computer, and want their accounts activated."""

_AT_HOME, _AT_OTHER = 16, 4


@dataclass(frozen=True, slots=True)
class Template:
    """Folders to copy from, and what is in them. ``keep`` holds the folders alive."""

    register: Path
    cache: Path
    home: Institution
    other: Institution
    accounts: dict[str, AccountId]
    applications: tuple[Application, ...]
    keep: TemporaryDirectory[str]


@cache
def template() -> Template:
    """Return the template of this process; its keys and ids are the same in every process."""
    keep = kept_folder()
    root = Path(keep.name)
    register, local = root / "register", root / "cache"
    register.mkdir()
    local.mkdir()
    chance = random.Random("template")  # noqa: S311 - chance of a game, no secret
    world = WorldTime()
    home, other = cases.institution("00000001"), cases.institution("00000002")
    applications = tuple(
        cases.application(home if number < _AT_HOME else other, number, chance)
        for number in range(_AT_HOME + _AT_OTHER)
    )
    with entropy_from(chance):
        accounts = fill(settings_of(register), world, (home, other), applications)
    CacheStore.open(local / "cache.db", KEY, PcClock(world), footing=FOOTING).close()
    return Template(register, local, home, other, accounts, applications, keep)


def fill(
    settings: Settings,
    world: WorldTime,
    institutions: tuple[Institution, Institution],
    applications: tuple[Application, ...],
) -> dict[str, AccountId]:
    """Make a register in an empty database; return the registrars' accounts by login."""
    engine = open_engine(settings.database_url)
    migrate(engine)
    engine.dispose()
    service = open_service(settings, world)
    for place in institutions:
        service.registry.add_institution(place)
    accounts = {login: _registrar(service, login, institutions[login == ELSEWHERE]) for login in REGISTRARS}
    accounts |= {
        login: _account(service, login, Role.SUPERVISOR, institutions[pc == "c"])
        for pc, login in SUPERVISORS.items()
        if pc != "b"
    }
    accounts |= _practising(service, institutions)
    with service.environment.database.write() as transaction:
        transaction.physicians.add((entry.physician_id, entry.person) for entry in applications)
        transaction.physicians.add_qualifications(
            (entry.physician_id, entry.qualification) for entry in applications if entry.qualification
        )
        transaction.applications.add(applications)
    service.close()
    return accounts


def _registrar(service: Service, login: str, place: Institution) -> AccountId:
    return _account(service, login, Role.REGISTRAR, place)


def _account(service: Service, login: str, role: Role, place: Institution) -> AccountId:
    return service.registry.add_account(NewAccount(login, f"经办人{login}", role, PASSWORD, institution_id=place.id))


def physician_id(login: str) -> PhysicianId:
    """Return the id of one of :data:`PHYSICIANS`."""
    return PhysicianId(f"physician-{login}".ljust(32, "0"))


def _practising(service: Service, institutions: tuple[Institution, Institution]) -> dict[str, AccountId]:
    """Add the physicians, where they practise, and their accounts."""
    accounts = {}
    for number, (login, pc) in enumerate(PHYSICIANS.items()):
        key, place = physician_id(login), institutions[pc == "c"]
        person = cases.person(cases.DAYS + number, 1)
        with service.environment.database.write() as transaction:
            transaction.physicians.add([(key, person)])
            transaction.physicians.add_registrations([Registered(key, place.id, cases.registration(place, number))])
        new = NewAccount(login, person.name, Role.PHYSICIAN, PASSWORD, physician_id=key)
        accounts[login] = service.registry.add_account(new)
    return accounts
