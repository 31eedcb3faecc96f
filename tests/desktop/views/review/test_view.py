"""The real window, offscreen: the keys, where the keyboard stands, what Esc closes, and that every word fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import AccountId, ApplicationId, Claim
from medreg_core.domain.vocabulary import ChangePart, State
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.ui.notices import Notices, Tone
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.tick import Tick
from medreg_desktop.views.review.presenter import ReviewPresenter
from medreg_desktop.views.review.state import Asking
from medreg_desktop.views.review.view import ReviewWindow, Surroundings
from tests.core.builders import change
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office, application, tables
from tests.desktop.views.review.bench import ONE, ORDER, TWO, Claims, Watched
from tests.helpers.drawing import draws_first
from tests.helpers.qt import clipped, close, nameless, picture, settle
from tests.helpers.runners import ImmediateRunner, ManualRunner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

Key: TypeAlias = Qt.Key
Mod: TypeAlias = Qt.KeyboardModifier


class Opened:
    """An open window over the real service, with everything it asks for written down."""

    def __init__(self, qtbot: QtBot, office: Office, *, online: bool = False) -> None:
        self.qtbot, self.office = qtbot, office
        self.notices, self.reviews = Notices(), Watched(office)
        self.revealed: list[str] = []
        self.notings: list[Callable[[], None]] = []
        around = Surroundings(tables(), office.clock.now, self.notices, lambda: online, self._reveal, AccountId("me"))
        self.window = ReviewWindow(around)
        self.presenter = ReviewPresenter(
            self.window, self.reviews, Claims(), tables(), ImmediateRunner(), ImmediateRunner(), office.clock
        )
        self.window.attach(self.presenter)
        self.previewed: list[str] = []
        self.closed = 0
        self.window.preview_wanted.connect(self.previewed.append)
        self.window.closed.connect(self._count)
        self.window.resize(1440, 900)
        self.window.open()
        self.presenter.open(ONE, ORDER)
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        settle()

    def _reveal(self, application_id: ApplicationId, noted: Callable[[], None]) -> None:
        self.revealed.append(application_id)
        self.notings.append(noted)

    def _count(self) -> None:
        self.closed += 1

    @property
    def shown(self) -> str:
        sheet = self.window._state.sheet
        return sheet.application.id if sheet else ""

    @property
    def asking(self) -> Asking:
        return self.window._state.asking

    @property
    def focused(self) -> QWidget:
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    def key(self, which: Key, modifier: Mod = Mod.NoModifier) -> None:
        self.qtbot.keyClick(QApplication.focusWidget() or self.window, which, modifier)
        settle()

    def wait(self, what: object) -> None:
        """A button pressed by its key acts when it comes up again, 100 ms later."""
        self.qtbot.waitUntil(what)  # type: ignore[arg-type]  # a callable


@pytest.fixture
def opened(qtbot: QtBot, office: Office, theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    yield one
    if not one.closed:
        close(one.window)


@pytest.fixture
def blocked(qtbot: QtBot, office: Office, theme: Theme) -> Iterator[Opened]:
    office.receives(application(1, version=2, materials=application(1).materials[:1]))
    one = Opened(qtbot, office)
    yield one
    close(one.window)


def test_the_window_draws_before_others_compute(opened: Opened) -> None:
    assert draws_first(opened.window)


def test_the_keyboard_begins_on_the_preview_and_enter_alone_never_decides(opened: Opened) -> None:
    assert opened.focused is opened.window.acts.preview_button
    for widget in (
        opened.window.acts.agree_button,
        opened.window.acts.opinion.editor,
        opened.window.acts.refuse_button,
    ):
        widget.setFocus()
        opened.key(Key.Key_Return)
        opened.key(Key.Key_Enter)
    assert opened.reviews.decided == []
    assert opened.shown == ONE


def test_a_blocked_one_begins_on_the_return_and_says_why_above(blocked: Opened) -> None:
    assert blocked.focused is blocked.window.acts.return_button
    assert not blocked.window.acts.agree_button.isEnabled()
    assert blocked.window.acts._sentence.text().startswith("不能同意：")
    blocked.key(Key.Key_Return, Mod.ControlModifier)
    assert blocked.reviews.decided == []


def test_control_enter_agrees_and_opens_the_next_with_a_way_back(opened: Opened) -> None:
    opened.key(Key.Key_Return, Mod.ControlModifier)
    opened.wait(lambda: opened.shown == TWO)
    assert [who for who, _ in opened.reviews.decided] == [ONE]
    notice = opened.notices.history[-1]
    assert notice.text.startswith("已同意：欧阳以宁 注册。已存本机")
    assert notice.action == "撤回"
    opened.key(Key.Key_Z, Mod.ControlModifier)
    assert opened.office.reviews.open(ONE).shown_state is State.SUBMITTED
    assert opened.notices.history[-1].text == "已撤回：欧阳以宁。"


def test_what_was_not_saved_is_told_after_the_window_is_gone(opened: Opened) -> None:
    opened.presenter._writing = writing = ManualRunner()
    opened.presenter.agree()
    opened.key(Key.Key_Escape)
    assert opened.closed == 1
    opened.reviews.fault = KnownFault("disk_full")
    writing.release_all()
    notice = opened.notices.history[-1]
    assert notice.text.startswith("没有保存：同意，欧阳以宁 注册。磁盘已满")
    assert notice.tone is Tone.FAULT


def test_a_double_click_agrees_to_nobody_who_was_not_looked_at(opened: Opened) -> None:
    agree = opened.window.acts.agree_button
    QTest.mouseClick(agree, Qt.MouseButton.LeftButton)
    opened.wait(lambda: opened.shown == TWO and agree.isEnabled())
    QTest.mouseDClick(agree, Qt.MouseButton.LeftButton)  # the second press of a double click, as Qt tells it
    QTest.mouseRelease(agree, Qt.MouseButton.LeftButton)
    settle()
    assert [who for who, _ in opened.reviews.decided] == [ONE]
    assert opened.shown == TWO


@pytest.mark.parametrize(("which", "asking"), [(Key.Key_R, Asking.RETURN), (Key.Key_N, Asking.REFUSE)])
def test_the_sheet_keeps_the_safe_button_and_needs_a_reason(opened: Opened, which: Key, asking: Asking) -> None:
    opened.key(which, Mod.AltModifier)
    opened.wait(lambda: opened.asking is asking)
    sheet = opened.window.return_sheet if asking is Asking.RETURN else opened.window.refuse_sheet
    assert opened.focused is sheet.back
    assert not sheet.final.isEnabled()
    opened.key(Key.Key_Return, Mod.ControlModifier)  # 同意 is not beside the final sheet
    opened.key(Key.Key_1, Mod.AltModifier)
    assert sheet.reason.text
    assert sheet.final.isEnabled()
    opened.key(Key.Key_Return)
    assert opened.asking is Asking.NOTHING
    assert opened.reviews.decided == []


def test_from_the_final_sheet_the_other_way_is_one_key(opened: Opened) -> None:
    opened.presenter.ask(Asking.REFUSE)
    opened.presenter.write_reason("须补材料")
    opened.key(Key.Key_R, Mod.AltModifier)
    opened.wait(lambda: opened.asking is Asking.RETURN)
    assert opened.window.return_sheet.reason.text == "须补材料"
    opened.window.return_sheet.final.click()
    assert [decision.opinion for _, decision in opened.reviews.decided] == ["须补材料"]


@pytest.mark.parametrize("asking", [Asking.RETURN, Asking.REFUSE])
def test_the_final_sheet_speaks_of_what_stands_above_it(opened: Opened, asking: Asking) -> None:
    """Other contents arrive while it is open: the same application, another name and version."""
    opened.presenter.ask(asking)
    opened.presenter.write_reason("写到一半")
    sheet = opened.window.return_sheet if asking is Asking.RETURN else opened.window.refuse_sheet
    sheet.reason.editor.setFocus()
    sheet.reason.editor.setCursorPosition(2)
    assert "欧阳以宁，注册" in sheet.accessibleName()
    assert sheet._note.text() == "当前状态 待机构审核，版本 1"
    other = application(1, version=2, content_version=2)
    opened.office.receives(replace(other, person=replace(other.person, name="欧阳宜宁")))
    opened.presenter.reload()
    settle()
    assert opened.asking is asking
    assert "欧阳宜宁，注册" in sheet.accessibleName()
    assert sheet._note.text() == "当前状态 待机构审核，版本 2"
    assert (sheet.reason.text, sheet.reason.editor.cursorPosition()) == ("写到一半", 2)
    assert opened.focused is sheet.reason.editor


def test_escape_closes_the_topmost_layer_only(opened: Opened) -> None:
    opened.presenter.ask(Asking.REFUSE)
    opened.window.refuse_sheet.reason.editor.setFocus()
    opened.key(Key.Key_Escape)
    assert opened.asking is Asking.NOTHING
    assert opened.closed == 0
    assert opened.focused is opened.window.acts.preview_button
    opened.key(Key.Key_Escape)
    assert opened.closed == 1
    assert opened.reviews.decided == []


def test_phrases_come_by_number_into_the_opinion(opened: Opened) -> None:
    phrases = opened.window._state.phrases
    assert len(phrases) >= 2
    opened.key(Key.Key_2, Mod.AltModifier)
    assert opened.window.acts.opinion.text == phrases[1]
    opened.key(Key.Key_1, Mod.AltModifier)
    assert opened.window.acts.opinion.text == phrases[0]


def test_next_previous_and_preview_have_their_keys(opened: Opened) -> None:
    opened.key(Key.Key_F2)
    opened.wait(lambda: opened.shown == TWO)
    opened.key(Key.Key_F2, Mod.ShiftModifier)
    opened.wait(lambda: opened.shown == ONE)
    opened.key(Key.Key_P, Mod.ControlModifier)
    opened.wait(lambda: opened.previewed == [ONE])


def test_typing_keeps_every_stroke_and_the_cursor(opened: Opened) -> None:
    editor = opened.window.acts.opinion.editor
    editor.clear()
    editor.setFocus()
    for stroke in "tongyi 2026":
        opened.qtbot.keyClick(editor, stroke)
        opened.presenter.reload()
    editor.setCursorPosition(3)
    opened.presenter.reload()
    assert (editor.text(), editor.cursorPosition()) == ("tongyi 2026", 3)
    assert opened.focused is editor


def test_a_tick_keeps_the_keyboard_where_it_is(opened: Opened) -> None:
    tick = next(t for t in opened.window.materials.findChildren(Tick) if t.isEnabled())
    name = tick.accessibleName()
    tick.setFocus()
    opened.key(Key.Key_Space)
    assert isinstance(opened.focused, Tick)
    assert opened.focused.accessibleName() == name
    assert not opened.focused.isChecked()
    assert not opened.window.acts.agree_button.isEnabled()
    opened.key(Key.Key_Space)
    assert opened.window.acts.agree_button.isEnabled()


def test_originals_can_be_ticked_where_the_one_before_was_decided(opened: Opened) -> None:
    """The same checklist, line for line: only whether it may be ticked is another."""
    opened.office.receives(application(1, version=2, state=State.AGREED))
    opened.presenter.reload()
    settle()
    assert not any(tick.isEnabled() for tick in opened.window.materials.findChildren(Tick))
    opened.presenter.next()
    settle()
    assert opened.shown == TWO
    assert any(tick.isEnabled() for tick in opened.window.materials.findChildren(Tick))


def test_full_numbers_are_shown_once_and_noted(opened: Opened) -> None:
    number = application(1).person.id_number
    assert number not in opened.window.comparison.accessibleDescription()
    opened.window.head._reveal.click()
    assert opened.revealed == [ONE]
    assert number not in opened.window.comparison.accessibleDescription(), "not before the audit has it"
    opened.notings.pop()()
    assert number in opened.window.comparison.accessibleDescription()


def test_only_differences_hides_what_is_equal(qtbot: QtBot, office: Office, theme: Theme) -> None:
    office.receives(change(ChangePart.MAIN_INSTITUTION, id=ONE, version=2))
    opened = Opened(qtbot, office)
    whole = opened.window.comparison.accessibleDescription()
    opened.key(Key.Key_D, Mod.AltModifier)
    opened.wait(lambda: opened.window._state.only_differences)
    assert len(opened.window.comparison.accessibleDescription()) < len(whole)
    close(opened.window)


def test_a_claim_that_has_run_out_is_not_shown_as_held(opened: Opened) -> None:
    claim = Claim(AccountId("li"), "李四", NOW + timedelta(minutes=15))
    opened.office.receives(replace(application(1), version=2, claim=claim))
    opened.presenter.reload()
    assert "李四" in opened.window.head._claim.accessibleName()
    opened.office.clock.pass_by(hours=5)
    opened.presenter.reload()
    assert "李四" not in opened.window.head._claim.accessibleName()


def test_one_that_is_gone_shows_why_and_lets_go_on(opened: Opened) -> None:
    opened.presenter.open(TWO, (ONE, "f" * 32, TWO))  # type: ignore[arg-type]  # ids are str
    opened.key(Key.Key_F2, Mod.ShiftModifier)
    opened.wait(lambda: opened.shown == "")
    assert opened.window._fault.isVisible()
    assert not opened.window.acts.isVisible()
    opened.key(Key.Key_F2, Mod.ShiftModifier)
    opened.wait(lambda: opened.shown == ONE)
    assert opened.window.acts.isVisible()
    assert not opened.window._fault.isVisible()


@pytest.mark.parametrize("asking", list(Asking))
@pytest.mark.parametrize(("size", "scale"), [((1440, 900), 1.0), ((1280, 720), 1.0), ((1440, 900), 1.5)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_every_word_fits_and_everything_has_a_name(
    blocked: Opened, theme: Theme, size: tuple[int, int], scale: float, mode: Mode, asking: Asking
) -> None:
    theme.set_mode(mode)
    blocked.window.resize(*size)
    if asking is not Asking.NOTHING:
        blocked.presenter.ask(asking)
    settle()
    assert clipped(blocked.window) == []
    assert nameless(blocked.window) == []
    assert not picture(blocked.window, scale).isNull()
