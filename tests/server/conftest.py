"""Every test of the service runs on both engines: a file of SQLite, and a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_core.domain.vocabulary import Role
from medreg_server.services.commands import CommandDesk
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from tests.helpers.postgres import Cluster, database_name, find_binaries, running_cluster
from tests.helpers.server import (
    REGISTER_FILE,
    Hospital,
    ServerHandle,
    migrate_url,
    open_register,
    running_server,
    seed_hospital,
    sqlite_url,
)
from tests.server.clients import Client, Office
from tests.server.leaver import Leaver

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One private PostgreSQL for the whole session."""
    with running_cluster() as running:
        yield running


@pytest.fixture(scope="session")
def migrated_template(cluster: Cluster) -> str:
    """Name of a migrated database that tests copy."""
    url = cluster.new_database()
    migrate_url(url)
    return database_name(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that tests copy."""
    directory = tmp_path_factory.mktemp("migrated")
    migrate_url(sqlite_url(directory))
    return directory / REGISTER_FILE


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty, migrated database of the engine in turn."""
    if engine_name == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / REGISTER_FILE)
        yield sqlite_url(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.new_database(request.getfixturevalue("migrated_template"))
    yield url
    cluster.drop(url)


def empty_place(name: str, engine_name: str, request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """Where a backup is restored to: an empty database of the same engine."""
    if engine_name == "sqlite":
        yield sqlite_url(directory, name)
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    url = cluster.new_database()
    yield url
    cluster.drop(url)


@pytest.fixture
def other_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty place that a backup is restored to."""
    yield from empty_place("restored.db", engine_name, request, tmp_path)


@pytest.fixture
def third_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of another empty place."""
    yield from empty_place("restored-again.db", engine_name, request, tmp_path)


@pytest.fixture
def at_console(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the operator's commands find around them: the register, its keys, PostgreSQL's programs."""
    monkeypatch.setenv("MEDREG_DATABASE_URL", database_url)
    monkeypatch.setenv("MEDREG_DATA_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("PATH", f"{find_binaries()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def register(database_url: str, tmp_path: Path) -> Iterator[Service]:
    """The joined service without a network."""
    with open_register(database_url, tmp_path) as service:
        yield service


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[ServerHandle]:
    """The service, listening."""
    with running_server(database_url, tmp_path) as handle:
        yield handle


@pytest.fixture
def hospital(register: Service) -> Hospital:
    return seed_hospital(register)


@pytest.fixture
def served(server: ServerHandle) -> Hospital:
    """A hospital of the listening service."""
    return seed_hospital(server.service)


@pytest.fixture
def client(server: ServerHandle, served: Hospital) -> Iterator[Client]:
    """The served hospital's registrar, signed in and greeted."""
    opened = Client(server.url, served.logins[Role.REGISTRAR]).ready()
    yield opened
    opened.close()


@pytest.fixture
def leaver(register: Service, hospital: Hospital) -> Leaver:
    return Leaver.of(register, hospital)


@pytest.fixture
def supervisor(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital, Role.SUPERVISOR)


@pytest.fixture
def lane(register: Service) -> ReviewLane:
    return ReviewLane(register.environment, CommandDesk(register.environment))
