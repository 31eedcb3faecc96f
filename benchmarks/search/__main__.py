"""Runs the comparison, prints the table, writes ``benchmarks/results/search.json``."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.search import data, equality, report
from benchmarks.search.engines import (
    COLUMNS,
    DuckDb,
    Engine,
    LikeScan,
    Ours,
    OursFromFile,
    PlainSql,
    Postgres,
    Tantivy,
    Values,
    build_file,
    open_file,
)
from benchmarks.search.postgres import cluster
from medreg_core.domain.records import Application
from medreg_desktop.services.search.conditions import Query, normalise

RESULTS = Path(__file__).parents[1] / "results" / "search.json"
SEED = 20261123
_BOX_SECONDS = 1.5  # for one engine and one class
_QUESTIONS = 100  # at most, for one engine and one class


@dataclass
class Sample:
    """Applications from which the questions are made: drawn evenly while the rows are written."""

    size: int
    every: int
    kept: list[Application] = field(default_factory=list)
    seen: int = 0

    def offer(self, application: Application) -> None:
        """Look at one application."""
        self.seen += 1
        if self.seen % self.every == 0:
            self.kept.append(application)


def questions(sample: Sample) -> dict[str, list[Query]]:
    """Return the questions of each class, the same for every engine."""
    random_ = random.Random(SEED)
    return {
        name: [normalise(make(random_.choice(sample.kept), random_)) for _ in range(_QUESTIONS)]
        for name, make in data.CLASSES.items()
    }


def measure(engine: Engine, asked: list[Query], seconds: float) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each question within the time box, by the clock and of this thread's processor time.

    One question to warm up, at least three timed.
    """
    engine.page(asked[-1])
    end, took, used = time.perf_counter() + seconds, [], []
    for query in asked:
        start, began = time.perf_counter(), time.thread_time()
        engine.page(query)
        took.append(1000 * (time.perf_counter() - start))
        used.append(1000 * (time.thread_time() - began))
        if time.perf_counter() > end and len(took) >= 3:
            break
    return took, used


def summary(took: list[float]) -> dict[str, float]:
    """Return median, p99 (nearest rank: the least that 99 in 100 do not exceed), longest and number of one cell."""
    ordered = sorted(took)
    return {
        "median": round(statistics.median(took), 4),
        "p99": round(ordered[math.ceil(0.99 * len(ordered)) - 1], 4),
        "max": round(ordered[-1], 4),
        "n": len(took),
    }


def stored_rows(path: Path) -> Iterator[Values]:
    """Read all rows back from our file, for the peers to load."""
    with closing(open_file(path)) as connection:
        cursor = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM worklist ORDER BY n")
        while batch := cursor.fetchmany(10_000):
            yield from batch


def ranks_of(path: Path) -> dict[str, list[int]]:
    """Return the place of every row by name and department: the orders that tantivy needs as numbers."""
    ranks = {}
    with closing(open_file(path)) as connection:
        size = connection.execute("SELECT max(n) FROM worklist").fetchone()[0] + 1
        for name, column in (("name_rank", "name_sort"), ("department_rank", "department_sort")):
            places = [0] * size
            for place, (n,) in enumerate(connection.execute(f"SELECT n FROM worklist ORDER BY {column}, n")):
                places[n] = place
            ranks[name] = places
    return ranks


@contextmanager
def engines(folder: Path, path: Path, dsn: str | None, times: dict[str, float]) -> Iterator[list[Engine]]:
    """Open all engines, noting how long each took to be ready from the written rows."""
    opened: list[Engine] = []

    def ready(name: str, make: Any) -> None:
        start = time.perf_counter()
        opened.append(make())
        times[name] = round(time.perf_counter() - start, 2)
        print(f"  {name} ready in {times[name]} s", flush=True)

    rows = lambda: stored_rows(path)  # noqa: E731
    ready(Ours.name, lambda: Ours(path))
    ready(OursFromFile.name, lambda: OursFromFile(path))
    ready(LikeScan.name, lambda: LikeScan(path))
    ready(PlainSql.name, lambda: PlainSql(path))
    if dsn is not None:
        ready(Postgres.name, lambda: Postgres(dsn, rows))
    ready(DuckDb.name, lambda: DuckDb(folder / "duck.db", rows))
    (folder / "tantivy").mkdir()
    ready(Tantivy.name, lambda: Tantivy(folder / "tantivy", path, rows, ranks_of(path)))
    try:
        yield opened
    finally:
        for engine in opened:
            engine.close()


