"""Commands the server did not take: both versions side by side, review again, edit, retry, give up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.feed import EntityKind
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, State
from medreg_desktop.services.cache import commands, outbox, outbox_moves, sync_state, synced
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.search.conditions import RowSync
from tests.core.builders import person, request
from tests.desktop.cache.office import EPOCH, NOW
from tests.desktop.review.office import LI, Office, application

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用。")
ONE = application(1).id
EDITED = application(
    1, version=2, content_version=2, person=person(phone="13900000000"), request=request(department="急诊科")
)


def conflicted(office: Office) -> CommandId:
    """The applicant edited before the consent arrived."""
    command_id = office.reviews.decide(ONE, AGREE).command_id
    assert command_id is not None
    office.sends()
    office.hears(
        command_id, OutcomeKind.CONFLICT, code="version_conflict", by="applicant", at=NOW, current=EDITED, version=2
    )
    return command_id


def row(office: Office, command_id: CommandId) -> outbox.OutboxRow:
    return office.store.read(lambda conn: outbox.row_of(conn, command_id))


def refusal(work) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.reasons[0].code


@pytest.mark.parametrize("feed_was_faster", [True, False])
def test_both_versions_stand_side_by_side_field_by_field(office: Office, feed_was_faster: bool) -> None:
    command_id = conflicted(office)
    if feed_was_faster:
        office.receives(EDITED)
    conflict = office.outbox.conflict(command_id)
    assert (conflict.read, conflict.current) == (application(1), EDITED)
    assert {(change.field, change.now) for change in conflict.changes} >= {("department", "急诊科")}
    assert all(change.read != change.now for change in conflict.changes)
    assert (conflict.by, conflict.at, conflict.code) == ("applicant", NOW, "version_conflict")
    assert conflict.can_review_again


def test_reviewing_again_does_not_take_over_what_was_seen_of_other_papers(office: Office) -> None:
    sheet = office.outbox.review_again(conflicted(office))
    assert sheet.draft is not None
    assert (sheet.draft.opinion, sheet.draft.materials) == ("同意聘用。", ())


def test_reviewing_again_starts_from_the_new_version_with_the_old_words(office: Office) -> None:
    command_id = conflicted(office)
    sheet = office.outbox.review_again(command_id)
    assert sheet.application == EDITED
    assert sheet.draft is not None
    assert (sheet.draft.opinion, sheet.draft.content_version, sheet.draft_is_stale) == ("同意聘用。", 2, False)
    assert sheet.conflict is not None
    assert row(office, command_id).state is OutboxState.NEEDS_YOU
    receipt = office.reviews.decide(ONE, replace(AGREE, content_version=2))
    assert receipt.command_id is not None
    assert row(office, receipt.command_id).command.base_version == 2
    assert (row(office, command_id).state, row(office, command_id).resolution) == (
        OutboxState.DONE,
        Resolution.REPLACED,
    )
    assert office.reviews.open(ONE).row_sync is RowSync.WAITING


def test_what_the_applicant_has_withdrawn_cannot_be_reviewed_again(office: Office) -> None:
    command_id = conflicted(office)
    office.receives(replace(EDITED, state=State.WITHDRAWN, version=3))
    assert not office.outbox.conflict(command_id).can_review_again


def test_giving_up_ends_the_question(office: Office) -> None:
    command_id = conflicted(office)
    assert office.outbox.counts().need_you == 1
    office.outbox.drop(command_id)
    assert office.outbox.counts().need_you == 0
    assert row(office, command_id).resolution is Resolution.DROPPED
    assert office.reviews.open(ONE).row_sync is RowSync.SYNCED


def test_what_is_on_its_way_cannot_be_given_up_edited_or_cancelled(office: Office) -> None:
    command_id = office.reviews.decide(ONE, AGREE).command_id
    assert command_id is not None
    assert refusal(lambda: office.outbox.drop(command_id)) == "still_on_its_way"
    office.sends()
    assert refusal(lambda: office.outbox.edit(command_id, AGREE)) == "already_sent"
    assert refusal(lambda: office.outbox.cancel(command_id)) == "already_sent"


def test_an_edit_is_another_command_in_the_same_transaction(office: Office) -> None:
    command_id = office.reviews.decide(ONE, AGREE).command_id
    assert command_id is not None
    refused = Decision(CommandKind.RETURN, 1, "")
    assert refusal(lambda: office.outbox.edit(command_id, refused)) == "reason_missing"
    assert row(office, command_id).state is OutboxState.QUEUED
    receipt = office.outbox.edit(command_id, replace(refused, opinion="请补照片。"))
    assert receipt.shown_state is State.RETURNED
    assert row(office, command_id).resolution is Resolution.CANCELLED
    assert [item.row.command.id for item in office.outbox.items()] == [receipt.command_id]


def test_the_list_tells_what_can_be_done_with_each(office: Office) -> None:
    first, second, third = (office.reviews.decide(application(n).id, AGREE).command_id for n in (1, 2, 3))
    assert first is not None
    assert second is not None
    assert third is not None
    office.store.write(lambda conn: outbox_moves.set_in_flight(conn, [second]))
    office.hears(second, OutcomeKind.REJECTED, code="check_failed")
    office.store.write(lambda conn: outbox_moves.quarantine(conn, third, "poison"))
    items = {item.row.command.id: item for item in office.outbox.items()}
    able = {i: (item.can_retry, item.can_edit, item.can_drop) for i, item in items.items()}
    assert able == {first: (True, True, False), second: (False, False, True), third: (True, True, True)}
    assert items[third].row.last_cause == "poison"
    assert items[first].applicant == application(1).person.name
    office.outbox.retry([third])
    assert row(office, third).state is OutboxState.QUEUED
    assert office.reviews.open(application(3).id).row_sync is RowSync.WAITING


def test_another_registrars_commands_cannot_be_touched_or_read(office: Office) -> None:
    command_id = conflicted(office)
    li = Office(office.store, office.clock, LI, office.ids)
    assert li.outbox.items() == []
    assert (li.outbox.counts().own, li.outbox.counts().others) == ({}, 1)
    for act in (li.outbox.conflict, li.outbox.drop, li.outbox.review_again, li.outbox.cancel):
        assert refusal(lambda act=act: act(command_id)) == "not_yours"
    assert refusal(lambda: li.outbox.retry([command_id])) == "not_yours"
    assert row(office, command_id).state is OutboxState.NEEDS_YOU


def test_what_was_read_is_kept_only_while_it_may_be_needed(office: Office) -> None:
    kept = office.reviews.decide(application(2).id, AGREE).command_id
    assert kept is not None
    conflicted(office)
    office.hears(kept, OutcomeKind.ACCEPTED, version=2, seq=50)
    reader = office.store.reader()
    assert reader.execute("SELECT count(*) FROM basis").fetchall() == [(1,)]


def test_who_decides_behind_a_withdrawal_that_a_colleague_has_made_too_is_asked(office: Office) -> None:
    office.receives(application(1, version=2, state=State.AGREED))
    office.reviews.withdraw(ONE, "误操作")
    returned = office.reviews.decide(ONE, Decision(CommandKind.RETURN, 1, "请补充材料")).command_id
    assert returned is not None
    (withdrawn, _) = office.sends()
    office.hears(withdrawn, OutcomeKind.SUPERSEDED, code="already_decided", by="李经办", at=NOW, version=3, seq=9)
    office.hears(returned, OutcomeKind.REJECTED, code="dependency_failed")
    assert row(office, returned).state is OutboxState.NEEDS_YOU, "his return is nowhere, and he must know"
    assert office.outbox.conflict(returned).code == "dependency_failed"


def test_a_row_of_before_a_restore_is_not_laid_over_the_register_that_has_lost_it(office: Office) -> None:
    command_id = conflicted(office)
    office.store.write(lambda conn: sync_state.write(conn, epoch="restored"))
    conflict = office.outbox.conflict(command_id)
    assert (conflict.current, conflict.changes) == (application(1), ()), "the register has not heard of that change"
    assert office.outbox.review_again(command_id).application == application(1)


def test_what_has_left_since_its_answer_is_not_brought_back(office: Office) -> None:
    """Its row came with the answer; the feed that has removed it never tells of it again."""
    command_id = conflicted(office)
    office.store.write(lambda conn: synced.remove(conn, [(EntityKind.APPLICATION, ONE)]))
    conflict = office.outbox.conflict(command_id)
    assert (conflict.current, conflict.can_review_again) == (None, False)
    assert refusal(lambda: office.outbox.review_again(command_id)) == "application_gone"
    assert office.store.read(lambda conn: synced.find(conn, ONE)) is None
    office.outbox.drop(command_id)


@pytest.mark.parametrize(("epoch", "state"), [(EPOCH, OutboxState.DONE), ("restored", OutboxState.QUEUED)])
def test_what_a_restored_register_waits_for_and_had_answered_before_is_sent_again(
    office: Office, epoch: str, state: OutboxState
) -> None:
    """Seed 317604: the answer, a colleague's same decision, came by courier; a withdrawal hung on it for ever.

    So is the paper that stopped with it: seed 367222.
    """
    consent = office.reviews.decide(ONE, Decision(CommandKind.AGREE, 1, "同意聘用")).command_id
    office.sends()
    printed = office.papers.record_print(office.papers.form(ONE), 1, to_file=False).id
    withdrawal = office.reviews.withdraw(ONE, "误操作").command_id
    assert consent is not None
    assert withdrawal is not None
    office.sends()
    office.hears(consent, OutcomeKind.SUPERSEDED, code="already_decided", by="李经办", at=NOW, version=2, seq=9)
    waits = Outcome(id=withdrawal, kind=OutcomeKind.DEFERRED, code="waits_for_command", waits_for=consent)
    office.store.write(lambda conn: commands.settle(conn, waits, NOW, epoch=epoch))
    assert [row(office, each).state for each in (consent, printed)] == [state, state]
