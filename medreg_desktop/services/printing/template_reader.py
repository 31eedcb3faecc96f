"""Reads a form template and places its elements; every fault says where it is and what is wrong there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

import msgspec

from medreg_desktop.services.printing.grid import CellSize, RowSize, lay_out, rules
from medreg_desktop.services.printing.template import (
    PAGE_FIELDS,
    Barcode,
    Box,
    CheckBox,
    Element,
    Line,
    Page,
    Photo,
    QrCode,
    Seal,
    Template,
    TemplateFault,
    Text,
    TextStyle,
    Watermark,
    is_fixed,
)
from medreg_desktop.services.printing.template_file import (
    CellFile,
    ItemFile,
    PageFile,
    StyleFile,
    TableFile,
    TemplateFile,
)

_CHECK_SIDE = 3.2
_CHECK_GAP = 1.0  # between a check box and its words
_STYLE_NAMES = tuple(field.name for field in fields(TextStyle))
_MM_PER_POINT = 25.4 / 72


def read_template(toml: str, known_fields: frozenset[str], known_ticks: frozenset[str]) -> Template:
    """Return the template written in ``toml``.

    Raises TemplateFault for a file that is not TOML, an unknown key, style, field or tick, rows that do not add up,
    and anything that lies outside the page.
    """
    file = _decode(toml)
    return _Reader(file, known_fields | PAGE_FIELDS, known_ticks).template()


def _decode(toml: str) -> TemplateFile:
    try:
        return msgspec.toml.decode(toml, type=TemplateFile)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        raise TemplateFault(_place(path.rstrip("`")), reason) from error
    except msgspec.DecodeError as error:
        raise TemplateFault("file", str(error)) from error


def _place(path: str) -> str:
    """Return ``.pages[0].tables[1]`` as ``page 1, table 2``."""
    steps = re.findall(r"\.?(\w+)(?:\[(\d+|\.\.\.)\])?", path)
    words = (f"{name.removesuffix('s')} {int(n) + 1}" if n.isdigit() else name for name, n in steps)
    return ", ".join(words) or "file"


class _Reader:
    """One reading of one file; collects nothing, raises at the first fault."""

    def __init__(self, file: TemplateFile, known_fields: frozenset[str], known_ticks: frozenset[str]) -> None:
        self._file = file
        self._fields = known_fields
        self._ticks = known_ticks
        self._sheet = Box(0.0, 0.0, *file.size)
        self._styles = {name: _changed(TextStyle(), style) for name, style in file.styles.items()}

    def template(self) -> Template:
        file = self._file
        if min(file.size) <= 0 or not file.pages:
            raise TemplateFault("file", "the form needs a size above zero and at least one page")
        pages = tuple(self._page(page, f"page {n}") for n, page in enumerate(file.pages, start=1))
        marks = tuple(self._watermark(n) for n in range(len(file.watermarks)))
        return Template(
            file.id, file.version, file.title, frozenset(file.kinds), *file.size, pages=pages, watermarks=marks
        )

    def _watermark(self, index: int) -> Watermark:
        mark = self._file.watermarks[index]
        self._check_names({mark.when}, self._ticks, f"watermark {index + 1}")
        return Watermark(mark.when, mark.text, mark.height, mark.angle, mark.opacity, mark.centres)

    def _page(self, page: PageFile, where: str) -> Page:
        elements: list[Element] = []
        for n, item in enumerate((*page.items, *self._file.every_page), start=1):
            elements += self._item(item, self._sheet, f"{where}, item {n}")
        for n, table in enumerate(page.tables, start=1):
            elements += self._table(table, f"{where}, table {n}")
        self._check_inside(elements, where)
        return Page(tuple(filter(is_fixed, elements)), tuple(e for e in elements if not is_fixed(e)))

    def _table(self, table: TableFile, where: str) -> Iterator[Element]:
        frame = Box(*table.box)
        sizes = [RowSize(row.h, tuple(CellSize(cell.w, cell.rows) for cell in row.cells)) for row in table.rows]
        boxes = lay_out(frame, sizes, where)
        for r, (row, row_boxes) in enumerate(zip(table.rows, boxes, strict=True), start=1):
            for c, (cell, box) in enumerate(zip(row.cells, row_boxes, strict=True), start=1):
                yield from self._cell(cell, box, f"{where}, row {r}, cell {c}")
        yield from rules(frame, [box for row_boxes in boxes for box in row_boxes])

    def _cell(self, cell: CellFile, box: Box, where: str) -> Iterator[Element]:
        words = {
            "label": cell.label,
            "band": cell.band,
            "text": cell.text,
            "value": f"{{{cell.field}}}" if cell.field else "",
        }
        given = [(style, text) for style, text in words.items() if text]
        if len(given) > 1:
            raise TemplateFault(where, "a cell holds one of label, band, text and field")
        for default, text in given:
            yield self._text(box, text, self._style(cell, cell.style, default, where), where)
        for n, item in enumerate(cell.items, start=1):
            yield from self._item(item, box, f"{where}, item {n}")

    def _item(self, item: ItemFile, parent: Box, where: str) -> Iterator[Element]:
        x, y = _from_edge(item.at[0], parent.x, parent.right), _from_edge(item.at[1], parent.y, parent.foot)
        if item.check:
            self._check_names({item.check}, self._ticks, where)
            side = item.w or _CHECK_SIDE
            yield CheckBox(Box(x, y, side, side), item.check)
            if item.text:
                beside = Box(x + side + _CHECK_GAP, y, parent.right - x - side - _CHECK_GAP, side)
                yield self._text(beside, item.text, self._style(item, item.style, "check", where), where)
        elif item.seal:
            yield Seal(x, y, item.seal)
        elif item.bars or item.qr or item.photo:
            yield self._area(item, Box(x, y, self._needed(item.w, where), self._needed(item.h, where)), where)
        elif item.text:
            style = self._style(item, item.style, "text", where)
            height = item.h or style.size * style.leading * style.lines * _MM_PER_POINT
            yield self._text(Box(x, y, item.w or parent.right - x, height), item.text, style, where)
        else:
            raise TemplateFault(where, "an item needs text, check, bars, qr, seal or photo")

    def _area(self, item: ItemFile, box: Box, where: str) -> Element:
        if item.photo:
            return Photo(box)
        self._check_names({item.bars or item.qr}, self._fields, where)
        return Barcode(box, item.bars, item.omit) if item.bars else QrCode(box, item.qr)

    def _text(self, box: Box, text: str, style: TextStyle, where: str) -> Text:
        element = Text(box, text, style)
        try:
            used = element.fields()
        except ValueError as error:
            raise TemplateFault(where, f"in “{text}”: {error}") from error
        self._check_names(used, self._fields, where)
        return element

    def _style(self, change: StyleFile, name: str, default: str, where: str) -> TextStyle:
        if name and name not in self._styles:
            raise TemplateFault(where, f"there is no style “{name}”")
        style = _changed(self._styles.get(name or default, TextStyle()), change)
        if not 0 < style.least <= style.size or style.lines < 1:
            raise TemplateFault(where, "a text needs 0 < least ≤ size and at least one line")
        return style

    def _check_names(self, used: Iterable[str], known: frozenset[str], where: str) -> None:
        unknown = sorted(set(used) - known)
        if unknown:
            raise TemplateFault(where, f"there is no field “{unknown[0]}”")

    def _check_inside(self, elements: Iterable[Element], where: str) -> None:
        for element in elements:
            if isinstance(element, Line | Seal):
                continue
            box = element.box
            if box.x < 0 or box.y < 0 or box.right > self._sheet.right + 0.01 or box.foot > self._sheet.foot + 0.01:
                raise TemplateFault(where, f"{type(element).__name__} at {box.x:g}, {box.y:g} lies outside the page")

    def _needed(self, value: float | None, where: str) -> float:
        if value is None or value <= 0:
            raise TemplateFault(where, "a code or photograph needs w and h")
        return value


def _changed(style: TextStyle, change: StyleFile) -> TextStyle:
    given = {name: getattr(change, name) for name in _STYLE_NAMES if getattr(change, name) is not None}
    if "size" in given and "least" not in given:
        given["least"] = min(style.least, given["size"])
    return replace(style, **given)


def _from_edge(value: float, near: float, far: float) -> float:
    return near + value if value >= 0 else far + value
