from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.codes.findings import is_valid
from medreg_core.domain.codes.id_number import (
    check_id_matches,
    check_id_number,
    id_kind_of,
    make_id_number,
    parse_id_number,
    same_id_number,
    to_18,
)
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Sex

TODAY = date(2026, 11, 23)
NUMBERS = st.builds(
    make_id_number,
    st.sampled_from(["110105", "340524", "440524", "990102"]),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)


def codes(text: str, tables: Tables | None = None) -> list[str]:
    return [finding.code for finding in check_id_number(text, TODAY, tables.regions if tables else None)]


@pytest.mark.parametrize(
    "number",
    [
        # The examples of GB 11643 itself. 340524 is in no table of codes, so packages call the second one wrong.
        "11010519491231002X",
        "34052419800101001X",
        "440524188001010014",
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
    ],
)
def test_the_standards_own_examples_pass(number: str) -> None:
    assert codes(number) == []


@pytest.mark.parametrize(
    ("number", "found"),
    [
        ("", "id_missing"),
        ("   ", "id_missing"),
        ("1101051949123100", "id_length"),
        ("11010519491231002XX", "id_length"),
        ("1101051949123100X2", "id_characters"),
        ("11010519491231OO2X", "id_characters"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "id_characters"),  # Arabic digits are digits to str.isdigit, not here
        ("110105194912310021", "id_check"),
        ("11010519490229002X", "id_date"),  # 1949 was no leap year
        ("110105194913310021", "id_date"),
        ("110105000000000021", "id_date"),
        (make_id_number("110105", date(2026, 11, 24), 2), "id_future"),
        ("11010549023100X", "id_characters"),
        ("110105490231002", "id_date"),
    ],
)
def test_wrong_numbers_name_their_first_fault(number: str, found: str) -> None:
    assert codes(number)[0] == found
    assert not is_valid(check_id_number(number, TODAY))


def test_born_today_is_possible() -> None:
    assert codes(make_id_number("110105", TODAY, 1)) == []


def test_an_unknown_region_is_only_a_hint(tables: Tables) -> None:
    assert codes("34052419800101001X", tables) == ["id_region_unknown"]
    assert is_valid(check_id_number("34052419800101001X", TODAY, tables.regions))


def test_a_region_abolished_long_ago_is_known(tables: Tables) -> None:
    assert codes("440524188001010014", tables) == []  # 潮阳县 until 1992


@pytest.mark.parametrize(
    ("region", "kind"),
    [
        ("810000", "hk_macao_taiwan_resident"),
        ("820000", "hk_macao_taiwan_resident"),
        ("830000", "hk_macao_taiwan_resident"),
        ("911840", "foreign_permanent_resident"),
        ("990102", "resident"),  # the demonstration province begins with 9 too
        ("110105", "resident"),
    ],
)
def test_kind_of_document(region: str, kind: str, tables: Tables) -> None:
    number = make_id_number(region, date(1990, 1, 1), 1)
    assert id_kind_of(number, tables.regions) == kind
    assert is_valid(check_id_number(number, TODAY, tables.regions))
    assert ("id_kind" in codes(number, tables)) == (kind != "resident")


def test_the_old_form_converts_and_says_so() -> None:
    assert to_18("110105491231002") == "11010519491231002X"
    assert codes("110105491231002") == ["id_old_form"]
    assert same_id_number("110105491231002", "11010519491231002x")
    assert not same_id_number("110105491231003", "11010519491231002x")


@given(NUMBERS)
def test_what_is_made_parses_back(number: str) -> None:
    parsed = parse_id_number(number)
    assert parsed is not None
    assert parsed.number == number
    assert f"{parsed.birth_date:%Y%m%d}" == number[6:14]
    assert parsed.sex is (Sex.MALE if int(number[14:17]) % 2 else Sex.FEMALE)


@given(NUMBERS, st.integers(0, 17), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_found(number: str, place: int, digit: str) -> None:
    if number[place] != digit:
        assert not is_valid(check_id_number(number[:place] + digit + number[place + 1 :], TODAY))


@given(NUMBERS, st.integers(0, 15))
def test_every_swap_of_neighbours_is_found(number: str, place: int) -> None:
    if number[place] != number[place + 1]:
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert not is_valid(check_id_number(swapped, TODAY))


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(text: str) -> None:
    if not check_id_number(text, TODAY):
        assert parse_id_number(text) is not None


@pytest.mark.parametrize(
    ("birth_date", "sex", "found"),
    [
        (date(1949, 12, 31), Sex.FEMALE, []),
        (date(1949, 12, 31), Sex.UNKNOWN, []),
        (date(1949, 12, 30), Sex.FEMALE, ["id_birth_differs"]),
        (date(1949, 12, 30), Sex.MALE, ["id_birth_differs", "id_sex_differs"]),
    ],
)
def test_birth_date_and_sex_are_cross_checked(birth_date: date, sex: Sex, found: list[str]) -> None:
    assert [finding.code for finding in check_id_matches("11010519491231002X", birth_date, sex)] == found


def test_a_number_that_cannot_be_read_is_not_cross_checked() -> None:
    assert check_id_matches("123", date(1949, 12, 31), Sex.MALE) == ()
