from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from medreg_core.domain.vocabulary import CheckResult
from medreg_desktop.ui import words
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import Theme
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets import (
    Banner,
    Button,
    CheckRow,
    CheckRows,
    EmptyState,
    KeyValues,
    Kind,
    Pair,
    ProgressStrip,
    SectionHeader,
    Sheet,
    Text,
)
from tests.helpers.qt import clipped, nameless, settle

LONG = "培训考核证明不足：范围变更须经培训并考核合格，现有证明为 3 个月，本省要求连续 6 个月。" * 3


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    host = QWidget()
    QVBoxLayout(host)
    qtbot.addWidget(host)
    host.resize(520, 600)
    return host


def put(host: QWidget, widget: QWidget) -> None:
    layout = host.layout()
    assert layout is not None
    layout.addWidget(widget)
    host.show()
    host.activateWindow()
    settle()


def test_long_words_wrap_in_every_block(host: QWidget, theme: Theme) -> None:
    for widget in (
        Banner(Tone.FAULT, LONG, LONG),
        KeyValues((Pair("执业范围", LONG, bold=True),)),
        CheckRows((CheckRow(words.CHECKS[CheckResult.FAIL], LONG, "医师法 第 14 条", LONG),)),
    ):
        put(host, widget)
    host.resize(520, host.layout().heightForWidth(520))
    settle()
    assert clipped(host) == []
    theme.set_font_pt(14)
    host.resize(520, host.layout().heightForWidth(520))
    settle()
    assert clipped(host) == []


def test_markup_in_a_name_is_shown_and_not_obeyed(host: QWidget) -> None:
    hostile = '<img src="/etc/passwd"><b>欧阳</b>&amp;'
    text = Text(hostile, Type.BODY, wrap=True)
    banner = Banner(Tone.NEWS, hostile)
    for widget in (text, banner):
        put(host, widget)
    assert text.textFormat() == Qt.TextFormat.PlainText
    assert text.text() == hostile
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in banner.findChildren(Text))
    assert Button("A&B", Kind.LINK).text() == "A&&B"


def test_a_check_list_says_state_sentence_and_source(host: QWidget) -> None:
    rows = CheckRows()
    put(host, rows)
    for _ in range(2):
        rows.set_rows(
            [
                CheckRow(words.CHECKS[CheckResult.FAIL], "缺培训考核", "医师法 第 14 条", "缺证明 1 份"),
                CheckRow(words.CHECKS[CheckResult.PASS], "资格有效", "医师法 第 14 条"),
            ]
        )
        settle()
    said = [
        child.accessibleName() for child in rows.children() if isinstance(child, QWidget) and child.accessibleName()
    ]
    assert said == ["未通过，缺培训考核，缺证明 1 份，医师法 第 14 条", "通过，资格有效，医师法 第 14 条"]


def test_a_section_colours_its_note_when_it_decides(host: QWidget) -> None:
    header = SectionHeader("材料", link="逐页查看", shown_keys="F3")
    put(host, header)
    header.set_note("缺 1 份", Colour.BAD)
    settle()
    assert clipped(header) == nameless(header) == []


def test_an_empty_list_says_why_and_offers_a_way(qtbot: QtBot, host: QWidget) -> None:
    empty = EmptyState("没有符合 4 个条件的申请。", "可移除「期限」再查，或全部清除。", button="全部清除")
    put(host, empty)
    assert clipped(host) == []
    with qtbot.waitSignal(empty.pressed):
        qtbot.mouseClick(empty.findChild(Button), Qt.MouseButton.LeftButton)
    empty.show_words("数据尚未到达。")
    assert not empty.findChild(Button).isVisible()


def test_cancel_is_heard_at_once_and_only_once(qtbot: QtBot, host: QWidget) -> None:
    strip = ProgressStrip()
    put(host, strip)
    heard: list[bool] = []
    strip.cancelled.connect(lambda: heard.append(True))
    strip.start("正在同意")
    strip.set_progress(20, 1000)
    assert strip.accessibleName() == "正在同意 20 / 1,000"
    cancel = strip.findChild(Button)
    for _ in range(3):
        qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert heard == [True]
    assert cancel.accessibleName() == "正在停止"
    strip.finish()
    strip.start("再来")
    assert cancel.isEnabled()


