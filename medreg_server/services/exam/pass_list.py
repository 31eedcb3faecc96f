"""Writes a pass list in the form that :mod:`medreg_server.services.exam.import_list` reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import xlsxwriter

from medreg_core.domain.records import Qualification
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Level
from medreg_server.services.exam.rows import COLUMNS

_LEVELS: Final = {Level.PHYSICIAN: "执业医师", Level.ASSISTANT: "执业助理医师"}
_WIDTHS: Final = (10, 21, 18, 14, 12, 30, 8, 24)


@dataclass(frozen=True, slots=True)
class Pass:
    """Somebody who passed: the qualification it gives, and where the exam was sat."""

    qualification: Qualification
    admission_number: str
    site: str


def write_exam_list(path: Path, passes: Iterable[Pass], tables: Tables) -> int:
    """Write the list as .xlsx and return how many rows it has.

    Every cell is a text: numbers would lose the last digits of an ID, and no text can become a formula.
    """
    count = 0
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("合格名单")
        for column, (names, width) in enumerate(zip(COLUMNS.values(), _WIDTHS, strict=True)):
            sheet.write_string(0, column, names[0])
            sheet.set_column(column, column, width)
        for count, entry in enumerate(passes, 1):
            for column, text in enumerate(_texts(entry, tables)):
                sheet.write_string(count, column, text)
    return count


def _texts(entry: Pass, tables: Tables) -> tuple[str, ...]:
    held = entry.qualification
    return (
        held.name,
        held.id_number,
        entry.admission_number,
        _LEVELS[held.level],
        tables.exam_categories.name(held.exam_category),
        held.code,
        held.code[:4],
        entry.site,
    )
