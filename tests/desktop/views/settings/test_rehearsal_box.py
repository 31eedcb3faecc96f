"""发送前预演: the keyboard alone chooses, the choice outlives the program, and every word fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.views.settings.rehearsal_box import RehearsalBox
from tests.helpers.qt import clipped, close, grab, nameless, settle

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def opened(qtbot: QtBot, settings: Settings) -> tuple[QWidget, RehearsalBox]:
    window = QWidget()
    window.resize(800, 600)
    window.show()
    box = RehearsalBox(settings, window)
    box.open()
    box.activateWindow()
    qtbot.waitUntil(box.isActiveWindow)
    settle()
    return window, box


def test_the_keyboard_chooses_and_the_choice_outlives_the_program(qtbot: QtBot, tmp_path: Path) -> None:
    window, box = opened(qtbot, Settings(tmp_path))
    assert (box.rehearse_from.shown_text, box.seconds.shown_text) == ("积压 10 条", "30 秒")
    assert box.rehearse_from.hasFocus()
    for field in (box.rehearse_from, box.seconds):
        field.setFocus()
        qtbot.keyClick(field, Qt.Key.Key_Space)
        popup = QApplication.activePopupWidget()
        assert popup is not None
        listed = QApplication.focusWidget() or popup
        qtbot.keyClick(listed, Qt.Key.Key_Down)
        qtbot.keyClick(listed, Qt.Key.Key_Return)
        settle()
    again = Settings(tmp_path)
    assert (again.get(options.REHEARSE_FROM), again.get(options.REHEARSAL_SECONDS)) == (20, 60)
    close(window)


def test_emptied_it_is_the_default_again_and_a_value_of_the_file_stays_a_choice(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.set(options.REHEARSE_FROM, 37)
    window, box = opened(qtbot, settings)
    assert box.rehearse_from.shown_text == "积压 37 条"
    qtbot.keyClick(box.rehearse_from, Qt.Key.Key_Delete)
    assert settings.get(options.REHEARSE_FROM) == options.REHEARSE_FROM.default
    assert box.rehearse_from.shown_text == "积压 10 条"
    close(window)


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_every_word_fits_and_everything_has_a_name(
    qtbot: QtBot, theme: Theme, tmp_path: Path, mode: Mode, scale: float
) -> None:
    theme.set_mode(mode)
    window, box = opened(qtbot, Settings(tmp_path))
    assert not clipped(box)
    assert not nameless(box)
    grab(box, tmp_path / f"box-{mode.value}.png", scale)
    close(window)
