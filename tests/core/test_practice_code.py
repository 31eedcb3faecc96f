from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.codes.findings import is_valid
from medreg_core.domain.codes.practice_code import check_practice_code, make_practice_code, parse_practice_code
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Level


def codes(text: str, tables: Tables | None = None) -> list[str]:
    return [finding.code for finding in check_practice_code(text, tables)]


def test_the_quoted_sample_of_an_abolished_county(tables: Tables) -> None:
    # 430122 was 望城县 until 2010; its certificates are still in use.
    assert codes("110430122000123", tables) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", "practice_missing"),
        ("11043012200012", "practice_length"),
        ("1104301220001234", "practice_length"),
        ("11043012200012X", "practice_characters"),
    ],
)
def test_hard_faults(code: str, found: str) -> None:
    assert codes(code) == [found]
    assert not is_valid(check_practice_code(code))


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("310430122000123", "practice_level"),
        ("199430122000123", "practice_category"),
        ("110000001000123", "practice_region"),
    ],
)
def test_hints(code: str, hint: str, tables: Tables) -> None:
    assert codes(code, tables) == [hint]
    assert is_valid(check_practice_code(code, tables))


@given(st.sampled_from(Level), st.sampled_from(["10", "41"]), st.integers(0, 999_999))
def test_what_is_made_parses_back(level: Level, category: str, serial: int) -> None:
    parsed = parse_practice_code(make_practice_code(level, category, "990102", serial))
    assert parsed is not None
    assert (parsed.level, parsed.exam_category, parsed.region) == (level.value, category, "990102")
    assert int(parsed.serial) == serial


def test_a_serial_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="16 characters"):
        make_practice_code(Level.PHYSICIAN, "10", "990102", 1_000_000)
