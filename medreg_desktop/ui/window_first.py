"""How the threads of the program share the interpreter: the window first."""

from __future__ import annotations

import gc
import sys
from contextlib import AbstractContextManager, nullcontext

from PySide6.QtCore import QEvent, QObject, QTimer

from medreg_desktop.services import courtesy

TURN_S = 0.0005
"""Painting gives the interpreter away at each call into Qt and gets it back after a turn of whoever computes: a table
has some hundred such calls, so Python's own 5 ms would hold the window for a second while a snapshot is applied."""

_EVERY_MS = 15_000
"""A look costs by what is alive at that moment, not by what was made since: seldom is cheap."""

_OLDER_AFTER = 4
"""Looks at the young objects before those that have stayed are looked at too; as many of those before all are."""


class WindowFirst(QObject):
    """Keeps turns short, and looks for garbage on the UI thread alone. Made there once; :meth:`release` ends it.

    Python looks on whichever thread has just made the seven-hundredth object: mostly one that applies a snapshot, which
    leaves none. It may find widgets there, and a Qt object that dies on another thread than its own takes the program
    with it. Each look holds every thread, so it is done seldom.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        sys.setswitchinterval(TURN_S)
        self._was_looking = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect what has become garbage of late; now and then also what had stayed before."""
        _, young, middle = gc.get_count()
        gc.collect(0 if young < _OLDER_AFTER else 1 if middle < _OLDER_AFTER else 2)

    def release(self) -> None:
        """Stop, and let Python look for itself again, if it did before."""
        self._timer.stop()
        if self._was_looking:
            gc.enable()


def drawn_first(event: QEvent) -> AbstractContextManager[None]:
    """Return what a window's ``event`` runs within, so that threads that compute wait while all of it is drawn."""
    return courtesy.drawing() if event.type() == QEvent.Type.UpdateRequest else nullcontext()
