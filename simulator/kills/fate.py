"""Ends this very process by SIGKILL when it passes a labelled point, or counts the points that it passes."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import NamedTuple

_work: ContextVar[str] = ContextVar("work", default="")


class Cell(NamedTuple):
    """A place where a process can be killed: a labelled point, passed in one kind of work."""

    work: str
    point: str

    def __str__(self) -> str:
        return f"{self.work}/{self.point}"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class Fate:
    """What this process is about, and where it will end. ``end``: how; power is cut where a process cannot die."""

    target: Cell | None = None
    passes: int = 0  # how often the target is passed unharmed
    main: str = "start"  # the work of the thread that serves the registrar
    seen: Counter[Cell] = field(default_factory=Counter)
    end: Callable[[], None] = _die

    def passing(self, point: str) -> None:
        """Note that a point is passed; the process ends here if it is the one. Any thread."""
        cell = Cell(_work.get() or self.main, point)
        self.seen[cell] += 1
        if cell == self.target and self.seen[cell] > self.passes:
            self.end()

    @contextmanager
    def doing(self, work: str) -> Iterator[None]:
        """Name the work of the main thread and of those who work for it."""
        before, self.main = self.main, work
        try:
            yield
        finally:
            self.main = before

    @contextmanager
    def aside(self, work: str) -> Iterator[None]:
        """Name the work of this thread, or of this request, alone."""
        token = _work.set(work)
        try:
            yield
        finally:
            _work.reset(token)
