from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.printing.template import TextStyle
from medreg_desktop.services.printing.text_layout import fit


def measure(text: str) -> float:
    """An em for everything wide, half of one for ASCII."""
    return sum(0.5 if char < "\x7f" else 1.0 for char in text)


STYLE = TextStyle(size=10, least=6, lines=3, leading=1.2)
TEXTS = st.text("医师执业注册（），。、：“”ABC0123 -.", max_size=60)


@given(TEXTS, st.integers(30, 200), st.integers(8, 60))
def test_nothing_is_wider_than_its_box_and_nothing_vanishes_unreported(text: str, width: int, height: int) -> None:
    fitted = fit(text, STYLE, width, height, measure)
    assert STYLE.least <= fitted.size <= STYLE.size
    assert len(fitted.lines) <= STYLE.lines
    assert all(measure(line) * fitted.size <= width + 1e-6 for line in fitted.lines)
    joined = "".join(fitted.lines).replace(" ", "")
    if fitted.shortened:
        assert joined.endswith("…")
        assert text.replace(" ", "").startswith(joined[:-1])
    else:
        assert joined == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "width", "lines", "size"),
    [
        ("曾予安", 30, ("曾予安",), 10.0),
        ("曾予安", 27, ("曾予安",), 9.0),  # shrinks before it wraps
        ("示例市第二人民医院", 50, ("示例市第二", "人民医院"), 10.0),
        ("一二三四，五六七八", 40, ("一二三", "四，五六", "七八"), 10.0),  # no comma at the start of a line
        ("一二三（四五）", 40, ("一二三", "（四五）"), 10.0),  # nor an opening bracket at an end
        ("编码990100号", 40, ("编码", "990100号"), 10.0),  # numbers stay whole
        ("甲\n乙", 50, ("甲", "乙"), 10.0),
        ("", 50, ("",), 10.0),
    ],
)
def test_lines(text: str, width: float, lines: tuple[str, ...], size: float) -> None:
    height = 36 if len(lines) > 1 else 12
    fitted = fit(text, STYLE, width, height, measure)
    assert (fitted.lines, fitted.size, fitted.shortened) == (lines, size, False)


def test_a_text_too_long_even_at_the_smallest_size_ends_with_dots() -> None:
    fitted = fit("医" * 300, STYLE, 60, 36, measure)
    assert fitted.shortened
    assert fitted.size == STYLE.least
    assert [len(line) for line in fitted.lines] == [10, 10, 10]
    assert fitted.lines[-1] == "医" * 9 + "…"


def test_spacing_counts() -> None:
    style = TextStyle(size=10, least=10, spacing=2)
    assert not fit("医师", style, 24, 12, measure).shortened
    assert fit("医师", style, 23, 12, measure).shortened
