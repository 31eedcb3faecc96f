"""Reads a form's codes back from pixels: a scan, a photograph, or the program's own print before it leaves.

First the picture as it is, then after a 3 × 3 median filter, which repairs what photocopies do to both codes
(``printing.md`` §4: found 5 of 5 where the plain read found 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageFilter

from medreg_core.domain.forms import read_form_number

_QR, _BARS = zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128
_FORMATS = zxingcpp.BarcodeFormats([_QR, _BARS])


@dataclass(frozen=True, slots=True)
class ScannedCodes:
    """What was found on a page; empty where nothing could be read."""

    qr: str = ""
    bars: str = ""

    @property
    def form_number(self) -> str:
        """The number in the bars as it is printed, with its hyphens; empty if it is none or its check fails."""
        number = read_form_number(self.bars)
        return str(number) if number else ""


def scan_page(image: Image.Image) -> ScannedCodes:
    """Return the codes on one page, whatever its colours, turned by any angle."""
    gray = image.convert("L")
    plain = _read(gray)
    if plain.qr and plain.bars:
        return plain
    smooth = _read(gray.filter(ImageFilter.MedianFilter(3)))
    return ScannedCodes(plain.qr or smooth.qr, plain.bars or smooth.bars)


def _read(image: Image.Image) -> ScannedCodes:
    found = {code.format: code.text for code in zxingcpp.read_barcodes(image, formats=_FORMATS)}
    return ScannedCodes(found.get(_QR, ""), found.get(_BARS, ""))
