"""The look as data (``look.md`` §2): colours, spaces, sizes. Free of Qt, for presenters and word lists.

Colours are hex strings. Lengths are logical pixels at 100 % and at the default text size of 10 pt (13 px).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Colour(StrEnum):
    """What a colour is for. Everything drawn names one of these, never a hex value."""

    WINDOW = "window"
    SURFACE = "surface"
    RAISED = "raised"
    SUNKEN = "sunken"
    DESK = "desk"
    HOVER = "hover"
    LINE = "line"
    LINE2 = "line2"
    TEXT = "text"
    TEXT2 = "text2"
    TEXT3 = "text3"
    ACCENT = "accent"
    ACCENT_FILL = "accent_fill"
    ON_ACCENT = "on_accent"
    ACCENT_SOFT = "accent_soft"
    ACCENT_LINE = "accent_line"
    RING = "ring"
    OK = "ok"
    OK_SOFT = "ok_soft"
    WARN = "warn"
    WARN_SOFT = "warn_soft"
    BAD = "bad"
    BAD_SOFT = "bad_soft"
    BAD_FILL = "bad_fill"
    DIFF = "diff"
    DIFF_SOFT = "diff_soft"


C = Colour

LIGHT: dict[Colour, str] = {
    C.WINDOW: "#EFF1F0",
    C.SURFACE: "#FFFFFF",
    C.RAISED: "#F7F8F7",
    C.SUNKEN: "#E6EAE8",
    C.DESK: "#D3D9D7",
    C.HOVER: "#EEF2F0",
    C.LINE: "#DCE1DF",
    C.LINE2: "#7D8986",
    C.TEXT: "#1A2221",
    C.TEXT2: "#47524F",
    C.TEXT3: "#5C6865",
    C.ACCENT: "#17597A",
    C.ACCENT_FILL: "#17597A",
    C.ON_ACCENT: "#FFFFFF",
    C.ACCENT_SOFT: "#E2EEF4",
    C.ACCENT_LINE: "#9CC3D6",
    C.RING: "#2C7DA5",
    C.OK: "#23683F",
    C.OK_SOFT: "#E3F1E8",
    C.WARN: "#7F4D00",
    C.WARN_SOFT: "#FAEFD9",
    C.BAD: "#A82C22",
    C.BAD_SOFT: "#FBE8E5",
    C.BAD_FILL: "#A82C22",
    C.DIFF: "#6B3F8F",
    C.DIFF_SOFT: "#F2EBF8",
}

DARK: dict[Colour, str] = {
    C.WINDOW: "#121617",
    C.SURFACE: "#1A1F21",
    C.RAISED: "#202628",
    C.SUNKEN: "#0E1112",
    C.DESK: "#0B0E0F",
    C.HOVER: "#242B2D",
    C.LINE: "#2E3639",
    C.LINE2: "#6F7C7F",
    C.TEXT: "#E3E8E7",
    C.TEXT2: "#B4BEBD",
    C.TEXT3: "#97A3A2",
    C.ACCENT: "#83C3E0",
    C.ACCENT_FILL: "#2A7396",
    C.ON_ACCENT: "#FFFFFF",
    C.ACCENT_SOFT: "#1B3644",
    C.ACCENT_LINE: "#3C6E87",
    C.RING: "#6DB6D8",
    C.OK: "#8ACB9F",
    C.OK_SOFT: "#1B3426",
    C.WARN: "#E6B567",
    C.WARN_SOFT: "#3A2D16",
    C.BAD: "#F29A8F",
    C.BAD_SOFT: "#44221F",
    C.BAD_FILL: "#B0433A",
    C.DIFF: "#CDABE8",
    C.DIFF_SOFT: "#2D2637",
}

_TEXTS = (C.TEXT, C.TEXT2, C.TEXT3)
_GROUNDS = (C.WINDOW, C.SURFACE, C.RAISED, C.HOVER)
_SIGNALS = (C.ACCENT, C.OK, C.WARN, C.BAD)

TEXT_PAIRS: tuple[tuple[Colour, Colour], ...] = (
    *((text, ground) for text in _TEXTS for ground in (*_GROUNDS, C.SUNKEN, C.ACCENT_SOFT, C.BAD_SOFT, C.DIFF_SOFT)),
    *((text, ground) for text in (C.TEXT, C.TEXT2) for ground in (C.OK_SOFT, C.WARN_SOFT)),
    *((signal, ground) for signal in _SIGNALS for ground in (*_GROUNDS, C.ACCENT_SOFT)),
    *((C.DIFF, ground) for ground in (C.SURFACE, C.RAISED, C.HOVER, C.DIFF_SOFT)),
    (C.OK, C.OK_SOFT),
    (C.WARN, C.WARN_SOFT),
    (C.BAD, C.BAD_SOFT),
    (C.ON_ACCENT, C.ACCENT_FILL),
    (C.ON_ACCENT, C.BAD_FILL),
)
"""Every text/background pair that may be drawn; a test computes its contrast (at least 4.5) in both palettes."""

EDGE_PAIRS: tuple[tuple[Colour, Colour], ...] = (
    (C.LINE2, C.SURFACE),
    (C.LINE2, C.RAISED),
    (C.RING, C.SURFACE),
    (C.RING, C.WINDOW),
    (C.RING, C.ACCENT_SOFT),
)
"""Edges of controls and the focus ring; at least 3."""


class Space:
    """Distances: 6 inside groups, 8 between controls, 10 between bands, 16 page edge, 24 before a final button."""

    HAIR = 2
    TIGHT = 4
    GROUP = 6
    CONTROL = 8
    BAND = 10
    PAGE = 16
    FINAL = 24


class Radius:
    """Corner radii. ``SHEET`` is used at the page sheet's top left corner only."""

    TICK = 3
    CONTROL = 4
    PANEL = 6
    SHEET = 8
    CHIP = 12


@dataclass(frozen=True, slots=True)
class Face:
    """One step of the type scale."""

    px: int
    bold: bool = False


class Type:
    """The type scale. Two weights only; ``NAME`` is for names and the value that decides."""

    COUNT = Face(24, bold=True)
    COMPARE = Face(22, bold=True)
    TITLE = Face(18, bold=True)
    SECTION = Face(15, bold=True)
    BODY = Face(13)
    NAME = Face(13, bold=True)
    SMALL = Face(12)
    SMALL_BOLD = Face(12, bold=True)
    KEY = Face(11)
    KEY_BOLD = Face(11, bold=True)


class Density(StrEnum):
    """紧凑 / 标准."""

    COMPACT = "compact"
    STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Heights and widths of one density."""

    row: int
    header: int
    control: int
    action: int
    row_button: int
    top_bar: int
    title_row: int
    tab_row: int
    chip: int
    status_bar: int
    rail: int
    rail_narrow: int


METRICS: dict[Density, Metrics] = {
    Density.COMPACT: Metrics(28, 28, 28, 32, 24, 40, 28, 36, 24, 28, 164, 48),
    Density.STANDARD: Metrics(36, 34, 32, 36, 28, 44, 32, 40, 28, 32, 184, 56),
}

SMALLEST_PT, DEFAULT_PT, LARGEST_PT = 9, 10, 14


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#RRGGBB`` (WCAG 2.2, definition of relative luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two colours, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
