"""From applications to paper: what the preview shows, what the printer gets, and the record of what left it.

Every method may take a while and is called off the UI thread. The document shown is the document printed: a
:class:`PreparedForms` carries the bytes, and nothing draws them a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from medreg_core.contract.v1.form_code import FormClaims
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import FormState, State
from medreg_desktop.services.cache.papers import PrintRecord
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.printing.fields import FormJob
from medreg_desktop.services.printing.form_document import FormContent, FormEngine, FormWarning
from medreg_desktop.services.printing.forms import FormLibrary
from medreg_desktop.services.printing.printers import Printers, PrintSettings
from medreg_desktop.services.printing.whole_file import save_whole
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.paper_desk import FormToPrint
from medreg_desktop.services.review.sheet import ReviewSheet


class Papers(Protocol):
    """The paper desk of the review."""

    def form(self, application_id: ApplicationId) -> FormToPrint:
        """Return what to print.

        Raises Refused ``no_form``, ``content_changed``, ``form_differs`` or ``register_restored``.
        """
        ...

    def check_may_print(self) -> None:
        """Raise Refused ``not_allowed`` or KnownFault ``device_removed`` when no form may leave this computer."""
        ...

    def may_reveal(self) -> bool:
        """Return whether who is at the screen may read whole numbers."""
        ...

    def note_shown(self, ids: Sequence[ApplicationId]) -> None:
        """Note that whole numbers of these applications are about to be shown; raises KnownFault."""
        ...

    def stand(self, forms: Sequence[FormToPrint]) -> bool:
        """Return whether every form may still say what it said when it was drawn."""
        ...

    def announce_prints(self, forms: Sequence[FormToPrint], copies: int, *, to_file: bool) -> Sequence[PrintRecord]:
        """Note that copies of each form are about to leave.

        Raises as :meth:`check_may_print`, Refused ``form_moved_on``, and KnownFault.
        """
        ...

    def record_print(
        self, printed: FormToPrint, copies: int, *, to_file: bool, announced: PrintRecord | None = None
    ) -> PrintRecord:
        """Record that copies left the printer or were saved; raises KnownFault."""
        ...

    def forget_print(self, announced: PrintRecord) -> None:
        """Take an announcement back: nothing has left; raises KnownFault."""
        ...

    def prints(self, application_id: ApplicationId) -> Sequence[PrintRecord]:
        """Return the prints made here, oldest first."""
        ...


class Reviews(Protocol):
    """The review service, for a form that nobody has agreed to yet."""

    def open(self, application_id: ApplicationId) -> ReviewSheet:
        """Return the application on the desk; raises Refused ``application_gone``."""
        ...


class CodeSigner(Protocol):
    """This device's key, for the code of a form the register does not hold yet."""

    def sign(self, claims: FormClaims) -> str:
        """Return the signed text of the QR; raises KnownFault ``keyring_unavailable``."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedForm:
    """One form of a document: what stands on it and on which pages (counted from 0)."""

    job: FormJob
    texts: Mapping[str, str]  # what stands in each field, for reading it against the page
    printed: FormToPrint | None  # None: for reading only, nobody has agreed
    prints: tuple[PrintRecord, ...]
    first_page: int
    pages: int
    warnings: tuple[FormWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An application of a batch that has no form to print; ``code`` says why."""

    application_id: ApplicationId
    code: str


@dataclass(frozen=True, slots=True)
class PreparedForms:
    """A document ready to be shown, saved and printed."""

    pdf: bytes
    title: str
    forms: tuple[PreparedForm, ...]
    left_out: tuple[LeftOut, ...] = ()
    barred: str = ""  # why none of it may leave this computer, whatever stands on it

    @property
    def pages(self) -> int:
        """How many pages the document has."""
        return sum(form.pages for form in self.forms)

    @property
    def name(self) -> str:
        """What the document is called in print queues and files: the form number, never a person's name."""
        first = self.forms[0].job.form_number or self.title
        return first if len(self.forms) == 1 else f"{first} +{len(self.forms) - 1}"


