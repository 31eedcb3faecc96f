"""A real encrypted store in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import EPOCH, KEY, StillClock, judge


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def store(path: Path, clock: StillClock) -> Iterator[CacheStore]:
    opened = CacheStore.open(path, KEY, clock)
    opened.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0", cursor="cursor-0"))
    yield opened
    opened.close()


@pytest.fixture
def feed(store: CacheStore) -> Feed:
    return Feed(store, judge)
