"""A widget that notes whether other threads waited while it was drawn."""

from __future__ import annotations

from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from medreg_desktop.services import courtesy
from tests.helpers.qt import settle


class _Drawn(QWidget):
    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.alone: list[bool] = []

    def paintEvent(self, _event: QPaintEvent) -> None:
        self.alone.append(not courtesy._nobody_draws.is_set())


def draws_first(window: QWidget) -> bool:
    """Return whether all other threads wait while the shown ``window`` draws a child, and none does afterwards."""
    child = _Drawn(window)
    child.resize(20, 20)
    child.show()
    settle()
    child.update()
    settle()
    return len(child.alone) > 1 and all(child.alone) and courtesy._nobody_draws.is_set()
