"""The TOML of a form template as it is written: types only. :mod:`template_reader` turns it into placed elements.

Every place is in millimetres. ``at`` counts from the top left corner of the cell (or page); a negative number counts
from the right or lower edge. Unknown keys are faults, so that a slip of the pen is found when the file is read.
"""

from __future__ import annotations

import msgspec

from medreg_desktop.services.printing.template import Align, Face, Valign


class StyleFile(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Changes to a text style; what is not given stays as it was."""

    face: Face | None = None
    size: float | None = None
    least: float | None = None
    align: Align | None = None
    valign: Valign | None = None
    lines: int | None = None
    leading: float | None = None
    spacing: float | None = None
    gray: float | None = None
    pad: float | None = None


class ItemFile(StyleFile, forbid_unknown_fields=True):
    """One thing placed in a cell or on the page: a text, check box, code, seal or photograph."""

    at: tuple[float, float] = (0.0, 0.0)
    w: float | None = None
    h: float | None = None
    text: str = ""  # words, with {field} where values stand; beside a check box its label
    check: str = ""  # tick field
    bars: str = ""  # field of a Code 128
    omit: str = ""  # characters left out of the bars
    qr: str = ""  # field of a QR code
    seal: float = 0.0  # diameter
    photo: bool = False
    style: str = ""


class CellFile(StyleFile, forbid_unknown_fields=True):
    """One cell; at most one of label, band, text and field, and any number of items."""

    w: float | None = None
    rows: int = 1
    label: str = ""
    band: str = ""
    text: str = ""
    field: str = ""
    style: str = ""
    items: tuple[ItemFile, ...] = ()


class RowFile(msgspec.Struct, forbid_unknown_fields=True):
    """A row of cells; without ``h`` it shares what the other rows leave."""

    cells: tuple[CellFile, ...]
    h: float | None = None


class TableFile(msgspec.Struct, forbid_unknown_fields=True):
    """A ruled table: left, top, width, height, and its rows."""

    box: tuple[float, float, float, float]
    rows: tuple[RowFile, ...]


class PageFile(msgspec.Struct, forbid_unknown_fields=True):
    """A page: its own items, then its tables."""

    items: tuple[ItemFile, ...] = ()
    tables: tuple[TableFile, ...] = ()


class WatermarkFile(msgspec.Struct, forbid_unknown_fields=True):
    """Words across the page while tick field ``when`` is set."""

    when: str
    text: str
    height: float
    angle: float
    opacity: float
    centres: tuple[tuple[float, float], ...]


class TemplateFile(msgspec.Struct, forbid_unknown_fields=True):
    """A whole template. ``every_page`` stands on each page after that page's own items."""

    id: str
    version: int
    title: str
    kinds: tuple[str, ...]
    size: tuple[float, float]
    pages: tuple[PageFile, ...]
    styles: dict[str, StyleFile] = {}
    every_page: tuple[ItemFile, ...] = ()
    watermarks: tuple[WatermarkFile, ...] = ()
