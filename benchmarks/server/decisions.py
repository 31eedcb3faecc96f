"""Decisions per second, beside the same statements without the service."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server.offices import Desk, open_desks
from benchmarks.server.statements import pgbench_script, record_decision, replay_on_sqlite, seed_floor
from medreg_core.contract.v1.commands import BATCH_COMMANDS, Command
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.engine import begun, open_engine
from medreg_server.services.service import Service
from tests.helpers.postgres import Cluster, database_name, find_binaries
from tests.server.clients import Client

ROUND_TRIP_S = 0.3


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions per second by the service, and by the floor; ``clients`` at once."""

    engine: str
    how: str
    clients: int
    ours_per_s: float
    floor: str
    floor_per_s: float
    target: float  # ratio to reach
    ours_per_cpu_s: float | None = None  # per second of processor time, where the service runs in this process

    @property
    def ratio(self) -> float:
        """How much of the floor is left."""
        return self.ours_per_s / self.floor_per_s


class PgbenchFloor:
    """The statements of one decision, sent by pgbench to the same cluster."""

    def __init__(self, service: Service, url: str, cluster: Cluster, folder: Path) -> None:
        self._url, self._cluster = url, cluster
        (desk,) = open_desks(service, 1, 1)
        self._decision = record_decision(service, desk)
        self._script = folder / "decision.sql"
        self._script.write_text(pgbench_script(self._decision), "utf-8")

    def per_s(self, clients: int, each: int) -> float:
        """Return decisions per second of ``clients`` connections that decide ``each`` so many."""
        engine = open_engine(self._url)
        with engine.connect() as connection, begun(connection, writes=True):
            seed_floor(connection, self._decision, clients, clients, each)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        return _pgbench(self._cluster, self._url, self._script, clients, each)


def _pgbench(cluster: Cluster, url: str, script: Path, clients: int, each: int) -> float:
    # The programs may be links on the path; pgbench stands beside what they point to.
    program = (find_binaries() / "initdb").resolve().parent / "pgbench"
    command = [program, "-n", "-M", "prepared", "-c", clients, "-j", min(clients, 2), "-t", each]
    command += [
        "-D",
        "k=0",
        "-D",
        f"run={clients}",
        "-f",
        script,
        "-h",
        cluster.socket_dir,
        "-U",
        cluster.user,
        database_name(url),
    ]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("tps = ")]
    if done.returncode or not lines or f"{clients * each}/{clients * each}" not in done.stdout:
        raise RuntimeError(f"pgbench: {done.stderr[-500:]} {done.stdout[-500:]}")
    return float(lines[0].split()[2])


def on_sqlite(service: Service, file: Path, each: int) -> Decisions:
    """Measure one registrar; SQLite has one writer."""
    desks = open_desks(service, 1, each + 1)
    decision = record_decision(service, desks[0])
    engine = open_engine(f"sqlite:///{file}")
    with engine.connect() as connection, begun(connection, writes=True):
        seed_floor(connection, decision, 0, 1, each)
    engine.dispose()
    bare = sqlite3.connect(file, isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        bare.execute(f"PRAGMA {pragma}")
    start = time.perf_counter()
    for row in range(1, each + 1):
        replay_on_sqlite(bare, decision, row)
    floor = each / (time.perf_counter() - start)
    bare.close()
    ours, per_cpu = together(desks, each)
    return Decisions("sqlite", "in process", 1, ours, "bare sqlite3", floor, 0.15, per_cpu)


def over_http(service: Service, port: int, clients: int, each: int) -> float:
    """Return decisions per second of ``clients`` registrars at once, over sockets to the installed service."""
    desks = open_desks(service, clients, each)
    remote = [_client(desk, port) for desk in desks]
    start = threading.Barrier(clients + 1)

    def work(client: Client, batches: list[tuple[Command, ...]]) -> None:
        start.wait()
        for batch in batches:
            _check(outcome.kind for outcome in client.send(*batch))

    with ThreadPoolExecutor(clients) as pool:
        queued = [[desk.take(size) for size in _batches(each)] for desk in desks]
        working = [pool.submit(work, *pair) for pair in zip(remote, queued, strict=True)]
        start.wait()
        began = time.perf_counter()
        for one in working:
            one.result()
        seconds = time.perf_counter() - began
    for client in remote:
        client.close()
    return clients * each / seconds


def _client(desk: Desk, port: int) -> Client:
    """Return the desk's own PC at the network, signed in."""
    login = desk.office.hospital.logins[desk.office.role]
    client = Client(f"http://127.0.0.1:{port}", login, device_id=desk.office.device_id)
    client.sign_in()
    return client


def _check(kinds: Iterable[OutcomeKind]) -> None:
    others = set(kinds) - {OutcomeKind.ACCEPTED}
    if others:
        raise RuntimeError(f"not every consent was accepted: {others}")


def together(desks: list[Desk], each: int) -> tuple[float, float]:
    """Let all desks send their consents at once; return decisions per second, and per second of processor time."""
    start = threading.Barrier(len(desks) + 1)

    def work(desk: Desk) -> int:
        start.wait()
        return sum(_sent(desk, size) for size in _batches(each))

    with ThreadPoolExecutor(len(desks)) as pool:
        working = [pool.submit(work, desk) for desk in desks]
        start.wait()
        began, cpu = time.perf_counter(), time.process_time()
        done = sum(one.result() for one in working)
        return done / (time.perf_counter() - began), done / (time.process_time() - cpu)


def _batches(count: int) -> list[int]:
    return [min(BATCH_COMMANDS, count - sent) for sent in range(0, count, BATCH_COMMANDS)]


def _sent(desk: Desk, count: int) -> int:
    _check(outcome.kind for outcome in desk.office.send(*desk.take(count)))
    return count


def drained(service: Service, port: int, count: int) -> float:
    """Return the seconds one registrar needs to send ``count`` queued consents, 300 ms of round trip away."""
    (desk,) = open_desks(service, 1, count)
    client = _client(desk, port)
    batches = [desk.take(size) for size in _batches(count)]
    start = time.perf_counter()
    for batch in batches:
        time.sleep(ROUND_TRIP_S)  # what the line takes there and back
        _check(outcome.kind for outcome in client.send(*batch))
    seconds = time.perf_counter() - start
    client.close()
    return seconds
