from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from medreg_desktop.services.printing.symbols import Symbol, SymbolFault, code128, qr_code

_START, _CHECK, _STOP = 11, 11, 13


def picture(symbol: Symbol, module: int = 3, height: int = 3) -> Image.Image:
    image = Image.new("L", ((symbol.columns + 20) * module, (symbol.rows + 20) * height), 255)
    pen = ImageDraw.Draw(image)
    for x, y, width in symbol.runs:
        left, top = (x + 10) * module, (y + 10) * height
        pen.rectangle((left, top, left + width * module - 1, top + height - 1), fill=0)
    return image


def read(image: Image.Image) -> str:
    codes = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.Plain)
    assert len(codes) == 1
    return codes[0].text


def wide_bars(text: str) -> Image.Image:
    narrow = picture(code128(text), height=1)
    return narrow.crop((0, 10, narrow.width, 11)).resize((narrow.width, 80))


@settings(max_examples=150)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=24))
def test_code128_reads_back_whatever_it_is_given(text: str) -> None:
    assert read(wide_bars(text)) == text


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("9901002026000371B", 10),  # eight pairs, shift to B, B
        ("1234", 2),
        ("123", 3),  # an odd digit alone is not worth a shift
        ("ab1234", 5),  # four digits at the end are
        ("ab1234cd", 8),  # in the middle they are not
        ("ab123456cd", 9),
    ],
)
def test_code128_is_as_short_as_the_standard_allows(text: str, characters: int) -> None:
    assert code128(text).columns == _START + 11 * characters + _CHECK + _STOP


@pytest.mark.parametrize("text", ["", "表格", "tab\t"])
def test_code128_refuses_what_it_cannot_carry(text: str) -> None:
    with pytest.raises(SymbolFault):
        code128(text)


@settings(max_examples=60)
@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", min_size=1, max_size=330))
def test_qr_reads_back_every_base45_text(text: str) -> None:
    assert read(picture(qr_code(text))) == text


def test_qr_of_the_longest_form_code_is_version_11() -> None:
    assert qr_code("A" * 330).columns == 61


def test_qr_refuses_a_text_that_no_symbol_holds() -> None:
    with pytest.raises(SymbolFault):
        qr_code("A" * 8000)
