"""The tabs of the states with their counts, and how many applications meet the conditions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from medreg_desktop.services.search.conditions import Tab
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.labels import Text
from medreg_desktop.ui.widgets.tabs import Tab as TabText
from medreg_desktop.ui.widgets.tabs import Tabs
from medreg_desktop.views.applications.options import tab_word
from medreg_desktop.views.applications.state import ScreenState

_WORK = {Tab.SUPPLEMENT: Colour.WARN}


class StateTabs(QWidget):
    """Shows what it is given; ``tabs`` emits the choice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tabs = Tabs(tr("States"))
        self._total = Text("", Type.SMALL, Colour.TEXT2)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look().px(Space.CONTROL))
        row.addWidget(self.tabs, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._total)

    def show_tabs(self, state: ScreenState) -> None:
        """Show the counts of the states, and which is chosen."""
        counts = state.tabs or {}
        self.tabs.set_tabs(
            [
                TabText(tab, tab_word(tab), f"{counts[tab]:,}" if tab in counts else "", _work(tab, counts.get(tab, 0)))
                for tab in Tab
            ]
        )
        self.tabs.set_current(state.query.tab or "")  # a search from the top bar looks into all states

    def show_total(self, state: ScreenState) -> None:
        """Show how many there are; nothing until that is known."""
        if state.total is None:
            self._total.setText("")
            return
        number = f"{state.total.n:,}{'+' if state.total.capped else ''}"
        self._total.setText(tr("{number} in all", number=number))


def _work(tab: Tab, count: int) -> Colour | None:
    return _WORK.get(tab) if count else None
