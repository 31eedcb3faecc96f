"""An office that has been in contact with the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import KEY, StillClock
from tests.desktop.review.office import Office


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def office(path: Path, clock: StillClock) -> Iterator[Office]:
    store = CacheStore.open(path, KEY, clock)
    made = Office(store, clock)
    made.greeted()
    yield made
    store.close()


@pytest.fixture
def office_factory(tmp_path: Path) -> Iterator[Callable[[], Office]]:
    """Makes offices, each with a copy of its own."""
    opened: list[CacheStore] = []

    def make() -> Office:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        clock = StillClock()
        opened.append(CacheStore.open(folder / "cache.db", KEY, clock))
        made = Office(opened[-1], clock)
        made.greeted()
        return made

    yield make
    for store in opened:
        store.close()
