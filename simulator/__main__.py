"""``python -m simulator --runs N --seed S [--steps K] [--trace FILE] [--keep 1,2,3] [--mutants]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from simulator import kept, mutants
from simulator.run import STEPS, Result, run
from simulator.shrink import shrink


def main(arguments: Sequence[str] | None = None) -> int:
    """Run seeds; 0 when every invariant held in every run."""
    asked = _parser().parse_args(arguments)
    if asked.mutants:
        return _mutants(asked.runs, asked.seed, asked.steps)
    keep = frozenset(map(int, asked.keep.split(","))) if asked.keep else None
    if asked.real or asked.cells:
        return _on_the_real_thing(asked, keep)
    failed, commands, steps = 0, 0, 0
    started, used = time.perf_counter(), time.process_time()
    for seed in range(asked.seed, asked.seed + asked.runs):
        result = run(seed, asked.steps, keep)
        commands, steps = commands + result.commands, steps + len(result.steps)
        if asked.check and run(seed, asked.steps, keep).digest != result.digest:
            failed += 1
            _say(f"seed {seed}: I10: two runs, two traces")
        if result.wrong:
            failed += 1
            _report(result, asked.steps, shrinks=keep is None and not asked.no_shrink)
        if asked.trace:
            Path(asked.trace).write_text("\n".join(result.lines) + "\n", encoding="utf-8")
            _say(f"seed {seed}: trace {result.digest}")
    took, worked = time.perf_counter() - started, time.process_time() - used
    _say(
        f"{asked.runs} runs, {steps} steps, {commands} commands saved, {failed} failed; "
        f"{asked.runs / took:.2f} runs/s, {asked.runs / worked:.2f} runs per second of processor"
    )
    return 1 if failed else 0


def _on_the_real_thing(asked: argparse.Namespace, keep: frozenset[int] | None) -> int:
    from simulator.real import commands  # noqa: PLC0415 - a simulation needs no PostgreSQL, nor what starts one

    if asked.cells:
        return commands.cells(asked.smoke, asked.match, asked.log)
    return commands.replays(asked.runs, asked.seed, asked.steps, keep, asked.log)


def _report(found: Result, count: int, *, shrinks: bool) -> None:
    _say(f"seed {found.seed}:")
    for line in found.wrong:
        _say(f"  {line}")
    short = shrink(found, count) if shrinks else found
    numbers = ",".join(str(step.number) for step in short.steps)
    _say(f"  replay: python3 dev.py sim --runs 1 --seed {found.seed} --steps {count} --keep {numbers}")
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
    parser.add_argument("--keep", default="", help="only the steps of these numbers, as a failing run prints them")
    parser.add_argument("--trace", default="", metavar="FILE", help="write what happened; of several runs, the last")
    parser.add_argument("--check", action="store_true", help="run each seed twice and compare the traces")
    parser.add_argument("--no-shrink", action="store_true", help="print failures as they are, keep no file")
    parser.add_argument("--mutants", action="store_true", help="put historic bugs back and see each one found")
    parser.add_argument("--real", action="store_true", help="replay the seeds on real sockets, processes, PostgreSQL")
    parser.add_argument("--cells", action="store_true", help="every toxic at every request and position, for real")
    parser.add_argument("--smoke", type=int, default=0, metavar="N", help="with --cells: N of them, evenly spread")
    parser.add_argument("--match", default="", metavar="REGEX", help="with --cells: those whose names match")
    parser.add_argument("--log", default="", metavar="FILE", help="with --real or --cells: one JSON line for each")
    return parser


if __name__ == "__main__":
    sys.exit(main())
