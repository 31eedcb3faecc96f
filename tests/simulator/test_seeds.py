"""The simulator itself: seeds hold, traces repeat, kept failures stay mended, historic bugs are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulator import kept
from simulator.run import Result, run
from simulator.shrink import shrink
from simulator.steps import Kind, Step

SEEDS = range(1, 9)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds(seed: int) -> None:
    assert run(seed).wrong == ()


def test_a_seed_gives_the_same_trace_again() -> None:
    first, again = run(4), run(4)
    assert first.lines == again.lines
    assert first.digest == again.digest != run(5).digest


def test_a_seed_gives_the_same_trace_in_another_process() -> None:
    program = "from simulator.run import run; print(run(6, 40).digest)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == run(6, 40).digest


def test_dropping_a_step_moves_no_other() -> None:
    whole = run(3, 30)
    part = run(3, 30, frozenset(range(20)))
    cut = [number for number, line in enumerate(whole.lines) if line.startswith("step 20 ")]
    assert part.lines[: cut[0]] == whole.lines[: cut[0]]


def test_a_failure_shrinks_to_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = tuple(Step(number, Kind.WAIT, "a") for number in range(40))

    def failing(seed: int, count: int, keep: frozenset[int] | None = None) -> Result:
        left = tuple(step for step in steps if keep is None or step.number in keep)
        wrong = ("I1: lost",) if {7, 31} <= {step.number for step in left} else ()
        return Result(seed, left, wrong, "", (), 0)

    monkeypatch.setattr("simulator.shrink.run", failing)
    short = shrink(failing(1, 40), 40)
    assert [step.number for step in short.steps] == [7, 31]


def test_what_once_failed_holds() -> None:
    assert {path.stem: kept.read(path).run().wrong for path in kept.all_kept()} == dict.fromkeys(
        (path.stem for path in kept.all_kept()), ()
    )


def test_a_failing_run_is_kept_and_read_again(tmp_path: Path) -> None:
    found = Result(9, (Step(2, Kind.SYNC, "b"),), ("I3: b lacks rows",), "", (), 0)
    path = kept.write(found, tmp_path)
    assert path.name == "I3-seed-9.json"
    assert kept.read(path) == kept.Regression(9, found.steps, found.wrong)
