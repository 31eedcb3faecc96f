"""The real program against the real service, each test with a hospital and a data folder of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from PySide6.QtWidgets import QApplication

from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import Role
from tests.helpers.fault_proxy import FaultProxy, fault_proxy
from tests.helpers.program import Desk, Listener
from tests.helpers.qt import dressed_app, no_widget_left  # noqa: F401 - fixtures
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    ServerHandle,
    make_application,
    make_person,
    running_server,
    seed_hospital,
    sqlite_url,
    store_applications,
)

OpenDesk = Callable[..., Desk]

_OURS = ("medreg-sync", "cache-", "search", "background", "fault-proxy")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerHandle]:
    folder = tmp_path_factory.mktemp("service")
    with running_server(sqlite_url(folder), folder, long_poll_seconds=2) as running:
        yield running


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread of the program running; the service's own pool grows as it is asked."""
    before = set(threading.enumerate())
    yield
    left = [t.name for t in threading.enumerate() if t not in before and t.name.startswith(_OURS)]
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True, scope="session")
def no_keyring() -> Iterator[None]:
    """Keep off the key store of whoever runs the tests: the copy's key lies in the key file alone."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def hospital(server: ServerHandle) -> Hospital:
    return seed_hospital(server.service)


@pytest.fixture
def proxy(server: ServerHandle) -> Iterator[FaultProxy]:
    with fault_proxy(int(server.url.rsplit(":", 1)[1])) as running:
        yield running


@pytest.fixture
def log() -> Iterator[Listener]:
    """Everything that is logged, at the finest level."""
    listener, root = Listener(), logging.getLogger()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    yield listener
    root.removeHandler(listener)
    root.setLevel(level)


@pytest.fixture
def open_desk(
    qapp: QApplication,
    no_widget_left: None,  # noqa: F811 - a fixture: set up before, so that it looks after the desks are closed
    tmp_path: Path,
    proxy: FaultProxy,
    log: Listener,
    request: pytest.FixtureRequest,
) -> Iterator[OpenDesk]:
    """Starts the program behind the proxy; the same name is the same computer, with its disk."""
    opened: list[Desk] = []

    def start(name: str = "pc", url: str = "") -> Desk:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        desk = Desk.start(qapp, folder, url or proxy.url, tmp_path / "shots")
        opened.append(desk)
        return desk

    yield start
    for desk in opened:
        desk.close()
    held_ms = round(max((desk.beat.longest_ms for desk in opened), default=0))
    request.node.user_properties.append(("loop_held_ms", held_ms))  # read it with --junitxml; a busy machine decides
    ours = [line for line in log.lines if " urllib3" not in line.partition("\n")[0]]
    assert not [line for line in ours if "Traceback" in line or "bug " in line]


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    return open_desk()


@dataclass(frozen=True, slots=True)
class Staff:
    """Who signs in, and what waits for them."""

    registrar: str
    supervisor: str
    applications: tuple[Application, ...]


@pytest.fixture
def staff(server: ServerHandle, hospital: Hospital) -> Staff:
    """Two people of one hospital, and three applications waiting there."""
    names = ("曾予安", "单小雨", "欧阳文远")
    made = tuple(make_application(hospital.institution, replace(make_person(), name=name)) for name in names)
    store_applications(server.service, made)
    return Staff(hospital.logins[Role.REGISTRAR], hospital.logins[Role.SUPERVISOR], made)


@pytest.fixture
def office(desk: Desk, staff: Staff) -> Desk:
    """The program with the registrar at work, all rows there, synced."""
    desk.at_work(staff.registrar, PASSWORD, len(staff.applications))
    desk.until_lamp("已同步")
    return desk
