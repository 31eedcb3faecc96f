from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.codes.credit_code import check_credit_code, make_credit_code
from medreg_core.domain.codes.findings import is_valid
from medreg_core.domain.codes.institution_code import (
    check_institution_code,
    make_institution_code,
    parse_institution_code,
)
from medreg_core.domain.codes.organisation_code import check_organisation_code, organisation_check_character
from medreg_core.domain.tables import Tables

CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SAMPLE = "91350100M000100Y43"
BODIES = st.text("0123456789", min_size=8, max_size=8)
CREDIT_CODES = st.builds(make_credit_code, st.just("12"), st.just("990102"), BODIES)
INSTITUTION_CODES = st.builds(
    make_institution_code, BODIES, st.just("990102"), st.just("11"), st.just("A100"), st.sampled_from("129")
)


def credit(text: str, tables: Tables | None = None) -> list[str]:
    return [finding.code for finding in check_credit_code(text, tables.regions if tables else None)]


def institution(text: str, tables: Tables | None = None) -> list[str]:
    return [finding.code for finding in check_institution_code(text, tables.regions if tables else None)]


# -- 组织机构代码, GB 11714


@pytest.mark.parametrize("text", ["D2143569-X", "D2143569X", "d2143569x", "Ｄ２１４３５６９－Ｘ"])
def test_organisation_code_of_the_standard(text: str) -> None:
    assert check_organisation_code(text) == ()


def test_organisation_check_digit_may_be_zero() -> None:
    # 11 − 0 = 11 is written 0, the case a naive table of eleven signs gets wrong.
    assert organisation_check_character("00000000") == "0"
    assert check_organisation_code("D21435690")[0].params == {"expected": "X"}
    assert [finding.code for finding in check_organisation_code("D214-X")] == ["organisation_shape"]


# -- 统一社会信用代码, GB 32100


def test_the_worked_example() -> None:
    assert credit(SAMPLE) == []


def test_the_invalid_example_of_many_pages_is_invalid() -> None:
    assert credit("91350100M000100Y4Z") == ["credit_characters"]


def test_remainder_itself_is_not_the_check() -> None:
    # Copied samples return sum mod 31 (28 = "W" here) instead of 31 − it.
    assert credit(SAMPLE[:-1] + "W") == ["credit_check"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", "credit_missing"),
        (SAMPLE[:-1], "credit_length"),
        ("9135010OM000100Y43", "credit_characters"),
        ("91350100M000100I43", "credit_characters"),
    ],
)
def test_credit_code_faults(code: str, found: str) -> None:
    assert credit(code) == [found]


@given(CREDIT_CODES, st.integers(0, 17), st.sampled_from(CREDIT_SIGNS))
def test_every_single_wrong_sign_is_found(code: str, place: int, sign: str) -> None:
    if code[place] != sign:
        assert "credit_check" in credit(code[:place] + sign + code[place + 1 :])


@given(CREDIT_CODES)
def test_the_inner_organisation_code_is_checked_too(code: str) -> None:
    assert credit(code) in ([], ["credit_inner_check"])
    # X is the only letter of organisation checks, and a sign of both alphabets, so a made code holds inside as well.
    assert credit(code) == []


def test_inner_check_and_region_are_hints(tables: Tables) -> None:
    body = "12" + "000001" + "D21435690"
    code = next(body + sign for sign in CREDIT_SIGNS if is_valid(check_credit_code(body + sign)))
    assert credit(code, tables) == ["credit_inner_check", "credit_region"]


# -- 医疗机构登记号


@given(INSTITUTION_CODES)
def test_made_numbers_hold(code: str) -> None:
    assert len(code) == 22
    assert institution(code) == []
    parsed = parse_institution_code(code)
    assert parsed is not None
    assert (parsed.region, parsed.economy, parsed.kind) == ("990102", "11", "A100")


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", ["institution_missing"]),
        ("990102*", ["institution_characters"]),
        ("9901020001", ["institution_length"]),
        ("D2143569X990102111A001", ["institution_shape"]),
        ("D2143569099010211A1001", ["institution_check"]),
        ("D2143569X99010211A1007", ["institution_management"]),
        ("D2143569X00000111A1001", ["institution_region"]),
        ("990102000111", []),
        ("990102000141", ["institution_shape"]),  # attribute 4 is no kind of clinic
        ("000001000111", ["institution_region"]),
        ("990102000111990102", ["institution_old_form"]),
    ],
)
def test_institution_numbers(code: str, found: list[str], tables: Tables) -> None:
    assert institution(code, tables) == found
