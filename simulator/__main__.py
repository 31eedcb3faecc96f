"""``python -m simulator --runs N --seed S [--steps K] [--jobs J] [--trace FILE] [--log FILE] [--mutants] …``."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from simulator import campaign, coverage, crash_points, kept
from simulator.campaign import Tally
from simulator.mutants import table
from simulator.reached import DEEDS, WIDE_DEEDS
from simulator.run import STEPS, Result, run
from simulator.shrink import shrink


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds; 0 when every invariant held in every run."""
    asked = _parser().parse_args(arguments)
    if asked.kills or asked.power:
        return _until_they_die(asked)
    if asked.mutants:
        return _mutants(asked)
    keep = frozenset(map(int, asked.keep.split(","))) if asked.keep else None
    if asked.real or asked.cells:
        return _on_the_real_thing(asked, keep)
    if asked.crash_points:
        return _crash_points(asked.jobs, asked.passings, asked.log)
    if asked.keep or asked.trace:
        return _one(asked.seed, asked.steps, keep, asked.trace)
    return _many(asked)


def _one(seed: int, steps: int, keep: frozenset[int] | None, trace: str) -> int:
    """Run one seed, with all its steps or some, and write down what happened."""
    result = run(seed, steps, keep)
    if trace:
        Path(trace).write_text("\n".join(result.lines) + "\n", encoding="utf-8")
    _say(f"seed {seed}: trace {result.digest}")
    if result.wrong:
        _report(result, steps, shrinks=False)
    return 1 if result.wrong else 0


def _many(asked: argparse.Namespace) -> int:
    """Run seeds one after another, several at once; say of each stretch how it went, and of all at the end."""
    total, stretch, started = Tally(asked.seed, 0), Tally(asked.seed, 0), time.perf_counter()
    work = partial(campaign.tally_of, steps=asked.steps, twice=asked.check)
    for tally in campaign.tallies(asked.seed, asked.runs, asked.jobs, work):
        for result in tally.failed:
            _report(result, asked.steps, shrinks=not asked.no_shrink)
        total.add(tally)
        stretch.add(tally)
        if asked.log and (stretch.count >= campaign.LOGGED or total.count == asked.runs):
            campaign.log(Path(asked.log), stretch)
            stretch = Tally(asked.seed + total.count, 0)
    took = time.perf_counter() - started
    _say(
        f"{total.count} runs, {total.steps} steps, {total.requests} requests, {total.commands} commands saved, "
        f"{len(total.failed)} failed; {total.count / took:.2f} runs/s"
    )
    if asked.coverage:
        _coverage(total.visited)
    never = _deeds(total)
    return 1 if total.failed or never else 0


def _deeds(total: Tally) -> list[str]:
    """Print how often each deed came about; return those that so many runs should have come to and never did."""
    _say(", ".join(f"{deed} {total.deeds[deed]}" for deed in (*DEEDS, *WIDE_DEEDS)))
    never = campaign.unproven(total)
    for deed in never:
        _say(f"no run came to {deed}: these {total.count} runs prove nothing of it")
    return never


def _coverage(visited: Counter[str]) -> None:
    """Print how many cells of toxic, request and position were visited, and which were not."""
    cells = coverage.cells()
    missing = [cell for cell in cells if not visited[cell]]
    _say(f"{len(cells) - len(missing)} of {len(cells)} cells of toxic, place and request visited")
    for cell in missing:
        _say(f"  not visited: {cell}")


def _on_the_real_thing(asked: argparse.Namespace, keep: frozenset[int] | None) -> int:
    from simulator.real import commands  # noqa: PLC0415 - a simulation needs no PostgreSQL, nor what starts one

    if asked.cells:
        return commands.cells(asked.smoke, asked.match, asked.log)
    return commands.replays(asked.runs, asked.seed, asked.steps, keep, asked.log)


