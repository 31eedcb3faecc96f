"""Carries a seed's schedule out on the real thing, with the people, the steps and the oracle of the simulator."""

from __future__ import annotations

from pathlib import Path

from medreg_desktop.services.cache.store import FOOTING
from simulator.crash import Fate
from simulator.paths import new_folder
from simulator.real.clock import SharedTime
from simulator.real.register import RealRegister
from simulator.real.stage import Stage
from simulator.real.wire import RealWire
from simulator.register import Register
from simulator.run import Result, carry_out, small_pages
from simulator.steps import schedule
from simulator.streams import Streams
from simulator.wire import Wire
from simulator.world import World

STEPS = 40
"""Steps of a replay unless another number is asked for."""


class RealWorld(World):
    """The simulator's world with a real service, real networks, encrypted files, and a time that all share."""

    footing = FOOTING

    def __init__(self, seed: int, folder: Path, stage: Stage) -> None:
        self._stage = stage
        self._wires: list[RealWire] = []
        super().__init__(seed, folder)
        self.accounts = stage.ground.accounts
        self.acts_widely = False  # a client's thread waits for its own answer, and cannot speak meanwhile

    def close(self) -> None:
        """Give everything free."""
        for pc in self.pcs.values():
            pc.close()
        for wire in self._wires:
            wire.shut()
        assert isinstance(self.register, RealRegister)
        self.register.close()

    def _blank_cache(self) -> Path:
        return self._stage.cache

    def _time(self, folder: Path) -> SharedTime:
        return SharedTime(folder / "time")

    def _service(self, folder: Path) -> Register:
        return RealRegister(folder / "register", self.time, stage=self._stage)

    def _wire(self, name: str, fate: Fate) -> Wire:
        assert isinstance(self.register, RealRegister)
        wire = RealWire(name, self.register, self.time, self.trace, fate)
        self._wires.append(wire)
        return wire


def replay(seed: int, stage: Stage, count: int = STEPS, keep: frozenset[int] | None = None) -> Result:
    """Carry a seed's steps out on the real thing; with ``keep``, only those of these numbers."""
    steps = tuple(step for step in schedule(Streams(seed), count) if keep is None or step.number in keep)
    with new_folder() as name, small_pages():
        return carry_out(RealWorld(seed, Path(name), stage), steps)
