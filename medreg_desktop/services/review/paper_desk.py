"""The paper of a consent: what a form may claim, what was printed, and what must come back (``sync.md`` §3, §5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import dropwhile, takewhile

from medreg_core.contract.v1.commands import Agree, Command, CommandBody, RecordPrint, RecordRecall
from medreg_core.domain.access import Action, may, may_command
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import AccountId, Application, ApplicationId, CommandId, Institution
from medreg_core.domain.vocabulary import CommandKind, FormState, OutcomeKind
from medreg_desktop.services.cache import audit, commands, outbox, overlay, papers, sync_state, synced, unfinished
from medreg_desktop.services.cache.applications import CachedApplication
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.papers import PaperToRecall, PrintRecord, VoidCause
from medreg_desktop.services.faults import Problem
from medreg_desktop.services.review.desk import Desk, Refused


@dataclass(frozen=True, slots=True)
class FormToPrint:
    """What the review form of an application may truthfully say now."""

    application: Application
    institution: Institution
    number: str
    digest: str
    content_version: int
    form_state: FormState
    code: str  # the server-signed text of the QR; "" while pending: the device signs
    opinion: str
    decided_by: str
    decided_at: datetime | None  # printed beside the name
    reprint: int  # what the next print will be: 0 the first, n 补打 n

    @property
    def claim(self) -> tuple[str, str, FormState, int]:
        """What the paper says of itself."""
        return self.number, self.digest, self.form_state, self.reprint


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One line of 待收回."""

    paper: PaperToRecall
    applicant: str  # "" when the application has left the scope
    is_early: bool = False  # the register has not taken the withdrawal yet: a scan may still say 真


