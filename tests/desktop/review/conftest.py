"""A registrar's office that has been in contact with the server and holds three sound applications."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import KEY, StillClock
from tests.desktop.review.office import Office, application


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    clock = StillClock()
    store = CacheStore.open(tmp_path / "cache.db", KEY, clock)
    made = Office(store, clock)
    made.greeted()
    made.receives(*(application(n) for n in (1, 2, 3)))
    yield made
    store.close()
