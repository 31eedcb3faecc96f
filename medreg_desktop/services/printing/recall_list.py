"""收回清单: one page that says which printed forms must come back, drawn with the same pen as the forms."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.painter import FormCanvas
from medreg_desktop.services.printing.template import Align, Box, Element, Face, Line, Text, TextStyle

LINES = 28
"""Forms on the page; what is more stands as a number at its foot."""

_LEFT, _TOP, _ROW, _WIDTH, _HEIGHT = 20.0, 44.0, 8.4, 210.0, 297.0


@dataclass(frozen=True, slots=True)
class RecallList:
    """What the page says. ``rows`` have one text for each column; ``more`` stands at the foot."""

    title: str
    heading: str
    columns: tuple[tuple[str, float], ...]  # title and width in millimetres
    rows: tuple[tuple[str, ...], ...]
    foot: str


def draw(page: RecallList, fonts: FontStack, dated: date) -> bytes:
    """Return the page as a PDF."""
    sink = io.BytesIO()
    canvas = FormCanvas(sink, page.title, fonts, dated)
    canvas.use_page_size(_WIDTH, _HEIGHT)
    for element, text in _elements(page):
        canvas.draw(element, {"text": text})
    canvas.showPage()
    canvas.save()
    return sink.getvalue()


def _elements(page: RecallList) -> Sequence[tuple[Element, str]]:
    right = _LEFT + sum(width for _, width in page.columns)
    bold = TextStyle(Face.SANS_BOLD, 10)
    drawn: list[tuple[Element, str]] = [
        (_text(_LEFT, 18, right - _LEFT, 10, TextStyle(Face.SERIF_BOLD, 18, align=Align.CENTER)), page.title),
        (_text(_LEFT, 31, right - _LEFT, 7, TextStyle(Face.SERIF, 10.5, pad=0)), page.heading),
    ]
    for n, row in enumerate((tuple(title for title, _ in page.columns), *page.rows[:LINES])):
        left, top = _LEFT, _TOP + n * _ROW
        for (_, width), text in zip(page.columns, row, strict=True):
            drawn.append((_text(left, top, width, _ROW, TextStyle(size=10.5, lines=2) if n else bold), text))
            left += width
        drawn.append((Line(_LEFT, top + _ROW, right, top + _ROW, 0.2 if n else 0.45), ""))
    drawn.append((_text(_LEFT, 281, right - _LEFT, 6, TextStyle(Face.SERIF, 9, pad=0)), page.foot))
    return drawn


def _text(x: float, y: float, w: float, h: float, style: TextStyle) -> Text:
    return Text(Box(x, y, w, h), "{text}", style)
