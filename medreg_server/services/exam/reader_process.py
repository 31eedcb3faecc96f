"""The child process that reads a workbook: ``python -m medreg_server.services.exam.reader_process FILE``.

Whatever the file does to it, only this process suffers: it limits its own memory, time and output before it looks.
It writes one JSON document to standard output: a :class:`.sheet.Sheet`.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import msgspec
from python_calamine import CalamineError, CalamineSheet, load_workbook

from medreg_server.services.exam.archive import check_archive
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.sheet import MAX_COLUMNS, MAX_ROWS, OUTPUT_BYTES, SECONDS, Cell, Sheet

if sys.platform != "win32":
    import resource

MEMORY_BYTES: Final = 512 * 1024 * 1024
MAX_CELL: Final = 200
"""Longer texts are cut: no column of the list comes near, and a fault names the cell."""

Value = int | float | str | bool | time | date | datetime | timedelta


def read_sheet(path: Path) -> Sheet:
    """Return the first sheet of a checked workbook. Raises WorkbookRefused."""
    check_archive(path)
    try:
        with load_workbook(path) as workbook:
            return Sheet(_rows(workbook.get_sheet_by_index(0)))
    except (CalamineError, OSError, IndexError, ValueError) as error:
        raise WorkbookRefused(Refusal.DAMAGED) from error


def _rows(sheet: CalamineSheet) -> list[list[Cell]]:
    last_row, last_column = sheet.end or (0, 0)  # counted from 0; the head row is not one of MAX_ROWS
    if last_column >= MAX_COLUMNS:
        raise WorkbookRefused(Refusal.TOO_MANY_COLUMNS, limit=str(MAX_COLUMNS))
    if last_row > MAX_ROWS:
        raise WorkbookRefused(Refusal.TOO_MANY_ROWS, limit=str(MAX_ROWS))
    return [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]


def _cell(value: Value) -> Cell:
    """Return numbers as they are: an ID number stored as one has lost its last digits, and the importer must see it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return str(value)[:MAX_CELL]


def _limit() -> None:
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Limit this process, read the file named on the command line, write the answer."""
    _limit()
    try:
        sheet = read_sheet(Path(sys.argv[1]))
    except WorkbookRefused as refused:
        sheet = Sheet(refused=refused.code, params=refused.params)
    sys.stdout.buffer.write(msgspec.json.encode(sheet))


if __name__ == "__main__":
    main()
