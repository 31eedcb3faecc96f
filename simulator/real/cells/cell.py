"""A cell: one toxic at one kind of request."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass

from simulator.real.cells import answers, circumstances, connections, deliveries, statuses
from simulator.real.cells.toxic import Kind, Toxic


@dataclass(frozen=True, slots=True)
class Cell:
    """One toxic at one kind of request."""

    kind: Kind
    toxic: Toxic

    @property
    def name(self) -> str:
        """The cell's name: unique, and the same in every run."""
        return f"{self.kind.value} / {self.toxic.name} / {self.toxic.position}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a cell showed. ``wrong`` is empty when everything held."""

    name: str
    wrong: tuple[str, ...]
    cause: str
    lamp: str
    tries: int
    seconds: float


def every_cell() -> list[Cell]:
    """Return all cells, in an order that never changes."""
    toxics = [
        *connections.all_of_them(),
        *deliveries.all_of_them(),
        *answers.all_of_them(),
        *statuses.all_of_them(),
        *circumstances.all_of_them(),
    ]
    return [Cell(kind, toxic) for kind in Kind for toxic in toxics if kind in toxic.kinds]


def smoke(cells: list[Cell], count: int) -> list[Cell]:
    """Return ``count`` cells: of each toxic in turn one, the same in every run."""
    turns: Counter[str] = Counter()
    ranked: list[tuple[int, int, Cell]] = []
    for cell in sorted(cells, key=_shuffled):
        ranked.append((turns[cell.toxic.name], _shuffled(cell), cell))
        turns[cell.toxic.name] += 1
    return [cell for *_, cell in sorted(ranked, key=lambda item: item[:2])[:count]]


def _shuffled(cell: Cell) -> int:
    return zlib.crc32(cell.name.encode())
