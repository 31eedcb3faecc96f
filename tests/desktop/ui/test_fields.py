from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QTextEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from medreg_desktop.ui.widgets import (
    ChipRow,
    ChipText,
    ChoiceField,
    DateField,
    Option,
    Tab,
    Tabs,
    TextField,
    parse_date,
)
from medreg_desktop.ui.widgets.tabs import LEAD, hung
from tests.helpers.qt import picture, settle

KINDS = (Option("registration", "注册", "zc"), Option("change", "变更", "bg"), Option("upgrade", "助理升执业", "zlszy"))


def shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    """Show a widget in a window of its own and wait for it."""
    qtbot.addWidget(widget)
    widget.resize(max(widget.sizeHint().width(), 240), widget.sizeHint().height())
    widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isVisible)
    return widget


def test_composition_does_not_search_commitment_does(qtbot: QtBot) -> None:
    field = TextField("关键词")
    shown(qtbot, field)
    heard: list[str] = []
    field.edited.connect(heard.append)
    QCoreApplication.sendEvent(field.editor, QInputMethodEvent("ouyang", []))
    assert heard == []
    commit = QInputMethodEvent("", [])
    commit.setCommitString("欧阳")
    QCoreApplication.sendEvent(field.editor, commit)
    assert heard == ["欧阳"]
    assert field.in_use


def test_a_text_field_keeps_the_cursor_when_the_same_text_is_shown_again(qtbot: QtBot) -> None:
    field = TextField("关键词")
    shown(qtbot, field)
    field.set_text("abcdef")
    field.editor.setCursorPosition(2)
    field.set_text("abcdef")
    assert field.editor.cursorPosition() == 2


def test_a_problem_is_said_to_a_screen_reader(qtbot: QtBot) -> None:
    field = TextField("账号")
    shown(qtbot, field)
    field.set_problem("请填写账号。")
    assert field.editor.accessibleDescription() == "请填写账号。"
    field.set_problem("")
    assert field.editor.accessibleDescription() == ""


def test_enter_submits(qtbot: QtBot) -> None:
    field = TextField("关键词", keys="Ctrl+F")
    shown(qtbot, field)
    with qtbot.waitSignal(field.submitted):
        qtbot.keyClick(field.editor, Qt.Key.Key_Return)


def test_a_choice_says_what_is_chosen(qtbot: QtBot) -> None:
    field = ChoiceField("业务类型", KINDS)
    shown(qtbot, field)
    assert (field.shown_text, field.in_use) == ("不限", False)
    field.set_values(["change"])
    assert field.shown_text == "变更"
    field.set_values(["upgrade", "registration"])
    assert field.shown_text == "2 项"
    assert field.values == ("registration", "upgrade"), "in the list's order"
    field.set_options(KINDS[:2])
    assert field.values == ("registration",)


@pytest.mark.parametrize("many", [True, False])
def test_a_choice_is_made_by_keyboard(qtbot: QtBot, many: bool) -> None:
    field = ChoiceField("业务类型", KINDS, many=many)
    shown(qtbot, field)
    heard: list[tuple[str, ...]] = []
    field.chosen.connect(heard.append)
    qtbot.keyClick(field, Qt.Key.Key_F4)
    popup = QApplication.activePopupWidget()
    assert popup is not None
    assert popup.findChildren(QLineEdit) == popup.findChildren(QTextEdit) == [], "input methods fail in popups"
    choices = popup.focusProxy()
    qtbot.keyClick(choices, "b")
    qtbot.keyClick(choices, Qt.Key.Key_Space)
    if many:
        qtbot.keyClick(choices, Qt.Key.Key_Up)
        qtbot.keyClick(choices, Qt.Key.Key_Space)
        assert heard == [("change",), ("registration", "change")]
        qtbot.keyClick(choices, Qt.Key.Key_Return)
    else:
        assert heard == [("change",)]
    settle()
    assert QApplication.activePopupWidget() is None
    qtbot.keyClick(field, Qt.Key.Key_Delete)
    assert field.values == ()


def test_a_press_outside_closes_the_list_and_changes_nothing(qtbot: QtBot) -> None:
    field = ChoiceField("业务类型", KINDS)
    shown(qtbot, field)
    field.set_values(["change"])
    field.open_list()
    popup = QApplication.activePopupWidget()
    assert popup is not None
    qtbot.keyClick(popup.focusProxy(), Qt.Key.Key_Escape)
    settle()
    assert field.values == ("change",)


FORMS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")


@given(
    st.dates(date(1900, 1, 1), date(2100, 12, 31)),
    st.sampled_from(FORMS),
)
def test_a_date_is_read_however_it_is_written(day: date, form: str) -> None:
    assert parse_date(day.strftime(form)) == day


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-02-30", "2026-13-01", "20261", "昨天", "2026-11-2x", "2026-11-23 10:00"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_full_width_digits_are_digits() -> None:
    assert parse_date("２０２６－１１－０２") == date(2026, 11, 2)


