"""What an office feels: first snapshot, changes, a cut line, a queue that drains; all parts are the real ones."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sync.hospital import LargeHospital
from benchmarks.sync.line import line
from medreg_core.contract.v1.commands import CommandBatch, OutcomeBatch
from medreg_core.contract.v1.feed import MARK_EVERY, SnapshotLine, SnapshotRow
from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.ui.window_first import TURN_S
from tests.helpers.server import Hospital
from tests.sync.office import Pc, WorldTime

CUTS = 10
QUEUED = 500
ROUND_TRIP_S = 0.3
_MOST_ROUNDS = 60
_ROW_BYTES = 70
"""A little less than a row takes on the line, packed: only the places of the cuts hang on it."""


@dataclass(frozen=True, slots=True)
class Copying:
    """Rows that came into an encrypted copy with its search index, and what it took."""

    what: str
    rows: int
    seconds: float
    cpu_s: float  # of this process: the office's part
    mb: float = 0.0  # that crossed the line, where there was one
    target_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds


@dataclass(frozen=True, slots=True)
class Cuts:
    """A first snapshot over a line that broke: rows that had to be sent twice, all cuts together and the worst one."""

    rows: int
    cuts: int
    sent_twice: int
    worst: int
    at_most_each: int = MARK_EVERY


@dataclass(frozen=True, slots=True)
class Drain:
    """Queued decisions that left over a slow line."""

    decisions: int
    seconds: float
    requests: int
    target_s: float = 10.0


class CountingWire(HttpTransport):
    """The real transport; counts the rows of snapshots and the requests."""

    streams: list[int]
    asked: Counter[str]

    def count(self) -> None:
        """Begin to count."""
        self.streams, self.asked = [], Counter()

    @contextmanager
    def snapshot(self, after: str) -> Iterator[Iterator[SnapshotLine]]:
        """As the transport does."""
        with super().snapshot(after) as lines:
            self.streams.append(0)
            yield self._counted(lines)

    def _counted(self, lines: Iterator[SnapshotLine]) -> Iterator[SnapshotLine]:
        for found in lines:
            self.streams[-1] += isinstance(found, SnapshotRow)
            yield found

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        """As the transport does."""
        self.asked["commands"] += 1
        return super().send(batch)


def first_snapshot(port: int, large: LargeHospital, folder: Path) -> Copying:
    """Fill an empty copy, the service beside it."""
    with _office(folder, f"http://127.0.0.1:{port}", large.hospital) as pc:
        seconds, cpu = _until_whole(pc, large)
        return Copying("first snapshot", large.rows, seconds, cpu)


def over_a_line(port: int, large: LargeHospital, folder: Path, bits_per_s: float, target_s: float) -> Copying:
    """Fill an empty copy over a line of ``bits_per_s`` with 20 ms of round trip."""
    with line(port, round_trip_s=0.02, bits_per_s=bits_per_s) as road:
        with _office(folder, road.url, large.hospital) as pc:
            seconds, cpu = _until_whole(pc, large)
        name = f"first snapshot, {bits_per_s / 1e6:g} Mbit/s"
        return Copying(name, large.rows, seconds, cpu, road.received / 1e6, target_s)


def changes(port: int, large: LargeHospital, folder: Path) -> Copying:
    """Take a change of every row into the copy that :func:`first_snapshot` left in ``folder``."""
    large.change_every_row()
    with _office(folder, f"http://127.0.0.1:{port}", large.hospital) as pc:
        before = _applications(pc, large.hospital)
        began, cpu = time.perf_counter(), time.process_time()
        pc.sync()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        stale = sum(version <= before[key] for key, version in _applications(pc, large.hospital).items())
        if stale:
            raise RuntimeError(f"{stale} rows were not changed")
        return Copying("changes", large.rows, seconds, cpu)


def cut_snapshot(port: int, large: LargeHospital, folder: Path) -> Cuts:
    """Fill an empty copy over a line that breaks ten times, evenly spread over what it carries."""
    with line(port) as road, closing(_pc(folder, road.url, large.hospital, wire=CountingWire)) as pc:
        wire = pc.transport
        assert isinstance(wire, CountingWire)
        wire.count()
        lost: list[int] = []
        for _ in range(CUTS):
            before = _rows_kept(pc)
            road.cut_after = large.rows * _ROW_BYTES // (CUTS + 1)
            pc.later()
            if not _rows_kept(pc):
                raise RuntimeError("the copy was whole, or none of it came, before the line was cut for the last time")
            lost.append(sum(wire.streams) - (_rows_kept(pc) - before))
            wire.count()
        road.cut_after = None
        _until_whole(pc, large)
        return Cuts(large.rows, len(lost), sum(lost), max(lost))


def drain(port: int, waiting: Hospital, folder: Path) -> Drain:
    """Send 500 decisions that were made offline, 300 ms of round trip away."""
    with line(port) as road, closing(_pc(folder, road.url, waiting, wire=CountingWire)) as pc:
        wire = pc.transport
        assert isinstance(wire, CountingWire)
        wire.count()
        pc.sync()
        for application_id in _applications(pc, waiting):
            pc.send_back(application_id)
        road.one_way_s = ROUND_TRIP_S / 2
        began = time.perf_counter()
        while any(row.state is not OutboxState.DONE for row in pc.rows()):
            pc.sync()
        return Drain(QUEUED, time.perf_counter() - began, wire.asked["commands"])


@contextmanager
def _office(folder: Path, url: str, hospital: Hospital) -> Iterator[Pc]:
    """Open an office's copy in a process whose threads share the interpreter as the program's do."""
    gc.collect()
    gc.disable()
    turn_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        with closing(_pc(folder, url, hospital)) as pc:
            yield pc
    finally:
        sys.setswitchinterval(turn_s)
        gc.enable()


def _pc(folder: Path, url: str, hospital: Hospital, wire: type[HttpTransport] = HttpTransport) -> Pc:
    folder.mkdir(exist_ok=True)
    pc = Pc.open(folder, url, WorldTime(), device=folder.name.ljust(32, "0"), wire=wire)
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    return pc


def _until_whole(pc: Pc, large: LargeHospital) -> tuple[float, float]:
    """Sync until the copy is whole; return the seconds of the clock and of our processor."""
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(_MOST_ROUNDS):
        pc.sync()
        if pc.position().cursor:
            break
        pc.clock.world.ahead_s += 600.0
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    found = len(_applications(pc, large.hospital))
    if found != large.rows:
        raise RuntimeError(f"{found} rows of {large.rows} came")
    return seconds, cpu


def _applications(pc: Pc, hospital: Hospital) -> dict[ApplicationId, int]:
    """Return the copy's applications with their versions: every row but the institution's own."""
    rows = pc.applications()
    return {ApplicationId(key): version for key, version in rows.items() if key != hospital.institution.id}


def _rows_kept(pc: Pc) -> int:
    """Return how many rows of the half-built snapshot are on the disk."""
    return pc.position().snapshot_rows
