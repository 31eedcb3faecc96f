"""打印收回清单: the page goes to the printer of the preview's preset; without one it is offered as a file."""

from __future__ import annotations

from medreg_core.domain.deadlines import china_date
from medreg_desktop.app.forms import FormWorks, PresetMemory
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.printing.printers import Printers, fitted, settings_from_text
from medreg_desktop.services.printing.recall_list import RecallList, draw


class RecallPrinting:
    """Implements the sync centre's ``RecallPrinter``; asked off the UI thread."""

    def __init__(self, works: FormWorks, printers: Printers, memory: PresetMemory, clock: Clock) -> None:
        self._works, self._printers, self._clock = works, printers, clock
        self._settings = memory.load()

    def print(self, page: RecallList) -> bytes:
        """Print the page and return b"", or return it as a PDF when there is no printer. Raises KnownFault."""
        pdf = draw(page, self._works.fonts(), china_date(self._clock.now()))
        settings = fitted(settings_from_text(self._settings), self._printers.available())
        if not settings.printer:
            return pdf
        self._printers.send(pdf, settings, page.title, progress=lambda _done, _total: None, cancelled=lambda: False)
        return b""
