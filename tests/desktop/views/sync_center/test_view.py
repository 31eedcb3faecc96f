"""The real page, offscreen: its keys, that looking and Enter take nothing back, its words, and that they fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind, State
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.cells import TextCell
from medreg_desktop.ui.widgets.tabs import LEAD
from medreg_desktop.views.sync_center.presenter import SyncCenterPresenter
from medreg_desktop.views.sync_center.rehearsal_words import foreseen_reason
from medreg_desktop.views.sync_center.state import Group
from medreg_desktop.views.sync_center.tables import ACTION
from medreg_desktop.views.sync_center.view import SyncCenterView
from medreg_desktop.views.sync_center.words import (
    decided_line,
    opinion_line,
    reason,
    register_line,
    state_word,
    what_happened,
)
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import LI, Office
from tests.desktop.views.sync_center.bench import Story, ids, services, troubled
from tests.helpers.qt import clipped, close, nameless, picture, settle
from tests.helpers.runners import ImmediateRunner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

Key: TypeAlias = Qt.Key


class Opened:
    """An open page over a real outbox."""

    def __init__(self, qtbot: QtBot, office: Office) -> None:
        self.qtbot, self.office = qtbot, office
        self.page = SyncCenterView()
        runner = ImmediateRunner()
        self.presenter = SyncCenterPresenter(self.page, services(office), runner, runner, office.clock)
        self.page.attach(self.presenter)
        self.presenter.report(SyncReport(synced_at=NOW))
        self.reviewed: list[str] = []
        self.page.review_wanted.connect(self.reviewed.append)
        self.page.resize(1244, 800)
        self.page.show()
        self.page.activateWindow()
        qtbot.waitUntil(self.page.isActiveWindow)
        self.page.setFocus()
        settle()

    @property
    def current(self) -> CommandId | None:
        current = self.page._state.current
        return current.row.command.id if current else None

    def key(self, which: Key) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.page, which)
        settle()

    def wait(self, what: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(what)

    def press(self, command_id: CommandId) -> None:
        """Press the painted button of a command's row."""
        table, model = self.page.lists.outbox, self.page.lists.outbox_model
        column = next(n for n, c in enumerate(model.columns) if c.key == ACTION)
        place = table.visualRect(model.index(model.position_of(command_id), column)).center()
        viewport = table.viewport()
        self.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y()))
        settle()

    def states(self) -> dict[CommandId, OutboxState]:
        rows = self.office.store.read(lambda conn: outbox.rows(conn, self.office.account.id, open_only=False))
        return {row.command.id: row.state for row in rows}


@pytest.fixture
def story(office: Office) -> Story:
    return troubled(office)


