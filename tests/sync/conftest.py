from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medreg_core.domain.vocabulary import Role
from tests.helpers.fault_proxy import FaultProxy, fault_proxy
from tests.helpers.server import Hospital, ServerHandle, running_server, seed_hospital, sqlite_url
from tests.sync.office import Pc, WorldTime

OpenPc = Callable[..., Pc]


@pytest.fixture
def world() -> WorldTime:
    return WorldTime()


@pytest.fixture
def server(tmp_path: Path, world: WorldTime) -> Iterator[ServerHandle]:
    with running_server(sqlite_url(tmp_path), tmp_path, world.now) as running:
        yield running


@pytest.fixture
def hospital(server: ServerHandle) -> Hospital:
    return seed_hospital(server.service)


@pytest.fixture
def proxy(server: ServerHandle) -> Iterator[FaultProxy]:
    with fault_proxy(int(server.url.rsplit(":", 1)[1])) as running:
        yield running


@pytest.fixture
def open_pc(tmp_path: Path, server: ServerHandle, proxy: FaultProxy, world: WorldTime) -> Iterator[OpenPc]:
    """Opens PCs behind the proxy; the same name is the same PC, with its disk."""
    opened: list[Pc] = []

    def make(name: str = "pc", login: str = "", **options: object) -> Pc:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        pc = Pc.open(folder, proxy.url, world, device=name.ljust(32, "0"), **options)  # type: ignore[arg-type]
        opened.append(pc)
        if login:
            pc.sign_in(login)
        return pc

    yield make
    for pc in opened:
        pc.close()


@pytest.fixture
def pc(open_pc: OpenPc, hospital: Hospital) -> Pc:
    return open_pc("pc", hospital.logins[Role.REGISTRAR])
