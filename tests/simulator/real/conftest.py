from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.real.commands import opened_register
from simulator.real.register import RealRegister
from simulator.real.stage import Stage, prepared_stage

Office = tuple[RealRegister, Path]


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """One PostgreSQL with a filled template for all replays of this process."""
    with prepared_stage() as prepared:
        yield prepared


@pytest.fixture(scope="session")
def office(stage: Stage) -> Iterator[Office]:
    """One service for all cells of this process, and the folder of their computers."""
    with opened_register(stage) as opened:
        yield opened
