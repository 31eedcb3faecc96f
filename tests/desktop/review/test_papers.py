"""What a form may claim, what was printed, what must come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from medreg_core.contract.v1.commands import RecordPrint, RecordRecall
from medreg_core.contract.v1.messages import Account
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import CommandId, ReviewForm
from medreg_core.domain.vocabulary import CommandKind, FormState, OutcomeKind, Role, State
from medreg_desktop.services.cache import applications, outbox, outbox_moves, sync_state
from medreg_desktop.services.cache.papers import VoidCause
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.desk import Refused
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import LI, Office, application

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用。")
ONE, DIGEST = application(1).id, content_digest(application(1))


def agreed_and_printed(office: Office, copies: int = 2) -> tuple[CommandId, str]:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    office.papers.record_print(office.papers.form(ONE), copies, to_file=False)
    return receipt.command_id, receipt.form_number


def refusal(work) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.reasons[0].code


def prints_sent(office: Office) -> list[outbox.OutboxRow]:
    rows = office.store.read(lambda conn: outbox.rows(conn, office.account.id, open_only=False))
    return [row for row in reversed(rows) if isinstance(row.command.body, RecordPrint)]


def test_without_a_consent_there_is_no_form(office: Office) -> None:
    assert refusal(lambda: office.papers.form(ONE)) == "no_form"
    office.reviews.decide(ONE, Decision(CommandKind.RETURN, 1, "请补材料。"))
    assert refusal(lambda: office.papers.form(ONE)) == "no_form"


def test_a_form_of_an_unsent_consent_says_pending_and_its_print_waits_for_it(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    form = office.papers.form(ONE)
    assert (form.number, form.form_state, form.code, form.reprint) == (number, FormState.PENDING, "", 1)
    assert (form.opinion, form.decided_by) == ("同意聘用。", "王经办")
    (sent,) = prints_sent(office)
    assert sent.command.depends_on == command_id
    assert isinstance(sent.command.body, RecordPrint)
    assert (sent.command.body.copies, sent.command.body.reprint) == (2, 0)
    again = office.papers.record_print(form, 1, to_file=True)
    assert (again.reprint, again.to_file) == (1, True)
    assert [record.copies for record in office.papers.prints(ONE)] == [2, 1]


def test_once_accepted_a_clean_copy_carries_the_servers_code(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    digest = office.papers.form(ONE).digest
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=9, form=ReviewForm(number, digest, "YS1:SIGNED"))
    form = office.papers.form(ONE)
    assert (form.form_state, form.code, form.reprint) == (FormState.AGREED, "YS1:SIGNED", 0)
    office.receives(application(1, version=2, state=State.AGREED, form=ReviewForm(number, digest, "YS1:SIGNED")))
    assert office.papers.form(ONE).code == "YS1:SIGNED"
    office.papers.record_print(office.papers.form(ONE), 1, to_file=False)
    assert prints_sent(office)[-1].command.depends_on is None
    assert office.papers.papers_to_recall() == []


def test_a_form_of_another_device_is_printed_from_the_servers_row(office: Office) -> None:
    form = ReviewForm("990102-2026-000900-X", DIGEST, "YS1:THEIRS")
    office.receives(application(1, version=2, state=State.AGREED, form=form, opinion="好", decided_by="李经办"))
    found = office.papers.form(ONE)
    assert (found.number, found.code, found.decided_by) == (form.number, "YS1:THEIRS", "李经办")
    office.papers.record_print(found, 3, to_file=False)
    assert office.papers.papers_to_recall() == []
    office.receives(application(1, version=3, state=State.SUBMITTED, form=replace(form, voided=True)))
    assert refusal(lambda: office.papers.form(ONE)) == "no_form"


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.INSTITUTION_ADMIN])
def test_who_may_not_print_is_refused_before_anything_leaves(office: Office, role: Role) -> None:
    agreed_and_printed(office)
    form = office.papers.form(ONE)
    other = Office(office.store, office.clock, Account(LI.id, LI.login, LI.name, role), office.ids)
    assert refusal(other.papers.check_may_print) == "not_allowed"
    assert refusal(lambda: other.papers.announce_prints([form], 1, to_file=False)) == "not_allowed"
    office.papers.check_may_print()
    assert len(office.papers.prints(ONE)) == 1


def test_what_was_drawn_before_the_form_became_void_does_not_leave(office: Office) -> None:
    """The preview stands open while a colleague takes the consent back, or the register refuses it."""
    form = ReviewForm("990102-2026-000900-X", DIGEST, "YS1:THEIRS")
    office.receives(application(1, version=2, state=State.AGREED, form=form, opinion="好", decided_by="李经办"))
    clean = office.papers.form(ONE)
    office.receives(application(1, version=3, state=State.SUBMITTED, form=replace(form, voided=True)))
    assert refusal(lambda: office.papers.announce_prints([clean], 1, to_file=False)) == "form_moved_on"
    command_id = office.reviews.decide(ONE, AGREE).command_id
    assert refusal(lambda: office.papers.announce_prints([clean], 1, to_file=True)) == "form_moved_on"
    assert command_id is not None
    pending = office.papers.form(ONE)
    office.sends()
    office.hears(command_id, OutcomeKind.CONFLICT, code="version_conflict")
    assert refusal(lambda: office.papers.announce_prints([pending], 1, to_file=False)) == "form_moved_on"
    assert office.papers.prints(ONE) == []
    assert office.papers.papers_to_recall() == []


def test_a_print_of_which_nothing_was_heard_is_called_back_like_one_that_was_made(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    form = office.papers.form(ONE)
    paper, file, stopped = (
        office.papers.announce_prints([office.papers.form(ONE)], copies, to_file=to_file)[0]
        for copies, to_file in ((3, False), (1, True), (5, False))
    )
    assert [note.reprint for note in (paper, file, stopped)] == [1, 2, 3]
    assert len(prints_sent(office)) == 1, "the register hears only of what was printed"
    office.papers.record_print(form, 1, to_file=True, announced=file)
    office.papers.forget_print(stopped)
    office.papers.forget_print(file)
    assert [(record.copies, record.perhaps) for record in office.papers.prints(ONE)] == [
        (2, False),
        (3, True),
        (1, False),
    ]
    assert [row.command.id for row in prints_sent(office)][1:] == [file.id]
    office.sends()
    office.hears(command_id, OutcomeKind.CONFLICT, code="version_conflict")
    (line,) = office.papers.papers_to_recall()
    told = line.paper
    assert (told.form_number, told.outstanding, told.to_file, told.perhaps) == (number, 6, 1, 3)


@pytest.mark.parametrize("kind", [OutcomeKind.CONFLICT, OutcomeKind.REJECTED, OutcomeKind.ACCEPTED])
def test_what_the_service_has_answered_since_it_was_drawn_does_not_leave(office: Office, kind: OutcomeKind) -> None:
    """A preview may stay open over lunch: the sheets would say 待同步 of what is refused, or clean by now."""
    receipt = office.reviews.decide(ONE, AGREE)
    shown = office.papers.form(ONE)
    assert receipt.command_id is not None
    office.sends()
    taken = ReviewForm(shown.number, shown.digest, "code")
    office.hears(receipt.command_id, kind, version=2, seq=9, form=taken if kind is OutcomeKind.ACCEPTED else None)
    assert not office.papers.stand([shown])
    assert refusal(lambda: office.papers.announce_prints([shown], 1, to_file=False)) == "form_moved_on"
    assert office.papers.prints(ONE) == []


def test_a_clean_copy_of_a_consent_that_was_taken_back_elsewhere_does_not_leave(office: Office) -> None:
    form = ReviewForm("110101-2026-000050-0", DIGEST, "code")
    office.receives(replace(application(1), state=State.AGREED, version=2, form=form))
    shown = office.papers.form(ONE)
    office.receives(replace(application(1), state=State.SUBMITTED, version=3, form=replace(form, voided=True)))
    assert refusal(lambda: office.papers.announce_prints([shown], 1, to_file=True)) == "form_moved_on"


def test_new_contents_are_never_printed_under_the_consent_to_the_old_ones(office: Office) -> None:
    agreed_and_printed(office)
    first = office.reviews.open(ONE).application
    changed = replace(first, version=3, content_version=2, request=replace(first.request, department="急诊科"))
    office.receives(changed)
    assert refusal(lambda: office.papers.form(ONE)) == "content_changed"


def test_every_clean_copy_bears_the_registers_date(office: Office) -> None:
    office.clock.set_back(days=40)
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    pending = office.papers.form(ONE)
    assert pending.decided_at == office.clock.now()
    form, at = ReviewForm(receipt.form_number, pending.digest, "YS1:SIGNED"), NOW + timedelta(days=3)
    office.sends()
    office.hears(receipt.command_id, OutcomeKind.ACCEPTED, version=2, seq=9, at=at, form=form)
    before = office.papers.form(ONE)
    office.receives(application(1, version=2, state=State.AGREED, form=form, decided_by="王经办", decided_at=at))
    assert (before.form_state, before.decided_at) == (FormState.AGREED, office.papers.form(ONE).decided_at)


@pytest.mark.parametrize("then", ["voided", "none", "another"])
def test_what_was_printed_here_of_a_colleagues_form_is_called_back(office: Office, then: str) -> None:
    form = ReviewForm("990102-2026-000900-X", DIGEST, "YS1:THEIRS")
    office.receives(application(1, version=2, state=State.AGREED, form=form, opinion="好", decided_by="李经办"))
    office.papers.record_print(office.papers.form(ONE), 3, to_file=False)
    office.papers.record_print(office.papers.form(ONE), 1, to_file=True)
    after = {
        "voided": replace(form, voided=True),
        "none": None,
        "another": replace(form, number="990102-2026-000901-1"),
    }
    office.receives(application(1, version=3, state=State.SUBMITTED, form=after[then]))
    (line,) = office.papers.papers_to_recall()
    paper = line.paper
    assert (paper.form_number, paper.cause, paper.copies, paper.to_file) == (form.number, VoidCause.VOIDED, 4, 1)
    office.papers.record_recall(paper, 4)
    assert [line.paper.outstanding for line in office.papers.papers_to_recall()] == [0]
    colleague = Office(office.store, office.clock, LI, office.ids)
    assert colleague.papers.papers_to_recall() == []


def test_two_who_printed_one_form_at_one_computer_count_its_copies_together(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    form = ReviewForm(number, office.papers.form(ONE).digest, "YS1:SIGNED")
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=1, form=form)
    office.receives(application(1, version=2, state=State.AGREED, form=form, decided_by="王经办"))
    li = Office(office.store, office.clock, LI, office.ids)
    li.papers.record_print(li.papers.form(ONE), 1, to_file=False)
    li.receives(application(1, version=3, state=State.SUBMITTED, form=replace(form, voided=True)))
    (theirs,) = li.papers.papers_to_recall()
    assert (theirs.paper.form_number, theirs.paper.outstanding) == (number, 3)
    li.papers.record_recall(theirs.paper, 1)
    wang = Office(office.store, office.clock, ids=office.ids)
    assert [line.paper.outstanding for line in wang.papers.papers_to_recall()] == [2]


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (OutcomeKind.CONFLICT, VoidCause.CONFLICT),
        (OutcomeKind.REJECTED, VoidCause.REJECTED),
        (OutcomeKind.SUPERSEDED, VoidCause.SUPERSEDED),
    ],
)
def test_a_consent_that_was_not_taken_calls_its_paper_back(office: Office, kind: OutcomeKind, cause: VoidCause) -> None:
    command_id, number = agreed_and_printed(office)
    office.sends()
    office.hears(command_id, kind, code="x")
    (line,) = office.papers.papers_to_recall()
    assert (line.paper.form_number, line.paper.cause, line.paper.outstanding) == (number, cause, 2)
    assert line.applicant == application(1).person.name
    office.papers.record_recall(line.paper, 1)
    (line,) = office.papers.papers_to_recall()
    assert line.paper.outstanding == 1
    assert refusal(lambda: office.papers.record_recall(line.paper, 2)) == "copies_wrong"
    assert refusal(lambda: office.papers.record_recall(line.paper, 0)) == "copies_wrong"
    office.papers.record_recall(line.paper, 1)
    assert office.papers.papers_to_recall()[0].paper.outstanding == 0
    rows = office.store.read(lambda conn: outbox.rows(conn, office.account.id))
    assert sum(isinstance(row.command.body, RecordRecall) for row in rows) == 2


def test_a_superseded_consent_stays_shown_without_a_form_of_its_own(office: Office) -> None:
    """From the answer until the feed brings the colleague's decision, and the colleague's form with it."""
    command_id, _ = agreed_and_printed(office)
    office.sends()
    position = office.store.read(sync_state.read).seq
    office.hears(command_id, OutcomeKind.SUPERSEDED, version=2, seq=position + 1, by="李经办")
    shown = office.store.read(lambda conn: applications.get(conn, ONE))
    assert shown is not None
    assert (shown.shown_state, shown.next_base_version) == (State.AGREED, 2)
    assert refusal(lambda: office.papers.form(ONE)) == "no_form"
    theirs = ReviewForm("110101-2026-000099-0", DIGEST, "YS1:THEIRS")
    office.receives(application(1, state=State.AGREED, version=2, form=theirs, decided_by="李经办"))
    assert office.reviews.open(ONE).shown_state is State.AGREED
    assert (office.papers.form(ONE).number, office.papers.form(ONE).decided_by) == (theirs.number, "李经办")


def test_a_replaced_or_dropped_conflict_keeps_calling_its_paper_back(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    office.sends()
    office.hears(command_id, OutcomeKind.CONFLICT, code="version_conflict")
    second = office.reviews.decide(ONE, AGREE)
    office.papers.record_print(office.papers.form(ONE), 1, to_file=False)
    assert [line.paper.form_number for line in office.papers.papers_to_recall()] == [number]
    assert second.form_number != number


def test_taking_a_consent_back_calls_its_paper_back(office: Office) -> None:
    agreed_and_printed(office)
    office.reviews.withdraw(ONE)
    assert office.papers.papers_to_recall()[0].paper.cause is VoidCause.CANCELLED
    office.reviews.decide(ONE, AGREE)
    office.papers.record_print(office.papers.form(ONE), 1, to_file=False)
    office.sends()
    office.reviews.withdraw(ONE)
    causes = [line.paper.cause for line in office.papers.papers_to_recall()]
    assert causes == [VoidCause.CANCELLED, VoidCause.WITHDRAWN]


def withdrawn(office: Office) -> tuple[CommandId, str, str]:
    """Take an accepted and printed consent back; return the withdrawal, the form's number and its digest."""
    command_id, number = agreed_and_printed(office)
    digest = office.papers.form(ONE).digest
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=9)
    withdrawal = office.reviews.withdraw(ONE).command_id
    assert withdrawal is not None
    return withdrawal, number, digest


