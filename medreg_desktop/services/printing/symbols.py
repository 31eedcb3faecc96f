"""The machine-readable marks as black runs: Code 128 of the form number, QR code of the signed text.

Both come out as lists of rectangles in modules, ready to be drawn as one path. The QR symbol is made by zxing-cpp,
35 times faster than the pure-Python encoders and with the mask chosen as ISO/IEC 18004 asks (``printing.md`` §2.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import zxingcpp

# ISO/IEC 15417 table 1: widths of bar, space, bar, space, bar, space for the values 0 … 106; 106 is the stop.
_TABLE = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
"""
_WIDTHS = tuple(_TABLE.split())
_CODE_C, _CODE_B, _START_B, _START_C, _STOP = 99, 100, 104, 105, 106


@dataclass(frozen=True, slots=True)
class Symbol:
    """Black rectangles in a grid of ``columns`` × ``rows`` modules: (column, row, modules wide), each one row high."""

    columns: int
    rows: int
    runs: tuple[tuple[int, int, int], ...]
    path: str  # the runs as PDF operators

    @classmethod
    def of(cls, columns: int, rows: int, runs: Sequence[tuple[int, int, int]]) -> Symbol:
        """Return a symbol with its path, so that the pages of a form share the work."""
        return cls(columns, rows, tuple(runs), "\n".join([f"{x} {y} {width} 1 re" for x, y, width in runs]))


class SymbolFault(ValueError):
    """A text that the symbol cannot carry."""


@lru_cache(maxsize=4)
def code128(text: str) -> Symbol:
    """Return the Code 128 of printable ASCII, pairs of digits in set C where that is shorter.

    Raises SymbolFault for an empty text or other characters.
    """
    if not text or not all(" " <= char <= "~" for char in text):
        raise SymbolFault("Code 128 carries printable ASCII only")
    values = list(_values(text))
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], start=1))) % 103
    runs: list[tuple[int, int, int]] = []
    x = 0
    for value in (*values, check, _STOP):
        for place, width in enumerate(map(int, _WIDTHS[value])):
            if place % 2 == 0:
                runs.append((x, 0, width))
            x += width
    return Symbol.of(x, 1, runs)


def _values(text: str) -> Iterator[int]:
    """Yield the start character and the code values. Set C pays from 4 digits at the ends, 6 in the middle."""
    in_c = False
    index = 0
    while index < len(text):
        digits = _digits_from(text, index)
        at_edge = index == 0 or index + digits == len(text)
        wants_c = digits - digits % 2 >= (2 if in_c else 4 if at_edge else 6)
        if index == 0:
            yield _START_C if wants_c else _START_B
        elif wants_c != in_c:
            yield _CODE_C if wants_c else _CODE_B
        in_c = wants_c
        if in_c:
            yield int(text[index : index + 2])
            index += 2
        else:
            yield ord(text[index]) - 32
            index += 1


def _digits_from(text: str, index: int) -> int:
    end = index
    while end < len(text) and text[end].isdigit():
        end += 1
    return end - index


@lru_cache(maxsize=4)
def qr_code(text: str) -> Symbol:
    """Return the QR code of ``text`` at level M; the pages of one form ask for the same one in turn.

    Raises SymbolFault for a text no QR code can hold.
    """
    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except (ValueError, RuntimeError) as error:
        raise SymbolFault("too long for a QR code") from error
    image = code.to_image(scale=1, add_quiet_zones=False)
    flat = memoryview(image).tobytes()  # type: ignore[arg-type]  # a buffer, but the stub does not say so
    rows, columns = image.shape
    runs: list[tuple[int, int, int]] = []
    for row in range(rows):
        line = flat[row * columns : (row + 1) * columns]
        start = line.find(0)
        while start >= 0:
            end = line.find(255, start)
            end = columns if end < 0 else end
            runs.append((start, row, end - start))
            start = line.find(0, end)
    return Symbol.of(columns, rows, runs)