@dataclass(frozen=True, slots=True)
class _Announced:
    """A form about to leave, with the note of it."""

    form: PreparedForm
    printed: FormToPrint
    note: PrintRecord


class FormDesk:
    """Use cases of printing, for one signed-in registrar and one preview."""

    def __init__(
        self,
        papers: Papers,
        reviews: Reviews,
        signer: CodeSigner,
        library: FormLibrary,
        engine: FormEngine,
        printers: Printers,
        clock: Clock,
    ) -> None:
        self._papers, self._reviews, self._signer = papers, reviews, signer
        self._library, self._engine = library, engine
        self._printers, self._clock = printers, clock
        self._noted: set[ApplicationId] = set()  # shown before, and written down

    def prepare(
        self,
        ids: Sequence[ApplicationId],
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> PreparedForms:
        """Return the forms of ``ids`` as one document.

        A single application that nobody has agreed to comes out for reading; in a batch it is left out.
        Whoever may not read whole numbers gets them masked; of the others it is noted that they are shown. Raises
        RenderCancelled, Refused ``application_gone``, ``content_changed``, ``form_differs`` or ``register_restored``
        for a single application or Refused with every reason when no application of a batch has a form, and KnownFault
        ``font_missing``, ``keyring_unavailable`` or what the store raises of the note.
        """
        found: list[tuple[FormJob, FormToPrint | None]] = []
        left_out: list[LeftOut] = []
        refusals: list[Refused] = []
        for application_id in ids:
            try:
                found.append(self._job(application_id, alone=len(ids) == 1))
            except Refused as refusal:
                refusals.append(refusal)
                left_out.append(LeftOut(application_id, refusal.reasons[0].code))
        if not found:
            raise Refused(*(reason for refusal in refusals for reason in refusal.reasons))
        if not self._papers.may_reveal():
            found = [(replace(job, is_masked=True), printed) for job, printed in found]
        contents = [self._library.content(job) for job, _ in found]
        rendered = self._engine.render(
            contents, dated=china_date(self._clock.now()), progress=progress, cancelled=cancelled
        )
        self._note_shown([job.application.id for job, _ in found if not job.is_masked])
        forms = self._placed(found, contents, rendered.warnings)
        return PreparedForms(rendered.pdf, contents[0].template.title, forms, tuple(left_out), self._barred())

    def stands(self, prepared: PreparedForms) -> bool:
        """Return whether the document may still say what it said when it was drawn."""
        decided = [form.printed for form in prepared.forms if form.printed is not None]
        return self._papers.stand(decided) and all(map(self._is_as_read, prepared.forms))

    def send(
        self,
        prepared: PreparedForms,
        settings: PrintSettings,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Print the document and record every form of which a page was sent, also when the printing broke off.

        Raises what :meth:`Printers.send` raises; Refused ``not_allowed``, ``form_moved_on``, KnownFault
        ``device_removed`` or what the store raises, before anything was sent; KnownFault ``print_unrecorded`` after.
        """
        announced = self._announced(prepared, settings.copies, to_file=False)
        sent = 0

        def heard(done: int, total: int) -> None:
            nonlocal sent
            sent = done
            progress(done, total)

        starts = [form.first_page for form in prepared.forms]
        try:
            self._printers.send(
                prepared.pdf, settings, prepared.name, progress=heard, cancelled=cancelled, starts=starts
            )
        finally:
            self._settle(announced, lambda form: form.first_page < sent)

    def save(self, prepared: PreparedForms, path: Path) -> None:
        """Write the document to ``path`` and record it as one copy of each form.

        Raises KnownFault ``disk_full`` or ``file_not_written``; then nothing is recorded; and what :meth:`send` raises
        of the record.
        """
        announced = self._announced(prepared, 1, to_file=True)
        saved = False
        try:
            save_whole(path, prepared.pdf)
            saved = True
        finally:
            self._settle(announced, lambda _form: saved)

    def _note_shown(self, ids: Sequence[ApplicationId]) -> None:
        """Note it once, however often the document is drawn anew."""
        fresh = [each for each in ids if each not in self._noted]
        if fresh:
            self._papers.note_shown(fresh)
            self._noted.update(fresh)

    def _is_as_read(self, form: PreparedForm) -> bool:
        """Whether what was drawn for reading only still is what nobody has agreed to."""
        if form.printed is not None:
            return True
        try:
            job, printed = self._job(form.job.application.id, alone=True)
        except Refused:
            return False
        return printed is None and content_digest(job.application) == content_digest(form.job.application)

    def _barred(self) -> str:
        try:
            self._papers.check_may_print()
        except Refused as refused:
            return refused.reasons[0].code
        except KnownFault as fault:
            return fault.code
        return ""

    def _announced(self, prepared: PreparedForms, copies: int, *, to_file: bool) -> list[_Announced]:
        """Have it on the disk that the forms are about to leave: a note too many, never one too few."""
        leaving = [(form, form.printed) for form in prepared.forms if form.printed is not None]
        records = self._papers.announce_prints([printed for _, printed in leaving], copies, to_file=to_file)
        return [_Announced(form, printed, note) for (form, printed), note in zip(leaving, records, strict=True)]

    def _settle(self, announced: Sequence[_Announced], has_left: Callable[[PreparedForm], bool]) -> None:
        """Record what has left and forget the rest, each by itself; where that fails the announcement stands."""
        first: KnownFault | None = None
        for each in announced:
            note = each.note
            try:
                if has_left(each.form):
                    self._papers.record_print(each.printed, note.copies, to_file=note.to_file, announced=note)
                else:
                    self._papers.forget_print(note)
            except KnownFault as fault:
                first = first or fault
        if first is not None:
            raise KnownFault("print_unrecorded", cause=first.code) from first

    def _job(self, application_id: ApplicationId, *, alone: bool) -> tuple[FormJob, FormToPrint | None]:
        try:
            printed = self._papers.form(application_id)
        except Refused as refused:
            if not alone or refused.reasons[0].code != "no_form":
                raise
            return self._undecided(application_id), None
        return self._decided(printed), printed

    def _decided(self, printed: FormToPrint) -> FormJob:
        now = self._clock.now()
        code = printed.code or self._signer.sign(
            FormClaims(
                printed.number,
                printed.content_version,
                printed.digest,
                FormState.PENDING,
                (printed.decided_at or now).replace(microsecond=0),
            )
        )
        consent = replace(
            printed.application,
            state=State.AGREED,
            opinion=printed.opinion,
            decided_by=printed.decided_by,
            decided_at=printed.decided_at,
        )
        return FormJob(
            application=consent,
            institution=printed.institution,
            printed_on=china_date(now),
            form_number=printed.number,
            digest=printed.digest,
            state=printed.form_state,
            code_text=code,
            reprint=printed.reprint,
        )

    def _undecided(self, application_id: ApplicationId) -> FormJob:
        sheet = self._reviews.open(application_id)
        return FormJob(sheet.application, sheet.institution, china_date(self._clock.now()))

    def _placed(
        self,
        found: Sequence[tuple[FormJob, FormToPrint | None]],
        contents: Sequence[FormContent],
        warnings: Sequence[FormWarning],
    ) -> tuple[PreparedForm, ...]:
        of_form: dict[str, list[FormWarning]] = {}
        for warning in warnings:
            of_form.setdefault(warning.form, []).append(warning)
        placed: list[PreparedForm] = []
        first = 0
        for (job, printed), content in zip(found, contents, strict=True):
            pages = len(content.template.pages)
            prints = tuple(self._papers.prints(job.application.id))
            own = tuple(of_form.get(content.name, ()))
            placed.append(PreparedForm(job, content.texts, printed, prints, first, pages, own))
            first += pages
        return tuple(placed)
