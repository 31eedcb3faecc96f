"""Reading ahead: an answer that came early, or none at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from medreg_core.contract.v1.feed import ChangePage
from medreg_core.contract.v1.messages import MAGIC
from medreg_desktop.services.transport.ahead import FRESH_S, ReadAhead
from medreg_desktop.services.transport.trouble import Interrupted, TransportFault, Trouble, TroubleKind


def _page(cursor: str) -> ChangePage:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return ChangePage(magic=MAGIC, epoch="e", after=0, last=0, changes=(), cursor=cursor, more=False, server_time=at)


class Road:
    """Stands for the second connection: answers at once, later or with trouble."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.broken_off = threading.Event()
        self.trouble: Trouble | None = None

    def fetch(self, cursor: str, unwanted: Callable[[], bool]) -> ChangePage:
        self.asked.append(cursor)
        while not self.open.wait(0.005):
            if unwanted():
                self.broken_off.set()
                raise Interrupted
        if self.trouble is not None:
            raise TransportFault(self.trouble)
        return _page(f"behind {cursor}")


class Now:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def road() -> Road:
    return Road()


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def ahead(road: Road, now: Now) -> Iterator[ReadAhead]:
    made = ReadAhead(road.fetch, now)
    yield made
    made.close()


def _wanted() -> bool:
    return False


def test_what_is_on_its_way_answers_the_next_question(ahead: ReadAhead, road: Road) -> None:
    road.open.clear()
    ahead.begin("a")
    threading.Timer(0.1, road.open.set).start()
    found = ahead.take("a", _wanted)
    assert found is not None
    assert found.cursor == "behind a"
    assert road.asked == ["a"]


def test_it_answers_once(ahead: ReadAhead) -> None:
    ahead.begin("a")
    assert ahead.take("a", _wanted) is not None
    assert ahead.take("a", _wanted) is None


def test_another_question_is_not_answered_by_it(ahead: ReadAhead, road: Road) -> None:
    road.open.clear()
    ahead.begin("a")
    assert ahead.take("b", _wanted) is None
    assert road.broken_off.wait(10)


def test_what_is_old_does_not_tell_how_the_register_stands_now(ahead: ReadAhead, now: Now) -> None:
    ahead.begin("a")
    now.at = FRESH_S + 1
    assert ahead.take("a", _wanted) is None


def test_something_more_urgent_ends_the_wait_and_the_request(ahead: ReadAhead, road: Road) -> None:
    road.open.clear()
    ahead.begin("a")
    with pytest.raises(Interrupted):
        ahead.take("a", lambda: True)
    assert road.broken_off.wait(10)


def test_trouble_is_told_to_the_one_who_asks(ahead: ReadAhead, road: Road) -> None:
    road.trouble = Trouble(TroubleKind.SERVER, "server_error")
    ahead.begin("a")
    with pytest.raises(TransportFault):
        ahead.take("a", _wanted)


def test_closing_does_not_wait_for_an_answer(road: Road, now: Now) -> None:
    road.open.clear()
    ahead = ReadAhead(road.fetch, now)
    ahead.begin("a")
    ahead.close()
    assert road.broken_off.is_set() or not road.asked
