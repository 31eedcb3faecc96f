"""What may leave the computer is offered to those alone who may take it out; everybody of the office may read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache import audit
from medreg_desktop.ui import clipboard
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.helpers.program import Desk
from tests.helpers.server import PASSWORD, Hospital, ServerHandle, seed_applications


@pytest.mark.parametrize(
    ("role", "may"), [(Role.REGISTRAR, True), (Role.READ_ONLY, False), (Role.INSTITUTION_ADMIN, False)]
)
def test_only_who_may_takes_the_list_and_the_full_numbers_out(
    open_desk: OpenDesk, server: ServerHandle, hospital: Hospital, role: Role, may: bool
) -> None:
    clipboard.put("")
    applications = seed_applications(server.service, hospital.institution, 2)
    desk = open_desk()
    desk.at_work(hospital.logins[role], PASSWORD)
    assert desk.office.list is not None
    assert desk.office.list.export.isVisibleTo(desk.office.list) is may
    _copy_two(desk)
    desk.until(
        lambda: ("已复制 2 条。" if may else "本账号不能导出列表，每次只能复制一条。") in desk.notices(), "an answer"
    )
    assert len(QGuiApplication.clipboard().text().splitlines()) == (2 if may else 0)
    shown = desk.rows[0]
    desk.open_review(shown)
    assert ("显示全号" in desk.words()) is may
    desk.open_preview()
    assert ("您的角色不能办理这一步。" in desk.words()) is not may
    assert not desk.preview.print.isEnabled()
    desk.shot("preview")
    pages, (person, *_) = desk.preview.area.pages, [each.person for each in applications if each.id == shown.id]
    words = "".join(pages.getAllText(n).text() for n in range(pages.pageCount())).replace(" ", "")
    assert (person.id_number in words) is may
    assert (person.phone in words) is may
    lines = desk.program.doorway.get().store.read(lambda conn: audit.lines(conn, 50))
    assert [line.subject for line in lines if line.action == "preview_form"] == ([shown.id] if may else [])


def _copy_two(desk: Desk) -> None:
    assert desk.office.list is not None
    table = desk.office.list.table
    desk.until(lambda: len(desk.rows) == 2, "rows")
    QTest.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)


def test_what_was_copied_goes_with_who_copied_it(office: Desk, staff: Staff) -> None:
    """At the lock, at sign-out and at the end; an audit line stands before rows are on the clipboard."""
    page = office.office.list
    assert page is not None

    def copy() -> None:
        QTest.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        office.until(lambda: "曾予安" in QGuiApplication.clipboard().text(), "copied")

    page.model.tick_all(on=True)
    copy()
    lines = office.program.doorway.get().store.read(lambda conn: audit.lines(conn, 50))
    assert ['"rows":"3"' in line.detail for line in lines if line.action == "copy_list"] == [True]
    office.program.lock()
    assert QGuiApplication.clipboard().text() == ""
    office.unlock(PASSWORD)
    office.until(lambda: not office.is_shut, "in again")
    copy()
    office.program.sign_out()
    assert QGuiApplication.clipboard().text() == ""
