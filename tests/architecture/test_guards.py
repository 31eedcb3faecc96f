"""What the guards of every test let pass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import threads_left


@contextmanager
def _working(name: str) -> Iterator[threading.Thread]:
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name=name)
    thread.start()
    try:
        yield thread
    finally:
        done.set()
        thread.join()


def test_a_thread_of_ones_own_is_left_over() -> None:
    before = set(threading.enumerate())
    with _working("cache-write_0") as left:
        assert threads_left(before) == [left]
    assert threads_left(before) == []


def test_the_pool_of_a_service_that_ran_before_may_grow() -> None:
    with _working("server"):
        before = set(threading.enumerate())
        with _working("medreg_2"):
            assert threads_left(before) == []


def test_the_pool_of_a_service_of_ones_own_is_left_over() -> None:
    before = {thread for thread in threading.enumerate() if thread.name != "server"}
    with _working("medreg_2") as left:
        assert left in threads_left(before)
