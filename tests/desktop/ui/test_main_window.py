from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui import words
from medreg_desktop.ui.main_window import MainWindow
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.ui.shell.finder import Action, matching
from medreg_desktop.ui.shell.shortcuts import Key, ShortcutSheet, clashes, keys_of
from medreg_desktop.ui.shell.state import Count, Place, Screen, ShellState
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.tokens import Colour, Density, Type
from medreg_desktop.ui.widgets import Button, Kind, Text, TextField
from medreg_desktop.ui.words import Word
from tests.desktop.ui.gallery import gallery, small_table
from tests.helpers.drawing import draws_first
from tests.helpers.qt import clipped, close, grab, nameless, settle


def full_state() -> ShellState:
    return ShellState(
        institution="示例市第二人民医院",
        registrar="查若溪",
        is_demo=True,
        lamp=words.needs_you(3),
        second=words.sending(2, 5),
        waiting=3,
        as_of="10:42",
        calendar="2026 已发布，2027 未发布",
        authority="示例市卫生健康委员会",
        unread=2,
        counts={"applications": Count(128), "activation": Count(8), "sync": Count(3, urgent=True)},
    )


built: list[str] = []


def page(title: str) -> QWidget:
    built.append(title)
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(16, 12, 16, 12)
    column.addWidget(Text(title, Type.TITLE))
    column.addWidget(TextField("关键词", placeholder="姓名", icon="search", keys="Ctrl+F"))
    column.addWidget(small_table(tuple(f"欧阳{n}" for n in range(40))))
    column.addWidget(Button("查询", Kind.FILLED, keys="F5"))
    return widget


