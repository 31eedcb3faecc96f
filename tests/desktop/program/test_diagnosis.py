"""诊断 in the real program: F1 and the status bar open it, Esc leads back, it follows events and outlives a restart."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from medreg_desktop.views.diagnosis.view import DiagnosisPanel
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.helpers.fault_proxy import FaultProxy, http_answer
from tests.helpers.program import Desk, click
from tests.helpers.server import PASSWORD


def panel_of(desk: Desk) -> DiagnosisPanel:
    found = desk.program.window.findChild(DiagnosisPanel)
    assert isinstance(found, DiagnosisPanel)
    return found


def press(desk: Desk, key: Qt.Key, at: QWidget | None = None) -> None:
    """Press a key where the keyboard is, or put it there first."""
    window = desk.program.window
    window.activateWindow()
    if at is not None:
        at.setFocus()
    desk.until(window.isActiveWindow, "the window in front")
    QTest.keyClick(QApplication.focusWidget() or window, key)


def in_front(desk: Desk, window: QWidget) -> QWidget:
    """Wait for a window to be in front and return where the keyboard stands in it."""
    window.activateWindow()
    desk.until(lambda: window.isActiveWindow() and window.focusWidget() is not None, "the window in front")
    focused = window.focusWidget()
    assert focused is not None
    return focused


def asked_over(desk: Desk, window: QWidget) -> DiagnosisPanel:
    """Press F1 where the keyboard is, and return the panel that opens over the window."""
    QTest.keyClick(window.focusWidget() or window, Qt.Key.Key_F1)
    desk.until(lambda: window.findChild(DiagnosisPanel) is not None, "the panel over the window")
    panel = window.findChild(DiagnosisPanel)
    assert isinstance(panel, DiagnosisPanel)
    desk.until(panel.tabs.hasFocus, "the keyboard in the panel")
    return panel


def leave(desk: Desk, window: QWidget, before: QWidget) -> None:
    """Press Esc: only the panel closes, and the keyboard stands where it was."""
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Escape)
    desk.until(lambda: window.findChild(DiagnosisPanel) is None, "the panel gone")
    assert window.isVisible()
    desk.until(lambda: window.focusWidget() is before, "the keyboard where it was")


def test_the_lamp_is_asked_from_the_list_and_esc_leads_back(office: Desk, proxy: FaultProxy) -> None:
    window = office.program.window
    press(office, Qt.Key.Key_F1, window.status_bar.lamp)
    office.until_says("您的决定都已得到答复，本机副本与服务端一致。")
    office.shot("why-synced")
    proxy.cut_all()
    office.until_says("现在连不上服务端。")
    office.until(lambda: any(row.failed for row in panel_of(office).why.model.rows), "a failed exchange in the table")
    office.shot("why-offline")
    press(office, Qt.Key.Key_Escape)
    assert window.shown_screen == "applications"


def test_a_row_of_the_list_is_asked_and_its_decision_followed_until_it_is_accepted(
    office: Desk, proxy: FaultProxy
) -> None:
    proxy.cut_all()
    office.until_lamp("离线")
    row = office.rows[0]
    office.agree(row)
    page = office.office.list
    assert page is not None
    office.until(lambda: page.table.current_row >= 0, "the row under the bar")
    press(office, Qt.Key.Key_F1, page.table)
    office.until_says("您的决定已存本机，服务端还没有答复。")
    assert row.name in panel_of(office).why._subject.text()
    office.shot("why-waiting")
    click(panel_of(office).why.copy)
    assert row.name not in QApplication.clipboard().text()
    assert office.queue()[0].command.id[-8:] in QApplication.clipboard().text()
    proxy.restore()
    office.office.sync_now()
    office.until_says("服务端已采用您的决定，并已登记。")
    assert panel_of(office).why.model.row(0).call == "commands"
    office.shot("why-accepted")


def test_f1_in_the_review_and_in_the_preview_asks_about_what_is_shown_and_esc_gives_the_keyboard_back(
    office: Desk, proxy: FaultProxy
) -> None:
    proxy.cut_all()
    office.until_lamp("离线")
    first, second = office.rows[:2]
    office.agree(first)
    office.open_review(second)
    before = in_front(office, office.review)
    panel = asked_over(office, office.review)
    office.until(lambda: second.name in panel.why._subject.text(), "the application in the review")
    office.until_says("最近一次收到的登记内容")  # offline it must not claim to be what the register holds
    office.shot("why-over-review")
    leave(office, office.review, before)
    office.close_review()

    office.office.open_preview((second.id, first.id))
    office.until(lambda: office.preview.shown_application is not None, "the document")
    office.preview._presenter.show_page(office.preview._presenter.state.pages - 1)
    shown = next(row for row in office.rows if row.id == office.preview.shown_application)
    window = office.office.preview
    assert window is not None
    before = in_front(office, window)
    panel = asked_over(office, window)
    office.until(lambda: shown.name in panel.why._subject.text(), "the application whose page is in view")
    office.shot("why-over-preview")
    leave(office, window, before)
    window.close()


def test_the_offline_verdict_is_one_click_away_and_says_what_speaks_against_it(office: Desk, proxy: FaultProxy) -> None:
    bar = office.program.window.status_bar
    office.until(lambda: "可以离线" in bar.offline.word, f"the verdict, not {bar.offline.word}")
    click(bar.offline)
    office.until_says("表格编码")
    office.shot("offline-can")
    proxy.cut_all()
    office.until_lamp("离线")
    office.agree(office.rows[0])
    office.until(lambda: bar.offline.word == "可以离线，1 项提醒", bar.offline.word)
    office.until_says("可以离线，但还有 1 条没有发送")
    office.shot("offline-but")


def test_what_went_wrong_is_still_explained_after_a_restart(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy
) -> None:
    desk = open_desk()
    desk.at_work(staff.registrar, PASSWORD, 3)
    desk.until_lamp("已同步")
    proxy.cut_all()
    desk.until_lamp("离线")
    desk.close()
    proxy.restore()
    again = open_desk()
    again.at_work(staff.registrar, PASSWORD, 3)
    again.until_lamp("已同步")
    log = again.program.doorway.get().diary.log
    calls = [item.call for item in log.all()]
    assert any(item.failed for item in log.all())
    assert calls.count("sign_in") == 2
    assert [item.n for item in log.all()] == sorted(item.n for item in log.all())


@pytest.mark.logs("a line with a name is logged on purpose")
def test_a_support_bundle_of_a_day_with_trouble_holds_nothing_of_a_person(
    office: Desk, staff: Staff, proxy: FaultProxy, tmp_path: Path
) -> None:
    person = staff.applications[0].person
    proxy.answer_at_once("/sync/", http_answer(500, f"{person.name} {person.id_number}".encode()), times=3)
    office.agree(office.rows[0])
    office.until_lamp("已同步")
    logging.getLogger("medreg_desktop.planted").warning("about %s, %s", person.name, person.id_number)
    window = office.program.window
    press(office, Qt.Key.Key_F1, window.status_bar.lamp)
    panel = panel_of(office)
    for _ in range(2):
        QTest.keyClick(panel.tabs, Qt.Key.Key_Right)
    office.until(lambda: panel.bundle.model.rows, "the bundle")
    office.shot("bundle")
    panel.bundle.save_wanted.emit(tmp_path / "bundle.zip")
    office.until_says("请把这个文件交给运维。")
    office.shot("bundle-saved")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
        assert b"about %s, %s" in archive.read("log.jsonl")
        assert b"server_error" in archive.read("sync.json")
    for application in staff.applications:
        who = application.person
        for secret in (who.name, who.id_number, who.phone or "-none-", staff.registrar, PASSWORD):
            assert secret.encode() not in content
