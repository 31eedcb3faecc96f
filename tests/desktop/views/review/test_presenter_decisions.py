"""What 审核窗口 decides, without Qt: deciding, taking back, what is shown after either."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.domain.vocabulary import ChangePart, CommandKind, Kind, OutcomeKind, State
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.views.review.state import Asking
from tests.core.builders import change
from tests.desktop.review.office import Office, application, tables
from tests.desktop.views.review.bench import ONE, ORDER, THREE, TWO, Bench

LACKING = application(1).materials[:1]  # the identity card alone


@pytest.fixture
def blocked(office: Office) -> Bench:
    office.receives(application(1, version=2, materials=LACKING))
    return Bench(office)


# -- deciding ----------------------------------------------------------------------------------------------------------


def test_a_blocked_application_cannot_be_agreed_and_offers_what_is_missing(blocked: Bench) -> None:
    state = blocked.view.state
    assert not state.may_agree
    blocked.presenter.agree()
    blocked.settle()
    assert blocked.reviews.decided == []
    assert state.opinion == state.phrases[0]
    blocked.presenter.ask(Asking.RETURN)
    assert blocked.view.state.reason == state.opinion


@pytest.mark.parametrize(("asking", "kind"), [(Asking.RETURN, CommandKind.RETURN), (Asking.REFUSE, CommandKind.REFUSE)])
def test_return_and_refuse_need_a_reason(bench: Bench, asking: Asking, kind: CommandKind) -> None:
    bench.presenter.confirm()
    bench.presenter.ask(asking)
    bench.presenter.write_reason("   ")
    bench.presenter.confirm()
    bench.settle()
    assert bench.reviews.decided == []
    bench.presenter.use_phrase(0)
    bench.presenter.confirm()
    bench.settle()
    ((who, decision),) = bench.reviews.decided
    assert (who, decision.kind) == (ONE, kind)
    assert decision.opinion
    assert bench.view.told == [(ONE, kind)]


def test_back_from_the_sheet_keeps_the_reason(bench: Bench) -> None:
    bench.presenter.ask(Asking.REFUSE)
    bench.presenter.write_reason("不符合")
    bench.presenter.leave_sheet()
    bench.presenter.ask(Asking.RETURN)
    bench.settle()
    assert bench.view.state.reason == "不符合"
    assert bench.reviews.decided == []


def test_nobody_is_refused_with_words_for_returning(blocked: Bench) -> None:
    blocked.presenter.ask(Asking.REFUSE)
    assert blocked.view.state.reason == ""
    blocked.presenter.confirm()
    blocked.settle()
    assert blocked.reviews.decided == []
    blocked.presenter.ask(Asking.RETURN)
    assert blocked.view.state.reason == blocked.view.state.opinion
    blocked.presenter.leave_sheet()
    blocked.presenter.ask(Asking.REFUSE)
    assert blocked.view.state.reason == "", "the reason offered for one is not that of the other"
    blocked.presenter.write_reason("不符合")
    blocked.presenter.ask(Asking.RETURN)
    assert blocked.view.state.reason == "不符合"


def test_the_reason_offered_follows_the_originals_until_somebody_types(office: Office) -> None:
    unseen = tuple(replace(each, original_seen=False) for each in application(1).materials)
    office.receives(application(1, version=2, materials=unseen))
    bench = Bench(office)
    bench.presenter.ask(Asking.RETURN)
    offered = bench.view.state.reason
    assert offered
    assert bench.view.state.sheet is not None
    wanted = [line.required.code for line in bench.view.state.sheet.materials if line.required.needs_original]
    for code in wanted:
        bench.presenter.tick_material(code, seen=True)
    bench.settle()
    assert bench.view.state.asking is Asking.RETURN
    assert bench.view.state.reason == "", "nothing stands in the way any more"
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.reason == ""
    bench.presenter.write_reason("请更正执业地点。")
    bench.presenter.tick_material(wanted[0], seen=False)
    bench.settle()
    assert bench.view.state.reason == "请更正执业地点。"


def test_the_opinion_offered_is_that_of_the_part_changed(office: Office) -> None:
    office.receives(change(ChangePart.MAIN_INSTITUTION, id=ONE, version=2))
    bench = Bench(office)
    fitting = tables().phrases.for_agreeing(Kind.CHANGE, ChangePart.MAIN_INSTITUTION)
    assert bench.view.state.opinion == fitting[0]
    assert "注册" not in bench.view.state.opinion


def test_a_phrase_that_does_not_exist_writes_nothing(bench: Bench) -> None:
    before = bench.view.state
    bench.presenter.use_phrase(99)
    assert bench.view.state is before


def test_agreeing_opens_the_next_one_and_the_last_one_leaves(bench: Bench) -> None:
    for expected in (TWO, THREE):
        bench.presenter.agree()
        bench.settle()
        assert bench.view.shown == expected
    bench.presenter.agree()
    bench.settle()
    assert bench.view.left == 1
    assert [who for who, _ in bench.reviews.decided] == list(ORDER)


def test_without_going_on_the_decided_one_stays_with_its_new_state(bench: Bench) -> None:
    bench.presenter.go_on_after(on=False)
    bench.presenter.agree()
    bench.settle()
    sheet = bench.view.state.sheet
    assert sheet is not None
    assert (sheet.application.id, sheet.shown_state) == (ONE, State.AGREED)


def test_a_double_press_decides_once(bench: Bench) -> None:
    bench.presenter.agree()
    bench.presenter.agree()
    bench.presenter.next()
    bench.settle()
    assert len(bench.reviews.decided) == 1
    assert bench.view.shown == TWO


def test_a_full_disk_decides_nothing_and_leaves_everything_typed(bench: Bench) -> None:
    bench.presenter.write_opinion("同意聘用。")
    bench.settle()
    bench.reviews.fault = KnownFault("disk_full")
    bench.presenter.agree()
    bench.settle()
    assert (bench.view.state.fault, bench.view.state.opinion) == ("disk_full", "同意聘用。")
    assert bench.view.shown == ONE
    assert not bench.view.state.is_saving


def test_a_decision_that_fails_behind_a_closed_window_is_told(bench: Bench) -> None:
    """He pressed Ctrl+Enter and Esc while the writer was busy, and believes it saved."""
    bench.presenter.agree()
    bench.presenter.write_opinion("再看看")
    bench.presenter.close()
    bench.reviews.fault = KnownFault("disk_full")
    bench.writing.queue.pop(0).release()
    assert bench.view.undecided == [(ONE, CommandKind.AGREE, ["disk_full"])]
    bench.reviews.fault = None
    bench.settle()
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.opinion == "再看看"
    again = Bench(bench.office)
    again.presenter.ask(Asking.REFUSE)
    again.presenter.write_reason("不符合")
    again.presenter.confirm()
    again.presenter.close()
    again.office.receives(application(1, version=2, content_version=2))
    again.settle()
    assert again.view.undecided == [(ONE, CommandKind.REFUSE, ["content_changed"])]


# -- taking back -------------------------------------------------------------------------------------------------------


def test_undo_takes_back_the_last_decision_from_the_next_sheet(bench: Bench) -> None:
    bench.presenter.agree()
    bench.settle()
    assert bench.view.shown == TWO
    bench.presenter.undo()
    bench.settle()
    assert bench.view.taken == [ONE]
    assert bench.office.reviews.open(ONE).shown_state is State.SUBMITTED
    bench.presenter.undo()
    bench.settle()
    assert bench.view.taken == [ONE]


def test_undo_takes_back_what_was_just_decided_though_the_next_sheet_is_of_another_decision(bench: Bench) -> None:
    """The window went on to an application on which a colleague had decided: it is not his that is taken back."""
    bench.office.receives(application(2, version=2, state=State.AGREED))
    bench.presenter.agree()
    bench.settle()
    assert bench.view.shown == TWO
    bench.presenter.undo()
    bench.settle()
    bench.presenter.undo()
    bench.settle()
    assert bench.view.taken == [ONE]
    assert bench.office.reviews.open(ONE).shown_state is State.SUBMITTED
    assert bench.office.reviews.open(TWO).shown_state is State.AGREED
    bench.presenter.next()
    bench.presenter.previous()
    bench.settle()
    bench.presenter.undo()  # he has asked for this one
    bench.settle()
    assert bench.view.taken == [ONE, TWO]


def test_undo_takes_back_the_decision_on_the_desk(bench: Bench) -> None:
    bench.presenter.go_on_after(on=False)
    bench.presenter.agree()
    bench.settle()
    bench.presenter.undo()
    bench.settle()
    assert bench.view.taken == [ONE]
    assert bench.view.state.may_agree
    bench.presenter.write_opinion("再写")
    bench.settle()
    assert bench.draft(ONE) is not None


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("asking", [Asking.RETURN, Asking.REFUSE])
def test_the_reason_written_is_there_again_after_taking_back(office: Office, asking: Asking, reopened: bool) -> None:
    """In the window in which it was decided, and in one opened on the decision."""
    bench = Bench(office)
    bench.presenter.go_on_after(on=False)
    bench.presenter.ask(asking)
    bench.presenter.write_reason("请补交培训合格证明，并更正执业地点。")
    bench.presenter.confirm()
    bench.settle()
    if reopened:
        bench.presenter.close()
        bench = Bench(office)
    assert bench.view.state.reason == ""
    bench.presenter.withdraw()
    bench.settle()
    bench.presenter.ask(asking)
    assert bench.view.state.reason == "请补交培训合格证明，并更正执业地点。"
    bench.presenter.tick_material("id_card", seen=False)
    bench.settle()
    draft = bench.draft(ONE)
    assert draft is not None
    assert draft.reason == "请补交培训合格证明，并更正执业地点。", "the next stroke saves it, and nothing over it"


def test_the_opinion_written_is_there_again_after_taking_back(bench: Bench) -> None:
    bench.presenter.write_opinion("同意聘用，夜班。")
    bench.presenter.agree()
    bench.settle()
    bench.presenter.previous()
    bench.settle()
    bench.presenter.withdraw()
    bench.settle()
    assert bench.view.shown == ONE
    assert bench.view.state.opinion == "同意聘用，夜班。"


def test_the_notice_takes_back_even_after_the_window_is_closed(bench: Bench) -> None:
    bench.presenter.agree()
    bench.settle()
    bench.presenter.close()
    before = len(bench.view.states)
    bench.presenter.withdraw(bench.view.made[0])
    bench.settle()
    assert bench.view.taken == [ONE]
    assert len(bench.view.states) == before


@pytest.mark.parametrize("closed", [True, False])
def test_a_decision_that_cannot_be_taken_back_any_more_says_why(bench: Bench, closed: bool) -> None:
    bench.presenter.agree()
    bench.settle()
    (command,) = bench.office.sends()
    bench.office.hears(command, OutcomeKind.ACCEPTED, version=2, seq=9)
    bench.office.receives(application(1, version=3, state=State.ACCEPTED))
    if closed:
        bench.presenter.close()
    bench.presenter.withdraw(bench.view.made[0])
    bench.settle()
    ((who, problems),) = bench.view.kept
    assert who == ONE
    assert problems


def test_a_notice_takes_back_no_later_decision(bench: Bench) -> None:
    """He agreed, took it back and returned it; 撤回 is still there beside the first."""
    bench.presenter.go_on_after(on=False)
    bench.presenter.agree()
    bench.settle()
    bench.presenter.withdraw()
    bench.settle()
    bench.presenter.ask(Asking.RETURN)
    bench.presenter.write_reason("请更正执业地点。")
    bench.presenter.confirm()
    bench.settle()
    bench.presenter.withdraw(bench.view.made[0])
    bench.settle()
    assert bench.office.reviews.open(ONE).shown_state is State.RETURNED
    assert [problem.code for problem in bench.view.state.problems] == ["cannot_be_undone"]
    bench.presenter.withdraw(bench.view.made[1])
    bench.settle()
    assert bench.office.reviews.open(ONE).shown_state is State.SUBMITTED


def test_preview_is_of_the_application_on_the_desk(bench: Bench) -> None:
    bench.presenter.next()
    bench.settle()
    bench.presenter.preview()
    assert bench.view.previewed == [TWO]
