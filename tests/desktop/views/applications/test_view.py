"""The real screen over the real search, offscreen: the whole way by keyboard, and typing that loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from medreg_core.domain.vocabulary import Kind, State
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.search.conditions import Query, Tab
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets.choice import ChoiceField
from medreg_desktop.ui.widgets.date import DateField
from medreg_desktop.ui.widgets.field import TextField
from tests.core.builders import TODAY
from tests.desktop.review.office import Office, application
from tests.desktop.views.applications.screen import NAMES, Key, Mod, Opened, named
from tests.helpers.qt import clipped, nameless, picture, settle
from tests.helpers.runners import ManualRunner

T = TypeVar("T")
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
def opened(qtbot: QtBot, office: Office, theme: Theme) -> Iterator[Opened]:
    one = Opened(qtbot, office)
    yield one
    one.close()


def test_the_whole_way_by_keyboard(opened: Opened) -> None:
    opened.key(Key.Key_F, Mod.ControlModifier)
    assert opened.focused is opened.keyword
    opened.type("zya")
    assert opened.names == ["曾予安"]
    assert opened.focused is opened.keyword
    opened.key(Key.Key_Return)
    assert opened.focused is opened.page.table
    opened.key(Key.Key_Return)
    assert opened.reviewed == [(application(6).id, (application(6).id,))]


def test_arrows_space_and_control_enter_agree_to_the_ticked(opened: Opened) -> None:
    opened.page.focus_list()
    for _ in range(2):
        opened.key(Key.Key_Space)
        opened.key(Key.Key_Down)
    assert len(opened.page.model.ticked) == 2
    assert opened.page.batch_bar.isVisible()
    opened.key(Key.Key_Return, Mod.ControlModifier)
    opened.wait(lambda: bool(opened.notices.history))
    assert opened.notices.history[-1].text == "2 条已同意。"
    assert not opened.page.batch_bar.isVisible()
    assert {item.row.command.application_id for item in opened.office.outbox.items()} == {
        application(1).id,
        application(2).id,
    }


def test_the_bar_names_who_cannot_and_does_the_rest(opened: Opened) -> None:
    opened.page.focus_list()
    opened.key(Key.Key_A, Mod.ControlModifier)
    assert opened.page.batch_bar._agree.accessibleName() == "同意 9 条"
    assert "尉迟朗" in opened.page.batch_bar._words.text()
    opened.key(Key.Key_Escape)
    assert opened.page.model.ticked == ()
    assert opened.focused is opened.page.table


def test_the_bar_follows_what_becomes_of_a_ticked_row(opened: Opened) -> None:
    """A colleague agreed meanwhile: the row stays in the list and ticked, and is no longer one of those to agree to."""
    opened.page.focus_list()
    for _ in range(2):
        opened.key(Key.Key_Space)
        opened.key(Key.Key_Down)
    assert opened.page.batch_bar._agree.accessibleName() == "同意 2 条"
    opened.office.receives(replace(named(1), state=State.AGREED, version=2))
    opened.page.refresh()
    settle()
    assert len(opened.page.model.ticked) == 2
    assert opened.page.batch_bar._agree.accessibleName() == "同意 1 条"
    assert NAMES[0] in opened.page.batch_bar._words.text()


def test_what_has_changed_since_it_was_ticked_is_agreed_to_only_when_it_is_ticked_again(opened: Opened) -> None:
    opened.page.focus_list()
    opened.key(Key.Key_Space)
    opened.office.receives(replace(named(1), content_version=2, version=3))
    opened.page.refresh()
    settle()
    bar = opened.page.batch_bar
    assert not bar._agree.isEnabled()
    assert bar._words.text() == f"0 条可批量同意；1 条不可：{NAMES[0]}，勾选之后有变动"
    opened.key(Key.Key_Space)
    opened.key(Key.Key_Space)
    assert bar._agree.accessibleName() == "同意 1 条"


def test_what_changes_before_its_turn_in_the_batch_is_left_to_the_registrar(opened: Opened) -> None:
    """The page of the feed comes between the list that he reads and the transaction of the consent."""
    opened.page.focus_list()
    opened.key(Key.Key_Space)
    opened.office.receives(replace(named(1), content_version=2, version=3))
    opened.key(Key.Key_Return, Mod.ControlModifier)
    opened.wait(lambda: bool(opened.notices.history))
    assert "勾选之后有变动" in opened.notices.history[-1].text
    assert opened.office.store.read(lambda conn: outbox.rows(conn, opened.office.account.id)) == []


def test_what_a_batch_did_is_told_though_the_copy_cannot_be_read_any_more(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.page.focus_list()
    for _ in range(3):
        opened.key(Key.Key_Space)
        opened.key(Key.Key_Down)
    write, written = CacheStore.write, 0

    def first_only(self: CacheStore, work: Callable[[Connection], T]) -> T:
        nonlocal written
        written += 1
        if written == 1:
            return write(self, work)
        monkeypatch.setattr(CacheStore, "read", unreadable)
        raise KnownFault("cache_damaged")

    def unreadable(_self: CacheStore, _work: Callable[[Connection], T]) -> T:
        raise KnownFault("cache_damaged")

    monkeypatch.setattr(CacheStore, "write", first_only)
    opened.key(Key.Key_Return, Mod.ControlModifier)
    monkeypatch.undo()
    told = opened.notices.history[-1].text
    assert told.startswith("1 条已同意。2 条未办：欧阳以宁，")
    assert "覃可" in told
    assert len(opened.office.outbox.items()) == 1


def test_a_stroke_is_never_lost_while_answers_are_slow(qtbot: QtBot, office: Office, theme: Theme) -> None:
    slow = ManualRunner()
    opened = Opened(qtbot, office, slow)
    slow.release_all()
    opened.page.conditions.focus_first()
    typed = ""
    for stroke in "shan xm":
        opened.type(stroke)
        typed += stroke
        if slow.queue:
            slow.queue.pop(0).release()  # an answer now and then, always of an older question
        assert opened.page.conditions.fields["text"].text == typed  # type: ignore[attr-defined]  # a TextField
        assert opened.focused is opened.keyword
    opened.presenter.refresh()
    slow.release_all()
    assert opened.names == ["单小明"]
    opened.presenter.choose_tab(Tab.SUBMITTED)
    slow.release_all()
    settle()
    assert opened.focused is opened.keyword
    assert opened.page.conditions.fields["text"].text == typed  # type: ignore[attr-defined]  # a TextField
    opened.close()


def test_enter_does_not_open_a_row_of_other_conditions(qtbot: QtBot, office: Office, theme: Theme) -> None:
    slow = ManualRunner()
    opened = Opened(qtbot, office, slow)
    slow.release_all()
    opened.page.conditions.focus_first()
    opened.type("czy")
    opened.key(Key.Key_Return)
    opened.key(Key.Key_Return)
    slow.release_all()
    assert opened.reviewed == []
    opened.close()


def test_a_press_survives_a_list_that_is_read_again(qtbot: QtBot, office: Office, theme: Theme) -> None:
    slow = ManualRunner()
    opened = Opened(qtbot, office, slow)
    slow.release_all()
    opened.page.focus_list()
    opened.key(Key.Key_Return)
    opened.presenter.refresh()
    slow.release_all()
    assert [one for one, _ in opened.reviewed] == [application(1).id]
    opened.close()


def test_other_conditions_begin_at_the_top_and_a_refresh_stays(opened: Opened) -> None:
    opened.page.table.select_row(5)
    opened.presenter.refresh()
    assert opened.page.table.current_row == 5
    opened.presenter.change(Query(tab=Tab.OPEN, kinds=(Kind.REGISTRATION,)))
    assert opened.page.table.current_row == 0


def test_a_date_that_cannot_be_read_stays_while_another_condition_is_typed(opened: Opened) -> None:
    fields = opened.page.conditions.fields
    submitted, keyword = fields["submitted_from"], fields["text"]
    assert isinstance(submitted, DateField)
    assert isinstance(keyword, TextField)
    submitted.editor.setFocus()
    opened.type("2026-13-40")
    keyword.editor.setFocus()
    opened.type("zya")
    assert submitted.text == "2026-13-40"
    assert submitted._problem
    opened.presenter.change(Query(submitted_from=TODAY, tab=Tab.OPEN))
    assert (submitted.text, submitted._problem) == (TODAY.isoformat(), "")


def test_folding_keeps_what_is_in_force_in_sight(opened: Opened) -> None:
    grid = opened.page.conditions
    grid.fields["phone"].setFocus()
    opened.type("139")
    opened.key(Key.Key_F7)
    opened.wait(lambda: grid.is_folded)
    assert [chip.key for chip in opened.page.chips.chips] == ["phone"]
    assert opened.focused is opened.keyword
    opened.key(Key.Key_F7)
    opened.wait(lambda: not grid.is_folded)


def test_a_narrow_window_folds_by_itself(opened: Opened) -> None:
    opened.page.resize(1280, 640)
    settle()
    assert opened.page.conditions.is_folded
    opened.page.resize(1400, 820)
    settle()
    assert not opened.page.conditions.is_folded


def test_tab_goes_through_conditions_to_the_list(opened: Opened) -> None:
    opened.page.conditions.fields["deadline_to"].setFocus()
    seen = []
    for _ in range(6):
        opened.key(Key.Key_Tab)
        seen.append(opened.focused)
    expected = [opened.page._query, opened.page._fold, opened.page.tabs, opened.page.table]
    assert [widget for widget in seen if widget in expected] == expected


def test_the_deadline_chosen_yesterday_means_today_this_morning(opened: Opened) -> None:
    deadline = opened.page.conditions.fields["deadline"]
    assert isinstance(deadline, ChoiceField)
    deadline.chosen.emit(("today",))
    opened.day = TODAY + timedelta(days=1)
    opened.page.refresh()
    settle()
    query = opened.presenter._state.query
    assert (query.deadline_from, query.deadline_to) == (opened.day, opened.day)
    assert deadline.values == ("today",)
    opened.page.conditions.fields["handler"].chosen.emit(("",))  # type: ignore[attr-defined]  # as choosing does
    assert opened.presenter._state.query.deadline_from == opened.day
    deadline.chosen.emit(("overdue",))
    assert opened.presenter._state.query.deadline_to == TODAY


def test_days_of_deadline_that_are_no_choice_stay_on_a_new_day(opened: Opened) -> None:
    asked = Query(deadline_from=TODAY - timedelta(days=3), deadline_to=TODAY, tab=Tab.OPEN)
    opened.presenter.change(asked)
    opened.day = TODAY + timedelta(days=1)
    opened.page.refresh()
    assert opened.presenter._state.query == asked


def test_no_match_says_how_many_conditions_and_clears_them(opened: Opened) -> None:
    opened.page.conditions.focus_first()
    opened.type("没有这个人")
    assert opened.page.body.empty.isVisible()
    assert "1 个条件" in opened.page.body.empty._sentence.text()
    opened.key(Key.Key_Return)
    assert opened.focused is opened.keyword
    opened.page.body.empty.pressed.emit()
    assert len(opened.names) == len(NAMES)


def test_a_scheme_is_saved_used_and_starred_by_keyboard(opened: Opened) -> None:
    opened.page.conditions.focus_first()
    opened.type("ouy")
    opened.page.schemes.save.click()
    opened.type("欧阳")
    opened.key(Key.Key_Return)
    assert opened.page.schemes.button.accessibleName().startswith("方案：欧阳  Ctrl+1")
    opened.page.conditions.focus_first()
    opened.type("x")
    assert "欧阳 *" in opened.page.schemes.button.accessibleName()
    opened.key(Key.Key_1, Mod.ControlModifier)
    assert opened.names == ["欧阳以宁"]
    assert "欧阳 *" not in opened.page.schemes.button.accessibleName()
    assert "欧阳" in opened.kept[-1]
    opened.page.schemes.deleted.emit("欧阳")
    assert not opened.page.schemes.button.isEnabled()
    undo = opened.notices.history[-1].on_action
    assert undo is not None
    undo()
    assert opened.page.schemes.button.isEnabled()


def test_escape_in_the_name_field_saves_nothing(opened: Opened) -> None:
    opened.page.conditions.focus_first()
    opened.type("qiu")
    opened.page.schemes.save.click()
    opened.type("仇")
    opened.key(Key.Key_Escape)
    assert not opened.page.schemes.name.isVisible()
    assert opened.kept == [""]


@pytest.mark.parametrize(("size", "scale"), [((1276, 820), 1.0), ((1232, 640), 1.0), ((1400, 820), 1.5)])
@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_every_word_fits_and_everything_has_a_name(
    opened: Opened, theme: Theme, size: tuple[int, int], scale: float, mode: Mode
) -> None:
    theme.set_mode(mode)
    opened.page.resize(*size)
    opened.presenter.change(Query(text="a", tab=Tab.OPEN, kinds=(Kind.REGISTRATION,)))
    opened.presenter.change(Query(tab=Tab.OPEN, kinds=(Kind.REGISTRATION,)))
    opened.page.model.tick_all(on=True)
    settle()
    assert clipped(opened.page) == []
    assert nameless(opened.page) == []
    assert not picture(opened.page, scale).isNull()