def test_a_withdrawal_the_server_refuses_leaves_the_paper_good(office: Office) -> None:
    withdrawal, number, digest = withdrawn(office)
    assert len(office.papers.papers_to_recall()) == 1
    office.hears(withdrawal, OutcomeKind.CONFLICT, code="state_conflict")
    office.receives(application(1, version=3, state=State.ACCEPTED, form=ReviewForm(number, digest, "c")))
    assert office.papers.papers_to_recall() == []


def test_a_withdrawal_that_a_restored_register_has_lost_leaves_the_paper_good(office: Office) -> None:
    withdrawal, number, digest = withdrawn(office)
    office.hears(withdrawal, OutcomeKind.ACCEPTED, version=3, seq=10)
    office.store.write(lambda conn: outbox_moves.reopen(conn, withdrawal, outbox.LOST_BY_SERVER))
    office.receives(application(1, version=2, state=State.AGREED, form=ReviewForm(number, digest, "c")))
    assert office.papers.papers_to_recall() == [], "the consent stands, and whether it is to be withdrawn he is asked"
    assert office.reviews.withdraw(ONE).command_id is not None
    assert [line.paper.cause for line in office.papers.papers_to_recall()] == [VoidCause.WITHDRAWN]


def test_a_colleague_elsewhere_voids_the_form(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=4)
    assert office.papers.papers_to_recall() == []
    office.receives(application(1, version=3, state=State.SUBMITTED, form=ReviewForm(number, "d", "c", voided=True)))
    assert office.papers.papers_to_recall()[0].paper.cause is VoidCause.VOIDED


