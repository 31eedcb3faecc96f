from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.masking import mask_id, mask_name, mask_phone
from medreg_core.domain.text import normalise_code, normalise_name, normalise_text


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
        (" 110105 19491231-002X ", "11010519491231002X"),
        ("990100—2026—000371－b", "9901002026000371B"),
        ("D2143569-X", "D2143569X"),
        ("1101\u200b05\ufeff", "110105"),
        ("11010519491231002Ⅹ", "11010519491231002X"),
        ("", ""),
    ],
)
def test_codes_have_one_spelling(typed: str, code: str) -> None:
    assert normalise_code(typed) == code


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("买买提·艾力", "买买提·艾力"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提．艾力", "买买提·艾力"),
        ("  欧阳　以宁 ", "欧阳 以宁"),
        ("ＬＩ Ming", "li ming"),
        ("𠮷田", "𠮷田"),
    ],
)
def test_names_have_one_spelling(typed: str, name: str) -> None:
    assert normalise_name(typed) == name


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    for normalise in (normalise_code, normalise_name, normalise_text):
        once = normalise(text)
        assert normalise(once) == once


@pytest.mark.parametrize(
    ("number", "masked"),
    [("370000199001010923", "37••••0923"), ("37000019900", "37••••9900"), ("123", "••••"), ("", "")],
)
def test_masks_all_but_two_and_four(number: str, masked: str) -> None:
    assert mask_id(number) == masked


@given(st.text("0123456789X", min_size=10, max_size=27))
def test_a_mask_tells_nothing_of_the_middle(number: str) -> None:
    assert mask_id(number) == mask_id(number[:2] + "0" * 12 + number[-4:])


def test_phones_and_names() -> None:
    assert mask_phone("13800005678") == "138****5678"
    assert mask_phone("120") == "****"
    assert mask_name("欧阳以宁") == "欧**"
    assert mask_name("") == ""
