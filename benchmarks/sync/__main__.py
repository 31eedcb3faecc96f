"""Runs the comparison, prints tables, writes ``sync.json`` (``--loop``: ``loop.json``); ``--quick``: a short look."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.server.offices import applications
from benchmarks.server.serving import ROOT, serving
from benchmarks.sync import floor, ours, pouch
from benchmarks.sync.hold import Held
from benchmarks.sync.hospital import LargeHospital
from benchmarks.sync.ours import Copying, Cuts, Drain
from benchmarks.sync.pouch import Pouch
from benchmarks.sync.watch import Stretch
from medreg_server.services.service import Service
from tests.helpers.postgres import Cluster, running_cluster
from tests.helpers.server import Hospital, open_register, seed_hospital, store_applications

RESULTS = ROOT / "benchmarks" / "results"
_FEW = 10_000  # of fewer, a line that is cut ten times would each time lose what had just come
_MBIT = 1e6
_TARGET = 3.0  # of PouchDB's rows per second
_TIMES = 3
"""Changes are measured so often, PouchDB's beside each: neither stands still on a machine that others share."""
_APART = 10
"""Niceness of service and database while the loop alone is watched: an office's computer does not run them."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A change of every row, ours and PouchDB's one after the other."""

    ours: Copying
    pouch: Pouch

    @property
    def ratio(self) -> float:
        """Rows per second beside PouchDB's."""
        return self.ours.per_s / self.pouch.delta_per_s


@dataclass
class Report:
    """All figures of a run, with the load of the machine they were taken on."""

    rows: int
    load_before: float
    copying: list[Copying] = field(default_factory=list)
    floor_per_s: float = 0.0
    pouch: list[Pouch] = field(default_factory=list)
    changes: list[Comparison] = field(default_factory=list)
    cuts: list[Cuts] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    drain: Drain | None = None
    load_after: float = 0.0
    seconds: float = 0.0


def measure(rows: int, more: list[int]) -> Iterator[Report]:
    """Measure everything with ``rows`` applications, cuts and held loop also with each of ``more``.

    Yields the report after each of them: a long run that is broken off has told something.
    """
    report = Report(rows, os.getloadavg()[0])
    began = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medreg-bench-")))
        cluster = stack.enter_context(running_cluster(durable=True))
        with _served(cluster, folder / "register") as (service, url, port):
            _one_hospital(report, LargeHospital(service, url, rows), port, folder)
            report.drain = ours.drain(port, _waiting(service), folder / "drain")
        yield _so_far(report, began)
        for count in more:  # each in a register of its own: the same applicants are drawn again
            with _served(cluster, folder / f"register-{count}") as (service, url, port):
                _size(report, LargeHospital(service, url, count), port, folder)
            yield _so_far(report, began)


