from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit
from pytestqt.qtbot import QtBot

from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.texts.faults import SENTENCES, sentence, what_and_todo
from medreg_desktop.ui.main_window import MainWindow
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.shell.state import Screen
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.ui.widgets import Banner, Button, TextField
from medreg_desktop.views.signin.view import SignInPage, Ways
from tests.desktop.views.signin.fakes import REGISTRAR, FakeAccess, FakeClock, FakeKnown
from tests.helpers.qt import clipped, close, grab, nameless, settle
from tests.helpers.runners import ImmediateRunner, ManualRunner

SERVER = "https://registry.example.cn"


@pytest.fixture
def access() -> FakeAccess:
    return FakeAccess()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ways(access: FakeAccess, clock: FakeClock) -> Ways:
    return Ways(access, FakeKnown(), ImmediateRunner(), clock, lambda server, account: None)


@pytest.fixture
def page(ways: Ways) -> Iterator[Callable[..., SignInPage]]:
    made: list[SignInPage] = []

    def make(**options: object) -> SignInPage:
        page = SignInPage(ways, **options)  # type: ignore[arg-type]
        page.resize(1280, 720)
        page.show()
        page.activateWindow()
        settle()
        made.append(page)
        return page

    yield make
    for page in made:
        close(page)


def fields(page: SignInPage) -> dict[str, TextField]:
    return {field.label: field for field in page.findChildren(TextField) if field.isVisibleTo(page)}


def button(page: SignInPage, name: str) -> Button:
    return next(b for b in page.findChildren(Button) if b.accessibleName() == name and b.isVisibleTo(page))


def banner_text(page: SignInPage) -> str:
    banner = page.findChild(Banner)
    return banner.accessibleName() if banner.isVisibleTo(page) else ""


def test_an_answer_that_comes_when_another_page_lies_there_lets_nobody_in(ways: Ways, dressed_app: Theme) -> None:
    """While the service was asked, sync has proven that this computer has to go."""
    runner, entered = ManualRunner(), []
    made = SignInPage(replace(ways, runner=runner), server=SERVER, account="zharuoxi")
    made.entered.connect(entered.append)
    made.show()
    made.presenter.submit("geheim")
    made.hide()
    runner.release_all()
    assert entered == []
    close(made)


def test_a_first_sign_in_by_keyboard(qtbot: QtBot, page: Callable[..., SignInPage], access: FakeAccess) -> None:
    shown = page()
    assert list(fields(shown)) == ["服务端地址", "账号", "密码"]
    assert fields(shown)["服务端地址"].editor.hasFocus()
    with qtbot.waitSignal(shown.entered) as entered:
        for label, text in (("服务端地址", "registry.example.cn"), ("账号", "zharuoxi"), ("密码", "geheim")):
            editor = fields(shown)[label].editor
            assert QApplication.focusWidget() is editor
            qtbot.keyClicks(editor, text)
            if label != "密码":
                qtbot.keyClick(editor, Qt.Key.Key_Tab)
        qtbot.keyClick(fields(shown)["密码"].editor, Qt.Key.Key_Return)
    assert entered.args == [REGISTRAR]
    assert access.asked == [("sign_in", SERVER, "zharuoxi", "geheim", "")]
    assert fields(shown)["密码"].text == ""


def test_the_password_is_never_readable(page: Callable[..., SignInPage]) -> None:
    shown = page()
    editor = fields(shown)["密码"].editor
    assert editor.echoMode() == QLineEdit.EchoMode.Password
    assert editor.inputMethodHints() & Qt.InputMethodHint.ImhHiddenText


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_each_fault_has_its_own_sentence_and_fits(
    page: Callable[..., SignInPage], access: FakeAccess, code: str
) -> None:
    shown = page(server=SERVER, account="zharuoxi")
    fields(shown)["密码"].set_text("geheim")
    params = {"wait_s": "30", "left": "2", "state": "submitted", "printer": "窗口激光", "file": "x.ttf"}
    access.fail(code, **params)
    button(shown, "登录").click()
    settle()
    what, _ = what_and_todo(code, **params)
    assert what in banner_text(shown)
    assert "{" not in banner_text(shown)
    assert clipped(shown) == []


