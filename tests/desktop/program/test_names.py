"""Names nobody expected: markup, three hundred characters, a character no font has. Shown as they are, everywhere."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pypdf import PdfReader
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from medreg_core.domain.vocabulary import Role
from tests.helpers.program import Desk, click
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    ServerHandle,
    make_application,
    make_person,
    store_applications,
)

NO_FONT = "王\U000f1234安"
LONG = "甲乙丙丁戊己庚辛壬癸" * 30


def bring(desk: Desk, server: ServerHandle, hospital: Hospital, name: str) -> None:
    """Let somebody of this name apply, and put the application on the desk."""
    store_applications(server.service, [make_application(hospital.institution, replace(make_person(), name=name))])
    desk.at_work(hospital.logins[Role.REGISTRAR], PASSWORD)
    desk.open_review(desk.rows[0])


def interpreting(name: str) -> Iterator[str]:
    """Yield every text on the screen in which Qt would obey the name instead of showing it."""
    for window in QApplication.topLevelWidgets():
        for widget in (window, *window.findChildren(QWidget)):
            if isinstance(widget, QLabel) and widget.textFormat() is not Qt.TextFormat.PlainText and widget.text():
                yield f"label {widget.text()}"
            if name in widget.toolTip():
                yield f"tip {widget.toolTip()}"


def pdf_text(desk: Desk) -> str:
    """Return the words of the page in the preview, without line breaks."""
    pdf = desk.preview._presenter._state.pdf
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\n", "")


@pytest.mark.parametrize("name", ["<b>x</b>", '<img src="http://127.0.0.1:1/x.png">'], ids=["bold", "image"])
def test_markup_in_a_name_is_shown_and_not_obeyed(
    desk: Desk, server: ServerHandle, hospital: Hospital, name: str
) -> None:
    bring(desk, server, hospital, name)
    desk.shot("markup-review")
    assert desk.rows[0].name == name
    assert name in desk.words()
    assert not list(interpreting(name))
    desk.open_preview()
    desk.shot("markup-preview")
    assert name in pdf_text(desk)
    assert not list(interpreting(name))
    desk.office.preview.close()  # type: ignore[union-attr] # it is open
    desk.until(lambda: desk.office.preview is None, "closed")
    if desk.review.acts.agree_button.isEnabled():
        click(desk.review.acts.agree_button)
        desk.until(lambda: f"已同意：{name}" in desk.notices() or f"同意：{name}" in desk.notices(), "the notice")
        assert not list(interpreting(name))
    desk.close_review()
    desk.shot("markup-list")


def test_three_hundred_characters_are_all_there(desk: Desk, server: ServerHandle, hospital: Hospital) -> None:
    bring(desk, server, hospital, LONG)
    desk.shot("long-review")
    assert desk.review.width() <= desk.program.window.width()
    assert desk.rows[0].name == LONG
    assert LONG in desk.words()
    desk.open_preview()
    desk.shot("long-preview")
    assert "姓名：超出格子，末尾为「…」" in desk.words()
    assert LONG in desk.words()
    assert "…" in pdf_text(desk)
    desk.office.preview.close()  # type: ignore[union-attr] # it is open
    desk.close_review()
    desk.shot("long-list")


def test_a_character_no_font_has_is_reported(desk: Desk, server: ServerHandle, hospital: Hospital) -> None:
    bring(desk, server, hospital, NO_FONT)
    desk.shot("no-font-review")
    desk.open_preview()
    desk.shot("no-font-preview")
    assert "U+F1234" in desk.words()
    desk.office.preview.close()  # type: ignore[union-attr] # it is open
    desk.close_review()
