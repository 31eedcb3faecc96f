"""Of a batch every form that does not show everything as written is told before all is printed by one press."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from medreg_desktop.ui.theme import Theme
from medreg_desktop.views.preview.words import defect_words
from tests.desktop.views.preview.test_presenter import A, Screen
from tests.desktop.views.preview.test_view import Shown
from tests.helpers.print_desk import MemoryPapers
from tests.helpers.qt import clipped, settle

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

RARE = "王\U000323b0"
"""No font has the second character."""


def spoil(papers: MemoryPapers, *places: int) -> None:
    """Give the applicants at these places of the batch a name that cannot be drawn."""
    subjects = dict(papers.applications)
    for place in places:
        one = list(subjects)[place]
        subjects[one] = replace(subjects[one], person=replace(subjects[one].person, name=RARE))
    papers.applications = subjects


def batch(*places: int, of: int = 4) -> Screen:
    screen = Screen(*[A] * of)
    spoil(screen.papers, *places)
    screen.presenter.try_again()
    return screen


def test_the_first_page_in_view_tells_of_those_that_are_not() -> None:
    screen = batch(1, 3)
    assert screen.state.form is not None
    assert screen.state.form.warnings == ()
    assert screen.state.defective == (2, 6)
    assert defect_words(screen.state)[0] == "4 份中有 2 份的页面与所填内容不完全一致。"


def test_the_way_leads_from_one_to_the_next_and_round() -> None:
    screen = batch(1, 3)
    seen = []
    for _ in range(3):
        screen.presenter.next_defective()
        seen.append(screen.state.page)
    assert seen == [2, 6, 2]
    what, todo, _ = defect_words(screen.state)
    assert what == "页面与所填内容不完全一致"
    assert todo == "姓名：字库缺 U+323B0，已画方框\n本批另有 1 份也不完全一致。"


@pytest.mark.parametrize("of", [1, 2])
def test_the_only_one_offers_no_way_on(of: int) -> None:
    screen = batch(0, of=of)
    what, todo, button = defect_words(screen.state)
    assert (what, todo, button) == ("页面与所填内容不完全一致", "姓名：字库缺 U+323B0，已画方框", "")


def test_with_nothing_wrong_nothing_is_said() -> None:
    screen = batch()
    screen.presenter.next_defective()
    assert screen.state.page == 0
    assert defect_words(screen.state) == ("", "", "")


def test_it_stands_beside_the_button_that_prints_and_leads_there(qtbot: QtBot, theme: Theme) -> None:
    shown = Shown(qtbot, A, A, A)
    spoil(shown.papers, 1)
    shown.view._presenter.try_again()
    settle()
    assert shown.view._why_not.text() == "3 份中有 1 份的页面与所填内容不完全一致。"
    banner = shown.view.side._defects
    assert banner.isVisible()
    assert clipped(shown.view.side) == []
    banner.pressed.emit()
    assert shown.view._presenter.state.page == 2
    assert not banner._button.isVisible()
