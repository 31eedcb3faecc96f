"""Puts a bug into the program for a while, and looks for a seed that shows it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from simulator.run import Result, run

Patch = tuple[ModuleType | type, str, Any]

KILLERS: dict[str, int] = json.loads(Path(__file__).with_name("killers.json").read_text("utf-8"))
"""By name the first seed that shows the bug: where a quick proof begins. ``--mutants --runs N`` searches from there."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug: its name, who had it, and what it replaces.

    ``raises``: the program itself falls over it, e.g. where the schema forbids what it would do.
    """

    name: str
    fell_in: str
    patches: tuple[Patch, ...]
    raises: bool = False

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Put the bug into the program for a while."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.patches]
        try:
            for where, name, bug in self.patches:
                setattr(where, name, bug)
            yield
        finally:
            for where, name, original in before:
                setattr(where, name, original)


def killer(mutant: Mutant, seeds: Iterable[int], count: int) -> Result | None:
    """Return the first run in which an invariant breaks; None if the mutant survives them all.

    That a patched function no longer fits its callers shows nothing: an exception alone is no kill.
    """
    with mutant.alive():
        return next((result for seed in seeds if is_killed(mutant, (result := run(seed, count)).names)), None)


def is_killed(mutant: Mutant, names: frozenset[str]) -> bool:
    """Return whether a run in which these invariants did not hold has shown the bug."""
    return bool(names) if mutant.raises else bool(names - {"BUG"})
