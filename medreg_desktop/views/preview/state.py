"""What 打印预览 shows, and what its presenter asks of the view and of the services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.ports import Progress
from medreg_desktop.services.printing.form_desk import PreparedForms
from medreg_desktop.services.printing.form_document import FormWarning
from medreg_desktop.services.printing.printers import PrinterDescription, PrintSettings


class Phase(StrEnum):
    """What the screen is doing."""

    PREPARING = "preparing"  # drawing the document
    READY = "ready"
    PRINTING = "printing"
    SAVING = "saving"
    FAILED = "failed"  # there is no document


class Standing(StrEnum):
    """How far the paper may be used."""

    AGREED = "agreed"  # the register holds the consent
    PENDING = "pending"  # saved here, the register has not answered
    UNDECIDED = "undecided"  # for reading only


class Match(StrEnum):
    """Whether applicant and qualification record bear the same name, character by character, and one ID number."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"  # there is no qualification record


@dataclass(frozen=True, slots=True)
class SecondCheck:
    """The six values to read against the page."""

    name: str
    sex: str
    id_number: str
    matter: str
    institution: str
    category: str
    scopes: str
    term: str
    match: Match


@dataclass(frozen=True, slots=True)
class PrintLine:
    """One line of 打印记录."""

    at: datetime
    copies: int
    reprint: int
    to_file: bool
    pending: bool
    perhaps: bool = False  # nothing says whether it was made


@dataclass(frozen=True, slots=True)
class ShownForm:
    """The form whose page is in view."""

    index: int  # counted from 0
    application_id: ApplicationId
    standing: Standing
    check: SecondCheck
    form_number: str
    content_version: int
    digest: str  # 32 hex characters, or empty
    reprint: int  # what the next print will be: 0 the first, n 补打 n
    prints: tuple[PrintLine, ...]
    warnings: tuple[FormWarning, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault shown as one bar; ``code`` is looked up in :mod:`words`."""

    code: str
    params: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the view shows."""

    phase: Phase = Phase.PREPARING
    pdf: bytes = b""  # the bytes that print; empty while there are none
    title: str = ""
    page: int = 0
    pages: int = 0
    forms: int = 0
    left_out: int = 0
    defective: tuple[int, ...] = ()  # first pages of the forms that do not show everything as written
    barred: str = ""  # why nothing may leave this computer, by its code
    form: ShownForm | None = None
    printers: tuple[PrinterDescription, ...] | None = None  # None: not known yet
    settings: PrintSettings = field(default_factory=PrintSettings)
    progress: Progress | None = None
    trouble: Trouble | None = None

    @property
    def is_usable(self) -> bool:
        """Whether every form in the document may leave the computer."""
        return self.form is not None and self.form.standing is not Standing.UNDECIDED and not self.barred

    @property
    def can_save(self) -> bool:
        """Whether 另存 PDF is alive."""
        return self.phase is Phase.READY and self.is_usable

    @property
    def can_print(self) -> bool:
        """Whether 打印 n 份 is alive."""
        return self.can_save and bool(self.settings.printer)


class Forms(Protocol):
    """The form desk, asked off the window's thread."""

    def prepare(
        self,
        ids: Sequence[ApplicationId],
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> PreparedForms:
        """Return the forms as one document."""
        ...

    def stands(self, prepared: PreparedForms) -> bool:
        """Return whether the document may still say what it says."""
        ...

    def send(
        self,
        prepared: PreparedForms,
        settings: PrintSettings,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Print and record."""
        ...

    def save(self, prepared: PreparedForms, path: Path) -> None:
        """Save and record."""
        ...


class Late(Protocol):
    """Tells of a fault of which the screen can show nothing any more."""

    def __call__(self, name: str, trouble: Trouble, /) -> None:
        """Tell what became of the document of this name."""
        ...


class View(Protocol):
    """What the presenter asks of the window."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def progressed(self, done: int, total: int) -> None:
        """Hear from a worker thread how far it is; hands it to the window's thread."""
        ...

    def ask_where_to_save(self, suggested: str) -> None:
        """Ask for a file; the answer comes to :meth:`PreviewPresenter.save_to`."""
        ...

    def tell_printed(self, forms: int, copies: int) -> None:
        """Tell that the printer has taken everything."""
        ...

    def tell_saved(self, path: Path) -> None:
        """Tell where the file is."""
        ...

    def tell_stopped(self, sent: int, total: int) -> None:
        """Tell that printing was stopped after some pages."""
        ...

    def leave(self) -> None:
        """Close the screen."""
        ...
