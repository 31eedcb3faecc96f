"""Joins printing to the copy and this device's key; fonts and templates are opened once for the program."""

from __future__ import annotations

from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.tables import Tables
from medreg_desktop.app.doorway import Doorway
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.form_desk import FormDesk, Papers, Reviews
from medreg_desktop.services.printing.form_document import FormEngine
from medreg_desktop.services.printing.forms import FormLibrary
from medreg_desktop.services.printing.printers import Printers
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui import assets


class DeviceSigner:
    """Signs what the register does not hold yet; its code scans as 待同步, never as 真 (ADR 006)."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def sign(self, claims: FormClaims) -> str:
        """Return the signed text of the QR."""
        device_id, key = self._doorway.device()
        return sign_form_code(claims, key, device_id)


class FormWorks:
    """Makes the desk of each preview; fonts and templates are read at the first one and kept."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._engine: FormEngine | None = None
        self._library: FormLibrary | None = None
        self._fonts: FontStack | None = None

    def fonts(self) -> FontStack:
        """Return the fonts of everything that is printed, opened at the first use."""
        if self._fonts is None:
            self._fonts = FontStack(assets.path("fonts"))
        return self._fonts

    def engine(self) -> FormEngine:
        """Return the one engine of the program."""
        if self._engine is None:
            self._engine = FormEngine(self.fonts())
        return self._engine

    def desk(self, doorway: Doorway, papers: Papers, reviews: Reviews, printers: Printers, clock: Clock) -> FormDesk:
        """Return the desk that prepares, prints and records forms for the registrar of the day."""
        if self._library is None:
            files = sorted(assets.path("forms").glob("*.toml"))
            self._library = FormLibrary.read({file.name: file.read_text("utf-8") for file in files}, self._tables)
        return FormDesk(papers, reviews, DeviceSigner(doorway), self._library, self.engine(), printers, clock)


class PresetMemory:
    """Where the preview keeps its printer settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def load(self) -> str:
        """Return the text kept last."""
        return self._settings.get(options.CURRENT_PRESET)

    def keep(self, text: str) -> None:
        """Keep the text."""
        self._settings.set(options.CURRENT_PRESET, text)
