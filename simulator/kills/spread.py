"""Spreads seeds over worker processes, and keeps what they report: on the screen what is wrong, in a log everything."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from simulator.kills.process import Child
from simulator.kills.said import Bug, Reported, Say

R = TypeVar("R")

_SHARE = 4  # seeds that a worker does before it reports


def spread(job: Callable[[int], R], seeds: range, workers: int, report: type[R]) -> Iterator[R]:
    """Yield the report of every seed, share by share. Raises WorkerDied."""
    for first in range(seeds.start, seeds.stop, _SHARE * workers):
        share = range(first, min(first + _SHARE * workers, seeds.stop))
        children = [Child.start(f"worker {n}", _worker(job, share[n::workers])) for n in range(workers)]
        for child in children:
            for word in child.finish(patience_s=None):
                if isinstance(word, Bug):
                    raise WorkerDied(word.text)
                assert isinstance(word, Reported)
                yield msgspec.json.decode(word.text, type=report)


def isolated(job: Callable[[], R], report: type[R]) -> R:
    """Do a job in a process of its own. Raises WorkerDied."""
    (found,) = spread(lambda _: job(), range(1), 1, report)
    return found


def _worker(job: Callable[[int], R], seeds: range) -> Callable[[Say], None]:
    def work(say: Say) -> None:
        for seed in seeds:
            say(Reported(msgspec.json.encode(job(seed)).decode()))

    return work


class WorkerDied(Exception):
    """A worker stumbled over a bug of the simulator; what it said."""


class Log:
    """Lines of JSON in a file, if one is wanted."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("a", encoding="utf-8") if path else None  # noqa: SIM115 - closed by close

    def write(self, line: object) -> None:
        """Add a line."""
        if self._file is not None:
            self._file.write(msgspec.json.encode(line).decode() + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()


def end_in_order() -> None:
    """Let a SIGTERM unwind this process: what it has put on the disk goes with it, and its children die."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Watch:
    """How long it has taken so far."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began


def tell(text: str) -> None:
    """Say something on the screen."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
