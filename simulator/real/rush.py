"""All computers at the same time: what a simulation that lets one act at a time cannot show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulator import people
from simulator.paths import new_folder
from simulator.pc import Pc
from simulator.real.replay import RealWorld
from simulator.real.stage import Stage
from simulator.run import Result, carry_out, small_pages
from simulator.steps import Kind, Step
from simulator.toxics import Weather

ROUNDS = 8
"""Rounds of a rush unless another number is asked for."""


class RushingWorld(RealWorld):
    """A step: people act at every computer and at the service, then all programs sync at once over a bad network."""

    def do(self, step: Step) -> None:
        """Carry out one round."""
        for pc in self.pcs.values():
            self._prepare(pc, step)
            place, chance = self.institutions[pc.name], self.streams.of(step.number, pc.name)
            self.trace.note(self.act(pc, chance), people.applicant_acts(self.register, place, chance))
        with ThreadPoolExecutor(len(self.pcs)) as together:
            reports = list(together.map(Pc.sync, self.pcs.values()))
        for pc, report in zip(self.pcs.values(), reports, strict=True):
            assert report is not None
            self.oracle.check_lamp(pc, report)
            self.oracle.watch(pc)
        self.time.pass_by(300.0)

    def _prepare(self, pc: Pc, step: Step) -> None:
        pc.wire.rest()
        pc.wire.weather = Weather.FLAKY
        pc.wire.chance = self.streams.of(step.number, pc.name, "wire")
        pc.ids.chance = self.streams.of(step.number, pc.name, "ids")


def rush(seed: int, stage: Stage, rounds: int = ROUNDS) -> Result:
    """Let all computers of a seed work at once; only what happens to each exchange is the same in every run."""
    steps = tuple(Step(number, Kind.SYNC, "a") for number in range(rounds))
    with new_folder() as name, small_pages():
        return carry_out(RushingWorld(seed, Path(name), stage), steps)
