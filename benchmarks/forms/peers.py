"""The engines. Each draws the forms of ``forms.json`` as one document (batch) or one by one (single).

All use the same fonts with the same fallback for rare characters. The peers do not shrink long words: the layout is
simpler than ours, in their favour.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Protocol

Pages = list[list[dict[str, Any]]]
Texts = dict[str, Any]

FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"
ROOT = FONTS.parents[1]


class Engine(Protocol):
    """A way to make PDFs, opened once and used again."""

    def batch(self, forms: list[Texts]) -> bytes:
        """Return all forms as one document."""
        ...


class Ours:
    """The program's engine: ReportLab, its content streams written by us."""

    def __init__(self, _pages: Pages) -> None:
        from medreg_desktop.services.printing.field_names import FIELDS, TICKS
        from medreg_desktop.services.printing.fonts import open_fonts
        from medreg_desktop.services.printing.form_document import FormEngine
        from medreg_desktop.services.printing.template_reader import read_template

        self._engine = FormEngine(open_fonts(FONTS))
        toml = (ROOT / "resources/forms/registration-review.toml").read_text("utf-8")
        self._template = read_template(toml, FIELDS, TICKS)

    def batch(self, forms: list[Texts]) -> bytes:
        """Draw with the program's own engine."""
        from datetime import date

        from medreg_desktop.services.printing.form_document import FormContent

        contents = [FormContent(self._template, "", form["texts"], frozenset(form["ticks"])) for form in forms]
        return self._engine.render(contents, dated=date(2026, 11, 23)).pdf


def symbols(form: Texts) -> dict[str, str]:
    """Return SVG pictures of the form's two codes, as typst and WeasyPrint take them."""
    from medreg_desktop.services.printing.symbols import code128, qr_code

    texts = form["texts"]
    made = {}
    for field, symbol in (
        ("form_number", code128(texts["form_number"].replace("-", ""))),
        ("code", qr_code(texts["code"])),
    ):
        path = "".join(f"M{x} {y}h{width}v1h-{width}z" for x, y, width in symbol.runs)
        size = f'viewBox="0 0 {symbol.columns} {symbol.rows}" preserveAspectRatio="none"'
        made[field] = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{path}"/></svg>'
    return made


def words(element: dict[str, Any], form: Texts, page: int, pages: int) -> str:
    """Return what a text element shows on a form."""
    values = {**form["texts"], "page": str(page), "pages": str(pages)}
    return "".join(literal + (values[field] if field else "") for literal, field in element["pieces"])


class Typst:
    """typst: a compiled typesetter, its compiler kept between forms."""

    def __init__(self, pages: Pages) -> None:
        import typst

        source = Path(tempfile.mkdtemp(prefix="medreg-bench-")) / "form.typ"
        source.write_text(_typst_source(pages), "utf-8")
        self._compiler = typst.Compiler(str(source), font_paths=[str(FONTS)], ignore_system_fonts=True)

    def batch(self, forms: list[Texts]) -> bytes:
        """Compile with the forms as input."""
        data = [{**form["texts"], "ticks": list(form["ticks"]), "svg": symbols(form)} for form in forms]
        inputs = {"forms": json.dumps(data, ensure_ascii=False)}
        made = self._compiler.compile(format="pdf", sys_inputs=inputs, pdf_tags=False)
        return bytes(made)


_TYPST_HEAD = """
#set page(width: 210mm, height: 297mm, margin: 0mm)
#set text(font: ("Noto Serif SC", "HanaMinB"), size: 10.5pt, top-edge: 0.88em, bottom-edge: -0.12em)
#let forms = json(bytes(sys.inputs.forms))
#let words(x, y, w, h, size, bold, gray, where, body) = place(top + left, dx: x * 1mm, dy: y * 1mm,
  box(width: w * 1mm, height: h * 1mm, align(where, text(size: size * 1pt, weight: bold, fill: luma(gray), body))))
#let rule(a, b, c, d, w) = place(top + left, line(start: (a * 1mm, b * 1mm), end: (c * 1mm, d * 1mm), stroke: w * 1mm))
#let picture(x, y, w, h, svg) = place(top + left, dx: x * 1mm, dy: y * 1mm,
  image(bytes(svg), format: "svg", width: w * 1mm, height: h * 1mm, fit: "stretch"))
#let tick(x, y, side, on) = place(top + left, dx: x * 1mm, dy: y * 1mm, {
  rect(width: side * 1mm, height: side * 1mm, stroke: 0.25mm)
  if on { place(top + left, curve(stroke: 0.55mm, curve.move((0.5mm, 1.6mm)), curve.line((1.3mm, 2.6mm)),
    curve.line((2.8mm, 0.6mm)))) }
})
#for (number, f) in forms.enumerate() {
"""


