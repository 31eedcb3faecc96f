"""二次核对: whether the applicant is who the qualification names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_desktop.views.preview.state import Match
from tests.desktop.views.preview.test_presenter import A, Screen
from tests.helpers.review_forms import ID_NUMBER


def test_a_name_unlike_the_qualification_stands_out() -> None:
    screen = Screen(A)
    one = screen.ids[0]
    subject = screen.papers.applications[one]
    screen.papers.applications = {one: replace(subject, person=replace(subject.person, name="曾子安"))}
    screen.presenter.try_again()
    assert screen.state.form is not None
    assert screen.state.form.check.match is Match.DIFFERENT


@pytest.mark.parametrize("number", [ID_NUMBER[:6] + ID_NUMBER[8:17], ID_NUMBER.lower()])
def test_one_id_number_written_in_another_way_is_the_same_person(number: str) -> None:
    screen = Screen(A)
    one = screen.ids[0]
    subject = screen.papers.applications[one]
    assert subject.qualification is not None
    older = replace(subject, qualification=replace(subject.qualification, id_number=number))
    screen.papers.applications = {one: older}
    screen.presenter.try_again()
    assert screen.state.form is not None
    assert screen.state.form.check.match is Match.SAME