def measure_loop(sizes: list[int]) -> Iterator[Held]:
    """Measure the event loop alone, with each of so many rows, beside a service that stands back."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medreg-bench-")))
        cluster = stack.enter_context(running_cluster(durable=True, niceness=_APART))
        for n, rows in enumerate(sizes):
            with _served(cluster, folder / f"register-{n}", _APART) as (service, url, port):
                yield _held(port, LargeHospital(service, url, rows), folder / f"program-{n}")


def _so_far(report: Report, began: float) -> Report:
    report.load_after, report.seconds = os.getloadavg()[0], time.perf_counter() - began
    return report


@contextmanager
def _served(cluster: Cluster, folder: Path, niceness: int = 0) -> Iterator[tuple[Service, str, int]]:
    """Give a service over an empty database, its address, and the port at which the same database is served."""
    url = cluster.new_database()
    folder.mkdir()
    with open_register(url, folder) as service, serving(url, folder / "keys", niceness=niceness) as port:
        yield service, url, port


def _one_hospital(report: Report, large: LargeHospital, port: int, folder: Path) -> None:
    bodies = large.bodies()
    report.floor_per_s = floor.inserts_per_s(bodies, folder / "floor.db")
    report.pouch = pouch.measured(bodies, folder)
    _size(report, large, port, folder)
    share = large.rows / 50_000  # the targets are of that many
    slow = ((10 * _MBIT, 15.0), (0.512 * _MBIT, 90.0))
    for bits, target in slow:
        name = folder / f"line-{bits:.0f}"
        report.copying.append(ours.over_a_line(port, large, name, bits, target * share))
    report.changes = list(_compared(report, large, port, folder, bodies))


def _compared(report: Report, large: LargeHospital, port: int, folder: Path, bodies: list[str]) -> Iterator[Comparison]:
    better = max(report.pouch, key=lambda found: found.delta_per_s).batch
    for _ in range(_TIMES):
        changed = ours.changes(port, large, folder / f"whole-{large.rows}")
        yield Comparison(changed, pouch.measured(bodies, folder, [better])[0])


def _size(report: Report, large: LargeHospital, port: int, folder: Path) -> None:
    report.copying.append(ours.first_snapshot(port, large, folder / f"whole-{large.rows}"))
    report.cuts.append(ours.cut_snapshot(port, large, folder / f"cut-{large.rows}"))
    report.held.append(_held(port, large, folder / f"program-{large.rows}"))


def _waiting(service: Service) -> Hospital:
    hospital = seed_hospital(service)
    store_applications(service, applications(hospital.institution, ours.QUEUED))
    return hospital


def _held(port: int, large: LargeHospital, folder: Path) -> Held:
    folder.mkdir()
    python = [sys.executable, "-X", "faulthandler", "-m"]
    command = [*python, "benchmarks.sync.hold", f"http://127.0.0.1:{port}", large.registrar]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [*command, str(large.rows), str(folder)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the program ended with {done.returncode}: {done.stderr[-4_000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Held)


def tables(report: Report) -> str:
    """Return the figures as tables, each beside its peer, its floor or its target."""
    load = f"load {report.load_before:.1f} before, {report.load_after:.1f} after"
    columns = ("rows", 9), ("seconds", 9), ("target", 8), ("cpu s", 7), ("MB", 7), ("rows/s", 9), ("/PouchDB", 10)
    head = f"{'into the copy':32}" + "".join(f"{name:>{width}}" for name, width in columns) + f"{'/insert':>9}"
    lines = [f"{load}, {os.cpu_count()} processors, {report.seconds:.0f} s", "", head]
    lines += [_copied(report, row) for row in report.copying]
    lines += [_line(report, found.ours, found.pouch.delta_per_s) for found in report.changes]
    lines.append(_spread([found.ratio for found in report.changes]))
    lines += [
        f"PouchDB, batches of {row.batch}: {row.first_per_s:.0f} rows/s first, {row.delta_per_s:.0f} changed"
        for row in report.pouch
    ]
    lines += [f"bare inserts: {report.floor_per_s:.0f} rows/s", ""]
    for cut in report.cuts:
        worst = f"{cut.worst} at the worst cut (at most {cut.at_most_each})"
        lines.append(f"{cut.rows} rows, cut {cut.cuts} times: {cut.sent_twice} rows sent twice, {worst}")
    lines += [line for held in report.held for line in _of_the_loop(held)]
    if report.drain is not None:
        took = f"{report.drain.seconds:.1f} s in {report.drain.requests} requests (target {report.drain.target_s:g} s)"
        lines.append(f"{report.drain.decisions} queued decisions at 300 ms round trip: {took}")
    return "\n".join(lines)


def _of_the_loop(held: Held) -> list[str]:
    head = ("longest", 9), ("of it ours", 12), ("own work", 10), ("p99", 7), ("over 50", 9), ("of it ours", 12)
    lines = [
        "",
        f"{f'event loop, {held.rows} rows, ms':32}" + "".join(f"{name:>{width}}" for name, width in head),
        _stretch(f"loading ({held.loading.seconds:.0f} s, {held.peak_mb:.0f} MB)", held.loading),
        _stretch("a bare window at the same time", held.bare),
        _stretch("the same window, idle", held.idle),
    ]
    return lines + [f"  held at, {times} times: {place}" for place, times in held.loading.places[:3]]


def _stretch(name: str, found: Stretch) -> str:
    times = f"{found.longest_ms:9.0f}{found.longest_by_program_ms:12.0f}{found.longest_own_ms:10.0f}{found.p99_ms:7.1f}"
    return f"{name:32}{times}{found.above_target:9}{found.above_target_by_program:12}"


def _copied(report: Report, row: Copying) -> str:
    return _line(report, row, max(found.first_per_s for found in report.pouch))


def _line(report: Report, row: Copying, peer_per_s: float) -> str:
    target = f"{row.target_s:.1f}" if row.target_s else ""
    mb = f"{row.mb:.1f}" if row.mb else ""
    figures = f"{row.rows:9}{row.seconds:9.1f}{target:>8}{row.cpu_s:7.1f}{mb:>7}{row.per_s:9.0f}"
    return f"{row.what:32}{figures}{row.per_s / peer_per_s:10.2f}{row.per_s / report.floor_per_s:9.3f}"


def _spread(ratios: list[float]) -> str:
    between = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"changes: {median(ratios):.2f} x PouchDB, {between} in {len(ratios)} comparisons (target {_TARGET:g})"


def _rows(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows: at least 1")
    return int(text)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks.sync", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 rows, nothing larger")
    parser.add_argument("--loop", type=_rows, nargs="+", metavar="ROWS", help="the event loop alone, with so many rows")
    chosen = parser.parse_args()
    quick = chosen.quick
    if chosen.loop:
        watched: list[Held] = []
        for held in measure_loop(chosen.loop):
            print("\n".join(_of_the_loop(held)), flush=True)
            watched.append(held)
            _write("loop.json", {"held": [asdict(one) for one in watched]})
        print(f"load {os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} processors")
        return
    for report in measure(_FEW, []) if quick else measure(50_000, [300_000]):
        print(tables(report), flush=True)
        _write("sync.json", {"quick": quick, **asdict(report)})


def _write(name: str, found: dict[str, object]) -> None:
    found = {"machine": platform.machine(), "python": platform.python_version(), **found}
    (RESULTS / name).write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
