"""The last exchanges by call and by command, for the explain panel: ids, times and cause classes, no personal data."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

KEPT = 20
"""Attempts kept for each call and each command."""

_COMMANDS = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """One exchange. An empty ``code`` is a success; ``took_ms`` is wall time of the exchange."""

    at: datetime
    call: str
    kind: str = ""  # a TroubleKind
    code: str = ""
    status: int = 0
    took_ms: int = 0
    request_id: str = ""


class AttemptLog:
    """Owns the attempts of one program run. Written by the network threads, read by any; every method locks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, deque[Attempt]] = {}
        self._commands: OrderedDict[str, deque[Attempt]] = OrderedDict()

    def record(self, attempt: Attempt, command_ids: Iterable[str] = ()) -> None:
        """Add one exchange, under its call and under every command it carried."""
        with self._lock:
            self._calls.setdefault(attempt.call, deque(maxlen=KEPT)).append(attempt)
            for command in command_ids:
                self._commands.setdefault(command, deque(maxlen=KEPT)).append(attempt)
                self._commands.move_to_end(command)
            while len(self._commands) > _COMMANDS:
                self._commands.popitem(last=False)

    def of_call(self, call: str) -> tuple[Attempt, ...]:
        """Return the last attempts of a call, oldest first."""
        with self._lock:
            return tuple(self._calls.get(call, ()))

    def of_command(self, command_id: str) -> tuple[Attempt, ...]:
        """Return the last attempts that carried a command, oldest first."""
        with self._lock:
            return tuple(self._commands.get(command_id, ()))

    def latest(self) -> tuple[Attempt, ...]:
        """Return the last attempts of all calls together, oldest first."""
        with self._lock:
            merged = sorted((item for calls in self._calls.values() for item in calls), key=lambda item: item.at)
        return tuple(merged[-KEPT:])
