"""Fits a value into its box: one line if it can, then smaller and on more lines, at last cut with … and reported.

Lines break as in Chinese print: anywhere between ideographs, never inside a number or a Latin word that fits on a line,
no closing mark at the start of a line and no opening one at its end (GB/T 15834-2011 §5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from medreg_desktop.services.printing.template import TextStyle

Measure = Callable[[str], float]
"""Width of a text at size 1."""

_STEP = 0.5  # points between the sizes tried
_CLOSING = "，。、；：？！）》〉」』】〕”’…—％％·,.;:?!)]}%"
_OPENING = "（《〈「『【〔“‘([{"
_ATOM = re.compile(
    rf"[{re.escape(_OPENING)}]*(?:[A-Za-z0-9@#&+/_\-]+(?:\.[A-Za-z0-9]+)*|.)[{re.escape(_CLOSING)}]*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The lines of a text, the size they are set in, and whether something had to be left out."""

    lines: tuple[str, ...]
    size: float
    shortened: bool = False


def fit(text: str, style: TextStyle, width: float, height: float, measure: Measure) -> Fitted:
    """Fit ``text`` into ``width`` × ``height`` points.

    Sizes are tried from ``style.size`` down to ``style.least``; at each, as many lines as the box and
    ``style.lines`` allow. What fits at no size is set at the smallest and ends with ….
    """

    def spaced(part: str) -> float:
        return measure(part) * size + style.spacing * len(part)

    size = style.size
    if "\n" not in text and spaced(text) <= width:
        return Fitted((text,), size)
    while True:
        allowed = max(1, min(style.lines, int(height / (size * style.leading) + 1e-6)))
        lines = _wrap(text, width, spaced)
        if len(lines) <= allowed:
            return Fitted(tuple(lines), size)
        if size <= style.least:
            kept = [*lines[: allowed - 1], _ended(lines[allowed - 1], width, spaced)]
            return Fitted(tuple(kept), size, shortened=True)
        size = max(style.least, size - _STEP)


def _wrap(text: str, width: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for atom in _atoms(paragraph, width, measure):
            if line and measure((line + atom).rstrip()) > width:
                lines.append(line.rstrip())
                line = atom.lstrip(" ")
            else:
                line += atom
        lines.append(line.rstrip())
    return lines


def _atoms(paragraph: str, width: float, measure: Measure) -> Iterator[str]:
    """Yield what may not be broken; a word wider than a whole line comes character by character."""
    for match in _ATOM.finditer(paragraph):
        atom = match.group()
        if measure(atom) <= width:
            yield atom
        else:
            yield from atom


def _ended(line: str, width: float, measure: Measure) -> str:
    while line and measure(line + "…") > width:
        line = line[:-1]
    return line + "…"
