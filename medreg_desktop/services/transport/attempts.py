"""The last exchanges by call, for the explain panel and support: times and cause classes, no personal data.

Nothing here touches the disk; :mod:`medreg_desktop.services.sync.diary` keeps it across restarts (ADR 016).
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

KEPT = 20
"""Attempts kept for each call, and as many that failed: a day of quiet polls must not push out the trouble before."""

MOST = 400
"""Attempts kept over all calls."""

_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One exchange. An empty ``code`` is a success; ``took_ms`` is wall time; ``next_try`` is set once it is known."""

    at: datetime
    call: str
    kind: str = ""  # a TroubleKind
    code: str = ""
    status: int = 0
    took_ms: int = 0
    request_id: str = ""
    next_try: datetime | None = None
    commands: tuple[str, ...] = ()  # ids of the commands that travelled
    n: int = 0  # in the order they happened, on this computer

    @property
    def failed(self) -> bool:
        """Whether it brought no proper answer; one broken off on our own wish is neither."""
        return self.code not in ("", INTERRUPTED)


INTERRUPTED = "interrupted"
"""Code of an exchange given up because something more urgent came: no trouble."""


class AttemptLog:
    """The attempts of this computer. Written by the network threads, read by any; every method locks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: dict[str, deque[Attempt]] = {}
        self._failed: dict[str, deque[Attempt]] = {}
        self._last = 0

    def record(self, attempt: Attempt, commands: Iterable[str] = ()) -> None:
        """Add one exchange with the commands it carried. An id that does not look like one is not kept."""
        known = attempt.request_id if _REQUEST_ID.fullmatch(attempt.request_id) else ""
        with self._lock:
            self._last += 1
            self._add(replace(attempt, n=self._last, request_id=known, commands=tuple(commands)))

    def restore(self, attempts: Iterable[Attempt]) -> None:
        """Put what an earlier run kept before what this one has recorded."""
        with self._lock:
            own = self._all()
            earlier = sorted(attempts, key=lambda item: item.n)
            self._recent.clear()
            self._failed.clear()
            for number, attempt in enumerate((*earlier, *own), 1):
                self._add(replace(attempt, n=number))
                self._last = number

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        with self._lock:
            self._recent.clear()
            self._failed.clear()

    def note_next_try(self, calls: Iterable[str], at: datetime | None) -> None:
        """Complete the last attempt of the calls with when the next one comes, if it failed and does not know yet."""
        with self._lock:
            for call in calls:
                known = self._recent.get(call)
                if known and known[-1].failed and known[-1].next_try is None:
                    known[-1] = completed = replace(known[-1], next_try=at)
                    self._failed[call][-1] = completed

    def of_call(self, *calls: str) -> tuple[Attempt, ...]:
        """Return the last attempts of these calls together, oldest first."""
        return tuple(item for item in self.all() if item.call in calls)[-KEPT:]

    def of_command(self, command_id: str) -> tuple[Attempt, ...]:
        """Return the last attempts that carried a command, oldest first."""
        return tuple(item for item in self.all() if command_id in item.commands)[-KEPT:]

    def latest(self) -> tuple[Attempt, ...]:
        """Return the last attempts of all calls together, oldest first."""
        return self.all()[-KEPT:]

    def all(self) -> tuple[Attempt, ...]:
        """Return everything kept, oldest first."""
        with self._lock:
            return self._all()

    def _add(self, attempt: Attempt) -> None:
        self._recent.setdefault(attempt.call, deque(maxlen=KEPT)).append(attempt)
        if attempt.failed:
            self._failed.setdefault(attempt.call, deque(maxlen=KEPT)).append(attempt)

    def _all(self) -> tuple[Attempt, ...]:
        rings = (*self._recent.values(), *self._failed.values())
        merged = {item.n: item for ring in rings for item in ring}
        return tuple(merged[n] for n in sorted(merged)[-MOST:])
