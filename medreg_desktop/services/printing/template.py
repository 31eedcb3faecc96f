"""The shape of a form as data: pages of placed elements, measured in millimetres from the page's top left corner.

A template says everything about a form's look; the engine (:mod:`form_document`) knows no form. Templates are read
from TOML by :mod:`template_reader`. Field names are the words of :mod:`fields`; a text may hold them as ``{name}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import assert_never

from medreg_desktop.services.faults import KnownFault

PAGE_FIELDS = frozenset({"page", "pages"})
"""Fields the engine itself fills in on every page: this page's number and how many there are."""


class TemplateFault(KnownFault):
    """A template that cannot be drawn. ``where`` names the place in the file, ``reason`` what is wrong there."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__("form_template_invalid", where=where, reason=reason)

    def __str__(self) -> str:
        return f"{self.params['where']}: {self.params['reason']}"


class Face(StrEnum):
    """The typefaces a form may use; every one falls back to the rare-character font, character by character."""

    SERIF = "serif"
    SERIF_BOLD = "serif_bold"
    SANS_BOLD = "sans_bold"


class Align(StrEnum):
    """Where a text stands between the sides of its box."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Valign(StrEnum):
    """Where a text stands between the top and the foot of its box."""

    TOP = "top"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: left and top edge, width and height, all in millimetres."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.w

    @property
    def foot(self) -> float:
        """The lower edge."""
        return self.y + self.h

    def grown(self, by: float) -> Box:
        """Return the box with ``by`` millimetres added on every side."""
        return Box(self.x - by, self.y - by, self.w + 2 * by, self.h + 2 * by)


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a text is set. A text too long for ``size`` shrinks and wraps, down to ``least``; then it ends with …."""

    face: Face = Face.SERIF
    size: float = 10.5  # points
    least: float = 7.0  # points, the smallest size a long text may shrink to
    align: Align = Align.LEFT
    valign: Valign = Valign.MIDDLE
    lines: int = 1  # most lines a text may take
    leading: float = 1.25  # line distance in sizes
    spacing: float = 0.0  # points added after every character
    gray: float = 0.0  # 0 black … 1 white
    pad: float = 1.5  # millimetres kept free at either side


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place. ``text`` is literal but for ``{field}``; a text without fields is part of the fixed grid."""

    box: Box
    text: str
    style: TextStyle

    def pieces(self) -> Iterator[tuple[str, str]]:
        """Yield (literal, field) pairs in order; the last field may be empty."""
        for literal, field, _, _ in Formatter().parse(self.text):
            yield literal, field or ""

    def fields(self) -> frozenset[str]:
        """The fields this text shows."""
        return frozenset(field for _, field in self.pieces() if field)


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A square drawn as lines (no font here has the sign), ticked when ``field`` is among the form's ticks."""

    box: Box
    field: str


@dataclass(frozen=True, slots=True)
class Barcode:
    """A Code 128 of ``field``, filling its box; the characters of ``omit`` are left out of the bars."""

    box: Box
    field: str
    omit: str = ""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code (level M) of ``field``, filling its box."""

    box: Box
    field: str


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; ``width`` in millimetres."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float


@dataclass(frozen=True, slots=True)
class Seal:
    """The dashed circle that shows where a seal belongs."""

    x: float  # centre
    y: float
    diameter: float


@dataclass(frozen=True, slots=True)
class Photo:
    """The place of the photograph, with a drawn figure until one is stuck on."""

    box: Box


Element = Text | CheckBox | Barcode | QrCode | Line | Seal | Photo


def is_fixed(element: Element) -> bool:
    """Return whether ``element`` looks the same on every form."""
    match element:
        case Text():
            return not element.fields()
        case CheckBox() | Barcode() | QrCode():
            return False
        case Line() | Seal() | Photo():
            return True
        case _:
            assert_never(element)


@dataclass(frozen=True, slots=True)
class Watermark:
    """Words across every page of a form whose ticks hold ``when``; never over a bar code or QR code."""

    when: str
    text: str
    height: float  # millimetres
    angle: float  # degrees, counter-clockwise
    opacity: float
    centres: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page: what is the same on every form, and what shows a form's own values."""

    fixed: tuple[Element, ...]
    values: tuple[Element, ...]

    def codes(self) -> tuple[Barcode | QrCode, ...]:
        """The machine-readable elements, which nothing may be drawn over."""
        return tuple(e for e in self.values if isinstance(e, Barcode | QrCode))


@dataclass(frozen=True, slots=True)
class Template:
    """One official form in one version."""

    id: str
    version: int
    title: str
    kinds: frozenset[str]  # application kinds it serves
    width: float
    height: float
    pages: tuple[Page, ...]
    watermarks: tuple[Watermark, ...] = ()

    @property
    def landscape(self) -> bool:
        """Whether the page lies on its long side."""
        return self.width > self.height