def _until_they_die(asked: argparse.Namespace) -> int:
    from simulator.kills import command as kills  # noqa: PLC0415 - as above
    from simulator.power import command as power  # noqa: PLC0415

    if asked.kills:
        return kills.main(asked.kills, asked.seed, asked.jobs, asked.log, asked.database or ["sqlite", "postgresql"])
    if asked.mutants:
        return power.main_of_mutants(asked.seed, asked.log)
    return power.main(asked.power, asked.seed, asked.jobs, asked.log)


def _report(found: Result, count: int, *, shrinks: bool) -> None:
    _say(f"seed {found.seed}:")
    for line in found.wrong:
        _say(f"  {line}")
    short = shrink(found, count) if shrinks else found
    numbers = ",".join(str(step.number) for step in short.steps)
    _say(f"  replay: python3 dev.py sim --seed {found.seed} --steps {count} --keep {numbers}")
    if shrinks:
        path = kept.write(short)
        _say(f"  {len(found.steps)} steps came down to {len(short.steps)}; kept as {path.name}")


def _mutants(asked: argparse.Namespace) -> int:
    """Print for each mutant the seed that killed it."""
    found = []
    for row in table.rows(asked.seed, asked.runs, asked.steps, asked.jobs, known=not asked.search):
        found.append(row)
        _say(str(row))
    survived = sum(row.seed is None for row in found)
    if asked.search:
        table.record(found)
    _say(f"{len(found) - survived} of {len(found)} mutants killed within {asked.runs} seeds each")
    return 1 if survived else 0


def _crash_points(jobs: int, passings: int, log: str) -> int:
    """Kill at every point of a day in turn, and say which points there are and where something was wrong."""
    points = crash_points.points(passings)
    with ProcessPoolExecutor(jobs) as pool:
        ends = pool.map(crash_points.killed_at, *zip(*points, strict=True))
        wrong = 0
        for (label, number), end in zip(points, ends, strict=True):
            wrong += bool(end.wrong)
            _say(f"{label} #{number + 1}: {end.wrong[0] if end.wrong else 'held'}")
            if log:
                campaign.log_point(Path(log), label, number + 1, end.wrong)
    _say(f"{len({label for label, _ in points})} labels, {len(points)} kills, {wrong} wrong")
    return 1 if wrong else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no regular expression: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py sim", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="number of seeds; with --mutants, the most for each")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of a run")
    parser.add_argument("--jobs", type=int, default=1, help="processes at work")
    parser.add_argument(
        "--keep", default="", help="one run of only the steps of these numbers, as a failing one prints"
    )
    parser.add_argument("--trace", default="", metavar="FILE", help="one run: write what happened")
    parser.add_argument("--check", action="store_true", help="run each seed twice and compare the traces")
    parser.add_argument(
        "--coverage", action="store_true", help="say which toxics met which requests, and which did not"
    )
    parser.add_argument("--no-shrink", action="store_true", help="print failures as they are, keep no file")
    parser.add_argument("--crash-points", action="store_true", help="kill at every point of one day, in turn")
    parser.add_argument(
        "--passings", type=int, default=crash_points.FIRST_PASSES, help="with --crash-points: of each; 0: all"
    )
    parser.add_argument("--mutants", action="store_true", help="put historic bugs back and see each one found")
    parser.add_argument(
        "--search", action="store_true", help="with --mutants: look from --seed on, and keep what is found"
    )
    parser.add_argument("--real", action="store_true", help="replay the seeds on real sockets, processes, PostgreSQL")
    parser.add_argument("--cells", action="store_true", help="every toxic at every request and position, for real")
    parser.add_argument("--smoke", type=int, default=0, metavar="N", help="with --cells: N of them, evenly spread")
    parser.add_argument(
        "--match", type=_regex, default="", metavar="REGEX", help="with --cells: those whose names match"
    )
    parser.add_argument("--log", default="", metavar="FILE", help="append what was shown, one JSON a line")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill -9 real processes at least N times")
    parser.add_argument("--database", action="append", help="with --kills: sqlite or postgresql; else both in turn")
    parser.add_argument("--power", type=int, default=0, metavar="N", help="cut the power N times; or with --mutants")
    return parser


if __name__ == "__main__":
    sys.exit(main())
