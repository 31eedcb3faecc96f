from __future__ import annotations

from pathlib import Path

import pytest

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.template import Face
from medreg_desktop.services.printing.tounicode import to_unicode_map
from tests.helpers.review_forms import ROOT

FOLDER = ROOT / "resources/fonts"


def test_common_names_do_not_open_the_rare_font() -> None:
    fonts = FontStack(FOLDER)
    assert [run.text for run in fonts.runs(Face.SERIF, "曾予安 ABC·")] == ["曾予安 ABC·"]
    assert list(fonts._opened) == ["NotoSerifSC-Regular.ttf"]
    fonts.runs(Face.SERIF, "𠮷")
    assert "HanaMinB.ttf" in fonts._opened


def test_a_text_is_cut_where_the_font_changes() -> None:
    runs = FontStack(FOLDER).runs(Face.SERIF, "王𠮷\U000323b0安")
    assert [run.text for run in runs] == ["王", "𠮷", "\U000323b0", "安"]
    assert [run.font is None for run in runs] == [False, False, True, False]
    assert [run.width for run in runs] == [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("block", [(0x4E00, 0x9FEF), (0x3400, 0x4DB5), (0x20000, 0x2A6D6), (0x2CEB0, 0x2EBE0)])
def test_gb_18030_is_covered(block: tuple[int, int]) -> None:
    assert FontStack(FOLDER).uncovered([chr(code) for code in range(block[0], block[1] + 1)]) == ()


def test_a_missing_font_is_a_known_fault(tmp_path: Path) -> None:
    with pytest.raises(KnownFault) as caught:
        FontStack(tmp_path).width(Face.SERIF, "甲")
    assert (caught.value.code, caught.value.params) == ("font_missing", {"file": "NotoSerifSC-Regular.ttf"})


def test_the_unicode_map_is_utf_16_in_blocks_of_a_hundred() -> None:
    text = to_unicode_map("F", [0x41, 0x20BB7] + [0x4E00] * 150)
    assert "<00> <0041>" in text
    assert "<01> <D842DFB7>" in text
    assert [line for line in text.splitlines() if line.endswith("beginbfchar")] == [
        "100 beginbfchar",
        "52 beginbfchar",
    ]