def test_a_date_settles_on_leaving_and_a_wrong_one_is_kept_and_marked(qtbot: QtBot) -> None:
    field = DateField("申请起")
    shown(qtbot, field)
    heard: list[object] = []
    field.changed.connect(heard.append)
    qtbot.keyClicks(field.editor, "20261102")
    qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert (field.text, heard) == ("2026-11-02", [date(2026, 11, 2)])
    field.set_text("2026-02-30")
    qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert field.text == "2026-02-30", "what was typed stays"
    assert field.editor.accessibleDescription()
    assert field.value == date(2026, 11, 2)
    field.set_text("")
    qtbot.keyClick(field.editor, Qt.Key.Key_Return)
    assert heard[-1] is None


def test_the_calendar_picks(qtbot: QtBot) -> None:
    field = DateField("申请起")
    shown(qtbot, field)
    field.set_value(date(2026, 11, 2))
    qtbot.keyClick(field.editor, Qt.Key.Key_F4)
    calendar = QApplication.activePopupWidget()
    assert calendar is not None
    days = calendar.focusWidget()
    assert days is not None
    qtbot.keyClick(days, Qt.Key.Key_Right)
    qtbot.keyClick(days, Qt.Key.Key_Return)
    settle()
    assert field.value == date(2026, 11, 3)


CHIPS = (
    ChipText("kind", "业务类型", "注册"),
    ChipText("deadline", "期限", "≤ 12 个工作日"),
    ChipText("since", "申请起", "2026-11-02"),
)


def test_chips_show_every_condition_and_wrap_rather_than_hide(qtbot: QtBot) -> None:
    row = ChipRow()
    shown(qtbot, row)
    row.set_chips(CHIPS)
    for width in (900, 300, 180):
        row.resize(width, row.heightForWidth(width))
        settle()
        chips = [child for child in row.children() if type(child).__name__ == "Chip" and child.isVisibleTo(row)]
        assert len(chips) == len(CHIPS)
        assert all(row.rect().contains(chip.geometry()) for chip in chips)


def test_a_chip_is_removed_by_mouse_and_keyboard_and_the_focus_stays_near(qtbot: QtBot) -> None:
    row = ChipRow()
    shown(qtbot, row)
    row.resize(900, 40)
    row.set_chips(CHIPS)
    settle()
    removed: list[str] = []
    row.removed.connect(removed.append)
    chips = [child for child in row.children() if type(child).__name__ == "Chip"]
    qtbot.mouseClick(chips[0], Qt.MouseButton.LeftButton, pos=chips[0].rect().center())
    assert removed == [], "only the cross removes"
    right = chips[0].rect()
    right.setLeft(right.right() - 16)
    qtbot.mouseClick(chips[0], Qt.MouseButton.LeftButton, pos=right.center())
    chips[1].setFocus()
    qtbot.keyClick(chips[1], Qt.Key.Key_Delete)
    assert removed == ["kind", "deadline"]
    row.set_chips(CHIPS[:1] + CHIPS[2:])
    settle()
    focused = row.focusWidget()
    assert focused is not None
    assert "申请起" in focused.accessibleName()


TABS = (Tab("all", "全部在办", "245"), Tab("submitted", "待机构审核", "128"), Tab("supplement", "补正", "3"))


def test_tabs_change_by_arrow_and_pointer_and_stay_when_counts_change(qtbot: QtBot) -> None:
    tabs = Tabs("状态", TABS)
    shown(qtbot, tabs)
    heard: list[str] = []
    tabs.chosen.connect(heard.append)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    qtbot.keyClick(tabs, Qt.Key.Key_End)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert heard == ["submitted", "supplement"]
    tabs.set_tabs(tuple(Tab(tab.key, tab.text, "9") for tab in TABS))
    assert tabs.current == "supplement"
    assert tabs.accessibleName() == "状态 补正 9"
    qtbot.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=QPoint(4, 10))
    assert heard[-1] == "all"
    tabs.set_tabs(TABS[1:])
    assert tabs.current == "submitted"


def test_the_ring_of_a_tab_leaves_its_words_free(qtbot: QtBot) -> None:
    tabs = Tabs("状态", TABS)
    shown(qtbot, tabs)
    tabs.setFocus()
    settle()
    image = picture(tabs)
    between = range(image.height() // 2 - 8, image.height() // 2 + 8)  # neither the ring's own edges nor the underline
    ground = image.pixel(0, 0)
    drawn = [any(image.pixel(x, y) != ground for y in between) for x in range(LEAD + 20)]
    side = drawn.index(True)
    first_word = drawn.index(True, drawn.index(False, side))
    assert first_word >= LEAD
    assert first_word - drawn.index(False, side) >= 2


def test_the_first_word_stands_on_the_edge_and_the_ring_hangs_over_it(qtbot: QtBot) -> None:
    page, tabs, edge = QWidget(), Tabs("状态", TABS), QLineEdit()
    column = QVBoxLayout(page)
    column.addLayout(hung(tabs))
    column.addWidget(edge)
    shown(qtbot, page)
    assert tabs.x() + LEAD == edge.x()
