from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest

from medreg_desktop.services import courtesy
from medreg_desktop.ui.window_first import WindowFirst


class Knot:
    """Garbage that only a search finds: it holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def first(qapp: object) -> Iterator[WindowFirst]:
    assert gc.isenabled()
    first = WindowFirst()
    yield first
    first.release()
    assert gc.isenabled()


def drop_a_knot(died_on: list[int]) -> None:
    """Leave garbage that tells on which thread it died."""
    knot = Knot()
    weakref.finalize(knot, lambda: died_on.append(threading.get_ident())).atexit = False


def test_what_the_window_leaves_dies_on_its_own_thread(first: WindowFirst) -> None:
    died_on: list[int] = []
    drop_a_knot(died_on)
    busy = threading.Thread(target=lambda: [Knot() for _ in range(20_000)])  # enough for any search of Python's own
    busy.start()
    busy.join()
    assert not died_on
    first.look()
    assert died_on == [threading.get_ident()]


def test_what_had_stayed_before_is_found_too(first: WindowFirst) -> None:
    died_on: list[int] = []
    knot = Knot()
    weakref.finalize(knot, lambda: died_on.append(threading.get_ident())).atexit = False
    gc.collect()  # it has stayed: it is among the oldest
    del knot
    looks = 0
    while not died_on and looks < 1_000:
        first.look()
        looks += 1
    assert 1 < looks < 1_000


def test_who_computes_waits_while_the_window_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_AT_MOST_S", 60.0)
    taken: list[str] = []
    busy = threading.Thread(target=lambda: taken.extend(courtesy.courteous("rows")))
    with courtesy.drawing():
        busy.start()
        busy.join(0.1)
        assert busy.is_alive()
    busy.join(30)
    assert taken == list("rows")


def test_a_window_that_never_ends_drawing_stops_nobody() -> None:
    with courtesy.drawing():
        assert list(courtesy.courteous("row")) == ["r", "o", "w"]


def test_a_drawing_that_fails_holds_nobody_up() -> None:
    with pytest.raises(RuntimeError), courtesy.drawing():
        raise RuntimeError
    assert courtesy._nobody_draws.is_set()
