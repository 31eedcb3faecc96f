"""Measures how long the event loop was held: the longest gap between two beats of a timer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_MS = 5


class Heartbeat(QObject):
    """Used by tests and the demo; aim under 50 ms, fail at 200. ``monotonic`` returns seconds."""

    def __init__(self, monotonic: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._monotonic = monotonic
        self._last = 0.0
        self._longest_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)

    @property
    def longest_ms(self) -> float:
        """The longest time the loop was held since ``start``, in milliseconds, without the beat itself."""
        return max(self._longest_s * 1000 - _BEAT_MS, 0.0)

    def start(self) -> None:
        """Begin to measure afresh."""
        self._longest_s = 0.0
        self._last = self._monotonic()
        self._timer.start()

    def stop(self) -> float:
        """Stop and return ``longest_ms``."""
        self._beat()
        self._timer.stop()
        return self.longest_ms

    def _beat(self) -> None:
        now = self._monotonic()
        self._longest_s = max(self._longest_s, now - self._last)
        self._last = now
