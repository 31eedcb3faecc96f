"""Watches an event loop: how long each turn held it, why (own work, no processor, no interpreter), and where.

Linux tells of each thread how long it ran and how long it waited for a processor. What is left of a turn it slept:
until another thread let go of the interpreter, or of a lock.
"""

from __future__ import annotations

import faulthandler
import re
import tempfile
import threading
import time
from array import array
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_MS = 5
_NOTED_MS = 20
_LOOKS_S = 0.005
_TARGET_MS = 50
_DEPTH = 12
_CALL = re.compile(r'File "(.+)", line (\d+) in (.+)')
_SCHEDULED = Path("/proc/thread-self/schedstat")


class Turns:
    """What each turn of a loop took, in milliseconds, kept as bare numbers.

    An object for each of thirty thousand turns made every search for garbage longer, up to a tenth of a second: the
    watcher saw itself.
    """

    def __init__(self) -> None:
        self.ms, self.own_ms, self.no_processor_ms = array("d"), array("d"), array("d")

    def add(self, ms: float, own_ms: float, no_processor_ms: float) -> None:
        """Note one turn: how long it was, how long the loop's thread ran, how long it waited for a processor."""
        self.ms.append(ms)
        self.own_ms.append(own_ms)
        self.no_processor_ms.append(no_processor_ms)

    def by_program_ms(self) -> list[float]:
        """Return each without the wait for a processor, which the machine's other work has to answer for."""
        return [max(ms - waited, 0.0) for ms, waited in zip(self.ms, self.no_processor_ms, strict=True)]


@dataclass(frozen=True, slots=True)
class Stretch:
    """All turns of some time."""

    seconds: float
    turns: int
    longest_ms: float
    longest_by_program_ms: float
    p99_ms: float
    above_target: int
    above_target_by_program: int
    longest_own_ms: float  # the most work of the loop's own thread in one turn
    places: tuple[tuple[str, int], ...] = ()  # of the turns above the target, most often seen first


class Watch(QObject):
    """Made, started and stopped on the loop's thread."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = Turns()
        self._loop = threading.get_ident()
        self._began = self._last = 0.0
        self._ran = self._queued = 0
        self._seen: Counter[str] = Counter()  # in the turn under way
        self._places: Counter[str] = Counter()  # in those above the target
        self._ending = threading.Event()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin afresh."""
        self._turns, self._ending = Turns(), threading.Event()
        self._seen, self._places = Counter(), Counter()
        self._began = self._last = time.perf_counter()
        self._ran, self._queued = _times()
        self._timer.start()
        threading.Thread(target=self._look, args=(self._ending,), name="watch", daemon=True).start()

    def stop(self) -> Stretch:
        """Stop, and sum up."""
        self._beat()
        self._timer.stop()
        self._ending.set()
        lengths, by_program = sorted(self._turns.ms), self._turns.by_program_ms()
        return Stretch(
            seconds=time.perf_counter() - self._began,
            turns=len(lengths),
            longest_ms=lengths[-1],
            longest_by_program_ms=max(by_program),
            p99_ms=lengths[int(len(lengths) * 0.99)],
            above_target=sum(ms > _TARGET_MS for ms in lengths),
            above_target_by_program=sum(ms > _TARGET_MS for ms in by_program),
            longest_own_ms=max(self._turns.own_ms),
            places=tuple(self._places.most_common(5)),
        )

    def _beat(self) -> None:
        now, (ran, queued) = time.perf_counter(), _times()
        ms = max((now - self._last) * 1000 - _BEAT_MS, 0.0)
        self._turns.add(ms, (ran - self._ran) / 1e6, (queued - self._queued) / 1e6)
        if self._seen:
            seen, self._seen = self._seen, Counter()
            if ms > _TARGET_MS:
                self._places += seen
        self._last, self._ran, self._queued = now, ran, queued

    def _look(self, ending: threading.Event) -> None:
        """Note where the loop is whenever it has not turned for a while; on a thread of its own."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as written:
            while not ending.wait(_LOOKS_S):
                if (time.perf_counter() - self._last) * 1000 > _NOTED_MS:
                    self._seen[_place(self._loop, written)] += 1


def _times() -> tuple[int, int]:
    """Return the nanoseconds this thread ran, and waited for a processor (0 where the system does not tell)."""
    if not _SCHEDULED.exists():
        return time.thread_time_ns(), 0
    ran, queued, _ = _SCHEDULED.read_text("ascii").split()
    return int(ran), int(queued)


def _place(thread: int, written: TextIO) -> str:
    """Return the calls a thread is in, the innermost first, by way of an open file.

    Python would also give the frames themselves. But a frame that has returned meanwhile would then be let go by who
    looked at it, with every Qt object in it, on the wrong thread: the program died of that.
    """
    written.seek(0)
    written.truncate()
    faulthandler.dump_traceback(written)
    written.seek(0)
    threads = written.read().split("\n\n")
    calls = _CALL.findall(next((one for one in threads if f"{thread:#018x}" in one), ""))
    return " < ".join(f"{Path(file).name}:{line} {function}" for file, line, function in calls[:_DEPTH])
