"""Runs many seeds over several processes and adds up what they showed."""

from __future__ import annotations

import gc
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import msgspec

from simulator import coverage
from simulator.reached import MANY_RUNS, missing
from simulator.run import Result, run
from simulator.streams import WIDER_FROM

CHUNK = 20
"""Seeds that one process takes at a time: few enough that a failure is seen soon."""


@dataclass(slots=True)
class Tally:
    """What a stretch of seeds showed. ``failed`` holds the runs in which something was wrong."""

    first: int
    count: int
    steps: int = 0
    commands: int = 0
    requests: int = 0
    seconds: float = 0.0
    failed: list[Result] = field(default_factory=list)
    visited: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Take another stretch in."""
        self.count += other.count
        self.steps += other.steps
        self.commands += other.commands
        self.requests += other.requests
        self.seconds += other.seconds
        self.failed += other.failed
        self.visited += other.visited
        self.deeds += other.deeds


def unproven(tally: Tally) -> list[str]:
    """Return the deeds that a long campaign never came to and, of wide seeds, what never befell which requests."""
    is_wide = tally.first >= WIDER_FROM
    deeds = missing(tally.deeds, tally.count, wide=is_wide)
    return deeds + (coverage.unmet(tally.visited) if is_wide and tally.count >= MANY_RUNS else [])


def tally_of(first: int, count: int, steps: int, *, twice: bool = False) -> Tally:
    """Run the seeds from ``first`` on; ``twice`` compares two traces of each (I10)."""
    tally, started = Tally(first, count), time.perf_counter()
    for seed in range(first, first + count):
        result = run(seed, steps)
        if twice and run(seed, steps).digest != result.digest:
            result = replace(result, wrong=(*result.wrong, "I10: two runs, two traces"))
        tally.steps += len(result.steps)
        tally.commands += result.commands
        tally.requests += result.requests
        tally.visited += result.visited
        tally.deeds += result.deeds
        if result.wrong:
            tally.failed.append(result)
    tally.seconds = time.perf_counter() - started
    return tally


def tallies(first: int, count: int, jobs: int, work: Callable[[int, int], Tally]) -> Iterator[Tally]:
    """Yield the tally of each chunk, in order of seeds, ``jobs`` of them at work at once."""
    chunks = [(start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK)]
    if jobs == 1:
        yield from (work(*chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(jobs, initializer=_collect_seldom) as pool:
        yield from pool.map(partial(_apply, work), chunks)


def _collect_seldom() -> None:
    """Look for cycles seldom, and not among what is imported: a tenth of the processor time."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _apply(work: Callable[[int, int], Tally], chunk: tuple[int, int]) -> Tally:
    return work(*chunk)


LOGGED = 200
"""Runs of one line of a log: as much as a campaign that is broken off can lose."""


class LogLine(msgspec.Struct, frozen=True):
    """One stretch of seeds in a log: of which program, and what it showed. Lines of several campaigns add up."""

    commit: str
    first_seed: int
    runs: int
    steps: int
    commands: int
    requests: int
    seconds: float  # of all processes together
    violations: dict[str, tuple[str, ...]]  # by seed
    deeds: dict[str, int] = {}  # how often each came about; lines of before say nothing of it
    visited: dict[str, int] = {}  # how often each kind of request met each class of toxic; as above


def log(path: Path, tally: Tally) -> None:
    """Append a stretch to a campaign's log."""
    found = {str(result.seed): result.wrong for result in tally.failed}
    seconds = round(tally.seconds, 1)
    counts = tally.steps, tally.commands, tally.requests, seconds
    showed = (dict(sorted(each.items())) for each in (tally.deeds, coverage.broadly(tally.visited)))
    line = LogLine(commit(), tally.first, tally.count, *counts, found, *showed)
    _append(path, line)


class PointLine(msgspec.Struct, frozen=True):
    """A kill at one passing of a crash point in a log."""

    commit: str
    label: str
    passing: int
    wrong: tuple[str, ...]


def log_point(path: Path, label: str, passing: int, wrong: tuple[str, ...]) -> None:
    """Append a kill at a crash point to a log."""
    _append(path, PointLine(commit(), label, passing, wrong))


def _append(path: Path, line: msgspec.Struct) -> None:
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")


def commit() -> str:
    """Return the commit that runs, with a mark when the files differ from it; empty outside a repository."""
    here = Path(__file__).parent
    found = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"],  # noqa: S607 - the developer's own git
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
