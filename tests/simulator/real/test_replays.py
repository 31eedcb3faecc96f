"""Schedules of the simulator on real sockets, a real server process, real PostgreSQL and real encrypted files."""

from __future__ import annotations

import pytest

from simulator.real.replay import STEPS, replay
from simulator.real.rush import rush
from simulator.real.stage import Stage
from simulator.run import run
from simulator.steps import schedule, weights
from simulator.streams import Streams

SEEDS = range(1, 101)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_invariant_holds(stage: Stage, seed: int) -> None:
    found = replay(seed, stage)
    assert found.wrong == (), "\n".join(found.lines)


@pytest.mark.parametrize("seed", range(1, 7))
def test_all_computers_at_once(stage: Stage, seed: int) -> None:
    result = rush(seed, stage)
    assert result.wrong == ()
    assert result.commands > 0


def test_a_replay_carries_out_the_steps_of_the_simulation(stage: Stage) -> None:
    """Same seed, same people: the same commands are saved, whatever sockets and processes do to the order of bytes."""
    seed = next(seed for seed in SEEDS if run(seed, 12).commands > 1)
    real, simulated = replay(seed, stage, 12), run(seed, 12)
    assert real.steps == simulated.steps
    assert real.commands == simulated.commands > 0


def test_every_kind_of_step_is_among_the_replays() -> None:
    kinds = {step.kind for seed in SEEDS for step in schedule(Streams(seed), STEPS)}
    assert kinds == {kind for kind, often in weights(Streams(1)).items() if often}  # a bent brings the others
