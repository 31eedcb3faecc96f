"""``python -m simulator --runs N --seed S [--steps K] [--jobs J] [--trace FILE] [--log FILE] [--mutants] …``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from simulator import campaign, coverage, kept, mutants
from simulator.campaign import Tally
from simulator.run import STEPS, Result, run
from simulator.shrink import shrink


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds; 0 when every invariant held in every run."""
    asked = _parser().parse_args(arguments)
    if asked.kills or asked.power:
        return _until_they_die(asked)
    if asked.mutants:
        return _mutants(asked.runs, asked.seed, asked.steps)
    keep = frozenset(map(int, asked.keep.split(","))) if asked.keep else None
    if asked.real or asked.cells:
        return _on_the_real_thing(asked, keep)
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
    total, started = Tally(asked.seed, 0), time.perf_counter()
    work = partial(campaign.tally_of, steps=asked.steps, twice=asked.check)
    for tally in campaign.tallies(asked.seed, asked.runs, asked.jobs, work):
        for result in tally.failed:
            _report(result, asked.steps, shrinks=not asked.no_shrink)
        total.add(tally)
        if asked.log and (total.count % campaign.LOGGED < tally.count or total.count == asked.runs):
            campaign.log(Path(asked.log), total)
    took = time.perf_counter() - started
    _say(
        f"{total.count} runs, {total.steps} steps, {total.requests} requests, {total.commands} commands saved, "
        f"{len(total.failed)} failed; {total.count / took:.2f} runs/s"
    )
    if asked.coverage:
        _coverage(total.visited)
    return 1 if total.failed else 0


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
        path = kept.write(short, count)
        _say(f"  {len(found.steps)} steps came down to {len(short.steps)}; kept as {path.name}")


def _mutants(most: int, seed: int, count: int) -> int:
    """Print for each mutant the seed that killed it."""
    survived = 0
    for mutant in mutants.ALL:
        killer = mutants.killer(mutant, range(seed, seed + most), count)
        survived += killer is None
        found = "SURVIVED" if killer is None else f"seed {killer.seed}: {killer.wrong[0][:90]}"
        _say(f"{mutant.name:42} {found}")
    _say(f"{len(mutants.ALL) - survived} of {len(mutants.ALL)} mutants killed within {most} seeds each")
    return 1 if survived else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


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
    parser.add_argument("--mutants", action="store_true", help="put historic bugs back and see each one found")
    parser.add_argument("--real", action="store_true", help="replay the seeds on real sockets, processes, PostgreSQL")
    parser.add_argument("--cells", action="store_true", help="every toxic at every request and position, for real")
    parser.add_argument("--smoke", type=int, default=0, metavar="N", help="with --cells: N of them, evenly spread")
    parser.add_argument("--match", default="", metavar="REGEX", help="with --cells: those whose names match")
    parser.add_argument("--log", default="", metavar="FILE", help="append what was shown, one JSON a line")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill -9 real processes at least N times")
    parser.add_argument("--database", action="append", help="with --kills: sqlite or postgresql; else both in turn")
    parser.add_argument("--power", type=int, default=0, metavar="N", help="cut the power N times; or with --mutants")
    return parser


if __name__ == "__main__":
    sys.exit(main())
