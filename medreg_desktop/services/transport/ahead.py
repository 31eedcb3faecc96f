"""Fetches the page of the feed behind the one that is being applied: the office's work and the service's overlap.

What was fetched is only used for the very next question, and only if that question is the one it answers: to the engine
it is an answer that came at once. Anything else that is asked breaks it off, so that no decision shares a thin line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from medreg_core.contract.v1.feed import ChangePage
from medreg_desktop.services.transport.trouble import Interrupted

FRESH_S = 60.0
"""An older page would call the copy level with a register that has long moved on: a computer slept in between."""

_GLANCE_S = 0.05

Fetch = Callable[[str, Callable[[], bool]], ChangePage]
"""Asks for the page behind a cursor; gives up soon after its second argument turns true."""


@dataclass(frozen=True, slots=True)
class _Page:
    cursor: str
    begun: float
    given_up: threading.Event
    coming: Future[ChangePage]


class ReadAhead:
    """At most one page on its way, on a thread that is only made when there is one. Used by one thread."""

    def __init__(self, fetch: Fetch, monotonic: Callable[[], float]) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="medreg-ahead")
        self._page: _Page | None = None

    def begin(self, cursor: str) -> None:
        """Begin to fetch the page behind ``cursor``."""
        self.drop()
        given_up = threading.Event()
        coming = self._thread.submit(self._fetch, cursor, given_up.is_set)
        self._page = _Page(cursor, self._monotonic(), given_up, coming)

    def take(self, cursor: str, unwanted: Callable[[], bool]) -> ChangePage | None:
        """Return the page behind ``cursor`` when it has come, None if it is not on its way.

        Raises:
            TransportFault: what the service said instead.
            Interrupted: ``unwanted()`` turned true first.
        """
        page, self._page = self._page, None
        if page is None or page.cursor != cursor or self._monotonic() - page.begun > FRESH_S:
            _give_up(page)
            return None
        while not wait((page.coming,), _GLANCE_S).done:
            if unwanted():
                _give_up(page)
                raise Interrupted
        return page.coming.result()

    def drop(self) -> None:
        """Break off what is on its way."""
        page, self._page = self._page, None
        _give_up(page)

    def close(self) -> None:
        """Break off and wait for the thread."""
        self.drop()
        self._thread.shutdown(wait=True)


def _give_up(page: _Page | None) -> None:
    if page is not None:
        page.given_up.set()
