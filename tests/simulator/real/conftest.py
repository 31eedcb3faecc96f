from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.real.ground import Ground, prepared_ground


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    """One PostgreSQL with a filled template for all replays of this process."""
    with prepared_ground() as prepared:
        yield prepared
