"""``sim --real`` and ``sim --cells``: the same numbers to give, the same words to read as in the simulation."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

import msgspec

from simulator.campaign import commit
from simulator.paths import new_folder
from simulator.real.cells.cell import Cell, Verdict, every_cell, smoke
from simulator.real.cells.trial import judged
from simulator.real.clock import SharedTime
from simulator.real.register import RealRegister
from simulator.real.replay import replay
from simulator.real.stage import Stage, prepared_stage
from simulator.run import Result

_OF_ONE_REGISTER = 50
"""Cells in one register. Each restore leaves a gap in the year's form numbers: of hundreds, none would be left."""


def replays(runs: int, seed: int, steps: int, keep: frozenset[int] | None, log: str) -> int:
    """Replay seeds on the real thing; 0 when every invariant held in every run."""
    failed, commands, started = 0, 0, time.perf_counter()
    with prepared_stage() as stage, _log(log) as lines:
        for number in range(seed, seed + runs):
            began = time.perf_counter()
            result = replay(number, stage, steps, keep)
            commands, failed = commands + result.commands, failed + bool(result.wrong)
            _report(result, steps)
            _write(lines, _replayed(result, time.perf_counter() - began))
    took = time.perf_counter() - started
    _say(f"{runs} replays, {commands} commands saved, {failed} failed; {took / max(runs, 1):.2f} s each")
    return 1 if failed else 0


def cells(only: int, match: re.Pattern[str], log: str) -> int:
    """Carry cells out: all, ``only`` so many evenly spread, or those whose names ``match``; 0 when all held."""
    found = [cell for cell in every_cell() if match.search(cell.name)]
    chosen = smoke(found, only) if only else found
    verdicts: list[Verdict] = []
    started = time.perf_counter()
    with prepared_stage() as stage, _log(log) as lines:
        for verdict in _verdicts(chosen, stage):
            verdicts.append(verdict)
            _write(lines, verdict)
            for wrong in verdict.wrong:
                _say(f"{verdict.name}: {wrong}")
    _table(chosen, verdicts)
    failed = sum(bool(verdict.wrong) for verdict in verdicts)
    took = time.perf_counter() - started
    _say(f"{len(chosen)} of {len(every_cell())} cells, {failed} failed; {took / max(len(chosen), 1):.2f} s each")
    return 1 if failed else 0


def _verdicts(chosen: list[Cell], stage: Stage) -> Iterator[Verdict]:
    for first in range(0, len(chosen), _OF_ONE_REGISTER):
        with opened_register(stage) as (register, folder):
            for cell in chosen[first : first + _OF_ONE_REGISTER]:
                yield judged(cell, register, folder)


@contextmanager
def opened_register(stage: Stage | None = None) -> Iterator[tuple[RealRegister, Path]]:
    """Start one service for many cells; the folder is for their computers."""
    with nullcontext(stage) if stage else prepared_stage() as base, new_folder() as name:
        folder = Path(name)
        register = RealRegister(folder / "register", SharedTime(folder / "time"), stage=base)
        try:
            yield register, folder
        finally:
            register.close()


class _Replayed(msgspec.Struct, frozen=True):
    seed: int
    steps: int
    commands: int
    wrong: tuple[str, ...]
    seconds: float


def _replayed(result: Result, seconds: float) -> _Replayed:
    return _Replayed(result.seed, len(result.steps), result.commands, result.wrong, round(seconds, 3))


def _report(result: Result, steps: int) -> None:
    for line in result.wrong:
        _say(f"seed {result.seed}: {line}")
    if result.wrong:
        _say(f"  replay: python3 dev.py sim --real --runs 1 --seed {result.seed} --steps {steps}")


def _table(chosen: list[Cell], verdicts: list[Verdict]) -> None:
    """Print toxics down, requests across: how many cells there are, and how many of them failed."""
    kinds = list(dict.fromkeys(cell.kind for cell in chosen))
    counts: dict[str, Counter[str]] = {}
    failures: dict[str, Counter[str]] = {}
    for cell, verdict in zip(chosen, verdicts, strict=True):
        counts.setdefault(cell.toxic.name, Counter())[cell.kind] += 1
        failures.setdefault(cell.toxic.name, Counter())[cell.kind] += bool(verdict.wrong)
    _say(" " * 18 + "".join(f"{kind.value[:10]:>11}" for kind in kinds))
    for name, row in counts.items():
        shown = (f"{row[k]}{f' (-{failures[name][k]})' if failures[name][k] else ''}" for k in kinds)
        _say(f"{name[:17]:18}" + "".join(f"{text if text != '0' else '':>11}" for text in shown))


@contextmanager
def _log(path: str) -> Iterator[TextIO | None]:
    if not path:
        yield None
        return
    with Path(path).open("w", encoding="utf-8") as file:
        _write(file, {"commit": commit()})
        yield file


def _write(lines: TextIO | None, entry: object) -> None:
    if lines is not None:
        lines.write(msgspec.json.encode(entry).decode() + "\n")
        lines.flush()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
