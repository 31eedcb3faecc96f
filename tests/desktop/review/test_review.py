"""Open, write, decide, take back, agree to many: against the real rules on a real cache."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from medreg_core.contract.v1.commands import Agree, Return, WithdrawConsent
from medreg_core.contract.v1.feed import Change, Op
from medreg_core.domain.forms import check_form_number, content_digest
from medreg_core.domain.records import ApplicationId, Material
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, State
from medreg_desktop.services.cache import applications, audit, leases, outbox, outbox_moves, sync_state
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.outbox import Resolution
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.desk import Refused
from tests.core.builders import institution, request
from tests.desktop.cache.office import NOW, page
from tests.desktop.review.office import LI, READER, Office, application

AGREE = Decision(CommandKind.AGREE, 1, "同意聘用。")
RETURN = Decision(CommandKind.RETURN, 1, "请补材料。")
ONE, TWO = application(1).id, application(2).id
TWO_SCOPES = {"request": request(scopes=("emergency", "surgery"))}


def reasons_of(work) -> list[str]:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as refused:
        work()
    return [reason.code for reason in refused.value.reasons]


def commands_of(office: Office) -> list[outbox.OutboxRow]:
    return office.store.read(lambda conn: outbox.rows(conn, office.account.id, open_only=False))[::-1]


def test_the_sheet_shows_all_that_a_decision_needs(office: Office) -> None:
    sheet = office.reviews.open(ONE)
    assert sheet.application == application(1)
    assert sheet.may_agree
    assert sheet.moves == {CommandKind.AGREE, CommandKind.RETURN, CommandKind.REFUSE}
    assert {check.code for check in sheet.checks} >= {"qualification_valid", "identity_matches"}
    assert sheet.comparison
    assert sheet.materials
    assert (sheet.draft, sheet.conflict, sheet.prints, sheet.others_pending) == (None, None, (), 0)


def test_a_consent_is_saved_whole_and_shown_at_once(office: Office) -> None:
    receipt = office.reviews.decide(ONE, AGREE)
    (row,) = commands_of(office)
    body = row.command.body
    assert isinstance(body, Agree)
    assert (row.command.base_version, body.content_version, body.opinion) == (1, 1, "同意聘用。")
    assert body.digest == content_digest(application(1))
    assert body.materials == application(1).materials
    assert check_form_number(body.form_number)
    assert (receipt.shown_state, receipt.form_number) == (State.AGREED, body.form_number)
    (line,) = office.store.read(lambda conn: audit.lines(conn, 1))
    assert (line.n, line.hash, line.action) == (receipt.audit_line, receipt.audit_hash, "agree")
    assert office.reviews.open(ONE).moves == {CommandKind.WITHDRAW_CONSENT}


@pytest.mark.parametrize(
    ("decision", "changes", "codes"),
    [
        (replace(AGREE, content_version=2), {}, ["content_changed"]),
        (replace(RETURN, opinion="  "), {}, ["reason_missing"]),
        (replace(AGREE, kind=CommandKind.REFUSE, opinion=""), {}, ["reason_missing"]),
        (replace(AGREE, opinion="同" * 151), {}, ["opinion_too_long"]),
        (AGREE, {"state": State.WITHDRAWN}, ["state"]),
        (AGREE, {"materials": (Material("photo", pages=1),)}, None),
        (AGREE, TWO_SCOPES, None),
        (AGREE, {"request": request(institution_name="别市人民医院")}, ["check_failed"]),
        (AGREE, {"request": request(institution_name="", place="")}, ["check_failed", "check_failed"]),
    ],
)
def test_what_stands_in_the_way_is_told_and_nothing_is_saved(
    office: Office, decision: Decision, changes: dict, codes: list[str] | None
) -> None:
    office.receives(application(1, version=2, **changes))
    expected = codes or [blocker.code for blocker in office.reviews.open(ONE).blockers]
    assert expected
    left = office.store.read(lambda conn: leases.left(conn, NOW))
    assert reasons_of(lambda: office.reviews.decide(ONE, decision)) == expected
    assert commands_of(office) == []
    assert office.store.read(lambda conn: leases.left(conn, NOW)) == left


def test_a_reader_may_look_but_not_decide(office: Office) -> None:
    reader = Office(office.store, office.clock, READER)
    assert reader.reviews.open(ONE).moves == frozenset()
    assert reasons_of(lambda: reader.reviews.decide(ONE, AGREE)) == ["not_allowed"]
    assert reasons_of(lambda: reader.reviews.withdraw(ONE)) == ["not_allowed"]


def test_an_application_that_left_the_scope_is_named_as_gone(office: Office) -> None:
    assert reasons_of(lambda: office.reviews.open(ApplicationId("nowhere"))) == ["application_gone"]


def test_ticked_originals_count_and_travel_with_the_consent(office: Office) -> None:
    office.receives(application(1, version=2, materials=()))
    assert not office.reviews.open(ONE).may_agree
    ticked = application(1).materials
    office.reviews.save_draft(ONE, Draft(content_version=1, materials=ticked, opinion="半句"))
    sheet = office.reviews.open(ONE)
    assert sheet.may_agree
    assert sheet.draft is not None
    assert sheet.draft.opinion == "半句"
    office.reviews.decide(ONE, replace(AGREE, materials=ticked))
    (row,) = commands_of(office)
    assert isinstance(row.command.body, Agree)
    assert row.command.body.materials == ticked
    assert office.reviews.open(ONE).draft is None


def test_a_draft_on_an_older_content_says_so(office: Office) -> None:
    office.reviews.save_draft(ONE, Draft(content_version=1, opinion="x"))
    office.receives(application(1, version=3, content_version=2))
    assert office.reviews.open(ONE).draft_is_stale
    office.reviews.discard_draft(ONE)
    assert office.reviews.open(ONE).draft is None


@pytest.mark.parametrize("kind", [CommandKind.AGREE, CommandKind.RETURN, CommandKind.REFUSE])
def test_what_is_taken_back_is_a_draft_on_the_content_it_was_made_on(office: Office, kind: CommandKind) -> None:
    office.receives(application(1, version=2, content_version=2, materials=()))
    ticked = () if kind is CommandKind.REFUSE else application(1).materials
    office.reviews.decide(ONE, Decision(kind, 2, "说明。", ticked))
    office.reviews.withdraw(ONE)
    sheet = office.reviews.open(ONE)
    assert sheet.draft is not None
    assert (sheet.draft.decision, sheet.draft.materials, sheet.draft_is_stale) == (kind, ticked, False)
    office.reviews.decide(ONE, Decision(kind, 2, "说明。", ticked))
    office.receives(application(1, version=3, content_version=3))
    office.reviews.withdraw(ONE)
    assert office.reviews.open(ONE).draft_is_stale


def test_form_numbers_are_never_used_twice_and_run_out_with_a_sentence(office: Office) -> None:
    other = Office(office.store, office.clock, ids=office.ids)
    other.greeted(50)  # the same lease again: its used numbers stay used
    seen = {office.reviews.decide(application(n).id, AGREE).form_number for n in (1, 2, 3)}
    assert len(seen) == 3
    other.greeted(50)
    assert office.store.read(lambda conn: leases.left(conn, NOW)) == 47
    office.store.write(leases.burn)
    office.receives(application(4))
    with pytest.raises(KnownFault) as fault:
        office.reviews.decide(application(4).id, AGREE)
    assert fault.value.code == "form_numbers_used_up"
    assert len(commands_of(office)) == 3


@pytest.mark.parametrize("decision", [AGREE, RETURN, replace(RETURN, kind=CommandKind.REFUSE)])
def test_a_decision_that_never_left_is_taken_back_here_alone(office: Office, decision: Decision) -> None:
    office.reviews.decide(ONE, decision)
    receipt = office.reviews.withdraw(ONE)
    assert (receipt.command_id, receipt.shown_state) == (None, State.SUBMITTED)
    (row,) = commands_of(office)
    assert (row.resolution, office.sends()) == (Resolution.CANCELLED, [])
    sheet = office.reviews.open(ONE)
    assert sheet.draft is not None
    assert decision.opinion in {sheet.draft.opinion, sheet.draft.reason}
    assert office.store.read(audit.first_broken) is None


def test_a_consent_that_may_have_arrived_is_withdrawn_by_a_command_behind_it(office: Office) -> None:
    office.reviews.decide(ONE, AGREE)
    (sent,) = office.sends()
    receipt = office.reviews.withdraw(ONE, "误办")
    row = commands_of(office)[-1]
    assert row.command.body == WithdrawConsent(reason="误办")
    assert (row.command.depends_on, row.command.base_version) == (sent, 2)
    assert receipt.shown_state is State.SUBMITTED
    again = office.reviews.decide(ONE, AGREE)
    third = commands_of(office)[-1]
    assert (third.command.base_version, third.command.depends_on) == (3, row.command.id)
    assert again.shown_state is State.AGREED


def test_a_consent_of_the_register_is_withdrawn_without_waiting_for_anything(office: Office) -> None:
    office.receives(application(1, version=2, state=State.AGREED, decided_by="李经办"))
    office.reviews.withdraw(ONE)
    (row,) = commands_of(office)
    assert (row.command.base_version, row.command.depends_on) == (2, None)


def test_a_return_that_may_have_arrived_cannot_be_undone(office: Office) -> None:
    office.reviews.decide(ONE, RETURN)
    office.sends()
    assert reasons_of(lambda: office.reviews.withdraw(ONE)) == ["cannot_be_undone"]
    assert isinstance(commands_of(office)[0].command.body, Return)


def test_nothing_to_take_back(office: Office) -> None:
    assert reasons_of(lambda: office.reviews.withdraw(ONE)) == ["state"]
    office.receives(application(1, version=3, state=State.ACCEPTED))
    assert reasons_of(lambda: office.reviews.withdraw(ONE)) == ["state"]


def test_a_batch_agrees_where_nothing_stands_in_the_way(office: Office) -> None:
    office.receives(application(2, version=2, **TWO_SCOPES), application(3, version=2, state=State.RETURNED))
    seen: list[tuple[int, int]] = []
    ids = [ONE, TWO, application(3).id, ApplicationId("gone")]
    report = office.reviews.batch_agree(ids, lambda done, total: seen.append((done, total)), lambda: False)
    assert [receipt.application_id for receipt in report.done] == [ONE]
    assert {left.application_id: left.reasons[0].code for left in report.refused} == {
        TWO: "check_failed",
        application(3).id: "state",
        ApplicationId("gone"): "application_gone",
    }
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (row,) = commands_of(office)
    assert isinstance(row.command.body, Agree)
    assert row.command.body.opinion


def test_a_cancelled_batch_keeps_what_is_done_and_touches_no_more(office: Office) -> None:
    asked = iter([False, True])
    report = office.reviews.batch_agree([ONE, TWO], lambda done, total: None, lambda: next(asked))
    assert (len(report.done), report.refused, report.cancelled) == (1, (), True)
    assert office.reviews.open(TWO).shown_state is State.SUBMITTED


def test_a_batch_leaves_what_has_become_another_between_the_press_and_its_turn(office: Office) -> None:
    office.receives(application(2, version=2, content_version=2, request=request(department="急诊科")))
    ticked = {ONE: 1, TWO: 1}
    report = office.reviews.batch_agree(tuple(ticked), lambda done, total: None, lambda: False, versions=ticked)
    assert [receipt.application_id for receipt in report.done] == [ONE]
    assert [(left.application_id, left.reasons[0].code) for left in report.refused] == [(TWO, "changed_since_ticked")]


def test_a_batch_uses_what_was_ticked_before(office: Office) -> None:
    office.receives(application(1, version=2, materials=()))
    office.reviews.save_draft(ONE, Draft(content_version=1, materials=application(1).materials))
    assert len(office.reviews.batch_agree([ONE], lambda done, total: None, lambda: False).done) == 1


def test_a_batch_without_numbers_names_each_that_waits(office: Office) -> None:
    office.store.write(leases.burn)
    report = office.reviews.batch_agree([ONE, TWO], lambda done, total: None, lambda: False)
    assert [left.reasons[0].code for left in report.refused] == ["form_numbers_used_up"] * 2


def test_the_second_registrar_decides_for_himself(office: Office) -> None:
    office.reviews.decide(ONE, AGREE)
    office.reviews.save_draft(TWO, Draft(content_version=1, opinion="王的草稿"))
    li = Office(office.store, office.clock, LI, office.ids)
    sheet = li.reviews.open(ONE)
    assert (sheet.shown_state, sheet.others_pending, sheet.open_commands) == (State.SUBMITTED, 1, ())
    assert li.reviews.open(TWO).draft is None
    li.reviews.decide(ONE, AGREE)
    assert len(commands_of(li)) == 1
    assert len(commands_of(office)) == 1


def test_what_has_its_turn_after_its_author_has_left_touches_nothing_of_who_sits_there(office: Office) -> None:
    """The writer was busy: he pressed, went, and his colleague has come in by now."""
    mine, refused = office.reviews.decide(TWO, AGREE).command_id, office.reviews.decide(ONE, AGREE).command_id
    assert mine is not None
    assert refused is not None
    office.sends()
    office.hears(refused, OutcomeKind.REJECTED, code="check_failed")
    office.store.write(outbox_moves.reclaim)
    li = Office(office.store, office.clock, LI, office.ids)
    office.store.write(lambda conn: applications.switch_actor(conn, office.account.id, office.account.name))
    li.reviews.decide(ONE, AGREE)
    assert reasons_of(lambda: li.reviews.withdraw(TWO)) == ["state"]
    assert [row.is_open for row in commands_of(office)] == [True, True]


def test_the_work_list_carries_the_verdict_of_the_rules(office: Office) -> None:
    office.receives(application(2, version=2, **TWO_SCOPES), application(3, version=2, state=State.COLLECTED))
    reader = office.store.reader()
    found = dict(reader.execute("SELECT id, (checks >= 100) FROM worklist").fetchall())
    assert (found[ONE], found[TWO], found[application(3).id]) == (0, 1, 0)


def test_an_answer_ends_what_was_shown_and_the_feed_goes_on(office: Office) -> None:
    receipt = office.reviews.decide(ONE, AGREE)
    assert receipt.command_id is not None
    office.sends()
    office.hears(receipt.command_id, OutcomeKind.ACCEPTED, version=2, seq=99)
    assert office.reviews.open(ONE).shown_state is State.AGREED
    assert office.reviews.open(ONE).moves == {CommandKind.WITHDRAW_CONSENT}


def test_verdicts_follow_the_day_and_the_institution(office: Office) -> None:
    def failed() -> int:
        reader = office.store.reader()
        return int(reader.execute("SELECT checks / 100 FROM worklist WHERE id = ?", (ONE,)).fetchall()[0][0])

    today = office.clock.now().date()
    assert office.feed.judge_again_if_due(today) == 3
    assert (office.feed.judge_again_if_due(today), failed()) == (0, 0)
    licence = institution(version=2, subjects=("surgery",))
    seq = office.store.read(sync_state.read).seq
    change = Change(seq + 1, "institution", licence.id, 2, Op.UPSERT, msgspec.Raw(msgspec.json.encode(licence)))
    office.feed.apply_page(page(seq, [change]))
    assert office.feed.judge_again_if_due(today) == 3
    assert failed() == 1
    office.clock.pass_by(days=30)
    assert office.feed.judge_again_if_due(office.clock.now().date()) == 3


def test_what_was_decided_on_a_sheet_is_not_made_of_another_content_under_its_number(office: Office) -> None:
    """A restored register gives the numbers of contents out again, to what the applicant wrote then."""
    read = office.reviews.open(ONE).application
    decision = replace(RETURN, digest=content_digest(read))
    office.receives(application(1, version=2, **TWO_SCOPES))
    assert office.reviews.open(ONE).application.content_version == read.content_version
    assert reasons_of(lambda: office.reviews.decide(ONE, decision)) == ["content_changed"]
    assert commands_of(office) == []
