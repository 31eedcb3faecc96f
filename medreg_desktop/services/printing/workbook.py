"""A list as an ``.xlsx`` file: text only, and on every sheet who took it out, where and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import xlsxwriter

from medreg_desktop.services.printing.whole_file import save_whole

_WIDEST = 42
_SHEET_ROWS = 1_000_000
"""A sheet of the format holds 1,048,576 rows."""


def write_workbook(path: Path, watermark: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write the rows under their titles; ``watermark`` stands above them and in the footer of a print.

    Every cell is written as text, so that nothing in a name can become a formula and no code loses its digits.
    Raises KnownFault ``disk_full`` or ``file_not_written``; a file that was there stays as it was.
    """
    memory = BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    plain, bold, grey = book.add_format(), book.add_format({"bold": True}), book.add_format({"font_color": "#5A6462"})
    for start in range(0, max(len(rows), 1), _SHEET_ROWS):
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, watermark, grey)
        for column, title in enumerate(titles):
            sheet.write_string(1, column, title, bold)
        part = rows[start : start + _SHEET_ROWS]
        for line, row in enumerate(part, start=2):
            for column, text in enumerate(row):
                sheet.write_string(line, column, text, plain)
        for column, title in enumerate(titles):
            sheet.set_column(column, column, _width(title, (row[column] for row in part[:200])))
        sheet.freeze_panes(2, 0)
        sheet.repeat_rows(1)
        sheet.set_footer("&L" + watermark.replace("&", "&&")[:200] + "&R&P / &N")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
    book.close()
    save_whole(path, memory.getvalue())


def _width(title: str, texts: Iterable[str]) -> float:
    longest = max(map(_cells, (title, *texts)))
    return min(longest + 2, _WIDEST)


def _cells(text: str) -> int:
    """Return the width of a text in half-width characters."""
    return sum(1 if ord(character) < 0x2E80 else 2 for character in text)