class PaperDesk:
    """Use cases of forms on paper; printing itself is the printing service's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def form(self, application_id: ApplicationId) -> FormToPrint:
        """Return what to print.

        Raises Refused ``no_form``: the institution has not agreed, or the form is void; ``content_changed``: what the
        applicant wrote since was never agreed to; ``form_differs``: the form in force stands for other contents than
        the row shows, as of what older services wrote over on approval; ``register_restored``: it was in force before
        the register was restored, and whether it is held there is not known yet.
        """
        return self._desk.store.read(lambda conn: self._form(conn, application_id))

    def check_may_print(self) -> None:
        """Raise Refused ``not_allowed`` or KnownFault ``device_removed`` when no form may leave this computer."""
        self._desk.store.read(self._check_may_print)

    def may_reveal(self) -> bool:
        """Return whether who is at the screen may read whole numbers."""
        return may(self._desk.account.role, Action.REVEAL_ID)

    def note_shown(self, ids: Sequence[ApplicationId]) -> None:
        """Note that whole numbers of these applications are about to be shown; raises KnownFault."""
        now, actor = self._desk.clock.now(), self._desk.account.id

        def work(conn: Connection) -> None:
            for application_id in ids:
                audit.append(conn, now, actor, "preview_form", application_id, {})

        self._desk.store.write(work)

    def stand(self, forms: Sequence[FormToPrint]) -> bool:
        """Return whether every form may still say what it said when it was drawn."""
        return self._desk.store.read(lambda conn: self._stand(conn, forms))

    def announce_prints(self, forms: Sequence[FormToPrint], copies: int, *, to_file: bool) -> tuple[PrintRecord, ...]:
        """Note that copies of each form are about to leave the printer, or to be saved; called before they do.

        If the program does not live to hear of them they count as perhaps printed: a note too many, never one too
        few. Raises what :meth:`check_may_print` raises, and Refused ``form_moved_on`` when one is not what it was when
        it was drawn: since then the consent was refused, withdrawn or accepted. Then none may leave.
        """

        def work(conn: Connection) -> tuple[PrintRecord, ...]:
            self._check_may_print(conn)
            if not self._stand(conn, forms):
                raise Refused(Problem("form_moved_on"))
            return tuple(self._noted(conn, form, copies, to_file=to_file, perhaps=True) for form in forms)

        return self._desk.store.write(work)

    def forget_print(self, announced: PrintRecord) -> None:
        """Take an announcement back: no page of the form has left."""
        self._desk.store.write(lambda conn: papers.forget_print(conn, announced.id))

    def record_print(
        self, printed: FormToPrint, copies: int, *, to_file: bool, announced: PrintRecord | None = None
    ) -> PrintRecord:
        """Record that copies left the printer (or a file was saved), here and, by a command, in the register.

        Where no command may be made the paper is known to this device alone, and stands in :meth:`papers_to_recall`
        as soon as it is void: the server has refused the consent while it was printing, or this computer was shut out.
        """

        def work(conn: Connection) -> PrintRecord:
            if announced is None:
                record = self._noted(conn, printed, copies, to_file=to_file, perhaps=False)
            else:
                record = replace(announced, perhaps=False)
                papers.confirm_print(conn, record.id)
            self._tell_printed(conn, record)
            return record

        return self._desk.store.write(work)

    def prints(self, application_id: ApplicationId) -> list[PrintRecord]:
        """Return the prints made here, oldest first."""
        return self._desk.store.read(lambda conn: papers.prints_of(conn, application_id, self._desk.actor))

    def papers_to_recall(self) -> list[PaperLine]:
        """Return void forms that were printed; those whose copies are all back come with ``outstanding`` 0."""

        def work(conn: Connection) -> list[PaperLine]:
            viewer = sync_state.viewer(conn)
            return [
                PaperLine(paper, _applicant(conn, paper.application_id), _is_early(conn, paper, viewer.actor))
                for paper in papers.to_recall(conn, viewer)
            ]

        return self._desk.store.read(work)

    def record_recall(self, paper: PaperToRecall, copies: int) -> None:
        """Record that copies are back. Raises Refused ``copies_wrong`` for none or more than are about."""
        desk = self._desk

        def work(conn: Connection) -> None:
            known = {line.form_number: line for line in papers.to_recall(conn, sync_state.viewer(conn))}
            about = known.get(paper.form_number)
            if about is None or not 0 < copies <= about.outstanding:
                raise Refused(Problem("copies_wrong", field="copies"))
            command_id = desk.new_command_id()
            papers.add_recall(conn, command_id, paper.form_number, desk.actor, copies, desk.clock.now())
            body = RecordRecall(form_number=paper.form_number, copies=copies)
            self._save(conn, command_id, paper.application_id, body, None)

        desk.store.write(work)

    def _check_may_print(self, conn: Connection) -> None:
        if not may(self._desk.account.role, Action.PRINT):
            raise Refused(Problem("not_allowed"))
        unfinished.check_open(conn)

    def _stand(self, conn: Connection, forms: Sequence[FormToPrint]) -> bool:
        try:
            return all(self._form(conn, form.application.id).claim == form.claim for form in forms)
        except Refused:
            return False

    def _noted(
        self, conn: Connection, printed: FormToPrint, copies: int, *, to_file: bool, perhaps: bool
    ) -> PrintRecord:
        record = PrintRecord(
            self._desk.new_command_id(),
            printed.number,
            printed.application.id,
            self._desk.actor,
            printed.digest,
            printed.form_state,
            self._desk.clock.now(),
            copies,
            papers.next_reprint(conn, printed.number, printed.form_state),
            to_file,
            perhaps,
        )
        papers.add_print(conn, record)
        return record

    def _tell_printed(self, conn: Connection, record: PrintRecord) -> None:
        consent = None if _is_carried(conn, record) else _consent_of(conn, record.form_number)
        shut = unfinished.order(conn) is not None or not may(self._desk.account.role, Action.PRINT)
        if shut or not (consent is None or _may_stand(consent)):
            return
        body = RecordPrint(
            form_number=record.form_number,
            digest=record.digest,
            form_state=record.form_state,
            printed_at=record.printed_at,
            copies=record.copies,
            reprint=record.reprint,
            to_file=record.to_file,
        )
        waits_for = consent.command.id if consent is not None and consent.is_open else None
        self._save(conn, record.id, record.application_id, body, waits_for)

    def _form(self, conn: Connection, application_id: ApplicationId) -> FormToPrint:
        cached = self._desk.application(conn, application_id)
        institution = self._desk.institution(conn)
        decision = cached.decision
        if decision is not None:
            return self._own_form(conn, cached, institution, decision)
        form = cached.application.form
        if form is None or form.voided:
            raise Refused(Problem("no_form"))
        _check_epoch(conn, sync_state.read(conn).epoch)
        _check_content(cached.application, form.digest, "form_differs")
        return FormToPrint(
            cached.application,
            institution,
            form.number,
            form.digest,
            cached.application.content_version,
            FormState.AGREED,
            form.code,
            cached.application.opinion,
            cached.application.decided_by,
            cached.application.decided_at,
            papers.next_reprint(conn, form.number, FormState.AGREED),
        )

    def _own_form(
        self, conn: Connection, cached: CachedApplication, institution: Institution, decision: OutboxRow
    ) -> FormToPrint:
        """Return the form of a consent given here that the server's row does not show yet.

        Superseded, it has none: the form in force is the colleague's, and the feed is about to bring it.
        """
        consent = decision.command.body
        if not isinstance(consent, Agree) or overlay.is_superseded(decision):
            raise Refused(Problem("no_form"))
        _check_content(cached.application, consent.digest, "content_changed")
        outcome = decision.outcome
        answered = outcome if outcome is not None and outcome.kind is OutcomeKind.ACCEPTED else None
        form = answered.form if answered is not None else None
        if form is not None:
            _check_epoch(conn, decision.epoch)
        state = FormState.PENDING if form is None else FormState.AGREED
        # A clean copy bears the register's date, like every later one; this computer's clock may be wrong.
        in_force_since = answered.at if answered is not None and form is not None else None
        return FormToPrint(
            cached.application,
            institution,
            consent.form_number,
            consent.digest,
            consent.content_version,
            state,
            form.code if form is not None else "",
            consent.opinion,
            self._desk.account.name,
            in_force_since or decision.saved_at,
            papers.next_reprint(conn, consent.form_number, state),
        )

    def _save(
        self,
        conn: Connection,
        command_id: CommandId,
        application_id: ApplicationId,
        body: CommandBody,
        depends_on: CommandId | None,
    ) -> None:
        kind = CommandKind.RECORD_PRINT if isinstance(body, RecordPrint) else CommandKind.RECORD_RECALL
        if not may_command(self._desk.account.role, kind):
            raise Refused(Problem("not_allowed"))
        application = synced.find(conn, application_id)
        command = Command(
            id=command_id,
            application_id=application_id,
            base_version=application.version if application is not None else 0,
            made_at=self._desk.clock.now(),
            body=body,
            depends_on=depends_on,
        )
        commands.save(conn, command, self._desk.actor, self._desk.clock.now())


def _check_epoch(conn: Connection, epoch: str) -> None:
    """Raise Refused ``register_restored`` when what the register said in this epoch is not known to stand."""
    if sync_state.is_restored_since(conn, epoch):
        raise Refused(Problem("register_restored"))


def _check_content(application: Application, digest: str, code: str) -> None:
    """Raise Refused ``code`` when a form with this digest would say something else than what was agreed to."""
    if content_digest(application) != digest:
        raise Refused(Problem(code))


def _consent_of(conn: Connection, form_number: str) -> OutboxRow | None:
    """Return the consent a form was issued with here; None if another device or a rebuilt copy issued it."""
    form = papers.form_numbered(conn, form_number)
    return None if form is None else outbox.find(conn, form.command_id)


def _is_carried(conn: Connection, record: PrintRecord) -> bool:
    """Whether the register's row bears the form, whatever became of the answer to its consent."""
    application = synced.find(conn, record.application_id)
    form = application.form if application is not None else None
    return form is not None and form.number == record.form_number


def _may_stand(consent: OutboxRow) -> bool:
    """Whether the register holds the consent, or may yet come to hold it."""
    if consent.is_open:
        return consent.state is not OutboxState.NEEDS_YOU
    return consent.outcome is not None and consent.outcome.kind is OutcomeKind.ACCEPTED


def _applicant(conn: Connection, application_id: ApplicationId) -> str:
    application = synced.find(conn, application_id)
    return application.person.name if application is not None else ""


def _is_early(conn: Connection, paper: PaperToRecall, actor: AccountId) -> bool:
    """Whether the withdrawal that ends the form's consent still waits for the register."""
    form = papers.form_numbered(conn, paper.form_number)
    if paper.cause is not VoidCause.WITHDRAWN or form is None:
        return False
    later = dropwhile(
        lambda row: row.command.id != form.command_id, outbox.of_application(conn, paper.application_id, actor)
    )
    own = takewhile(lambda row: row.command.id == form.command_id or row.kind is not CommandKind.AGREE, later)
    return any(row.kind is CommandKind.WITHDRAW_CONSENT and row.is_open for row in own)
