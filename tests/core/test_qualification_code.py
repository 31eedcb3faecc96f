from __future__ import annotations

from datetime import date

import pytest

from medreg_core.domain.codes.findings import is_valid
from medreg_core.domain.codes.qualification_code import (
    check_qualification_code,
    display_qualification_code,
    embedded_id,
    make_qualification_code,
    parse_qualification_code,
)
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Level

TODAY = date(2026, 11, 23)
ID_18 = "11010519491231002X"
ID_15 = "110105491231002"
NEW = "202611110" + ID_18
OLD = "199911110" + ID_15


def codes(text: str, tables: Tables | None = None, *, id_number: str = "") -> list[str]:
    return [f.code for f in check_qualification_code(text, TODAY, id_number=id_number, tables=tables)]


def test_lengths_are_those_of_the_rule() -> None:
    assert (len(NEW), len(OLD)) == (27, 24)
    assert make_qualification_code(2026, "11", Level.PHYSICIAN, "10", ID_18) == NEW


@pytest.mark.parametrize("text", [NEW, OLD, NEW.lower(), "2026 11 1 10 " + ID_18])
def test_good_codes_of_both_lengths(text: str, tables: Tables) -> None:
    assert codes(text, tables) == []


@pytest.mark.parametrize(("code", "id_number"), [(NEW, ID_15), (OLD, ID_18), (NEW, ID_18.lower()), (OLD, ID_15)])
def test_the_embedded_number_is_compared_after_conversion(code: str, id_number: str) -> None:
    assert codes(code, id_number=id_number) == []
    assert embedded_id(code) == ID_18


@pytest.mark.parametrize("code", [NEW, OLD])
def test_somebody_elses_code(code: str) -> None:
    assert codes(code, id_number="34052419800101001X") == ["qualification_id_differs"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", "qualification_missing"),
        (NEW[:-1], "qualification_length"),
        (OLD + "1", "qualification_length"),
        ("2026A1110" + ID_18, "qualification_characters"),
        ("202611110X" + ID_18[1:], "qualification_characters"),
        (OLD[:-1] + "X", "qualification_characters"),  # the 15-digit number has no check character
        ("199711110" + ID_18, "qualification_year"),
        ("202711110" + ID_18, "qualification_year"),
        ("202611110" + ID_18[:-1] + "1", "qualification_id"),
        ("199911110" + "110105491331002", "qualification_id"),
    ],
)
def test_hard_faults(code: str, found: str) -> None:
    assert codes(code)[0] == found
    assert not is_valid(check_qualification_code(code, TODAY))


@pytest.mark.parametrize("year", ["1998", "2026"])
def test_first_and_current_year_are_good(year: str) -> None:
    assert codes(year + NEW[4:]) == []


def test_the_inner_fault_is_named() -> None:
    (finding,) = check_qualification_code("202611110" + ID_18[:-1] + "1", TODAY)
    assert finding.params == {"inner": "id_check", "expected": "X", "found": "1"}


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("202600110" + ID_18, "qualification_province"),  # army, Hong Kong, Macao and Taiwan papers
        ("202681110" + ID_18, "qualification_province"),
        ("202611310" + ID_18, "qualification_level"),
        ("202611199" + ID_18, "qualification_category"),
    ],
)
def test_what_real_papers_break_is_only_a_hint(code: str, hint: str, tables: Tables) -> None:
    if hint == "qualification_province" and code[4:6] == "81":
        assert codes(code) == [hint]  # without tables only the mainland is known
    else:
        assert codes(code, tables) == [hint]
    assert is_valid(check_qualification_code(code, TODAY, tables=tables))


def test_the_demonstration_province_is_known_by_its_table(tables: Tables) -> None:
    assert codes("202699110" + ID_18) == ["qualification_province"]
    assert codes("202699110" + ID_18, tables) == []


def test_parts_and_display() -> None:
    parsed = parse_qualification_code(NEW)
    assert parsed is not None
    assert (parsed.year, parsed.province, parsed.level, parsed.exam_category) == (2026, "11", "1", "10")
    assert display_qualification_code(NEW) == "2026 11 1 10 " + ID_18
    assert display_qualification_code("x") == "x"
    assert embedded_id("x") == ""
