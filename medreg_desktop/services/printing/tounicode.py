"""Mends ReportLab's ToUnicode maps, without which a name with a character above U+FFFF copies and searches as garbage.

ReportLab 5.1 writes the code point itself in hexadecimal: U+20BB7 becomes five digits, which no reader takes for a
character (Poppler shows ₻, pypdf drops it). The map must hold UTF-16BE, with at most one hundred pairs in a block
(ISO 32000-1 §9.10.3). ReportLab's version is pinned in the lock file, and a test extracts such a name from a form.
"""

from __future__ import annotations

from collections.abc import Sequence

from reportlab import rl_config
from reportlab.pdfbase import ttfonts

_BLOCK = 100  # ISO 32000-1 §9.10.3: entries allowed between beginbfchar and endbfchar


def to_unicode_map(font_name: str, subset: Sequence[int]) -> str:
    """Return the CMap text for ``subset``: position in the subset → Unicode as UTF-16BE."""
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        f"/CIDSystemInfo << /Registry ({font_name}) /Ordering ({font_name}) /Supplement 0 >> def",
        f"/CMapName /{font_name} def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<00> <FF>",
        "endcodespacerange",
    ]
    pairs = [f"<{i:02X}> <{chr(code).encode('utf-16-be').hex().upper()}>" for i, code in enumerate(subset)]
    for start in range(0, len(pairs), _BLOCK):
        block = pairs[start : start + _BLOCK]
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines)


def mend_reportlab() -> None:
    """Put :func:`to_unicode_map` in place of ReportLab's own; switch off ASCII-85, a quarter more bytes for nothing."""
    ttfonts.makeToUnicodeCMap = to_unicode_map
    rl_config.useA85 = 0
