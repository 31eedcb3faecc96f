from __future__ import annotations

from dataclasses import replace

import pytest

from medreg_core.domain.comparison import Group, GroupCode, Mark, Row, compare, differences
from medreg_core.domain.records import Application
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Category, ChangePart, Kind
from tests.core.builders import ID_NUMBER, application, change, person, qualification, registration


def rows(one: Application, tables: Tables) -> dict[str, Row]:
    return {row.field: row for group in compare(one, tables) for row in group.rows}


def test_the_change_picture(tables: Tables) -> None:
    """欧阳以宁 changes the main institution: seven differences, in the order of the sheet."""
    held = registration(
        institution_name="示例市第一人民医院",
        institution_code="other",
        department="妇科",
        sites=("示例县人民医院",),
        education="21",
        title="住院医师",
    )
    one = replace(
        change(ChangePart.MAIN_INSTITUTION), registration=held, person=person(education="14", title="主治医师")
    )
    one = replace(one, request=replace(one.request, reason=""))
    groups = compare(one, tables)
    assert [group.code for group in groups] == list(GroupCode)
    assert differences(groups) == 7
    assert [row.field for row in groups[0].rows] == ["institution_name", "institution_code", "department", "start_on"]
    marks = {row.field: row.mark for group in groups for row in group.rows if row.differs}
    assert marks == {
        "institution_name": Mark.CHANGED,
        "institution_code": Mark.CHANGED,
        "department": Mark.CHANGED,
        "start_on": Mark.ADDED,
        "education": Mark.CHANGED,
        "title": Mark.CHANGED,
        "sites": Mark.REMOVED,
    }
    assert (rows(one, tables)["education"].applied, rows(one, tables)["education"].registered) == (
        "硕士研究生",
        "大学本科",
    )


def test_a_first_registration_marks_nothing(tables: Tables) -> None:
    groups = compare(application(), tables)
    assert differences(groups) == 0
    assert GroupCode.REGISTRATION not in [group.code for group in groups]
    assert {row.mark for row in groups[0].rows} == {Mark.NONE}


def test_identity_is_compared_with_the_qualification(tables: Tables) -> None:
    one = application(person=person(name="欧阳以寧"))
    assert rows(one, tables)["name"].mark is Mark.CHANGED
    old = application(qualification=qualification(id_number=ID_NUMBER[:6] + ID_NUMBER[8:17]))
    assert rows(old, tables)["id_number"].mark is Mark.SAME
    foreign = application(qualification=qualification(id_number="11010519491231002X"))
    assert rows(foreign, tables)["id_number"].mark is Mark.CHANGED


def test_what_the_register_does_not_hold_is_not_called_equal(tables: Tables) -> None:
    assert rows(change(ChangePart.SCOPE), tables)["phone"].mark is Mark.NONE


def test_a_filing_stands_beside_the_registration(tables: Tables) -> None:
    one = application(kind=Kind.MULTI_SITE_FILING, registration=registration(institution_name="示例县人民医院"))
    groups = compare(one, tables)
    assert differences(groups) == 0
    assert rows(one, tables)["institution_name"].applied == one.request.institution_name


def test_a_cancellation_keeps_the_registration_as_it_is(tables: Tables) -> None:
    one = application(kind=Kind.CANCELLATION, registration=registration(institution_name="他院", scopes=("surgery",)))
    registered = next(group for group in compare(one, tables) if group.code is GroupCode.REGISTRATION)
    assert {row.mark for row in registered.rows} == {Mark.SAME}


def test_after_the_approval_the_sheet_shows_what_came_of_it(tables: Tables) -> None:
    approved = replace(application(), registered=registration())
    assert rows(approved, tables)["practice_code"].registered == registration().practice_code == approved.practice_code
    assert application().practice_code == ""


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("part", ChangePart)
def test_every_kind_makes_a_sheet_without_a_field_twice(kind: Kind, part: ChangePart, tables: Tables) -> None:
    for held in (None, registration()):
        one = application(kind=kind, change_part=part if kind is Kind.CHANGE else None, registration=held)
        groups: tuple[Group, ...] = compare(one, tables)
        fields = [row.field for group in groups for row in group.rows]
        assert len(fields) == len(set(fields))
        assert groups


def test_values_of_closed_lists_stay_members_for_the_texts(tables: Tables) -> None:
    one = change(ChangePart.CATEGORY)
    row = rows(one, tables)["category"]
    assert (row.applied, row.registered, row.mark) == (Category.CLINICAL, Category.CHINESE, Mark.CHANGED)
    assert rows(one, tables)["scopes"].applied == "内科专业"
