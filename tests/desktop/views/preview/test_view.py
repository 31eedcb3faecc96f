"""The real screen, offscreen: the bytes shown, the keys, both themes, and words for everything that can go wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.printing.field_names import FIELDS
from medreg_desktop.services.printing.form_document import Defect, FormWarning
from medreg_desktop.services.printing.printers import Duplex, PrintSettings, Tray, settings_from_text, settings_to_text
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.tasks import TaskRunner
from medreg_desktop.ui.theme import Mode, Theme
from medreg_desktop.views.preview.state import Phase, Trouble
from medreg_desktop.views.preview.view import PreviewView
from medreg_desktop.views.preview.words import field_word, trouble_words, warning_sentence
from tests.helpers.print_desk import MemoryPapers, MemoryPrinters, MemoryText, form_desk
from tests.helpers.review_forms import application
from tests.helpers.runners import ImmediateRunner

A, P, NONE = FormState.AGREED, FormState.PENDING, None
KEPT = settings_to_text(PrintSettings("laser", Tray.LOWER, Duplex.LONG_EDGE, 2))


# Qt's offscreen platform says so of every window it shows.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


class Shown:
    """An opened screen and what lies behind it."""

    def __init__(
        self, qtbot: QtBot, *states: FormState | None, printers: MemoryPrinters | None = None, barred: str = ""
    ) -> None:
        self.ids = tuple(ApplicationId(f"{n:032}") for n in range(len(states)))
        subjects = {one: replace(application(), id=one) for one in self.ids}
        self.papers = MemoryPapers(dict(zip(self.ids, states, strict=True)), subjects)
        self.papers.barred = barred
        self.printers = printers or MemoryPrinters()
        self.memory = MemoryText(KEPT)
        self.notices = Notices()
        desk = form_desk(self.papers, self.printers)
        self.view = PreviewView(desk, self.printers, self.memory, ImmediateRunner(), self.notices)
        qtbot.addWidget(self.view)
        self.view.resize(1280, 800)
        self.view.show()
        self.view.open(self.ids)

    @property
    def last_notice(self) -> str:
        return self.notices.history[-1].text


def key(
    qtbot: QtBot, shown: Shown, which: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    qtbot.keyClick(QApplication.focusWidget() or shown.view, which, modifier)


def test_the_page_and_its_thumbnails_are_the_document(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    assert shown.view.area.pages.pageCount() == 2
    model = shown.view.thumbnails.model()
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == ["第 1 页", "第 2 页"]


def test_page_keys_turn_pages_and_the_strip_follows(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    key(qtbot, shown, Qt.Key.Key_PageDown)
    assert shown.view.thumbnails.currentIndex().row() == 1
    assert shown.view.area.pageNavigator().currentPage() == 1
    assert not shown.view.next.isEnabled()
    shown.view.previous.click()
    assert shown.view.thumbnails.currentIndex().row() == 0


def test_a_press_on_a_thumbnail_shows_its_page(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    strip = shown.view.thumbnails
    strip.setCurrentIndex(strip.model().index(1, 0))
    assert shown.view.area.pageNavigator().currentPage() == 1


def test_beside_buttons_that_are_dead_for_this_account_stands_why(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A, barred="not_allowed")
    assert (shown.view.print.isEnabled(), shown.view.save.isEnabled()) == (False, False)
    assert shown.view._why_not.text() == "您的角色不能办理这一步。"


def test_of_what_is_left_out_no_more_is_said_than_is_known(qtbot: QtBot, theme: Theme) -> None:
    """It may have a form: one whose contents are others by now."""
    assert Shown(qtbot, A, None).view._why_not.text() == "所选中 1 条没有可打印的表，未列入。"


def test_the_keys_beside_the_words_print_and_save(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    shown.view.activateWindow()
    qtbot.waitUntil(shown.view.isActiveWindow)
    key(qtbot, shown, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(shown.printers.sent) == 1)  # a button pressed by its key acts when it comes up again
    assert shown.last_notice == "已送打印机：1 张表，每张 2 份。"
    assert shown.view.print.accessibleName() == "打印 2 份"
    key(qtbot, shown, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: shown.view.findChild(QFileDialog) is not None)
    dialog = shown.view.findChild(QFileDialog)
    assert dialog is not None
    dialog.close()


def test_a_chosen_file_is_written_and_told(qtbot: QtBot, theme: Theme, tmp_path: Path) -> None:
    shown = Shown(qtbot, A)
    shown.view.save.click()
    dialog = shown.view.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "a.pdf"))
    dialog.close()
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert shown.last_notice == f"已另存：{tmp_path / 'a.pdf'}"


def test_escape_asks_to_be_closed(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    with qtbot.waitSignal(shown.view.left):
        key(qtbot, shown, Qt.Key.Key_Escape)


def test_choices_are_kept(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A)
    shown.view.side.copies.chosen.emit(("3",))
    shown.view.side.tray.chosen.emit((Tray.MANUAL.value,))
    shown.view.side.duplex.chosen.emit((Duplex.OFF.value,))
    assert settings_from_text(shown.memory.text) == PrintSettings("laser", Tray.MANUAL, Duplex.OFF, 3)
    shown.view.side.printer.chosen.emit(("copier",))
    assert shown.view.side.printer.shown_text == "三楼复印机"


def test_zoom_has_three_ways_and_a_percentage(qtbot: QtBot, theme: Theme) -> None:
    area = Shown(qtbot, A).view.area
    wide = area.percent
    area.fit_page()
    whole = area.percent
    assert 0 < whole < wide
    area.zoom(1)
    assert area.percent == pytest.approx(whole * 1.15, abs=1)
    area.zoom(99)
    assert area.percent == 400
    area.fit_width()
    assert area.percent == wide


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_the_page_is_black_on_white_in_either_theme(qtbot: QtBot, theme: Theme, mode: Mode) -> None:
    shown = Shown(qtbot, A)
    theme.set_mode(mode)
    area = shown.view.area

    def corner() -> QColor:
        return area.viewport().grab().toImage().pixelColor(area.viewport().width() // 2, 40)

    qtbot.waitUntil(lambda: corner() == QColor("white"))
    desk = area.viewport().grab().toImage().pixelColor(4, 4)
    assert desk.name().upper() == ("#D3D9D7" if mode is Mode.LIGHT else "#0B0E0F")


def test_without_a_printer_saving_is_the_next_step(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A, printers=MemoryPrinters(()))
    assert not shown.view.print.isEnabled()
    assert shown.view.save.isEnabled()
    assert shown.view.side.printer.shown_text == "无打印机，另存 PDF"


def test_nothing_to_show_says_why_and_offers_another_try(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, NONE, NONE)
    assert shown.view.area.pages.pageCount() == 0
    shown.papers.states = dict.fromkeys(shown.ids, P)
    shown.view._empty.pressed.emit()
    assert shown.view.area.pages.pageCount() == 4


def test_a_worker_thread_reports_through_the_event_loop(qtbot: QtBot, theme: Theme) -> None:
    """The real runner: prepared on a worker thread, shown on this one."""
    shown = Shown(qtbot, A)
    runner = TaskRunner("preview-test", 1)
    desk = form_desk(shown.papers, shown.printers)
    view = PreviewView(desk, shown.printers, shown.memory, runner, shown.notices)
    qtbot.addWidget(view)
    view.open(shown.ids * 3)
    shown.printers.pages = 6
    qtbot.waitUntil(view.print.isEnabled)
    assert view.area.pages.pageCount() == 6
    view.print.click()
    qtbot.waitUntil(lambda: len(shown.papers.records) == 3)
    qtbot.waitUntil(lambda: runner.pending == 0)
    view.close_work()
    runner.close()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (Trouble("printer_gone", {"printer": "审核窗口"}), "审核窗口"),
        (Trouble("disk_full", {"folder": "D:/x"}), "磁盘"),
        (Trouble("font_missing", {"file": "a.ttf"}), "a.ttf"),
        (Trouble("file_not_written", {"folder": "D:/x"}), "不能存入 D:/x。"),
    ],
)
def test_every_trouble_has_its_sentence_and_next_step(theme: Theme, trouble: Trouble, words: str) -> None:
    what, todo = trouble_words(trouble)
    assert words in what + todo


def test_defects_of_the_page_are_said_in_words(theme: Theme) -> None:
    boxed = FormWarning("n", "name", Defect.UNCOVERED, ("\U000323b0",))
    assert warning_sentence(boxed) == "姓名：字库缺 U+323B0，已画方框"
    assert warning_sentence(FormWarning("n", "address", Defect.SHORTENED)) == "通讯地址：超出格子，末尾为「…」"


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_no_field_of_the_form_is_called_by_its_name_in_the_program(theme: Theme, field: str) -> None:
    assert not re.search("[a-z]", field_word(field))


def test_the_phases_are_those_the_view_knows() -> None:
    assert {phase.value for phase in Phase} == {"preparing", "ready", "printing", "saving", "failed"}
