"""What every run begins with, made once per process: two institutions, four registrars, twenty applications."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from medreg_core.domain.records import AccountId, Application, Institution
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache.store import CacheStore
from medreg_server.db.engine import open_engine
from medreg_server.db.migrate import migrate
from medreg_server.services.registry import NewAccount
from medreg_server.services.service import Service, open_service
from medreg_server.settings import Settings
from simulator import cases
from simulator.clocks import PcClock, WorldTime
from simulator.disk import FOOTING
from simulator.paths import new_folder
from simulator.register import settings_of
from simulator.streams import entropy_from

PASSWORD = "correct horse battery"  # noqa: S105 - of invented accounts in a throw-away file
KEY = bytes(range(32))

REGISTRARS = {"jia": "a", "yi": "a", "bing": "b", "ding": "c"}
"""Each registrar's PC: two share one, a third sits in the same office, the fourth in another institution."""

ELSEWHERE = "ding"
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
    keep = new_folder()
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
    with service.environment.database.write() as transaction:
        transaction.physicians.add((entry.physician_id, entry.person) for entry in applications)
        transaction.physicians.add_qualifications(
            (entry.physician_id, entry.qualification) for entry in applications if entry.qualification
        )
        transaction.applications.add(applications)
    service.close()
    return accounts


def _registrar(service: Service, login: str, place: Institution) -> AccountId:
    new = NewAccount(login, f"经办人{login}", Role.REGISTRAR, PASSWORD, institution_id=place.id)
    return service.registry.add_account(new)
