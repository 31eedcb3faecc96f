"""What every act of the headless office needs: the program, its list settled, a picture of its topmost window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from demo.driving import settle, wait_until
from medreg_desktop.app.program import Program
from medreg_desktop.services.search.conditions import Query
from medreg_desktop.ui.heartbeat import Heartbeat

Answer = dict[str, Any]


class Hands:
    """Works the windows of one program; lives on the UI thread."""

    def __init__(self, program: Program, screens: Path, heartbeat: Heartbeat) -> None:
        self.program, self.heartbeat = program, heartbeat
        self._screens = screens

    @property
    def office(self) -> Any:
        """Everything the signed-in registrar works with."""
        return self.program.office

    @property
    def list_state(self) -> Any:
        """What the list shows."""
        return self.office.list._state

    def shot(self, name: str) -> Path:
        """Save the topmost window as a picture."""
        settle(250)
        office = self.program.office
        covered = self.program.window.cover.page is not None
        top = (office and not covered and (office.preview or office.review)) or self.program.window
        number = len(list(self._screens.glob("*.png"))) + 1
        path = self._screens / f"{number:02d}-{name}.png"
        assert top.grab().save(str(path))
        return path

    def settle_list(self) -> None:
        """Wait until the list shows what was asked."""
        wait_until(lambda: self.list_state.fresh and self.list_state.total is not None, "the rows")
        settle(60)

    def query(self, query: Query) -> list[Any]:
        """Show a query in the list and return all its rows."""
        if self.program.window.pages.current_key != "applications":
            self.program.window.show_screen("applications")
        page = self.office.list
        page._presenter.change(query)
        page._presenter.refresh()
        self.settle_list()
        wait_until(lambda: self._has_all(page), "all pages")
        return list(page._state.rows)

    def _has_all(self, page: Any) -> bool:
        """Ask for the next page, again whenever news from the feed has made the list read anew."""
        if page._state.more:
            page._presenter.load_more()
        return page._state.fresh and not page._state.more

    def focused(self) -> str:
        """Return the name of what has the keyboard."""
        widget = QApplication.focusWidget() or self.office.review.focusWidget()
        return widget.accessibleName() if widget else ""