def run(size: int, folder: Path, dsn: str | None, seconds: float, *, quick: bool) -> dict[str, Any]:
    """Build, ask, compare at one size."""
    print(f"\n{size:,} rows", flush=True)
    path, sample, times = folder / "worklist.db", Sample(size, max(1, size // 3000)), {}
    start = time.perf_counter()
    build_file(path, data.rows(size, SEED, sample.offer))
    times["rows made and indexed"] = round(time.perf_counter() - start, 2)
    print(
        f"  rows made and indexed in {times['rows made and indexed']} s, {path.stat().st_size / 1e6:.0f} MB", flush=True
    )
    with engines(folder, path, dsn, times) as opened:
        cells: dict[str, dict[str, Any]] = {}
        ours_used: dict[str, dict[str, float]] = {}
        before = load()
        for name, asked in questions(sample).items():
            measured = {engine.name: measure(engine, asked, seconds) for engine in opened}
            cells[name] = {engine: summary(took) for engine, (took, _) in measured.items()}
            ours_used[name] = summary(measured[Ours.name][1])
            print("  " + row_text(name, cells[name]), flush=True)
        ours = opened[0]
        assert isinstance(ours, Ours)
        counts = {name: summary(count_times(ours, asked)) for name, asked in questions(sample).items()}
        after = load()
        same = equality.compare(opened, sample.kept, size, quick=quick)
    print(f"  {same}", flush=True)
    return {
        "rows": size,
        "load_before": before,
        "load_after": after,
        "file_mb": round(path.stat().st_size / 1e6, 1),
        "seconds": times,
        "page_ms": cells,
        "ours_processor_ms": ours_used,
        "exact_count_ms": counts,
        "ratios": ratios(cells),
        "equality": same,
    }


def count_times(ours: Ours, asked: list[Query]) -> list[float]:
    """Return the milliseconds of our exact counts."""
    took = []
    for query in asked:
        start = time.perf_counter()
        ours.count(query)
        took.append(1000 * (time.perf_counter() - start))
    return took


def ratios(cells: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return the geometric mean over the classes of our median by each peer's: below 1 we are faster."""
    peers = [name for name in next(iter(cells.values())) if name != Ours.name]
    return {
        peer: round(
            statistics.geometric_mean(cell[Ours.name]["median"] / cell[peer]["median"] for cell in cells.values()), 4
        )
        for peer in peers
    }


def row_text(name: str, cell: dict[str, Any]) -> str:
    """Return one line of the table."""
    return f"{name:38}" + "".join(f"{each['median']:9.2f}/{each['p99']:<9.2f}" for each in cell.values())


def machine() -> str:
    """Return what ran this."""
    return (
        f"{platform.platform()}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
        f"CPython {platform.python_version()}"
    )


def load() -> list[float]:
    """Return the load averages of the last 1, 5 and 15 minutes, where the system knows them."""
    return [round(x, 1) for x in os.getloadavg()] if hasattr(os, "getloadavg") else []


def main() -> int:
    """Run the sizes asked for; the exit status is 1 if any answer differed."""
    parser = argparse.ArgumentParser(prog="benchmarks.search", description=__doc__)
    parser.add_argument("--sizes", default="50000,300000,1000000")
    parser.add_argument("--seconds", type=float, default=_BOX_SECONDS, help="for one engine and one class")
    parser.add_argument("--report", action="store_true", help="print what is recorded, measure nothing")
    parser.add_argument("--quick", action="store_true", help="50,000 rows, shorter")
    arguments = parser.parse_args()
    recorded = json.loads(RESULTS.read_text("utf-8"))["sizes"] if RESULTS.exists() else {}
    if arguments.report:
        print("\n".join(report.lines(recorded)))
        return 0
    sizes = [50_000] if arguments.quick else [int(size) for size in arguments.sizes.split(",")]
    began = machine()
    print(f"{began}\nmilliseconds, median/p99 of the first 100 rows")
    results: dict[str, Any] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="medreg-bench-") as folder, cluster() as dsn:
            seconds = 0.5 if arguments.quick else arguments.seconds
            found = run(size, Path(folder), dsn, seconds, quick=arguments.quick)
        results[str(size)] = {"machine": began, "date": time.strftime("%Y-%m-%d %H:%M"), **found}
        if not arguments.quick:
            RESULTS.parent.mkdir(exist_ok=True)
            written = {"sizes": recorded | results}
            RESULTS.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print("\n".join(report.lines(results)))
    return int(any(result["equality"]["differing"] for result in results.values()))


if __name__ == "__main__":
    sys.exit(main())