def test_sentences_are_all_different() -> None:
    said = [sentence(code) for code in SENTENCES]
    assert len(said) == len(set(said))
    assert sentence("never_heard_of") != ""


def test_a_check_that_only_the_service_can_make_is_named() -> None:
    assert sentence("check_failed", check="registration_moved") == sentence("registration_moved")
    assert sentence("check_failed", check="photo_present", reason="missing") == sentence("check_failed")


def test_the_account_stays_after_a_wrong_password(page: Callable[..., SignInPage], access: FakeAccess) -> None:
    shown = page(server=SERVER)
    fields(shown)["账号"].set_text("lisi")
    fields(shown)["密码"].set_text("falsch")
    access.fail("bad_credentials")
    button(shown, "登录").click()
    assert (fields(shown)["账号"].text, fields(shown)["密码"].text) == ("lisi", "")
    assert fields(shown)["密码"].editor.hasFocus()


def test_waiting_is_counted_down_and_no_timer_is_left(
    page: Callable[..., SignInPage], access: FakeAccess, clock: FakeClock
) -> None:
    shown = page(server=SERVER, account="zharuoxi")
    fields(shown)["密码"].set_text("falsch")
    access.fail("too_many_attempts", wait_s="30")
    button(shown, "登录").click()
    assert not button(shown, "登录").isEnabled()
    assert "30 秒后可以再试" in banner_text(shown)
    clock.seconds += 31
    shown.presenter.tick()
    assert button(shown, "登录").isEnabled()
    assert banner_text(shown) == ""


def test_every_interactive_widget_has_a_name(page: Callable[..., SignInPage]) -> None:
    for shown in (page(), page(server=SERVER, account="zharuoxi"), page(locked_as=REGISTRAR)):
        assert nameless(shown) == []
        assert clipped(shown) == []


def test_the_lock_shows_who_is_in_and_asks_the_password_only(
    qtbot: QtBot, page: Callable[..., SignInPage], access: FakeAccess
) -> None:
    shown = page(locked_as=REGISTRAR)
    assert list(fields(shown)) == ["密码"]
    with qtbot.waitSignal(shown.other_wanted):
        button(shown, "换人登录").click()
    qtbot.keyClicks(fields(shown)["密码"].editor, "geheim")
    with qtbot.waitSignal(shown.entered):
        qtbot.keyClick(fields(shown)["密码"].editor, Qt.Key.Key_Return)
    assert access.asked == [("unlock", "zharuoxi", "geheim")]


def test_a_lock_over_an_open_dialog_keeps_the_draft(
    qtbot: QtBot, dressed_app: Theme, ways: Ways, tmp_path: Path
) -> None:
    window = MainWindow([Screen("today", "今日", "home", QLineEdit)], Notices(), Settings(tmp_path))
    window.show()
    window.show_screen("today")
    dialog = QDialog(window)
    draft = QLineEdit(dialog)
    dialog.open()
    draft.setText("理由写到一半")
    lock = SignInPage(ways, locked_as=REGISTRAR)
    lock.entered.connect(window.cover.lift)
    window.cover.lay(lock)
    settle()
    assert not dialog.isVisible()
    assert "查若溪" in [label.text() for label in lock.findChildren(type(lock._hint))]
    fields(lock)["密码"].set_text("geheim")
    button(lock, "解锁").click()
    settle()
    assert dialog.isVisible()
    assert draft.text() == "理由写到一半"
    dialog.close()
    dialog.deleteLater()
    close(window)


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_pictures(theme: Theme, page: Callable[..., SignInPage], tmp_path: Path, mode: Mode) -> None:
    theme.set_mode(mode)
    shown = page(is_demo=True)
    assert grab(shown, tmp_path / "signin.png", 1.5).size().toTuple() == (1920, 1080)
