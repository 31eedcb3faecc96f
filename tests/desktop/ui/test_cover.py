"""What a cover hides, keeps back and gives back again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui.main_window import MainWindow
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.shell.state import Screen
from medreg_desktop.ui.theme import Theme
from tests.helpers.qt import close, settle


def page() -> QWidget:
    widget = QWidget()
    QVBoxLayout(widget).addWidget(QLineEdit())
    return widget


@pytest.fixture
def window(dressed_app: Theme, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(tuple(Screen(key, key, "home", page) for key in ("one", "two")), Notices(), Settings(tmp_path))
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    window.show_screen("one")
    settle()
    yield window
    close(window)


def test_a_cover_hides_the_shell_and_open_dialogs_and_gives_them_back(qtbot: QtBot, window: MainWindow) -> None:
    dialog = QDialog(window)
    typed = QLineEdit("写到一半", dialog)
    dialog.open()
    field = window.pages.currentWidget().findChild(QLineEdit)
    field.setFocus()
    field.setText("欧阳")
    cover = QLineEdit()
    window.cover.lay(cover)
    settle()
    assert not dialog.isVisible()
    assert not window.top_bar.isVisible()
    assert cover.geometry() == window.rect()
    reached: list[str] = []
    window.screen_shown.connect(reached.append)
    qtbot.keyClick(window, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert reached == [], "no key reaches what is covered"
    window.resize(1500, 950)
    settle()
    assert cover.geometry() == window.rect()
    window.cover.lift()
    settle()
    assert dialog.isVisible()
    assert window.top_bar.isVisible()
    assert (typed.text(), field.text()) == ("写到一半", "欧阳")
    dialog.close()
    dialog.deleteLater()


def test_what_has_gone_below_a_cover_does_not_keep_the_rest_from_coming_back(window: MainWindow) -> None:
    """The last decision closes the review, an answer takes its row away: while the screen is locked."""
    closes, stays = QDialog(window), QDialog(window)
    closes.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    closes.open()
    stays.open()
    field = QLineEdit(window.pages.currentWidget())
    field.setFocus()
    window.cover.lay(QLineEdit())
    closes.close()
    field.deleteLater()
    settle()
    window.cover.lift()
    assert stays.isVisible()
    stays.close()
    stays.deleteLater()


def test_a_window_asked_for_before_the_cover_opens_below_it(window: MainWindow) -> None:
    """The answer that opens it comes when the screen is locked already."""
    page = QWidget()
    password = QLineEdit(page)
    window.cover.lay(page)
    password.setFocus()
    late, closed, own = QDialog(window.pages.currentWidget()), QDialog(window), QDialog(page)
    QLineEdit(late).setFocus()
    late.open()
    over = QDialog(late)
    over.open()
    closed.open()
    closed.close()
    settle()
    assert not late.isVisible()
    assert not over.isVisible()
    assert QApplication.focusWidget() is password, "nothing takes the keyboard from the lock"
    assert QGuiApplication.modalWindow() is None, "or stands between it and the hand"
    own.open()
    settle()
    assert own.isVisible(), "what the lock itself opens is seen"
    own.close()
    window.cover.lift()
    settle()
    assert late.isVisible()
    assert over.isVisible()
    assert not closed.isVisible()
    assert late.windowHandle().isVisible()
    for each in (over, late, closed):
        each.close()
        each.deleteLater()
    after = QDialog(window)
    after.open()
    settle()
    assert after.isVisible()
    after.close()
    after.deleteLater()


def test_a_window_opened_in_the_moment_the_cover_is_lifted_is_shown(window: MainWindow) -> None:
    window.cover.lay(QLineEdit())
    dialog = QDialog(window)
    dialog.open()
    window.cover.lift()
    settle()
    assert dialog.isVisible()
    assert dialog.windowHandle().isVisible()
    dialog.close()
    dialog.deleteLater()