def _typst_source(pages: Pages) -> str:
    lines = [_TYPST_HEAD]
    for number, page in enumerate(pages, start=1):
        if number > 1:
            lines.append("pagebreak()")
        lines += [_typst_element(element, number, len(pages)) for element in page]
    lines.append("if number + 1 < forms.len() { pagebreak() }\n}")
    return "\n".join(lines)


def _typst_element(element: dict[str, Any], page: int, pages: int) -> str:
    box = element.get("box")
    match element["kind"]:
        case "Text":
            return _typst_text(element, page, pages)
        case "Line":
            return "rule({x0}, {y0}, {x1}, {y1}, {width})".format(**element)
        case "Barcode" | "QrCode":
            return 'picture({x}, {y}, {w}, {h}, f.svg.at("{field}"))'.format(**box, field=element["field"])
        case "CheckBox":
            return 'tick({x}, {y}, {w}, "{field}" in f.ticks)'.format(**box, field=element["field"])
        case "Seal":
            radius = element["diameter"] / 2
            return (
                f"place(top + left, dx: {element['x'] - radius}mm, dy: {element['y'] - radius}mm, "
                f'circle(radius: {radius}mm, stroke: (paint: luma(60%), thickness: 0.2mm, dash: "dashed")))'
            )
        case _:
            return (
                "place(top + left, dx: {x}mm, dy: {y}mm, ellipse(width: {w}mm, height: 12mm, fill: luma(80%)))".format(
                    **box
                )
            )


def _typst_text(element: dict[str, Any], page: int, pages: int) -> str:
    box, style = element["box"], element["style"]
    parts = []
    for literal, field in element["pieces"]:
        parts.append(json.dumps(literal, ensure_ascii=False))
        if field:
            parts.append({"page": f'"{page}"', "pages": f'"{pages}"'}.get(field, f'f.at("{field}")'))
    where = f"{style['align']} + {'horizon' if style['valign'] == 'middle' else 'top'}"
    bold = '"bold"' if style["face"] != "serif" else '"regular"'
    pad = style["pad"]
    return (
        f"words({box['x'] + pad}, {box['y']}, {box['w'] - 2 * pad}, {box['h']}, {style['size']}, {bold}, "
        f"{style['gray'] * 100}%, {where}, {' + '.join(parts)})"
    )


class WeasyPrint:
    """WeasyPrint: HTML and CSS to PDF."""

    def __init__(self, pages: Pages) -> None:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration

        self._weasyprint = weasyprint
        self._pages = pages
        self._fonts = FontConfiguration()
        self._css = weasyprint.CSS(string=_css(), font_config=self._fonts)

    def batch(self, forms: list[Texts]) -> bytes:
        """Lay out one page of HTML with all forms."""
        body = "".join(_html_form(form, self._pages) for form in forms)
        page = self._weasyprint.HTML(string=f"<!doctype html><html lang=zh-CN><body>{body}</body></html>")
        made: bytes = page.write_pdf(stylesheets=[self._css], font_config=self._fonts)
        return made


def _css() -> str:
    faces = [
        ("Serif", "NotoSerifSC-Regular.ttf", "normal"),
        ("Serif", "NotoSerifSC-Bold.ttf", "bold"),
        ("Rare", "HanaMinB.ttf", "normal"),
    ]
    sources = "".join(
        f"@font-face {{ font-family: {family}; font-weight: {weight}; src: url('{(FONTS / file).as_uri()}') }}"
        for family, file, weight in faces
    )
    return (
        f"{sources} @page {{ size: 210mm 297mm; margin: 0 }} body {{ margin: 0; font: 10.5pt Serif, Rare }}"
        " .p { position: relative; height: 296.9mm; break-after: page } .p > * { position: absolute }"
        " .t { display: flex; line-height: 1.25 } .t.m { align-items: center } .t.center { justify-content: center }"
        " .t.right { justify-content: flex-end } .b { font-weight: bold }"
        " .k { border: 0.25mm solid; box-sizing: border-box } .s { border: 0.2mm dashed #999; border-radius: 50% }"
    )


def _html_form(form: Texts, pages: Pages) -> str:
    pictures = symbols(form)
    return "".join(
        '<div class="p">' + "".join(_html(e, form, pictures, number, len(pages)) for e in page) + "</div>"
        for number, page in enumerate(pages, start=1)
    )


