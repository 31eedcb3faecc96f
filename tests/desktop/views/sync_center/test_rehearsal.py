"""预演 on the screen: 212 will pass, 3 need you; what they are, what to do, and what happens without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.sync.forecast import Rehearsed
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import Guard, GuardState, SyncReport, Wait
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.views.sync_center.rehearsal_words import guard_words, verdict, what_follows
from medreg_desktop.views.sync_center.state import Group, ScreenState, stands_out
from medreg_desktop.views.sync_center.words import state_word, what_happened
from tests.core.builders import person, request
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office, application
from tests.desktop.views.sync_center.bench import NAMES, Bench, _decided, named
from tests.desktop.views.sync_center.foreseeing import conflicting, failing, following, rehearsed
from tests.desktop.views.sync_center.test_view import Opened
from tests.helpers.qt import clipped, close, nameless, picture, settle

EDITED = application(
    1, version=2, content_version=2, person=person(name=NAMES[0], phone="13900000000"),
    request=request(department="急诊科"),
)  # fmt: skip


@pytest.fixture
def queue(office: Office) -> tuple[CommandId, CommandId, CommandId]:
    """Three decisions of an outage, none sent."""
    office.receives(*(named(n) for n in range(1, 5)))
    return _decided(office, 1), _decided(office, 2), _decided(office, 3)


def test_what_would_need_the_registrar_stands_first_and_is_shown(office: Office, queue: tuple[CommandId, ...]) -> None:
    bench = Bench(office)
    bench.presenter.report(rehearsed(conflicting(queue[1], EDITED), passes=2))
    bench.settle()
    state = bench.view.state
    assert [item.row.command.id for item in state.shown] == [queue[1], queue[0], queue[2]]
    assert bench.view.current == queue[1]
    assert state.current is not None
    assert state.current.is_foreseen
    assert (state.current.code, state.current.by) == ("version_conflict", "applicant")
    assert state.waiting == (), "nothing needs him yet: it was only rehearsed"


def test_the_story_says_once_what_would_not_be_taken_even_where_nobody_is_named(
    office: Office, queue: tuple[CommandId, ...]
) -> None:
    said = conflicting(queue[0], EDITED).said
    assert said is not None
    conflict = office.outbox.conflict(queue[0], msgspec.structs.replace(said, by="", at=None))
    story = what_happened(conflict, NOW)
    assert story.startswith("预演：申请在此期间改了 2 处。")
    assert story.count("采用") == 1


def test_f2_walks_them_and_their_tab_holds_them(office: Office, queue: tuple[CommandId, ...]) -> None:
    bench = Bench(office)
    bench.presenter.report(rehearsed(conflicting(queue[0], EDITED), failing(queue[2]), passes=1))
    bench.settle()
    bench.presenter.next_waiting()
    bench.settle()
    assert bench.view.current == queue[2]
    bench.presenter.choose(Group.NEEDS_YOU)
    assert [item.row.command.id for item in bench.view.state.shown] == [queue[0], queue[2]]


def test_what_only_stops_with_another_is_shown_calm_and_asks_nothing(
    office: Office, queue: tuple[CommandId, ...]
) -> None:
    bench = Bench(office)
    bench.presenter.report(rehearsed(conflicting(queue[0], EDITED), following(queue[2]), passes=1))
    bench.settle()
    state = bench.view.state
    assert [item.row.command.id for item in state.to_look_at] == [queue[0]]
    assert [item.row.command.id for item in state.shown] == [queue[0], queue[2], queue[1]]
    assert [state_word(item).text for item in state.shown] == ["需您看", "随之停止", "待上传"]
    assert not stands_out(state.shown[1])


def test_taking_back_and_reviewing_again_keeps_the_words(office: Office, queue: tuple[CommandId, ...]) -> None:
    bench = Bench(office)
    bench.presenter.report(rehearsed(conflicting(queue[0], EDITED), passes=2))
    bench.settle()
    bench.presenter.review_again()
    bench.settle()
    assert bench.rows()[queue[0]][:2] == (OutboxState.DONE.value, Resolution.CANCELLED.value)
    assert bench.view.opened == [application(1).id]
    draft = office.reviews.open(application(1).id).draft
    assert draft is not None
    assert draft.opinion


def test_looking_changes_nothing_and_keeps_nothing_of_the_rehearsal(
    office: Office, queue: tuple[CommandId, ...]
) -> None:
    bench = Bench(office)
    before = bench.rows()
    bench.presenter.report(rehearsed(conflicting(queue[0], EDITED), passes=2))
    bench.settle()
    bench.presenter.later()
    bench.settle()
    assert bench.rows() == before
    assert all(item.row.outcome is None for item in office.outbox.items())
    bench.presenter.report(SyncReport(synced_at=NOW))
    bench.settle()
    assert bench.view.state.foreseen == ()


def test_the_seconds_run_down_by_the_clock(office: Office, queue: tuple[CommandId, ...]) -> None:
    bench = Bench(office)
    assert bench.presenter.seconds_left() == 0
    bench.presenter.report(rehearsed(failing(queue[0]), seconds=25))
    assert bench.presenter.seconds_left() == 25
    office.clock.pass_by(seconds=24.2)
    assert bench.presenter.seconds_left() == 1
    office.clock.pass_by(minutes=1)
    assert bench.presenter.seconds_left() == 0


def test_the_words_of_a_rehearsal() -> None:
    report = rehearsed(*(failing(CommandId(f"c{n}")) for n in range(3)))
    assert report.rehearsed is not None
    assert verdict(report.rehearsed) == "212 条将通过，3 条需要您"
    assert what_follows(report.rehearsed, 25).startswith("25 秒后自动发送其余 212 条。")
    assert "自动发送" not in what_follows(report.rehearsed, 0)
    assert verdict(Rehearsed(asked=100, total=215)) == "正在预演 100 / 215，尚未发送"


@pytest.mark.parametrize(
    ("lamp", "tells"),
    [(LampKind.SENDING, True), (LampKind.OFFLINE, False), (LampKind.SERVER_SILENT, False), (LampKind.SIGN_IN, False)],
)
def test_nobody_is_told_of_a_rehearsal_that_nobody_answers(lamp: LampKind, tells: bool) -> None:
    report = SyncReport(lamp=Lamp(lamp), unsent=20, rehearsed=Rehearsed(asked=0, total=20))
    assert (ScreenState(report=report).rehearsal is not None) is tells


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (GuardState.HELD, "服务端要从本机移除 1,200 条（共 5,000 条）：已拦下，一条也没有移除。"),
        (GuardState.CONFIRMED, "经登记库核对一致，已从本机移除 1,200 条（共 5,000 条）。"),
        (GuardState.REFETCHED, "移除 1,200 条（共 5,000 条）未获登记库确认：一条也没有移除。"),
    ],
)
def test_the_words_of_the_guard(state: GuardState, words: str) -> None:
    what, todo = guard_words(Guard(state, 1200, 5000, NOW), NOW)
    assert what == words
    assert todo


# ---- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(qtbot: QtBot, office: Office, queue: tuple[CommandId, ...], theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    one.presenter.report(rehearsed(conflicting(queue[0], EDITED), failing(queue[1]), passes=212))
    yield one
    close(one.page)


def test_while_sending_is_paused_nothing_is_said_to_go_and_no_button_offers_it(opened: Opened) -> None:
    strip, report = opened.page.strip, rehearsed(passes=2)
    opened.presenter.report(replace(report, paused=True))
    assert strip.isVisible()
    assert strip._follows.text() == "发送已暂停，继续发送之前都不会发出。"
    assert not strip.send_button.isVisible()
    assert not strip.all_button.isVisible()
    opened.presenter.report(report)
    assert strip._follows.text().startswith("25 秒后自动发送其余 2 条。")
    assert strip.send_button.isVisible()


@pytest.mark.parametrize("lamp", [LampKind.OFFLINE, LampKind.NEEDS_YOU])
def test_when_the_line_has_dropped_nothing_is_said_to_go_and_nothing_is_offered(opened: Opened, lamp: LampKind) -> None:
    strip, report, rehearse = opened.page.strip, rehearsed(passes=2), opened.page.head.rehearse
    opened.presenter.report(report)
    assert rehearse.isVisible()
    opened.presenter.report(replace(report, lamp=Lamp(lamp), receiving=Wait(1, "server_unreachable")))
    assert strip._follows.text() == "服务端没有应答，恢复联系之前都不会发出。"
    assert not any(button.isVisible() for button in (strip.send_button, strip.all_button, rehearse))


def test_a_rehearsal_is_not_offered_with_a_service_that_has_none(opened: Opened) -> None:
    opened.presenter.report(replace(rehearsed(passes=2), rehearses=False))
    assert not opened.page.head.rehearse.isVisible()


def test_the_strip_sends_without_waiting_and_goes_when_it_is_over(opened: Opened) -> None:
    strip, sent = opened.page.strip, []
    opened.page.send_wanted.connect(sent.append)
    assert strip.isVisible()
    opened.qtbot.mouseClick(strip.send_button, Qt.MouseButton.LeftButton)
    opened.qtbot.mouseClick(strip.all_button, Qt.MouseButton.LeftButton)
    assert sent == [False, True]
    opened.presenter.report(SyncReport(synced_at=NOW))
    assert not strip.isVisible()


def test_one_filled_button_stands_at_the_right(opened: Opened) -> None:
    filled = [b for b in opened.page.findChildren(Button) if b.isVisible() and b.kind is Kind.FILLED]
    assert [button.text() for button in filled] == ["撤回并重新审核"]


def test_one_that_tells_of_printed_sheets_offers_no_way_back(opened: Opened, queue: tuple[CommandId, ...]) -> None:
    office, panel = opened.office, opened.page.panel
    office.papers.record_print(office.papers.form(application(1).id), 2, to_file=False)
    (printed,) = (item.row.command.id for item in office.outbox.items() if item.row.command.id not in queue)
    opened.page.refresh()
    opened.presenter.report(rehearsed(failing(printed), passes=3))
    assert opened.current == printed
    assert not any(button.isVisible() for button in (panel._again, panel._give_up, panel._heading))
    assert panel._hint.text() == "它不能撤回；稍后发送，由登记库裁定。"


def test_a_rehearsal_can_be_asked_for_only_while_something_waits(opened: Opened) -> None:
    asked: list[bool] = []
    opened.page.rehearsal_wanted.connect(lambda: asked.append(True))
    opened.qtbot.mouseClick(opened.page.head.rehearse, Qt.MouseButton.LeftButton)
    assert asked == [True]
    for item in opened.office.outbox.items():
        opened.office.outbox.cancel(item.row.command.id)
    opened.page.refresh()
    assert not opened.page.head.rehearse.isVisible()


def test_the_guard_says_that_nothing_was_removed(opened: Opened) -> None:
    opened.presenter.report(SyncReport(synced_at=NOW, guard=Guard(GuardState.HELD, 312, 1200, NOW)))
    assert opened.page.guard.isVisible()
    assert "一条也没有移除" in opened.page.guard.accessibleName()


@pytest.mark.parametrize("size", [(1244, 800), (1216, 640)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_every_word_fits(opened: Opened, theme: Theme, size: tuple[int, int], mode: Mode) -> None:
    theme.set_mode(mode)
    opened.page.resize(*size)
    settle()
    assert clipped(opened.page) == []
    assert nameless(opened.page) == []
    assert not picture(opened.page, 1.0).isNull()
