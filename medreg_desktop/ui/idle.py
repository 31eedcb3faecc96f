"""Tells when nobody has touched the computer for a while, so that the program locks itself.

On Windows the whole session's last input counts (another program may be in use); elsewhere our own windows' input.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QApplication

_INPUT = {
    QEvent.Type.KeyPress,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.MouseMove,
    QEvent.Type.Wheel,
    QEvent.Type.InputMethod,
    QEvent.Type.TouchBegin,
}
_LOOK_EVERY_MS = 5_000


class IdleWatch(QObject):
    """Emits ``idle`` once after ``minutes`` without input, again only after new input. Lives on the UI thread."""

    idle = Signal()

    def __init__(
        self,
        app: QApplication,
        monotonic: Callable[[], float],
        session_idle_s: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(app)
        self._monotonic = monotonic
        self._session_idle_s = session_idle_s
        self._minutes = 0
        self._last_input = monotonic()
        self._told = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        app.focusWindowChanged.connect(self._watch)
        self._watch(app.focusWindow())

    def start(self, minutes: int) -> None:
        """Watch from now on."""
        self._minutes = minutes
        self._last_input = self._monotonic()
        self._told = False
        self._timer.start()

    def stop(self) -> None:
        """Watch no longer, e.g. while locked."""
        self._timer.stop()

    def look(self) -> None:
        """Compare the idle time with the limit; the timer calls this."""
        idle_s = self._monotonic() - self._last_input
        if self._session_idle_s is not None:
            idle_s = min(idle_s, self._session_idle_s())
        if idle_s < self._minutes * 60:
            self._told = False
        elif not self._told:
            self._told = True
            self.idle.emit()

    def _watch(self, window: QWindow | None) -> None:
        # All input passes the native window first; a filter on the application would see every event of every widget.
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note input to any of our windows."""
        if event.type() in _INPUT:
            self._last_input = self._monotonic()
        return super().eventFilter(watched, event)


class _LastInput(ctypes.Structure):
    _fields_ = (("cbSize", ctypes.c_uint), ("dwTime", ctypes.c_uint))


def session_idle() -> Callable[[], float] | None:
    """Return a function that tells how long the whole session has been idle, where the system says so."""
    windows = getattr(ctypes, "windll", None)
    if windows is None:
        return None
    user32, kernel32 = windows.user32, windows.kernel32

    def seconds() -> float:
        last = _LastInput(ctypes.sizeof(_LastInput), 0)
        user32.GetLastInputInfo(ctypes.byref(last))
        return float(((kernel32.GetTickCount() - last.dwTime) & 0xFFFFFFFF) / 1000)

    return seconds
