"""What 审核窗口 decides, without Qt: whose words are saved where, what a late answer may do, what is read again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.domain.records import Material
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.views.review.state import Asking
from tests.core.builders import person, request
from tests.desktop.review.office import Office, application
from tests.desktop.views.review.bench import ONE, ORDER, THREE, TWO, Bench, Claims

# -- drafts ------------------------------------------------------------------------------------------------------------


def test_strokes_while_a_save_is_under_way_become_one_save_of_the_newest(bench: Bench) -> None:
    for text in ("同", "同意", "同意聘", "同意聘用"):
        bench.presenter.write_opinion(text)
    assert len(bench.writing.queue) == 1
    bench.settle()
    assert [draft.opinion for _, draft in bench.reviews.saved] == ["同", "同意聘用"]
    assert bench.draft(ONE) is not None


def test_what_is_typed_just_before_going_on_stays_with_its_application(bench: Bench) -> None:
    bench.presenter.write_opinion("甲")
    bench.presenter.write_opinion("甲乙")
    bench.presenter.next()
    bench.presenter.write_opinion("甲乙丙")  # the next sheet is not there yet: these words are still the first one's
    bench.settle()
    bench.presenter.write_opinion("丁")
    bench.settle()
    assert [(id_, draft.opinion) for id_, draft in bench.reviews.saved if draft.opinion == "丁"] == [(TWO, "丁")]
    assert all((id_ == TWO) == (draft.opinion == "丁") for id_, draft in bench.reviews.saved)
    bench.presenter.previous()
    bench.settle()
    assert bench.view.state.opinion == "甲乙丙"


def test_a_fault_of_keeping_or_reading_is_shown_no_longer_than_it_lasts(bench: Bench, office: Office) -> None:
    bench.reviews.fault = KnownFault("disk_full")
    bench.presenter.write_opinion("甲")
    bench.settle()
    assert bench.view.state.fault == "disk_full"
    bench.presenter.reload()
    bench.settle()
    assert bench.view.state.fault == "disk_full", "to have read says nothing of keeping"
    bench.reviews.fault = None
    bench.presenter.write_opinion("甲乙")
    bench.settle()
    assert bench.view.state.fault == ""
    bench.presenter._not_read(ONE, KnownFault("cache_locked"))
    assert bench.view.state.fault == "cache_locked"
    bench.presenter.reload()
    bench.settle()
    assert bench.view.state.fault == ""


def test_closing_saves_the_last_stroke(bench: Bench) -> None:
    bench.presenter.write_opinion("一")
    bench.presenter.write_opinion("一二")
    bench.presenter.close()
    bench.settle()
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.opinion == "一二"


def test_a_draft_that_could_not_be_saved_is_tried_again_on_leaving(bench: Bench) -> None:
    bench.reviews.fault = KnownFault("disk_full")
    bench.presenter.write_opinion("同意")
    bench.settle()
    assert bench.view.state.fault == "disk_full"
    bench.reviews.fault = None
    bench.presenter.close()
    bench.settle()
    assert [draft.opinion for _, draft in bench.reviews.saved] == ["同意"]


def test_words_that_do_not_change_save_nothing(bench: Bench) -> None:
    bench.presenter.write_opinion(bench.view.state.opinion)
    bench.settle()
    assert bench.reviews.saved == []


def test_after_the_decision_no_draft_is_left_whatever_was_typed_meanwhile(bench: Bench) -> None:
    bench.presenter.write_opinion("同意聘用。")
    bench.presenter.agree()
    bench.presenter.write_opinion("迟")
    bench.settle()
    assert bench.draft(ONE) is None
    assert bench.draft(TWO) is None


def test_words_typed_while_a_decision_fails_are_saved(bench: Bench) -> None:
    bench.presenter.agree()
    bench.presenter.write_opinion("再看看")
    bench.reviews.fault = KnownFault("disk_full")
    bench.writing.queue.pop(0).release()
    bench.reviews.fault = None
    bench.settle()
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.opinion == "再看看"


# -- which application -------------------------------------------------------------------------------------------------


def test_next_and_previous_keep_the_order_of_the_list(bench: Bench) -> None:
    seen = [bench.view.shown]
    for step in (bench.presenter.next, bench.presenter.next, bench.presenter.next, bench.presenter.previous):
        step()
        bench.settle()
        seen.append(bench.view.shown)
    assert seen == [ONE, TWO, THREE, THREE, TWO]
    assert (bench.view.state.position, bench.view.state.total) == (2, 3)


def test_two_quick_steps_go_two_on_and_only_the_last_is_shown(bench: Bench) -> None:
    bench.presenter.next()
    bench.presenter.next()
    bench.settle()
    assert bench.view.shown == THREE
    assert TWO not in [state.sheet.application.id for state in bench.view.states if state.sheet]
    assert bench.claims.log == [("take", ONE), ("release", ONE), ("take", THREE)]


def test_an_application_outside_the_order_stands_alone(bench: Bench) -> None:
    bench.presenter.open(TWO, (ONE, THREE))
    bench.settle()
    assert (bench.view.state.position, bench.view.state.total) == (1, 1)


def test_answers_that_come_after_closing_are_dropped(bench: Bench) -> None:
    bench.presenter.next()
    bench.presenter.close()
    before = len(bench.view.states)
    bench.settle()
    assert len(bench.view.states) == before
    assert bench.claims.log == [("take", ONE), ("release", ONE)]


def test_a_late_reload_of_the_one_before_changes_nothing(bench: Bench) -> None:
    bench.presenter.reload()
    bench.presenter.open(TWO, ORDER)
    bench.settle()
    bench.presenter.reload()
    bench.settle()
    assert bench.view.shown == TWO


def test_an_application_that_is_gone_leaves_the_way_on_open(office: Office) -> None:
    bench = Bench(office)
    bench.presenter.open(TWO, (ONE, TWO, ORDER[0].replace("0", "f"), THREE))  # type: ignore[arg-type]  # ids are str
    bench.settle()
    bench.presenter.next()
    bench.settle()
    state = bench.view.state
    assert state.sheet is None
    assert state.gone
    assert [problem.code for problem in state.problems] == ["application_gone"]
    assert (state.position, state.total) == (3, 4)
    bench.presenter.next()
    bench.settle()
    assert bench.view.shown == THREE


def test_a_claim_that_is_refused_decides_nothing(office: Office) -> None:
    class Deaf(Claims):
        def take(self, application_id: str) -> None:
            raise KnownFault("offline")

    assert Bench(office, claims=Deaf()).view.state.may_agree


# -- reading again -----------------------------------------------------------------------------------------------------


def test_typed_words_stay_when_the_sheet_is_read_again(bench: Bench) -> None:
    bench.presenter.write_opinion("已核")
    bench.presenter.reload()
    bench.presenter.write_opinion("已核原件")
    bench.settle()
    assert bench.view.state.opinion == "已核原件"


_NUMBERS = pytest.mark.parametrize("number", [2, 1], ids=["of its own", "given twice, by a restored register"])


@_NUMBERS
def test_new_content_under_the_registrars_eyes_is_said(bench: Bench, number: int) -> None:
    bench.presenter.write_opinion("已核")
    bench.office.receives(application(1, version=2, content_version=number, request=request(department="急诊科")))
    bench.presenter.reload()
    bench.settle()
    assert [problem.code for problem in bench.view.state.problems] == ["content_changed"]
    assert bench.view.state.opinion == "已核"


@_NUMBERS
def test_a_press_that_meant_the_contents_before_agrees_to_nothing(bench: Bench, number: int) -> None:
    """Sync put others in their place a moment before the click."""
    bench.office.receives(application(1, version=2, content_version=number, request=request(department="急诊科")))
    bench.presenter.reload()
    bench.settle()
    bench.presenter.agree()
    bench.settle()
    assert bench.reviews.decided == []
    bench.office.clock.pass_by(seconds=2)  # he has read what stands there now
    bench.presenter.agree()
    bench.settle()
    assert [id_ for id_, _ in bench.reviews.decided] == [ONE]


@_NUMBERS
def test_a_decision_on_content_that_changed_meanwhile_is_refused_with_its_reason(bench: Bench, number: int) -> None:
    bench.office.receives(application(1, version=2, content_version=number, person=person(phone="13900000000")))
    bench.presenter.agree()
    bench.settle()
    assert [problem.code for problem in bench.view.state.problems] == ["content_changed"]
    assert bench.reviews.decided == []
    assert not bench.view.state.is_saving


def test_the_sheet_closes_when_the_move_is_no_longer_open(bench: Bench) -> None:
    bench.presenter.ask(Asking.RETURN)
    bench.office.receives(application(1, version=2, state=State.WITHDRAWN))
    bench.presenter.reload()
    bench.settle()
    assert bench.view.state.asking is Asking.NOTHING


def test_full_numbers_hide_again_with_the_next_application(bench: Bench) -> None:
    bench.presenter.reveal()
    bench.presenter.reload()
    bench.settle()
    assert bench.view.state.reveal
    bench.presenter.next()
    bench.settle()
    assert not bench.view.state.reveal


def test_choices_of_the_window_stay_with_the_next_application(bench: Bench) -> None:
    bench.presenter.show_only_differences(on=True)
    bench.presenter.go_on_after(on=False)
    bench.presenter.next()
    bench.settle()
    assert bench.view.state.only_differences
    assert not bench.view.state.go_on


# -- materials ---------------------------------------------------------------------------------------------------------


def unseen(office: Office) -> Bench:
    materials = tuple(replace(each, original_seen=False) for each in application(1).materials)
    office.receives(application(1, version=2, materials=materials))
    return Bench(office)


def test_ticking_every_original_opens_the_way_to_agree(office: Office) -> None:
    bench = unseen(office)
    assert bench.view.state.sheet is not None
    assert bench.view.state.sheet.blockers
    wanted = [line.required.code for line in bench.view.state.sheet.materials if line.required.needs_original]
    for code in wanted:  # quickly: no answer between two ticks
        bench.presenter.tick_material(code, seen=True)
    bench.settle()
    assert bench.view.state.may_agree
    draft = bench.draft(ONE)
    assert draft is not None
    assert {each.code for each in draft.materials if each.original_seen} >= set(wanted)
    bench.presenter.tick_material(wanted[0], seen=False)
    bench.settle()
    assert bench.view.state.sheet.blockers


def test_the_offered_opinion_follows_the_rules_until_somebody_types(office: Office) -> None:
    bench = unseen(office)
    offered = bench.view.state.opinion
    assert bench.view.state.sheet is not None
    for line in bench.view.state.sheet.materials:
        bench.presenter.tick_material(line.required.code, seen=True)
    bench.settle()
    assert bench.view.state.opinion == bench.view.state.phrases[0] != offered
    bench.presenter.write_opinion("已核")
    bench.presenter.tick_material("id_card", seen=False)
    bench.settle()
    assert bench.view.state.opinion == "已核"


def test_words_for_returning_do_not_become_the_opinion_of_a_consent(office: Office) -> None:
    """They stood there when the last original was ticked, and the tick was saved with what stood there."""
    bench = unseen(office)
    words_for_returning = bench.view.state.opinion
    bench.presenter.tick_material("id_card", seen=True)
    bench.settle()
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.opinion == ""
    assert bench.view.state.sheet is not None
    for line in bench.view.state.sheet.materials:
        bench.presenter.tick_material(line.required.code, seen=True)
    bench.settle()
    offered = bench.view.state.opinion
    bench.presenter.next()
    bench.presenter.previous()
    bench.settle()
    assert bench.view.state.may_agree
    assert bench.view.state.opinion == offered != words_for_returning


@_NUMBERS
def test_words_written_on_an_older_content_come_with_a_warning(bench: Bench, number: int) -> None:
    bench.presenter.write_opinion("同意聘用，在内科执业。")
    bench.settle()
    bench.presenter.close()
    bench.office.receives(application(1, version=2, content_version=number, request=request(department="急诊科")))
    again = Bench(bench.office)
    assert again.view.state.opinion == "同意聘用，在内科执业。"
    assert [problem.code for problem in again.view.state.problems] == ["content_changed"]
    again.presenter.next()
    again.settle()
    assert again.view.state.problems == ()


@_NUMBERS
def test_ticks_on_an_older_content_are_not_taken_over(office: Office, number: int) -> None:
    bench = unseen(office)
    bench.presenter.tick_material("id_card", seen=True)
    bench.settle()
    bench.presenter.close()
    bare = (Material("id_card", pages=1),)
    changed = request(department="急诊科")
    office.receives(application(1, version=3, content_version=number, materials=bare, request=changed))
    again = Bench(office)
    sheet = again.view.state.sheet
    assert sheet is not None
    assert [line.material.original_seen for line in sheet.materials if line.required.code == "id_card"] == [False]
