from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.real.commands import opened_register
from simulator.real.ground import Ground, prepared_ground
from simulator.real.register import RealRegister

Office = tuple[RealRegister, Path]


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """One PostgreSQL with a filled template for all replays of this process."""
    with prepared_ground() as prepared:
        yield prepared


@pytest.fixture(scope="session")
def office(ground: Ground) -> Iterator[Office]:
    """One service for all cells of this process, and the folder of their computers."""
    with opened_register(ground) as opened:
        yield opened