def _html(element: dict[str, Any], form: Texts, pictures: dict[str, str], page: int, pages: int) -> str:
    from html import escape

    box = element.get("box")
    place = "left:{x}mm;top:{y}mm;width:{w}mm;height:{h}mm".format(**box) if box else ""
    match element["kind"]:
        case "Text":
            style = element["style"]
            classes = f"t {style['align']} {'m' if style['valign'] == 'middle' else ''}"
            bold = " b" if style["face"] != "serif" else ""
            text = escape(words(element, form, page, pages)).replace("\n", "<br>")
            return f'<div class="{classes}{bold}" style="{place};font-size:{style["size"]}pt"><span>{text}</span></div>'
        case "Line":
            x0, y0, x1, y1, width = (element[name] for name in ("x0", "y0", "x1", "y1", "width"))
            size = f"left:{x0}mm;top:{y0}mm;width:{max(x1 - x0, width)}mm;height:{max(y1 - y0, width)}mm"
            return f'<div style="{size};background:#000"></div>'
        case "Barcode" | "QrCode":
            return pictures[element["field"]].replace("<svg", f'<svg style="{place}"', 1)
        case "CheckBox":
            tick = '<svg viewBox="0 0 10 10"><path d="M2 5l2 3 5-6" fill="none" stroke="#000"/></svg>'
            return f'<div class="k" style="{place}">{tick if element["field"] in form["ticks"] else ""}</div>'
        case "Seal":
            d = element["diameter"]
            place = f"left:{element['x'] - d / 2}mm;top:{element['y'] - d / 2}mm;width:{d}mm;height:{d}mm"
            return f'<div class="s" style="{place}"></div>'
        case _:
            return f'<div style="{place};background:#ccc"></div>'


class Fpdf2:
    """fpdf2: pure Python; it reads its fonts anew for every document."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def batch(self, forms: list[Texts]) -> bytes:
        """Draw element by element."""
        from fpdf import FPDF

        pdf = FPDF(format="A4")
        pdf.set_auto_page_break(auto=False)
        pdf.c_margin = 0
        pdf.add_font("serif", "", FONTS / "NotoSerifSC-Regular.ttf")
        pdf.add_font("serif", "B", FONTS / "NotoSerifSC-Bold.ttf")
        pdf.add_font("rare", "", FONTS / "HanaMinB.ttf")
        pdf.set_fallback_fonts(["rare"], exact_match=False)
        for form in forms:
            for number, page in enumerate(self._pages, start=1):
                pdf.add_page()
                for element in page:
                    _fpdf(pdf, element, form, number, len(self._pages))
        return bytes(pdf.output())


def _fpdf(pdf: Any, element: dict[str, Any], form: Texts, page: int, pages: int) -> None:
    from medreg_desktop.services.printing.symbols import code128, qr_code

    box = element.get("box")
    match element["kind"]:
        case "Text":
            style = element["style"]
            pdf.set_font("serif", "B" if style["face"] != "serif" else "", style["size"])
            lines = words(element, form, page, pages).split("\n")
            height = box["h"] / len(lines)
            for n, line in enumerate(lines):
                pdf.set_xy(box["x"] + style["pad"], box["y"] + n * height)
                pdf.cell(box["w"] - 2 * style["pad"], height, line, align=style["align"][0].upper())
        case "Line":
            pdf.set_line_width(element["width"])
            pdf.line(element["x0"], element["y0"], element["x1"], element["y1"])
        case "Barcode" | "QrCode":
            text = form["texts"][element["field"]]
            symbol = qr_code(text) if element["kind"] == "QrCode" else code128(text.replace("-", ""))
            across, down = box["w"] / symbol.columns, box["h"] / symbol.rows
            for x, y, width in symbol.runs:
                pdf.rect(box["x"] + x * across, box["y"] + y * down, width * across, down, style="F")
        case "CheckBox":
            pdf.set_line_width(0.25)
            pdf.rect(box["x"], box["y"], box["w"], box["h"])
            if element["field"] in form["ticks"]:
                x, y = box["x"], box["y"]
                pdf.polyline([(x + 0.5, y + 1.6), (x + 1.3, y + 2.6), (x + 2.8, y + 0.6)])
        case "Seal":
            radius = element["diameter"] / 2
            pdf.ellipse(element["x"] - radius, element["y"] - radius, 2 * radius, 2 * radius)
        case _:
            pdf.set_fill_color(204)
            pdf.ellipse(box["x"] + 8, box["y"] + 8, 19, 16, style="F")
            pdf.set_fill_color(0)


ENGINES: dict[str, type[Any]] = {
    "medreg (ReportLab)": Ours,
    "typst": Typst,
    "WeasyPrint": WeasyPrint,
    "fpdf2": Fpdf2,
}
