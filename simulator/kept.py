"""Failing runs as files: one JSON each, run by the tests for ever after.

The steps themselves are kept, not their numbers in the schedule: a new kind of step shifts no kept run.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from simulator.ages import PRESENT, Ages
from simulator.run import Result, run_steps
from simulator.steps import Step

FOLDER = Path(__file__).with_name("regressions")


class Regression(msgspec.Struct, frozen=True):
    """A run that once broke an invariant: its seed, the steps that mattered, and what was wrong."""

    seed: int
    steps: tuple[Step, ...]
    wrong: tuple[str, ...]
    ages: Ages = PRESENT

    def run(self) -> Result:
        """Run it again."""
        return run_steps(self.seed, self.steps, self.ages)


def write(found: Result, folder: Path = FOLDER) -> Path:
    """Keep a failing run; return the file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{'-'.join(sorted(found.names)).replace('/', '-')}-seed-{found.seed}.json"
    regression = Regression(found.seed, found.steps, found.wrong, found.ages)
    path.write_bytes(_encode(regression))
    return path


def _encode(regression: Regression) -> bytes:
    """Return the file's text: a line for each step."""
    steps = b",\n".join(map(msgspec.json.encode, regression.steps))
    wrong = msgspec.json.encode(regression.wrong)
    ages = msgspec.json.encode(regression.ages)
    return b'{"seed": %d, "ages": %s, "wrong": %s, "steps": [\n%s\n]}\n' % (regression.seed, ages, wrong, steps)


def read(path: Path) -> Regression:
    """Return a kept run."""
    return msgspec.json.decode(path.read_bytes(), type=Regression)


def all_kept() -> list[Path]:
    """Return the files of all kept runs."""
    return sorted(FOLDER.glob("*.json"))
