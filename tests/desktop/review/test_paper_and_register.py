"""Paper of a form that the register carries: what it may say, and when it is asked back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import CommandId, ReviewForm
from medreg_core.domain.vocabulary import CommandKind, FormState, OutcomeKind, State
from medreg_desktop.services.cache import commands, outbox, outbox_moves, sync_state
from medreg_desktop.services.cache.papers import VoidCause
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.quarantine_desk import Reason
from tests.core.builders import registration
from tests.desktop.review.office import LI, Office, application

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用。")
ONE, DIGEST = application(1).id, content_digest(application(1))
THEIRS = ReviewForm("990102-2026-000900-X", DIGEST, "YS1:THEIRS")


def agreed(office: Office) -> tuple[CommandId, ReviewForm]:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    return receipt.command_id, ReviewForm(receipt.form_number, DIGEST, "YS1:SIGNED")


def test_what_an_older_service_wrote_over_on_approval_is_not_printed_under_the_valid_number(office: Office) -> None:
    """It put what came of the approval where the content stood that the form was agreed on."""
    row = application(1, version=4, state=State.ACCEPTED, form=THEIRS, opinion="好", decided_by="李经办")
    office.receives(row)
    drawn = office.papers.form(ONE)
    office.receives(replace(row, version=5, state=State.APPROVED, registration=registration()))
    for printing in (
        lambda: office.papers.form(ONE),
        lambda: office.papers.announce_prints([drawn], 1, to_file=False),
        lambda: office.papers.announce_prints([drawn], 1, to_file=True),
    ):
        with pytest.raises(Refused):
            printing()
    with pytest.raises(Refused) as refused:
        office.papers.form(ONE)
    assert refused.value.reasons[0].code == "form_differs"
    assert not office.papers.stand([drawn]), "a preview left open is drawn anew"
    office.receives(replace(row, version=6, state=State.APPROVED, registered=registration()))
    assert office.papers.form(ONE).number == THEIRS.number


def test_no_clean_form_leaves_between_a_restore_and_the_comparison_with_it(office: Office) -> None:
    """The backup may be of before the consent: then the register does not hold what the paper would claim."""
    office.receives(application(1, version=2, state=State.AGREED, form=THEIRS, decided_by="李经办"))
    drawn = office.papers.form(ONE)
    office.greeted(epoch="epoch-restored")
    with pytest.raises(Refused, match="register_restored"):
        office.papers.form(ONE)
    with pytest.raises(Refused, match="form_moved_on"):
        office.papers.announce_prints([drawn], 1, to_file=False)
    office.store.write(lambda conn: sync_state.write(conn, epoch="epoch-restored"))
    assert office.papers.form(ONE).number == THEIRS.number


def test_what_is_printed_between_says_no_more_than_that_it_waits(office: Office) -> None:
    command_id, form = agreed(office)
    office.sends()
    office.greeted(epoch="epoch-restored")
    assert office.papers.form(ONE).form_state is FormState.PENDING
    answer = Outcome(id=command_id, kind=OutcomeKind.ACCEPTED, version=2, seq=1, form=form)
    office.store.write(lambda conn: commands.settle(conn, answer, office.clock.now()))
    with pytest.raises(Refused, match="register_restored"):
        office.papers.form(ONE)


def test_a_consent_that_the_restored_register_took_is_not_asked_back_before_the_copy_is_its(office: Office) -> None:
    """Sent to the restored register and accepted, while the copy still shows the rows of before it."""
    command_id, form = agreed(office)
    office.papers.record_print(office.papers.form(ONE), 2, to_file=False)
    office.sends()
    answer = Outcome(id=command_id, kind=OutcomeKind.ACCEPTED, version=2, seq=1, form=form)
    office.greeted(epoch="epoch-restored")
    office.store.write(lambda conn: commands.settle(conn, answer, office.clock.now(), epoch="epoch-restored"))
    assert office.papers.form(ONE).code == "YS1:SIGNED"
    assert office.papers.papers_to_recall() == []


def test_a_row_that_is_newer_than_an_accepted_consent_is_not_covered_by_it(office: Office) -> None:
    """A colleague took the consent back; the register's word of that came with an answer, before the feed."""
    command_id, form = agreed(office)
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=9, form=form)
    withdrawal = office.reviews.withdraw(ONE).command_id
    assert withdrawal is not None
    office.sends()
    voided = application(1, version=3, state=State.SUBMITTED, form=replace(form, voided=True))
    office.hears(withdrawal, OutcomeKind.CONFLICT, code="state_conflict", current=voided)
    assert office.papers.form(ONE).code == "YS1:SIGNED", "the copy does not know better yet"
    assert office.outbox.review_again(withdrawal).shown_state is State.SUBMITTED
    with pytest.raises(Refused, match="no_form"):
        office.papers.form(ONE)


