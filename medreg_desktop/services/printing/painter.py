"""The pen: a ReportLab canvas that draws a template's elements with PDF operators.

Values go in as hexadecimal strings, never as markup (``ecosystem.md`` §0.8: a name fed to ReportLab's Paragraph opened
a file). ReportLab gives pages, resources, compression and font subsets; the operators of text, lines and codes are
written here, three to four times faster than through its drawing calls (``printing.md`` §2.4).
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import assert_never

from reportlab.pdfgen.canvas import Canvas

from medreg_desktop.services.printing.fonts import CENTRE, FontStack, Run, split_for_document
from medreg_desktop.services.printing.symbols import Symbol, code128, qr_code
from medreg_desktop.services.printing.template import (
    Align,
    Barcode,
    Box,
    CheckBox,
    Element,
    Face,
    Line,
    Photo,
    QrCode,
    Seal,
    Template,
    Text,
    Valign,
    Watermark,
)
from medreg_desktop.services.printing.text_layout import Fitted, fit

MM = 72 / 25.4
QUIET = 2.0  # millimetres round a code that a watermark leaves free
Shortened = frozenset[str]
"""Fields whose text had to be cut."""

_NOTHING: Shortened = frozenset()
_AIR = 0.8  # millimetres kept free above and below several lines together, so that none touches a rule
_CHECK_LINE = 0.25  # millimetres
_TICK_LINE = 0.55
_BOX_LINE = 0.05  # line of an uncovered character's box, in sizes
_CURVE = 0.5523  # control points of a quarter circle drawn as a Bézier curve


class FormCanvas(Canvas):  # type: ignore[misc]  # ReportLab has no types
    """Draws the elements of one document. Coordinates come in template millimetres, y downwards."""

    def __init__(self, sink: io.BytesIO, title: str, fonts: FontStack, dated: date) -> None:
        super().__init__(
            sink,
            pageCompression=1,
            invariant=1,
            initialFontName=fonts.register_base(),
            lang="zh-CN",
        )
        self._fonts = fonts
        self._foot = 0.0  # the page's lower edge, in points from its top
        self.setTitle(title)
        self.setAuthor("MedReg")
        self.setCreator("MedReg")
        self.setSubject(title)
        self.setDateFormatter(lambda *_: f"D:{dated:%Y%m%d}000000+08'00'")

    def use_page_of(self, template: Template) -> None:
        """Take the page size of ``template`` for what is drawn next."""
        self.use_page_size(template.width, template.height)

    def use_page_size(self, width: float, height: float) -> None:
        """Take a page of so many millimetres for what is drawn next."""
        self.setPageSize((width * MM, height * MM))
        self._foot = height * MM

    def begin_part(self, name: str) -> None:
        """Start a drawing that many pages show."""
        self.beginForm(name)

    def end_part(self) -> None:
        """Finish the drawing begun last."""
        self.endForm()

    def show_part(self, name: str) -> None:
        """Show a finished drawing on the current page."""
        self.doForm(name)

    def show_watermark(self, name: str, opacity: float) -> None:
        """Show a part drawn through; ReportLab keeps transparency with pages only, not with parts."""
        self.saveState()
        self.setFillAlpha(opacity)
        self.doForm(name)
        self.restoreState()

    def draw(
        self, element: Element, texts: Mapping[str, str] | None = None, ticks: frozenset[str] = frozenset()
    ) -> Shortened:
        """Draw one element with the values given; returns the fields whose text had to be cut."""
        match element:
            case Text():
                return self._draw_text(element, texts or {})
            case CheckBox():
                self._draw_check(element.box, ticked=element.field in ticks)
            case Barcode():
                self._draw_code(element, texts or {}, code128)
            case QrCode():
                self._draw_code(element, texts or {}, qr_code)
            case Line():
                self._draw_line(element)
            case Seal():
                self._draw_seal(element)
            case Photo():
                self._draw_photo(element.box)
            case _:
                assert_never(element)
        return _NOTHING

    def define_watermark(self, name: str, mark: Watermark, codes: Iterable[Barcode | QrCode]) -> None:
        """Define the part ``name``: the words of ``mark`` across the page, clipped so that no code is touched."""
        size = mark.height * MM
        runs = self._fonts.runs(Face.SANS_BOLD, mark.text)
        width = sum(run.width for run in runs) * size
        turn = math.radians(mark.angle)
        cos, sin = math.cos(turn), math.sin(turn)
        self.begin_part(name)
        holes = "".join(f"{self._rect(code.box.grown(QUIET))} re " for code in codes)
        self.addLiteral(f"{self._rect(Box(0, 0, self._pagesize[0] / MM, self._foot / MM))} re {holes}W* n")
        for x, y in mark.centres:
            matrix = f"{cos:.5f} {sin:.5f} {-sin:.5f} {cos:.5f} {x * MM:.2f} {self._foot - y * MM:.2f}"
            self.addLiteral(f"q {matrix} cm")
            self._show_runs(runs, -width / 2, -CENTRE * size, size, 0.0)
            self.addLiteral("Q")
        self.end_part()

    def _draw_text(self, element: Text, texts: Mapping[str, str]) -> Shortened:
        text = "".join(literal + texts.get(field, "") for literal, field in element.pieces())
        if not text:
            return _NOTHING
        style, box = element.style, element.box
        face = style.face
        height = box.h - (_AIR if style.valign is Valign.MIDDLE else 0.0)
        fitted = fit(text, style, (box.w - 2 * style.pad) * MM, height * MM, lambda part: self._fonts.width(face, part))
        if style.gray:
            self.addLiteral(f"{style.gray:.2f} g")
        self._show_lines(element, fitted)
        if style.gray:
            self.addLiteral("0 g")
        return element.fields() if fitted.shortened else _NOTHING

    def _show_lines(self, element: Text, fitted: Fitted) -> None:
        style, box = element.style, element.box
        size, step = fitted.size, fitted.size * style.leading
        top = box.y * MM
        if style.valign is Valign.MIDDLE:
            top += (box.h * MM - step * len(fitted.lines)) / 2
        for index, line in enumerate(fitted.lines):
            runs = self._fonts.runs(style.face, line)
            width = sum(run.width for run in runs) * size + style.spacing * max(0, len(line) - 1)
            x = _start(style.align, box, style.pad, width)
            y = self._foot - (top + step * (index + 0.5)) - CENTRE * size
            self._show_runs(runs, x, y, size, style.spacing)

    def _show_runs(self, runs: Iterable[Run], x: float, y: float, size: float, spacing: float) -> None:
        for run in runs:
            if run.font is None:
                self._draw_boxes(len(run.text), x, y, size)
            else:
                parts = "".join(
                    f"{resource} {size:g} Tf <{codes}> Tj "
                    for resource, codes in split_for_document(run.font, run.text, self._doc)
                )
                spaced = f"{spacing:g} Tc " if spacing else ""
                self.addLiteral(f"BT {spaced}1 0 0 1 {x:.2f} {y:.2f} Tm {parts}{'0 Tc ' if spacing else ''}ET")
            x += run.width * size + spacing * len(run.text)

    def _draw_boxes(self, count: int, x: float, y: float, size: float) -> None:
        """Draw ``count`` empty squares: characters that no font covers must be seen to be missing."""
        side = 0.8 * size
        low = y + CENTRE * size - side / 2
        squares = "".join(f"{x + (i + 0.1) * size:.2f} {low:.2f} {side:.2f} {side:.2f} re " for i in range(count))
        self.addLiteral(f"q {_BOX_LINE * size:.2f} w {squares}S Q")

    def _draw_check(self, box: Box, *, ticked: bool) -> None:
        self.addLiteral(f"q {_CHECK_LINE * MM:.2f} w {self._rect(box)} re S Q")
        if ticked:
            corners = ((0.16, 0.5), (0.42, 0.8), (0.86, 0.2))
            path = [f"{(box.x + box.w * u) * MM:.2f} {self._foot - (box.y + box.h * v) * MM:.2f}" for u, v in corners]
            self.addLiteral(f"q {_TICK_LINE * MM:.2f} w 1 J 1 j {path[0]} m {path[1]} l {path[2]} l S Q")

    def _draw_code(self, element: Barcode | QrCode, texts: Mapping[str, str], encode: Callable[[str], Symbol]) -> None:
        text = texts.get(element.field, "")
        if isinstance(element, Barcode):
            text = text.translate(dict.fromkeys(map(ord, element.omit)))
        if not text:
            self._draw_absent(element.box)
            return
        symbol = encode(text)
        box = element.box
        across, down = box.w * MM / symbol.columns, box.h * MM / symbol.rows
        matrix = f"{across:.5f} 0 0 {-down:.5f} {box.x * MM:.3f} {self._foot - box.y * MM:.3f}"
        self.addLiteral(f"q {matrix} cm\n{symbol.path} f Q")

    def _draw_absent(self, box: Box) -> None:
        """Draw the outline of a code that the form does not have yet."""
        self.addLiteral(f"q {0.15 * MM:.2f} w 0.6 G [3 2] 0 d {self._rect(box)} re S Q")

    def _draw_line(self, line: Line) -> None:
        ends = (
            f"{line.x0 * MM:.2f} {self._foot - line.y0 * MM:.2f} m {line.x1 * MM:.2f} {self._foot - line.y1 * MM:.2f} l"
        )
        self.addLiteral(f"{line.width * MM:.3f} w {ends} S")

    def _draw_seal(self, seal: Seal) -> None:
        circle = self._ellipse(seal.x, seal.y, seal.diameter / 2, seal.diameter / 2)
        self.addLiteral(f"q {0.2 * MM:.2f} w 0.6 G [3 2.2] 0 d {circle} S Q")

    def _draw_photo(self, box: Box) -> None:
        """Draw head and shoulders in grey, standing on the foot of ``box``."""
        x, w, h = box.x + box.w / 2, box.w, box.h
        head = self._ellipse(x, box.y + 0.385 * h, 0.186 * w, 0.163 * h)
        left, right = x - 0.387 * w, x + 0.387 * w
        top, foot, bend = box.y + 0.63 * h, box.foot - 0.1, 0.3 * w
        body = (
            f"{self._point(left, foot)} m {self._point(left, top + bend)} l "
            f"{self._point(left, top + bend * (1 - _CURVE))} {self._point(left + bend * (1 - _CURVE), top)} "
            f"{self._point(left + bend, top)} c {self._point(right - bend, top)} l "
            f"{self._point(right - bend * (1 - _CURVE), top)} {self._point(right, top + bend * (1 - _CURVE))} "
            f"{self._point(right, top + bend)} c {self._point(right, foot)} l h"
        )
        self.addLiteral(f"q 0.8 g {head} f {body} f Q")

    def _ellipse(self, x: float, y: float, rx: float, ry: float) -> str:
        p, kx, ky = self._point, rx * _CURVE, ry * _CURVE
        return (
            f"{p(x + rx, y)} m "
            f"{p(x + rx, y + ky)} {p(x + kx, y + ry)} {p(x, y + ry)} c "
            f"{p(x - kx, y + ry)} {p(x - rx, y + ky)} {p(x - rx, y)} c "
            f"{p(x - rx, y - ky)} {p(x - kx, y - ry)} {p(x, y - ry)} c "
            f"{p(x + kx, y - ry)} {p(x + rx, y - ky)} {p(x + rx, y)} c h"
        )

    def _point(self, x: float, y: float) -> str:
        return f"{x * MM:.2f} {self._foot - y * MM:.2f}"

    def _rect(self, box: Box) -> str:
        return f"{box.x * MM:.2f} {self._foot - box.foot * MM:.2f} {box.w * MM:.2f} {box.h * MM:.2f}"


def _start(align: Align, box: Box, pad: float, width: float) -> float:
    """Return where a line of ``width`` points starts."""
    match align:
        case Align.LEFT:
            return (box.x + pad) * MM
        case Align.CENTER:
            return (box.x + box.w / 2) * MM - width / 2
        case Align.RIGHT:
            return (box.right - pad) * MM - width
        case _:
            assert_never(align)
