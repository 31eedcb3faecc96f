"""Printers as the rest of the program sees them; the adapter over the system's print queue is in ``ui/printing``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

COPIES_MAX = 20


class Duplex(StrEnum):
    """Whether the back of the sheet is used, and how the sheet is turned."""

    AUTO = "auto"  # as the printer is set
    OFF = "off"
    LONG_EDGE = "long_edge"
    SHORT_EDGE = "short_edge"


class Tray(StrEnum):
    """Where the paper comes from."""

    AUTO = "auto"
    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class PrinterDescription:
    """A printer of this computer. ``name`` is the system's, ``title`` what the user reads."""

    name: str
    title: str
    duplex: tuple[Duplex, ...] = (Duplex.AUTO,)
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class PrintSettings:
    """How to print. An empty ``printer`` means that a PDF is saved instead."""

    printer: str = ""
    tray: Tray = Tray.AUTO
    duplex: Duplex = Duplex.AUTO
    copies: int = 1
    dpi: int = 300


class PrintCancelled(Exception):
    """The user stopped the printing; sheets already sent come out."""


class Printers(Protocol):
    """The system's printers."""

    def available(self) -> tuple[PrinterDescription, ...]:
        """Return the printers, the default one first. May take a while: a print server may not answer."""
        ...

    def send(
        self,
        pdf: bytes,
        settings: PrintSettings,
        job_name: str,
        *,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        starts: Sequence[int] = (0,),
    ) -> None:
        """Print every page of ``pdf``; call it off the UI thread.

        ``starts``: the first page of each form in it, counted from 0; in every copy each begins on a sheet of its own.
        ``progress`` hears (pages sent, pages in all), backs left blank not counted. Raises PrintCancelled, and
        KnownFault ``printer_gone``, ``printer_refused`` or ``pdf_damaged``.
        """
        ...


def sides(
    pages: int, starts: Sequence[int], copies: int, *, two_sided: bool, repeated: bool = False
) -> list[int | None]:
    """Return what stands on each side of the paper, in order: a page of the document, or None for a back left blank.

    Two-sided, each form of each copy begins on a front; ``repeated``: so does what the driver prints once more.
    """
    planned: list[int | None] = []
    for _ in range(copies):
        for page in range(pages):
            if two_sided and page in starts and len(planned) % 2:
                planned.append(None)
            planned.append(page)
    if two_sided and repeated and len(planned) % 2:
        planned.append(None)
    return planned


class PrintMemory(Protocol):
    """Remembers one text on this computer; the settings are not personal data."""

    def load(self) -> str:
        """Return the text kept last, or an empty one."""
        ...

    def keep(self, text: str) -> None:
        """Keep ``text``."""
        ...


def settings_to_text(settings: PrintSettings) -> str:
    """Return ``settings`` as the text that is kept."""
    return msgspec.json.encode(settings).decode()


def settings_from_text(text: str) -> PrintSettings:
    """Return the kept settings; the standard ones for an empty or unreadable text."""
    try:
        kept = msgspec.json.decode(text, type=PrintSettings)
    except msgspec.DecodeError:
        return PrintSettings()
    return kept if 1 <= kept.copies <= COPIES_MAX else PrintSettings(kept.printer, kept.tray, kept.duplex)


def fitted(settings: PrintSettings, printers: tuple[PrinterDescription, ...]) -> PrintSettings:
    """Return ``settings`` for the printers there are: a printer that is gone gives way to the default one."""
    chosen = next((p for p in printers if p.name == settings.printer), printers[0] if printers else None)
    if chosen is None:
        return PrintSettings(copies=settings.copies)
    duplex = settings.duplex if settings.duplex in chosen.duplex else chosen.duplex[0]
    return PrintSettings(chosen.name, settings.tray, duplex, settings.copies, settings.dpi)