def screens() -> tuple[Screen, ...]:
    main = (("today", "今日", "home"), ("applications", "业务办理", "documents"), ("activation", "医师账户激活", "key"))
    rest = (("sync", "同步中心", "sync"),)
    return (
        *(Screen(key, title, icon, lambda title=title: page(title)) for key, title, icon in (*main, *rest)),
        Screen("help", "帮助", "circle-question", lambda: page("帮助"), Place.FOOT),
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


@pytest.fixture
def window(dressed_app: Theme, settings: Settings) -> Iterator[MainWindow]:
    built.clear()
    window = MainWindow(screens(), Notices(), settings)
    window.show_state(full_state())
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    window.show_screen("applications")
    settle()
    yield window
    close(window)


def test_pages_are_built_when_first_shown_and_kept(window: MainWindow) -> None:
    assert built == ["业务办理"]
    first = window.show_screen("today")
    window.show_screen("applications")
    assert window.show_screen("today") is first
    assert built == ["业务办理", "今日"]
    with pytest.raises(KeyError):
        window.show_screen("nothing")


def test_the_window_draws_before_others_compute(window: MainWindow) -> None:
    assert draws_first(window)


def test_every_interactive_widget_has_a_name(window: MainWindow) -> None:
    assert nameless(window) == []


@pytest.mark.parametrize("density", list(Density))
@pytest.mark.parametrize("font_pt", [9, 10, 14])
def test_nothing_is_clipped(window: MainWindow, theme: Theme, density: Density, font_pt: int) -> None:
    theme.set_density(density)
    theme.set_font_pt(font_pt)
    window.show_state(full_state())
    for width, height in ((1440, 900), (1920, 1080)):
        window.resize(width, height)
        settle()
        assert clipped(window) == []


def test_the_shell_folds_in_a_narrow_window_and_by_key(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.rail.is_narrow
    assert window.rail.width() == 164
    window.resize(1280, 720)
    settle()
    assert window.rail.is_narrow
    assert window.rail.width() == 48
    assert clipped(window) == []
    assert nameless(window) == []
    window.resize(1440, 900)
    settle()
    assert not window.rail.is_narrow
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.rail.is_narrow


def test_f6_walks_the_regions_in_order(qtbot: QtBot, window: MainWindow) -> None:
    def region() -> str:
        focused = QApplication.focusWidget()
        parts = {"top": window.top_bar, "rail": window.rail, "page": window.pages, "status": window.status_bar}
        return next((name for name, part in parts.items() if focused and part.isAncestorOf(focused)), "")

    window.top_bar.search.editor.setFocus()
    walked = [region()]
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F6)
        walked.append(region())
    assert walked == ["top", "rail", "page", "status", "top"]
    qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert region() == "status"


def test_ctrl_page_keys_change_the_screen(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.current_key == "activation"
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert window.pages.current_key == "help", "the walk goes round"


def test_the_finder_offers_actions_and_always_the_person(qtbot: QtBot, window: MainWindow) -> None:
    search = window.top_bar.search
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert search.editor.hasFocus()
    search.editor.insert("激活")
    assert [entry.text for entry in window.finder.entries] == ["医师账户激活", "找人：激活"]
    qtbot.keyClick(search.editor, Qt.Key.Key_Return)
    assert window.pages.current_key == "activation"
    assert not window.finder.isVisible()
    with qtbot.waitSignal(window.person_sought) as sought:
        search.editor.insert("激活")
        qtbot.keyClick(search.editor, Qt.Key.Key_Down)
        qtbot.keyClick(search.editor, Qt.Key.Key_Return)
    assert sought.args == ["激活"]
    qtbot.keyClicks(search.editor, "x")
    qtbot.keyClick(search.editor, Qt.Key.Key_Escape)
    assert (search.text, window.finder.isVisible()) == ("", False)


def test_actions_are_found_by_words_and_initials() -> None:
    actions = [Action("打印预览", "printer", lambda: None, initials="dyyl"), Action("导出", "download", lambda: None)]
    assert [a.text for a in matching(actions, "预览")] == ["打印预览"]
    assert [a.text for a in matching(actions, "DY")] == ["打印预览"]
    assert matching(actions, "z") == ()


def test_the_lamp_opens_the_sync_centre(qtbot: QtBot, window: MainWindow) -> None:
    assert window.status_bar.lamp.word == "3 项需要您处理"
    with qtbot.waitSignal(window.lamp_pressed):
        qtbot.mouseClick(window.status_bar.lamp, Qt.MouseButton.LeftButton)


def test_the_sheet_of_keys_is_made_from_what_is_there(qtbot: QtBot, window: MainWindow) -> None:
    window.open_shortcuts()
    settle()
    sheet = window.findChild(ShortcutSheet)
    assert sheet is not None
    said = [label.text() for label in sheet.findChildren(Text)]
    for wanted in (
        "Ctrl+K",
        "找人或找操作",
        "F9",
        "Ctrl+F",
        "关键词",
        "F5",
        "查询",
        "Ctrl+L",
        "锁定",
        "Ctrl+PgDn",
        "Space",
    ):
        assert wanted in said
    assert clipped(sheet) == []
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    settle()
    assert window.findChild(ShortcutSheet) is None


def test_no_key_means_two_things(window: MainWindow) -> None:
    everything = keys_of([window])
    assert clashes(everything) == {}
    assert clashes([Key("a", "F5"), Key("b", "F5")]) == {"F5": ["a", "b"]}
    taken = {"Ctrl+Space", "Shift+Space", "Ctrl+.", "Ctrl+Shift", "Alt+Shift", "F4"}
    assert taken.isdisjoint(key.keys for key in everything), "kept free for input methods and lists"


def test_size_and_place_are_remembered(dressed_app: Theme, settings: Settings, window: MainWindow) -> None:
    window.resize(1300, 760)
    settle()
    window.close()
    again = MainWindow(screens(), Notices(), settings)
    assert again.size().toTuple() == (1300, 760) or again.size().width() >= 1280
    close(again)


def test_a_window_is_never_smaller_than_its_layout(window: MainWindow) -> None:
    assert window.minimumSize().toTuple() == (1280, 720)


@pytest.mark.parametrize("font_pt", [10, 14])
def test_a_long_offline_verdict_gives_way_and_is_still_told_whole(
    window: MainWindow, theme: Theme, font_pt: int
) -> None:
    theme.set_font_pt(font_pt)
    state = ShellState(lamp=words.not_answering(300), waiting=500, as_of="18:47", calendar="2026 已发布、2027 未发布")
    long = Word("可以离线，但还不知道可以离线查看多久", "circle-info", Colour.WARN)
    for shown in (long, replace(long, source="可以离线"), long):
        window.show_state(replace(state, offline=shown))
        window.resize(1280, 720)
        settle()
        assert window.width() == 1280
        assert window.status_bar.offline.word == shown.text
        assert window.status_bar.offline.toolTip() == shown.text
    assert window.status_bar.lamp.width() >= window.status_bar.lamp.sizeHint().width()


def test_the_offline_verdict_is_a_button(qtbot: QtBot, window: MainWindow) -> None:
    window.show_state(replace(window.state, offline=Word("可以离线", "door-out", Colour.OK)))
    with qtbot.waitSignal(window.offline_pressed):
        window.status_bar.offline.click()


def test_help_in_the_status_bar_is_asked_about_the_lamp(window: MainWindow) -> None:
    window.status_bar.lamp.setFocus()
    assert window.lamp_asked
    window.pages.setFocus()
    assert not window.lamp_asked


def test_the_newest_notice_is_shown_under_the_faults_without_taking_the_focus(
    qtbot: QtBot, dressed_app: Theme, settings: Settings
) -> None:
    notices = Notices()
    window = MainWindow(screens(), notices, settings)
    window.show()
    page_ = window.show_screen("today")
    field = page_.findChild(QLineEdit)
    field.setFocus()
    undone: list[bool] = []
    notices.post(Notice("出错了", Tone.FAULT))
    for n in range(4):
        notices.post(Notice(f"已同意 {n}", Tone.DONE, "撤回", lambda: undone.append(True)))
    settle()
    assert [notice.text for notice in window.toasts.shown] == ["出错了", "已同意 3"], "a fault stays"
    assert len(notices.history) == 5
    assert field.hasFocus()
    link = next(b for b in window.toasts.findChildren(Button) if b.accessibleName() == "撤回" and b.isVisible())
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert undone == [True]
    window.toasts.clear()
    assert window.toasts.shown == ()
    assert clipped(window.toasts) == []
    close(window)


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_pictures(window: MainWindow, theme: Theme, tmp_path: Path, mode: Mode, scale: float) -> None:
    theme.set_mode(mode)
    vocabulary = gallery()
    for name, widget in (("shell", window), ("vocabulary", vocabulary)):
        image = grab(widget, tmp_path / f"{name}.png", scale)
        assert image.size() == widget.size() * scale
        shades = {
            image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)
        }
        assert len(shades) > 8
    close(vocabulary)
