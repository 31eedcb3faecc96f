"""Whoever computes gives way to a window that draws, between two rows.

All threads share one interpreter. Drawing lets go of it at each call into Qt, and beside a thread that computes it gets
it back only after a turn of half a millisecond: a full window then takes three times as long (ADR 027). Like the
interpreter this is the process's own; a program without a window never waits here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final, TypeVar

T = TypeVar("T")

_AT_MOST_S: Final = 0.1
"""No window draws that long. One that did would slow the work down, and never stop it."""

_nobody_draws: Final = Event()
_nobody_draws.set()


@contextmanager
def drawing() -> Iterator[None]:
    """Have the other threads wait at their next row until this is left.

    Only for the window's thread, and not around anything that waits for one of the others.
    """
    _nobody_draws.clear()
    try:
        yield
    finally:
        _nobody_draws.set()


def courteous(rows: Iterable[T]) -> Iterator[T]:
    """Yield the rows, and before each wait while the window draws.

    For every loop over many: of Python, or of the database driver, which takes the interpreter for each row it writes.
    """
    for row in rows:
        if not _nobody_draws.is_set():
            _nobody_draws.wait(_AT_MOST_S)
        yield row
