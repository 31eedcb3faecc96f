"""What lies outside the printing screens, in memory: a desk with forms, printers that keep what they got."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache.papers import PrintRecord
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.printing.form_desk import FormDesk
from medreg_desktop.services.printing.printers import Duplex, PrintCancelled, PrinterDescription, PrintSettings
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.paper_desk import FormToPrint
from medreg_desktop.services.review.sheet import ReviewSheet
from tests.helpers.review_forms import INSTITUTION, KEY, engine, job, library

DEVICE = "device-1"
LASER = PrinterDescription("laser", "审核窗口 黑白激光", (Duplex.AUTO, Duplex.OFF, Duplex.LONG_EDGE), is_default=True)
COPIER = PrinterDescription("copier", "三楼复印机", (Duplex.OFF,))


@dataclass
class FixedClock:
    """Always the same moment."""

    moment: datetime = datetime(2026, 11, 23, 2, 42, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment

    def monotonic(self) -> float:
        """Return no time passed."""
        return 0.0


class DeviceKey:
    """Signs as this device."""

    def sign(self, claims: FormClaims) -> str:
        """Return the signed code."""
        return sign_form_code(claims, KEY, DEVICE)


@dataclass
class MemoryPapers:
    """Forms and prints in memory; an application without a state is not agreed to."""

    states: Mapping[ApplicationId, FormState | None]
    applications: Mapping[ApplicationId, Application]
    records: list[PrintRecord] = field(default_factory=list)
    barred: str = ""  # why nothing may leave
    reveals: bool = True
    shown: list[ApplicationId] = field(default_factory=list)  # of whom whole numbers were shown
    unrecordable: set[str] = field(default_factory=set)  # numbers of forms whose print cannot be recorded

    def form(self, application_id: ApplicationId) -> FormToPrint:
        """Return what to print."""
        if application_id not in self.applications:
            raise Refused(Problem("application_gone"))
        state = self.states[application_id]
        if state is None:
            raise Refused(Problem("no_form"))
        subject = self.applications[application_id]
        serial = sorted(self.applications).index(application_id) + 371
        made = job(serial, state=state, subject=subject)
        return FormToPrint(
            application=subject,
            institution=INSTITUTION,
            number=made.form_number,
            digest=made.digest,
            content_version=subject.content_version,
            form_state=state,
            code=made.code_text if state is FormState.AGREED else "",
            opinion=subject.opinion,
            decided_by=subject.decided_by,
            decided_at=subject.decided_at,
            reprint=sum(record.form_number == made.form_number for record in self.records),
        )

    def check_may_print(self) -> None:
        """Refuse while something bars it."""
        if self.barred:
            raise Refused(Problem(self.barred))

    def may_reveal(self) -> bool:
        """Whether numbers are shown whole."""
        return self.reveals

    def note_shown(self, ids: Sequence[ApplicationId]) -> None:
        """Keep the note."""
        self.shown += ids

    def stand(self, forms: Sequence[FormToPrint]) -> bool:
        """Look whether the forms are still the same."""
        return all(self.form(form.application.id).claim == form.claim for form in forms)

    def announce_prints(self, forms: Sequence[FormToPrint], copies: int, *, to_file: bool) -> Sequence[PrintRecord]:
        """Keep a note of each form."""
        self.check_may_print()
        if not self.stand(forms):
            raise Refused(Problem("form_moved_on"))
        return [self._noted(form, copies, to_file=to_file, perhaps=True) for form in forms]

    def record_print(
        self, printed: FormToPrint, copies: int, *, to_file: bool, announced: PrintRecord | None = None
    ) -> PrintRecord:
        """Keep the record."""
        if printed.number in self.unrecordable:
            raise KnownFault("cache_locked")
        note = announced or self._noted(printed, copies, to_file=to_file, perhaps=True)
        record = replace(note, perhaps=False)
        self.records[self.records.index(note)] = record
        return record

    def forget_print(self, announced: PrintRecord) -> None:
        """Drop the note."""
        self.records.remove(announced)

    def _noted(self, printed: FormToPrint, copies: int, *, to_file: bool, perhaps: bool) -> PrintRecord:
        record = PrintRecord(
            CommandId(f"print-{len(self.records)}"),
            printed.number,
            printed.application.id,
            AccountId("account-1"),
            printed.digest,
            printed.form_state,
            FixedClock().now() + timedelta(minutes=len(self.records)),
            copies,
            sum(record.form_number == printed.number for record in self.records),
            to_file,
            perhaps,
        )
        self.records.append(record)
        return record

    def prints(self, application_id: ApplicationId) -> Sequence[PrintRecord]:
        """Return the records of one application."""
        return [record for record in self.records if record.application_id == application_id]

    def open(self, application_id: ApplicationId) -> ReviewSheet:
        """Return the part of a review sheet that a preview reads."""
        subject = replace(self.applications[application_id], opinion="", decided_by="", decided_at=None)
        return cast("ReviewSheet", SimpleNamespace(application=subject, institution=INSTITUTION))


@dataclass
class MemoryPrinters:
    """Printers that keep what they were sent; may fail or be stopped after some pages."""

    printers: tuple[PrinterDescription, ...] = (LASER, COPIER)
    breaks_after: int | None = None
    sent: list[tuple[bytes, PrintSettings, str]] = field(default_factory=list)
    pages: int = 2
    starts: list[Sequence[int]] = field(default_factory=list)

    def available(self) -> tuple[PrinterDescription, ...]:
        """Return the printers."""
        return self.printers

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
        """Keep the document, page by page."""
        self.sent.append((pdf, settings, job_name))
        self.starts.append(starts)
        for page in range(self.pages):
            if cancelled():
                raise PrintCancelled
            if page == self.breaks_after:
                raise KnownFault("printer_refused", printer=settings.printer)
            progress(page + 1, self.pages)


@dataclass
class MemoryText:
    """Keeps one text."""

    text: str = ""

    def load(self) -> str:
        """Return it."""
        return self.text

    def keep(self, text: str) -> None:
        """Replace it."""
        self.text = text


def form_desk(papers: MemoryPapers, printers: MemoryPrinters) -> FormDesk:
    """Return the real desk over these stand-ins."""
    return FormDesk(papers, papers, DeviceKey(), library(), engine(), printers, FixedClock())
