"""Failing runs as files: one JSON each, run by the tests for ever after."""

from __future__ import annotations

from pathlib import Path

import msgspec

from simulator.run import Result, run

FOLDER = Path(__file__).with_name("regressions")


class Regression(msgspec.Struct, frozen=True):
    """A run that once broke an invariant: its seed, its length, the steps that mattered, and what was wrong."""

    seed: int
    steps: int
    keep: tuple[int, ...]
    wrong: tuple[str, ...]

    def run(self) -> Result:
        """Run it again."""
        return run(self.seed, self.steps, frozenset(self.keep))


def write(found: Result, count: int, folder: Path = FOLDER) -> Path:
    """Keep a failing run; return the file."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{'-'.join(sorted(found.names)).replace('/', '-')}-seed-{found.seed}.json"
    regression = Regression(found.seed, count, tuple(step.number for step in found.steps), found.wrong)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(regression), indent=1) + b"\n")
    return path


def read(path: Path) -> Regression:
    """Return a kept run."""
    return msgspec.json.decode(path.read_bytes(), type=Regression)


def all_kept() -> list[Path]:
    """Return the files of all kept runs."""
    return sorted(FOLDER.glob("*.json"))
