"""The table of mutants: which seed shows each bug, by which invariant, after how long."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from simulator.mutants import ALL
from simulator.mutants.patching import KILLERS, killer


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one mutant. ``seed`` is None for one that survived all it was given."""

    name: str
    fell_in: str
    seed: int | None
    wrong: str
    seconds: float

    def __str__(self) -> str:
        found = "SURVIVED" if self.seed is None else f"seed {self.seed}: {self.wrong[:70]}"
        return f"{self.name:46} {self.fell_in:22} {self.seconds:6.1f} s  {found}"


def rows(first: int, most: int, steps: int, jobs: int, *, known: bool) -> Iterator[Row]:
    """Yield a row for each mutant. ``known`` begins with the seed that once showed it; else the search is from zero."""
    work = partial(_row, first=first, most=most, steps=steps, known=known)
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, range(len(ALL)))


def _row(number: int, first: int, most: int, steps: int, *, known: bool) -> Row:
    mutant, started = ALL[number], time.perf_counter()
    seeds = [*([KILLERS[mutant.name]] if known and mutant.name in KILLERS else []), *range(first, first + most)]
    found = killer(mutant, seeds, steps)
    seconds = time.perf_counter() - started
    if found is None:
        return Row(mutant.name, mutant.fell_in, None, "", seconds)
    return Row(mutant.name, mutant.fell_in, found.seed, found.wrong[0], seconds)


def record(found: Sequence[Row]) -> None:
    """Keep the seeds that show the bugs, for the next quick proof."""
    seeds = {row.name: row.seed for row in found if row.seed is not None}
    path = Path(__file__).with_name("killers.json")
    path.write_text(json.dumps(dict(sorted(seeds.items())), indent=1) + "\n", encoding="utf-8")
