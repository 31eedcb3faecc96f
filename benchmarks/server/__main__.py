"""Runs the comparison, prints the tables, writes ``benchmarks/results/server.json``; ``--quick`` for a short look."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.server.decisions import Decisions, PgbenchFloor, drained, on_sqlite, over_http, together
from benchmarks.server.feed import Memory, Stream, streams
from benchmarks.server.offices import open_desks
from benchmarks.server.reconnect import Reconnect, reconnect
from benchmarks.server.serving import ROOT, WORKERS, serving
from medreg_server.services.service import Service
from tests.helpers.postgres import Cluster, running_cluster
from tests.helpers.server import open_register, sqlite_url

RESULTS = ROOT / "benchmarks" / "results" / "server.json"
_CLIENTS = 8, 32  # few may meet at one of the processes by chance, many hardly
_QUEUED = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each is measured."""

    decisions: int  # of each client
    feed_rows: int


FULL = Sizes(decisions=500, feed_rows=50_000)
QUICK = Sizes(decisions=100, feed_rows=5_000)


@dataclass
class Report:
    """All figures of a run, with the load of the machine they were taken on."""

    sizes: Sizes
    load_before: float
    decisions: list[Decisions] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    drained_s: float = 0.0
    reconnect: Reconnect | None = None
    load_after: float = 0.0
    seconds: float = 0.0


def measure(sizes: Sizes) -> Report:
    """Run everything, SQLite first, then PostgreSQL in a cluster of its own with its own settings of durability."""
    report = Report(sizes, os.getloadavg()[0])
    began = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="medreg-bench-")))
        sqlite = stack.enter_context(open_register(sqlite_url(folder), folder / "sqlite"))
        report.decisions.append(on_sqlite(sqlite, folder / "register.db", sizes.decisions))
        _add(report, streams(sqlite, sqlite_url(folder), sizes.feed_rows))
        cluster = stack.enter_context(running_cluster(durable=True))
        url = cluster.new_database()
        register = stack.enter_context(open_register(url, folder / "postgresql"))
        _on_postgres(report, register, cluster, url, folder)
        _add(report, streams(register, url, sizes.feed_rows))
    report.load_after, report.seconds = os.getloadavg()[0], time.perf_counter() - began
    return report


def _add(report: Report, measured: tuple[list[Stream], list[Memory]]) -> None:
    report.streams += measured[0]
    report.memory += measured[1]


def _on_postgres(report: Report, register: Service, cluster: Cluster, url: str, folder: Path) -> None:
    each = report.sizes.decisions
    floor = PgbenchFloor(register, url, cluster, folder)
    alone = floor.per_s(1, each)
    ours, per_cpu = together(open_desks(register, 1, each), each)
    report.decisions.append(Decisions("postgresql", "in process", 1, ours, "pgbench", alone, 0.15, per_cpu))
    many = {clients: floor.per_s(clients, each) for clients in _CLIENTS}
    data_dir = folder / "postgresql" / "keys"
    with serving(url, data_dir) as port:
        for clients, fastest in many.items():
            ours = over_http(register, port, clients, each)
            how = f"HTTP, {WORKERS} workers"
            report.decisions.append(Decisions("postgresql", how, clients, ours, "pgbench", fastest, 0.15))
        report.drained_s = drained(register, port, _QUEUED)
        report.reconnect = reconnect(register, port)


def tables(report: Report) -> str:
    """Return the figures as tables, each beside its floor and its target."""
    load = f"load {report.load_before:.1f} before, {report.load_after:.1f} after"
    columns = ("clients", 8), ("ours/s", 9), ("per cpu s", 11), ("floor/s", 9), ("ratio", 7), ("target", 8)
    lines = [
        f"{load}, {os.cpu_count()} processors, {report.seconds:.0f} s",
        "",
        f"{'decisions':12}{'how':20}" + "".join(f"{name:>{width}}" for name, width in columns),
    ]
    for row in report.decisions:
        cpu = "" if row.ours_per_cpu_s is None else f"{row.ours_per_cpu_s:.0f}"
        lines.append(
            f"{row.engine:12}{row.how:20}{row.clients:8}{row.ours_per_s:9.0f}{cpu:>11}{row.floor_per_s:9.0f}"
            f"{row.ratio:7.2f}{row.target:8.2f}  {row.floor}"
        )
    lines += ["", f"{'stream':12}{'what':34}{'rows':>8}{'rows/s':>10}{'MB/s':>7}"]
    lines += [
        f"{row.engine:12}{row.what:34}{row.rows:8}{row.rows_per_s:10.0f}{row.mb_per_s:7.1f}" for row in report.streams
    ]
    lines += [
        f"{row.engine:12}{row.what}: at most {row.few_mb:.1f} MB of objects for {row.few} rows,"
        f" {row.many_mb:.1f} MB for {row.many}"
        for row in report.memory
    ]
    lines += ["", f"{_QUEUED} queued decisions at 300 ms round trip: {report.drained_s:.1f} s (target 10 s)"]
    back = report.reconnect
    if back is not None:
        lines.append(
            f"{back.clients} clients back within one second: 5xx {back.failed} (target 0), answers {back.statuses},"
            f" half within {back.median_ms:.0f} ms, all within {back.longest_ms:.0f} ms"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks.server", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the decisions, a tenth of the rows")
    quick = parser.parse_args().quick
    report = measure(QUICK if quick else FULL)
    print(tables(report))
    found = {"machine": platform.machine(), "python": platform.python_version(), "quick": quick, **asdict(report)}
    for kept, row in zip(found["decisions"], report.decisions, strict=True):
        kept["ratio"] = row.ratio
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
