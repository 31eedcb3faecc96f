"""Waiting and focusing as a hand would, without holding the program's other threads."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QWidget

_WAIT_S = 60.0


def wait_until(holds: Callable[[], object], what: str, seconds: float = _WAIT_S) -> None:
    """Let the event loop run until ``holds()``; raises TimeoutError naming ``what``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        settle(20)


def settle(milliseconds: int) -> None:
    """Let the event loop run for a while; other threads run meanwhile (QTest's own wait would hold them)."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def activate(widget: QWidget) -> None:
    """Give the widget's window the keyboard, as a click on it would: shortcuts act in the active window only."""
    widget.window().activateWindow()
    wait_until(widget.window().isActiveWindow, "the window is active")