def test_a_consent_that_was_given_up_and_stands_all_the_same_asks_for_no_sheet(office: Office) -> None:
    """Its answers were lost each time, so it was set apart; the register had carried it out."""
    command_id, form = agreed(office)
    office.papers.record_print(office.papers.form(ONE), 2, to_file=False)
    office.sends()
    office.store.write(lambda conn: outbox_moves.quarantine(conn, command_id, "poison"))
    office.quarantine.give_up(command_id, Reason.OTHER)
    assert [line.paper.cause for line in office.papers.papers_to_recall()] == [VoidCause.REJECTED]
    row = application(1, version=2, state=State.AGREED, form=form, decided_by="王经办")
    office.receives(row)
    assert office.papers.papers_to_recall() == [], "the sheets are good"
    office.papers.record_print(office.papers.form(ONE), 1, to_file=False)
    told = office.store.read(lambda conn: outbox.rows(conn, office.account.id))
    assert [(row.kind, row.command.depends_on) for row in told] == [
        (CommandKind.RECORD_PRINT, command_id),  # it has left with the consent, so the register is asked about it
        (CommandKind.RECORD_PRINT, None),
    ]
    office.receives(replace(row, version=3, state=State.SUBMITTED, form=replace(form, voided=True)))
    assert [line.paper.outstanding for line in office.papers.papers_to_recall()] == [3]


def test_a_sheet_says_which_print_it_is_when_it_leaves(office: Office) -> None:
    """A print under way counts; if none of it comes out, what was drawn as 补打 1 meanwhile would be the first."""
    office.receives(application(1, version=2, state=State.AGREED, form=THEIRS, decided_by="李经办"))
    (under_way,) = office.papers.announce_prints([office.papers.form(ONE)], 1, to_file=False)
    again = office.papers.form(ONE)
    assert again.reprint == 1
    office.papers.forget_print(under_way)
    assert not office.papers.stand([again])
    with pytest.raises(Refused, match="form_moved_on"):
        office.papers.announce_prints([again], 1, to_file=False)


def test_a_colleagues_unsent_withdrawal_calls_nobody_elses_sheets_back(office: Office) -> None:
    """He may call it back; the author of the consent sees it stand, and prints clean copies of it."""
    command_id, form = agreed(office)
    office.papers.record_print(office.papers.form(ONE), 2, to_file=False)
    office.sends()
    office.hears(command_id, OutcomeKind.ACCEPTED, version=2, seq=1, form=form)
    office.receives(application(1, version=2, state=State.AGREED, form=form, decided_by="王经办"))
    li = Office(office.store, office.clock, LI, office.ids)
    li.reviews.withdraw(ONE)
    wang = Office(office.store, office.clock, ids=office.ids)
    assert wang.papers.form(ONE).code == "YS1:SIGNED"
    assert wang.papers.papers_to_recall() == []
    voided = replace(form, voided=True)
    wang.receives(application(1, version=3, state=State.SUBMITTED, form=voided))
    assert [line.paper.cause for line in wang.papers.papers_to_recall()] == [VoidCause.VOIDED]