def test_a_print_that_finishes_after_the_refusal_is_known_here_and_called_back(office: Office) -> None:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    form = office.papers.form(ONE)
    office.sends()
    office.hears(receipt.command_id, OutcomeKind.CONFLICT, code="version_conflict")
    office.papers.record_print(form, 1, to_file=False)
    assert prints_sent(office) == []
    assert office.papers.papers_to_recall()[0].paper.outstanding == 1


def test_never_printed_nothing_to_call_back(office: Office) -> None:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    office.sends()
    office.hears(receipt.command_id, OutcomeKind.CONFLICT, code="version_conflict")
    assert office.papers.papers_to_recall() == []


def test_a_colleagues_unsent_paper_is_not_shown(office: Office) -> None:
    agreed_and_printed(office)
    office.reviews.withdraw(ONE)
    li = Office(office.store, office.clock, LI, office.ids)
    assert li.papers.papers_to_recall() == []


def test_of_a_colleagues_unsent_consent_only_a_count_is_seen(office: Office) -> None:
    command_id, number = agreed_and_printed(office)
    form = ReviewForm(number, office.papers.form(ONE).digest, "YS1:SIGNED")
    li = Office(office.store, office.clock, LI, office.ids)
    assert (li.reviews.open(ONE).prints, li.papers.prints(ONE)) == ((), [])
    assert li.reviews.open(ONE).others_pending == 2
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=1, form=form)
    li.receives(application(1, version=2, state=State.AGREED, form=form, decided_by="王经办"))
    assert [record.form_number for record in li.papers.prints(ONE)] == [number]