@pytest.fixture
def opened(qtbot: QtBot, office: Office, story: Story, theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    yield one
    close(one.page)


def test_the_keyboard_stays_on_the_page_when_the_item_under_it_is_gone(opened: Opened) -> None:
    """It went on to the field at the top of the window: what was typed next sought a person."""
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(QLineEdit())
    column.addWidget(opened.page)
    window.show()
    window.activateWindow()
    opened.wait(window.isActiveWindow)
    opened.page.panel.focus_first()
    assert opened.page.panel.isAncestorOf(window.focusWidget())
    state = opened.page._state
    opened.page.show_state(replace(state, items=(), current=None, counts=None))
    assert opened.page.isAncestorOf(QApplication.focusWidget())
    opened.page.setParent(None)
    close(window)


def test_paper_of_an_earlier_consent_is_not_called_this_decisions(opened: Opened, story: Story) -> None:
    """Reviewed again, returned, and refused: what is printed is the form of the consent before."""
    assert opened.page.panel._papers.accessibleName().startswith("本次决定的审核表已印 2 份")
    office = opened.office
    office.outbox.review_again(story.conflict)
    again = office.reviews.decide(ids(1)[0], Decision(CommandKind.RETURN, 2, "请补照片。")).command_id
    assert again is not None
    office.sends()
    office.hears(again, OutcomeKind.REJECTED, code="check_failed")
    opened.presenter.refresh()
    opened.presenter.look_at(again)
    settle()
    assert opened.page.panel._papers.accessibleName().startswith("先前一次的审核表已印 2 份")


def test_of_another_day_the_day_is_said(opened: Opened, story: Story) -> None:
    """An outage may last for days: 10:00 alone would be taken for today's."""
    assert (opened.page.numbers._synced._count.text(), opened.page.numbers._unsent._note.text()) == (
        "10:00",
        "最早一条保存于 10:00",
    )
    opened.office.clock.pass_by(days=2)
    opened.presenter.refresh()
    settle()
    page = opened.page
    assert page.numbers._synced._count.text() == "11-23 10:00"
    assert page.numbers._unsent._note.text() == "最早一条保存于 11-23 10:00"
    saved = next(n for n, c in enumerate(page.lists.outbox_model.columns) if c.key == "saved")
    assert page.lists.outbox_model.index(0, saved).data() == "11-23"
    assert page.panel._story.text().startswith("申请人 11-23 10:00 改了 2 处。您 11-23 10:00 的「同意」")
    assert clipped(page) == []


def test_f2_walks_the_bar_and_the_item_together(opened: Opened, story: Story) -> None:
    assert opened.current == story.conflict
    for expected in (story.rejected, story.quarantined, story.conflict):
        opened.key(Key.Key_F2)
        opened.wait(lambda expected=expected: opened.current == expected)  # type: ignore[misc]  # a default
        assert opened.page.lists.outbox_model.identity_at(opened.page.lists.outbox.current_row) == expected
    opened.key(Key.Key_Down)
    assert opened.current == story.rejected


def test_enter_reviews_the_item_in_view_again(opened: Opened) -> None:
    opened.key(Key.Key_Return)
    assert opened.reviewed == [ids(1)[0]]


def test_escape_puts_away_and_says_what_is_left(opened: Opened, story: Story) -> None:
    before = opened.states()
    for _ in range(3):
        opened.key(Key.Key_Escape)
    assert opened.current is None
    assert opened.page.panel._empty.text() == "3 项留在需处理，按 F2 查看。"
    assert opened.states() == before


def test_enter_never_takes_back_what_only_waits(opened: Opened, story: Story) -> None:
    opened.page.lists.outbox.select_row(opened.page.lists.outbox_model.position_of(story.queued))
    opened.key(Key.Key_Return)
    assert opened.states()[story.queued] is OutboxState.QUEUED
    assert opened.reviewed == [ids(4)[0]], "what was never sent opens to be changed"
    opened.press(story.queued)
    assert opened.states()[story.queued] is OutboxState.DONE


def test_the_button_of_a_row_leads_to_the_ways_out(opened: Opened, story: Story) -> None:
    opened.press(story.quarantined)
    assert opened.current == story.quarantined
    assert QApplication.focusWidget() is opened.page.panel.quarantine.again_button
    opened.key(Key.Key_Space)
    assert opened.states()[story.quarantined] is OutboxState.QUEUED


def test_both_versions_speak_in_words_and_hide_numbers(opened: Opened) -> None:
    words = opened.page.panel._versions.accessibleDescription()
    assert "拟聘科室：原为产科，现为急诊科" in words
    assert "139****0000" in words
    assert "13900000000" not in words


def test_causes_are_short_and_say_what_kind_of_trouble(opened: Opened, story: Story) -> None:
    model = opened.page.lists.outbox_model
    column = next(n for n, c in enumerate(model.columns) if c.key == "why")
    shown = [model.index(n, column).data() for n in range(len(model.rows))]
    assert shown == ["冲突：申请人已改为版本 2", "未采用：服务端核对未通过", "已隔离：服务端内部出错", "—"]
    assert model.columns[column].title == "原因"


def test_an_applicant_who_withdrew_has_not_processed_anything(opened: Opened, story: Story) -> None:
    item = next(i for i in opened.office.outbox.items() if i.row.command.id == story.conflict)
    outcome = item.row.outcome
    assert outcome is not None
    assert outcome.current is not None
    for state, words, foreseen_words in (
        (State.WITHDRAWN, "冲突：申请人已撤回", "预演：申请人已撤回"),
        (State.AGREED, "冲突：申请人已先办理", "预演：申请人已办理，现为机构已同意"),
    ):
        current = replace(outcome.current, state=state)
        now = msgspec.structs.replace(outcome, code=FaultCode.STATE_CONFLICT, current=current)
        assert reason(replace(item, row=replace(item.row, outcome=now)), NOW) == words
        assert foreseen_reason(now, "申请人") == foreseen_words


def test_what_has_left_since_is_said_to_have_left(opened: Opened, story: Story) -> None:
    conflict = opened.office.outbox.conflict(story.conflict)
    gone = replace(conflict, current=None, changes=(), can_review_again=False)
    assert what_happened(gone, NOW).partition("。")[0].endswith("已先办理，此件其后已移出本院")
    assert register_line(gone, NOW).endswith("已不在本院")


def test_a_colleague_who_decided_first_has_made_no_version(opened: Opened, story: Story) -> None:
    """An application that was handed in twice bears another number of contents than of rows: neither is compared."""
    item = next(i for i in opened.office.outbox.items() if i.row.command.id == story.conflict)
    outcome = item.row.outcome
    assert outcome is not None
    assert outcome.current is not None
    current = replace(outcome.current, state=State.REFUSED, version=4, content_version=2)
    now = msgspec.structs.replace(outcome, code=FaultCode.ALREADY_DECIDED, by="张三", current=current)
    command = msgspec.structs.replace(item.row.command, base_version=3)
    assert reason(replace(item, row=replace(item.row, command=command, outcome=now)), NOW) == "冲突：张三已先办理"


def test_the_version_on_the_screen_is_everywhere_that_of_the_contents(opened: Opened, story: Story) -> None:
    """As at the head of 办理业务; moves that leave them as they are raise the row's version alone."""
    conflict = opened.office.outbox.conflict(story.conflict)
    assert conflict.read is not None
    command = msgspec.structs.replace(conflict.row.command, base_version=5)
    later = replace(
        conflict, read=replace(conflict.read, content_version=2), row=replace(conflict.row, command=command)
    )
    assert decided_line(later, NOW).endswith("版本 2")
    assert "版本 2" in what_happened(later, NOW)
    assert "版本 2" in opinion_line(later)


def test_the_words_upload_and_download_never_appear(opened: Opened) -> None:
    texts = " ".join(label.text() for label in opened.page.findChildren(type(opened.page.panel._story)))
    assert "下载" not in texts
    assert texts.count("上传") == texts.count("待上传")


def test_paused_sending_shows_in_the_button_that_ends_it(opened: Opened) -> None:
    pause = opened.page.head.pause
    assert pause.text() == "暂停发送"
    opened.presenter.report(SyncReport(synced_at=NOW, paused=True))
    assert pause.text() == "继续发送"


def test_recall_is_recorded_from_the_item(opened: Opened) -> None:
    opened.page.panel._papers.pressed.emit()
    opened.key(Key.Key_Return)
    assert opened.page._state.outstanding == ()
    assert not opened.page.panel._papers.isVisible()
    assert opened.page.lists.papers.hasFocus()


def test_it_is_asked_how_many_copies_are_back(opened: Opened) -> None:
    lists = opened.page.lists
    opened.page.panel._papers.pressed.emit()
    assert lists.recall.copies.values == ("2",)
    opened.key(Key.Key_Escape)
    assert not lists.recall.isVisible()
    assert opened.page._state.outstanding[0].paper.outstanding == 2
    lists.papers.pressed.emit(0, ACTION)
    lists.recall.back.setFocus()
    opened.key(Key.Key_Return)
    assert opened.page._state.outstanding[0].paper.outstanding == 2
    lists.papers.pressed.emit(0, ACTION)
    opened.key(Key.Key_Delete)
    assert lists.recall.copies.values == ("2",), "no number is none"
    lists.recall.copies.set_values(["1"])
    assert not clipped(lists.recall)
    opened.qtbot.mouseClick(lists.recall.record, Qt.MouseButton.LeftButton)
    assert opened.page._state.outstanding[0].paper.recalled == 1
    assert opened.reviewed == []
    assert lists.paper_model.columns[3].cell(lists.paper_model.row(0)) == TextCell("1 / 2")


def test_the_latest_answers_give_way_to_what_waits_when_there_is_little_room(opened: Opened, story: Story) -> None:
    opened.office.outbox.drop(story.rejected)
    opened.page.refresh()
    assert opened.page.lists.answers.isVisible()
    opened.page.resize(1216, 430)
    settle()
    assert not opened.page.lists.answers.isVisible()
    opened.page.resize(1216, 800)
    settle()
    assert opened.page.lists.answers.isVisible()


def test_a_tab_without_the_outbox_leaves_the_keyboard_to_the_tabs(opened: Opened) -> None:
    opened.presenter.choose(Group.RECONCILE)
    assert opened.page.focusProxy() is opened.page.lists.tabs
    opened.presenter.choose(Group.OPEN)
    assert opened.page.focusProxy() is opened.page.lists.outbox


def test_left_and_right_stand_on_their_edges(opened: Opened) -> None:
    page, lists = opened.page, opened.page.lists
    left = page.numbers.x()
    assert lists.tabs.mapTo(page, QPoint(LEAD, 0)).x() == left
    assert lists.outbox.mapTo(page, QPoint()).x() == left
    title = page.panel._title
    assert title.mapTo(page, QPoint()).x() == page.width() - left - 506
    assert title.mapTo(page, title.rect().center()).y() == lists.tabs.mapTo(page, lists.tabs.rect().center()).y()


def test_what_stands_for_the_item_that_was_put_away_is_in_line_with_the_tabs(opened: Opened) -> None:
    for _ in range(3):
        opened.key(Key.Key_Escape)
    words, tabs = opened.page.panel._empty, opened.page.lists.tabs
    page = opened.page
    assert words.isVisible()
    assert words.mapTo(page, words.rect().center()).y() == tabs.mapTo(page, tabs.rect().center()).y()


def test_what_was_given_up_is_closed_and_no_application_is_finished(opened: Opened, story: Story) -> None:
    opened.office.outbox.drop(story.rejected)
    item = next(i for i in opened.office.outbox.items(open_only=False) if i.row.command.id == story.rejected)
    assert (state_word(item).text, reason(item, NOW)) == ("已关闭", "已放弃")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (Group.OPEN, "没有待发送的决定。"),
        (Group.NEEDS_YOU, "没有需要您处理的事项。"),
        (Group.ANSWERED, "还没有答复。"),
    ],
)
def test_an_empty_tab_says_so_and_another_registrar_is_a_number(
    qtbot: QtBot, office: Office, story: Story, theme: Theme, group: Group, words: str
) -> None:
    opened = Opened(qtbot, Office(office.store, office.clock, LI, office.ids))
    opened.presenter.choose(group)
    assert opened.page.lists._empty.isVisible()
    assert opened.page.lists._empty._sentence.text() == words
    assert opened.page.numbers._unsent._note.text() == "本机另有他人 4 条"
    close(opened.page)


@pytest.mark.parametrize(("size", "scale"), [((1244, 800), 1.0), ((1216, 640), 1.0), ((1244, 800), 1.5)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_every_word_fits_and_everything_has_a_name(
    opened: Opened, theme: Theme, size: tuple[int, int], scale: float, mode: Mode
) -> None:
    theme.set_mode(mode)
    opened.page.resize(*size)
    settle()
    assert clipped(opened.page) == []
    assert nameless(opened.page) == []
    assert not picture(opened.page, scale).isNull()
