"""Tokens, theme, icons, assets: the numbers of the look, computed."""

from __future__ import annotations

import re
import sys

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QTextLayout
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medreg_desktop.ui import assets, icons, words
from medreg_desktop.ui.theme import Mode, Theme, look
from medreg_desktop.ui.tokens import DARK, EDGE_PAIRS, LIGHT, TEXT_PAIRS, Colour, Density, Type, contrast
from medreg_desktop.ui.widgets import Text
from tests.desktop.ui.gallery import LAMPS

C = Colour


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids=lambda pair: f"{pair[0]} on {pair[1]}")
def test_text_can_be_read(palette: dict[Colour, str], pair: tuple[Colour, Colour]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", EDGE_PAIRS, ids=lambda pair: f"{pair[0]} on {pair[1]}")
def test_edges_can_be_seen(palette: dict[Colour, str], pair: tuple[Colour, Colour]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 3


@pytest.mark.parametrize(
    ("text", "ground", "light", "dark"),
    [
        (C.TEXT, C.SURFACE, 16.2, 13.4), (C.TEXT2, C.SURFACE, 8.1, 8.8), (C.TEXT3, C.SURFACE, 5.8, 6.4),
        (C.TEXT3, C.ACCENT_SOFT, 4.9, 4.9), (C.TEXT3, C.SUNKEN, 4.8, 7.3), (C.ACCENT, C.SURFACE, 7.7, 8.6),
        (C.ON_ACCENT, C.ACCENT_FILL, 7.7, 5.3), (C.OK, C.OK_SOFT, 5.8, 7.1), (C.WARN, C.WARN_SOFT, 6.2, 7.1),
        (C.BAD, C.BAD_SOFT, 5.8, 6.6), (C.DIFF, C.DIFF_SOFT, 6.6, 7.3), (C.LINE2, C.SURFACE, 3.6, 3.9),
    ],
)  # fmt: skip
def test_the_computation_agrees_with_the_look(text: Colour, ground: Colour, light: float, dark: float) -> None:
    assert contrast(LIGHT[text], LIGHT[ground]) == pytest.approx(light, abs=0.1)
    assert contrast(DARK[text], DARK[ground]) == pytest.approx(dark, abs=0.1)


def test_contrast_knows_its_ends() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


def test_both_palettes_have_every_role() -> None:
    assert set(LIGHT) == set(DARK) == set(Colour)


def test_the_theme_changes_while_windows_are_open(qtbot: QtBot, theme: Theme) -> None:
    label = Text("欧阳以宁", Type.NAME)
    qtbot.addWidget(label)
    assert label.palette().windowText().color() == QColor(LIGHT[C.TEXT])
    with qtbot.waitSignal(theme.changed):
        theme.set_mode(Mode.DARK)
    assert look().dark
    assert label.palette().windowText().color() == QColor(DARK[C.TEXT])
    assert QApplication.palette().window().color() == QColor(DARK[C.WINDOW])


def test_density_and_text_size_reach_metrics_and_fonts(theme: Theme) -> None:
    assert (look().metrics.row, look().metrics.rail, look().body_px) == (28, 164, 13)
    theme.set_density(Density.STANDARD)
    assert (look().metrics.row, look().metrics.header, look().metrics.rail) == (36, 34, 184)
    theme.set_font_pt(14)
    assert look().font(Type.BODY).pixelSize() == 18
    assert look().metrics.row == 50
    theme.set_font_pt(9)
    assert look().font(Type.BODY).pixelSize() == 12
    assert look().metrics.row == 36, "lengths never shrink below their 100 % value"
    theme.set_font_pt(99)
    assert look().font_pt == 14


def test_only_two_weights_and_one_family() -> None:
    faces = [face for name, face in vars(Type).items() if name.isupper()]
    fonts = [look().font(face) for face in faces]
    assert {font.weight() for font in fonts} == {400, 700}
    assert {font.family() for font in fonts} == {assets.ui_family()}


def test_digits_are_tabular() -> None:
    assert len({look().text_width(digit, Type.BODY) for digit in "0123456789"}) == 1


@pytest.mark.parametrize("character", ["䶮", "㛃", "𠅤", "𪚥", "𠀤"])
def test_rare_characters_have_a_glyph(character: str) -> None:
    assert assets.load_rare() == assets.RARE_FAMILY
    layout = QTextLayout(character, look().font(Type.BODY))
    layout.beginLayout()
    layout.createLine()
    layout.endLayout()
    assert all(index for run in layout.glyphRuns() for index in run.glyphIndexes())


@pytest.mark.parametrize("name", assets.icon_names())
def test_icons_are_one_family(name: str) -> None:
    svg = assets.icon_svg(name)
    assert 'viewBox="0 0 24 24"' in svg
    assert 'stroke-width="2" stroke-linecap="round"' in svg
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', svg)) == {"none", "currentColor"}


def test_an_icon_first_drawn_later_does_not_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *later = assets.icon_names()
    assets._icons.cache_clear()
    assets.icon_svg(first)
    monkeypatch.setattr(assets, "folder", lambda: pytest.fail("the disk was asked"))
    assert all(assets.icon_svg(name) for name in later)


def test_an_unknown_icon_is_named() -> None:
    with pytest.raises(assets.AssetMissing, match=r"icons/telescope\.svg"):
        assets.icon_svg("telescope")


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
def test_icons_are_drawn_at_device_size(scale: float) -> None:
    drawn = icons.pixmap("printer", 16, C.TEXT, scale)
    assert (drawn.width(), drawn.devicePixelRatio()) == (round(16 * scale), scale)
    assert any(drawn.toImage().pixelColor(x, y).alpha() for x in range(drawn.width()) for y in range(drawn.height()))


def test_icons_take_the_colour_of_the_role(theme: Theme) -> None:
    for mode, palette in ((Mode.LIGHT, LIGHT), (Mode.DARK, DARK)):
        theme.set_mode(mode)
        image = icons.pixmap("pause", 24, C.BAD, 1.0).toImage()
        full = {
            image.pixelColor(x, y).name().upper()
            for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() == 255
        }  # fmt: skip
        assert full == {palette[C.BAD]}


def test_no_two_states_of_a_list_share_a_shape() -> None:
    for shown in (words.STATES, words.ROW_SYNC, words.CHECKS, words.DIFFERENCES, words.SCANS):
        shapes = [word.icon for word in shown.values() if word.icon]
        assert len(shapes) == len(set(shapes))
        assert set(shapes) <= set(assets.icon_names())
    assert len({word.icon for word in LAMPS}) == len(LAMPS) == 8


@pytest.mark.parametrize(
    ("days", "text", "soft"),
    [
        (-2, "逾期 2 个工作日", C.BAD_SOFT), (0, "今天到期", C.WARN_SOFT), (1, "剩 1 个工作日", C.WARN_SOFT),
        (2, "剩 2 个工作日", C.WARN_SOFT), (3, "剩 3 个工作日", None), (None, "日历未发布", None),
    ],
)  # fmt: skip
def test_deadlines_are_words_with_a_pill_only_when_near(days: int | None, text: str, soft: Colour | None) -> None:
    word = words.deadline(days)
    assert (word.text, word.soft) == (text, soft)


def test_void_calls_of_qt_keep_the_reference_to_none() -> None:
    """PySide6 6.12.0 on CPython 3.11 lost one reference a call (docs/adr/003); a new release must pass this first."""
    timer = QTimer()
    timer.stop()
    before = sys.getrefcount(None)
    for _ in range(2_000):
        timer.stop()
    assert abs(sys.getrefcount(None) - before) < 50
