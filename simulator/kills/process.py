"""Child processes: forked from this warmed one, heard over a pipe, killed, and never left behind."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from simulator.kills.said import Began, Bug, Say, Word, line_of, words_in

PATIENCE_S = 60.0
"""A child that says nothing for so long hangs."""

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Hangs(Exception):
    """A child neither speaks nor ends."""


@dataclass(slots=True)
class Child:
    """A forked process. Whoever started it ends it with :meth:`end`."""

    name: str
    pid: int
    _pipe: int
    _heard: bytes = b""
    status: int | None = None

    @classmethod
    def start(cls, name: str, work: Callable[[Say], None]) -> Child:
        """Fork; the child works, and ends without running anything of its parent's."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _live(work, writing)
        os.close(writing)
        return cls(name, pid, reading)

    def wait_for(self, count: int) -> bool:
        """Listen until that many words were said; False when it ended before. Raises Hangs."""
        while self._heard.count(b"\n") < count:
            if not self._listen(PATIENCE_S):
                return False
        return True

    def hear(self, work: str) -> bool:
        """Listen until that has begun; False when it ended before. Raises Hangs."""
        while Began(work) not in words_in(self._heard):
            if not self._listen(PATIENCE_S):
                return False
        return True

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if not self.has_ended:
            os.kill(self.pid, number)

    def finish(self, patience_s: float | None = PATIENCE_S) -> list[Word]:
        """Listen until it has ended by itself or by a kill; return all it ever said. Raises Hangs."""
        while self._listen(patience_s):
            pass
        self._reap()
        return words_in(self._heard)

    def kill(self) -> None:
        """Kill it where it stands."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> list[Word]:
        """Kill it if it still lives; return all it ever said."""
        self.kill()
        return self.finish()

    def terminate(self) -> list[Word]:
        """Ask it to end in peace; return all it ever said."""
        os.kill(self.pid, signal.SIGTERM)
        return self.finish()

    @property
    def has_ended(self) -> bool:
        """Whether it is gone; looks without waiting."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    @property
    def was_killed(self) -> bool:
        """Whether it died by SIGKILL."""
        return self.status is not None and os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    def _listen(self, patience_s: float | None) -> bool:
        if self._pipe < 0:
            return False
        if not select.select([self._pipe], [], [], patience_s)[0]:
            raise Hangs(self.name)
        more = os.read(self._pipe, 65536)
        self._heard += more
        if not more:
            os.close(self._pipe)
            self._pipe = -1
        return bool(more)

    def _reap(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not self.has_ended:
            if time.monotonic() > deadline:
                raise Hangs(self.name)
            time.sleep(0.0005)


def _live(work: Callable[[Say], None], writing: int) -> NoReturn:
    """Be the child. Whatever happens, nothing of the parent's may run in it: no exit handler, no test."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        gc.disable()

        def say(word: Word) -> None:
            os.write(writing, line_of(word))

        _hear_bugs(say)
        try:
            work(say)
        except BaseException as error:  # noqa: BLE001 - whatever it was, the parent must learn of it
            say(Bug("".join(traceback.format_exception(error))[-3000:]))
        status = 0
    finally:
        os._exit(status)


class _Ear(logging.Handler):
    """An error in the log of either program is a finding."""

    def __init__(self, say: Say) -> None:
        super().__init__(logging.ERROR)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(Bug(f"{record.name}: {self.format(record)}"[-3000:]))


def _hear_bugs(say: Say) -> None:
    for name in ("medreg_desktop", "medreg_server"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [_Ear(say)], False
