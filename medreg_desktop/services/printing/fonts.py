"""The form's fonts: one face per style, and behind all of them a font of rare characters, chosen glyph by glyph.

Noto Serif SC covers what most names need; HanaMinB brings CJK extensions B to F, together all of GB 18030-2022
(``printing.md`` §1.3). HanaMinB is 30 MB and takes some 0.1 s to read, so it is opened by the first name that needs it.
A character that neither has is reported by :meth:`FontStack.uncovered` and drawn as a box, never dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.template import Face
from medreg_desktop.services.printing.tounicode import mend_reportlab

FILES = {
    Face.SERIF: "NotoSerifSC-Regular.ttf",
    Face.SERIF_BOLD: "NotoSerifSC-Bold.ttf",
    Face.SANS_BOLD: "NotoSansSC-Bold.ttf",
}
RARE_FILE = "HanaMinB.ttf"
CENTRE = 0.38
"""Height of an ideograph's middle above the baseline, in sizes (em box −0.12 … 0.88 in all four fonts)."""
_BOX_WIDTH = 1.0  # an uncovered character takes a full square


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one font; ``font`` is None for characters no font covers. ``width`` is for size 1."""

    font: TTFont | None
    text: str
    width: float


@dataclass(slots=True)
class _Glyphs:
    """One opened font with what is asked of it most, kept at hand."""

    font: TTFont
    known: dict[int, int]
    widths: dict[int, float]

    @classmethod
    def open(cls, name: str, path: Path) -> _Glyphs:
        try:
            font = TTFont(name, str(path), asciiReadable=False)
        except (OSError, TTFError) as error:
            raise KnownFault("font_missing", file=path.name) from error
        return cls(font, font.face.charToGlyph, font.face.charWidths)


class FontStack:
    """Fonts opened on first use and kept for the life of the program. Safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        mend_reportlab()
        self._folder = folder
        self._lock = threading.Lock()
        self._opened: dict[str, _Glyphs] = {}
        self._found: dict[tuple[Face, str], tuple[TTFont | None, float]] = {}

    def register_base(self) -> str:
        """Make the body face known to ReportLab by name; a canvas wants one at its start, or it lists Helvetica."""
        font = self._open(FILES[Face.SERIF]).font
        if font.fontName not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(font)
        return str(font.fontName)

    def width(self, face: Face, text: str) -> float:
        """Return the width of ``text`` at size 1."""
        found = self._found
        total = 0.0
        for char in text:
            hit = found.get((face, char)) or self._find(face, char)
            total += hit[1]
        return total

    def runs(self, face: Face, text: str) -> list[Run]:
        """Cut ``text`` into stretches of one font each."""
        runs: list[Run] = []
        start, width = 0, 0.0
        current: TTFont | None = None
        for index, char in enumerate(text):
            font, advance = self._found.get((face, char)) or self._find(face, char)
            if index and (font is not current):
                runs.append(Run(current, text[start:index], width))
                start, width = index, 0.0
            current = font
            width += advance
        if text:
            runs.append(Run(current, text[start:], width))
        return runs

    def uncovered(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the characters of ``texts`` that no font here has, each once, in order."""
        missing: dict[str, None] = {}
        for text in texts:
            for char in text:
                # A line end is layout, not a glyph: looking for it would open the rare font for every form.
                if char == "\n":
                    continue
                font, _ = self._found.get((Face.SERIF, char)) or self._find(Face.SERIF, char)
                if font is None:
                    missing[char] = None
        return tuple(missing)

    def _find(self, face: Face, char: str) -> tuple[TTFont | None, float]:
        code = ord(char)
        hit: tuple[TTFont | None, float] = (None, _BOX_WIDTH)
        for file in (FILES[face], RARE_FILE):
            glyphs = self._open(file)
            if code in glyphs.known:
                hit = (glyphs.font, glyphs.widths[code] / 1000)
                break
        self._found[face, char] = hit
        return hit

    def _open(self, file: str) -> _Glyphs:
        with self._lock:
            if file not in self._opened:
                self._opened[file] = _Glyphs.open(f"MedReg-{Path(file).stem}", self._folder / file)
            return self._opened[file]


@cache
def open_fonts(folder: Path) -> FontStack:
    """Return the process's one font stack of ``folder``: parsed once, shared by preview, printing and batches."""
    return FontStack(folder)


def split_for_document(font: TTFont, text: str, document: Any) -> list[tuple[str, str]]:
    """Return ``text`` as (font resource, hexadecimal string) pairs of ``document``'s subsets.

    Hexadecimal rather than a literal string: no character of a name can end it or act as an escape.
    """
    return [
        (font.getSubsetInternalName(number, document), codes.hex())
        for number, codes in font.splitString(text, document)
    ]