def test_the_final_sheet_is_safe(qtbot: QtBot, host: QWidget) -> None:
    sheet = Sheet("确认不同意", reason_label="理由（必填）")
    sheet.add_other_way(Button("改为退回修改…", Kind.OUTLINED, shown_keys="Alt+R", tall=True))
    sheet.show_case("不同意：尉迟朗，变更 执业范围", "确认后申请结束，本机构不能撤回。", "当前状态 待机构审核")
    host.resize(1200, 200)
    put(host, sheet)
    sheet.back.setFocus()
    left: list[bool] = []
    confirmed: list[str] = []
    sheet.left.connect(lambda: left.append(True))
    sheet.confirmed.connect(confirmed.append)
    assert not sheet.final.isEnabled(), "a reason is required"
    qtbot.keyClick(sheet.back, Qt.Key.Key_Return)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert (len(left), confirmed) == (2, [])
    sheet.reason.set_text("   ")
    assert not sheet.final.isEnabled()
    sheet.reason.set_text("培训考核证明不足")
    qtbot.keyClick(sheet.reason.editor, Qt.Key.Key_Return)
    assert confirmed == [], "Enter alone never decides"
    assert not sheet.final.findChildren(QShortcut)
    qtbot.mouseClick(sheet.final, Qt.MouseButton.LeftButton)
    assert confirmed == ["培训考核证明不足"]
    assert clipped(host) == nameless(host) == []
    gap = sheet.final.x() - max(b.geometry().right() for b in sheet.findChildren(Button) if b is not sheet.final)
    assert gap >= 24, "the final button stands apart"


def test_a_button_keeps_its_key_when_its_words_change(qtbot: QtBot, host: QWidget) -> None:
    button = Button("同意 4 条", Kind.FILLED, icon="tick", keys="Ctrl+Return")
    put(host, button)
    before = button.sizeHint().width()
    button.set_label("同意 1,204 条")
    assert button.sizeHint().width() > before
    assert button.shown_keys == "Ctrl+Enter"
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(host, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_walks_or_switches_goes_on_while_its_key_is_held(host: QWidget, kind: Kind) -> None:
    button = Button("同意", kind, keys="Ctrl+Return")
    put(host, button)
    (shortcut,) = button.findChildren(QShortcut)
    assert button.shortcut().isEmpty(), "a button's own shortcut repeats, and cannot be told not to"
    assert shortcut.autoRepeat() == (kind is Kind.PLAIN)


def test_a_key_acts_upon_what_is_there_when_it_is_pressed(qtbot: QtBot, host: QWidget) -> None:
    """Not a tenth of a second later, when sync may have put other contents there."""
    button = Button("同意", Kind.FILLED, keys="Ctrl+Return")
    put(host, button)
    clicks: list[bool] = []
    button.clicked.connect(lambda: clicks.append(True))
    qtbot.keyClick(host, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert clicks == [True]
    button.setEnabled(False)
    qtbot.keyClick(host, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert clicks == [True]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_double_click_is_one_press_of_what_acts(host: QWidget, kind: Kind) -> None:
    button = Button("同意", kind)
    put(host, button)
    clicks: list[bool] = []
    button.clicked.connect(lambda: clicks.append(True))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseDClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert len(clicks) == (2 if kind is Kind.PLAIN else 1)


_AT_ONE_AND_A_HALF = """
import pathlib, sys, tempfile
from PySide6.QtWidgets import QApplication
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui import language
from medreg_desktop.ui.main_window import MainWindow
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.theme import Theme
from tests.desktop.ui import test_main_window as shell
from tests.helpers.qt import clipped, settle
app = QApplication([])
language.use(app)
theme = Theme(app)
window = MainWindow(shell.screens(), Notices(), Settings(pathlib.Path(tempfile.mkdtemp())))
window.show_state(shell.full_state())
window.resize(1440, 900)
window.show()
window.show_screen("applications")
settle()
assert app.devicePixelRatio() == 1.5
sys.exit("; ".join(clipped(window)) or 0)
"""


def test_nothing_is_clipped_on_a_screen_at_150_percent() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "1.5"}
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONE_AND_A_HALF], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
