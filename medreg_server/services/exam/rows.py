"""Rows of the exam centre's list as results, each checked against itself (``domain.md`` §4.1, §7.2)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from medreg_core.domain.codes.id_number import check_id_number, to_18
from medreg_core.domain.codes.qualification_code import check_qualification_code, parse_qualification_code
from medreg_core.domain.records import Qualification
from medreg_core.domain.tables import Tables
from medreg_core.domain.text import normalise_code
from medreg_core.domain.vocabulary import Level
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.sheet import Cell


class Field(StrEnum):
    """A column of the list."""

    NAME = "name"
    ID_NUMBER = "id_number"
    ADMISSION_NUMBER = "admission_number"
    LEVEL = "level"
    CATEGORY = "category"
    CODE = "code"
    YEAR = "year"
    SITE = "site"


COLUMNS: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.NAME: ("姓名",),
    Field.ID_NUMBER: ("身份证号",),
    Field.ADMISSION_NUMBER: ("准考证号",),
    Field.LEVEL: ("级别",),
    Field.CATEGORY: ("类别",),
    Field.CODE: ("资格证书编码",),
    Field.YEAR: ("年度",),
    Field.SITE: ("考区/考点", "考区", "考点"),
}
"""What the head row may call each column; the first name is the one we write ourselves."""

_LEVELS: Final = {
    "执业医师": Level.PHYSICIAN,
    "执业助理医师": Level.ASSISTANT,
    "1": Level.PHYSICIAN,
    "2": Level.ASSISTANT,
}
_HEAD_WITHIN: Final = 5  # rows: a title and notes may stand above the head row
_EXACT_NUMBERS: Final = 1e15  # a spreadsheet's number keeps 15 digits


@dataclass(frozen=True, slots=True)
class RowFault:
    """One thing wrong with one row: the line as the spreadsheet numbers it, the column, and why."""

    line: int
    field: Field
    code: str


@dataclass(frozen=True, slots=True)
class ExamResult:
    """A row in order: somebody passed."""

    line: int
    qualification: Qualification
    admission_number: str


def parse_rows(rows: Sequence[Sequence[Cell]], tables: Tables, today: date) -> Iterator[ExamResult | list[RowFault]]:
    """Yield a result or its faults for every row below the head row that is not blank.

    Raises WorkbookRefused when no head row names all columns, or nothing stands below it.
    """
    head, places = _head(rows)
    body = [
        (line, row) for line, row in enumerate(rows[head + 1 :], head + 2) if any(str(cell).strip() for cell in row)
    ]
    if not body:
        raise WorkbookRefused(Refusal.NO_ROWS)
    for line, row in body:
        cells = {field: row[place] if place < len(row) else "" for field, place in places.items()}
        yield _Row(line, cells, tables, today).parsed()


def _head(rows: Sequence[Sequence[Cell]]) -> tuple[int, dict[Field, int]]:
    best: dict[Field, int] = {}
    for index, row in enumerate(rows[:_HEAD_WITHIN]):
        titles = [_plain(str(cell)) for cell in row]
        places = {
            field: titles.index(name)
            for field, names in COLUMNS.items()
            if (name := next((name for name in names if name in titles), None)) is not None
        }
        if len(places) == len(COLUMNS):
            return index, places
        best = max(best, places, key=len)
    missing = "、".join(names[0] for field, names in COLUMNS.items() if field not in best)
    raise WorkbookRefused(Refusal.COLUMNS_MISSING, columns=missing)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


class _Row:
    """Checks one row; every fault is kept, so that the list is corrected in one go."""

    def __init__(self, line: int, cells: Mapping[Field, Cell], tables: Tables, today: date) -> None:
        self._line = line
        self._cells = cells
        self._tables = tables
        self._today = today
        self._faults: list[RowFault] = []

    def parsed(self) -> ExamResult | list[RowFault]:
        """Return the result, or every fault of the row."""
        name = self._name()
        id_number = self._id_number()
        admission_number = self._text(Field.ADMISSION_NUMBER, 40)
        self._text(Field.SITE, 100)
        code = self._code(id_number)
        level, category = self._level(code), self._category(code)
        year = self._year(code)
        if self._faults or level is None or category is None:
            return self._faults
        province = self._tables.regions.name(code[4:6])
        return ExamResult(
            self._line,
            Qualification(
                code=code,
                level=level,
                category=self._tables.exam_category_owners[category],
                exam_category=category,
                obtained_on=min(date(year, 12, 31), self._today),
                issuer=f"{province}卫生健康委员会",
                name=name,
                id_number=id_number,
            ),
            admission_number,
        )

    def _fault(self, field: Field, code: str) -> None:
        self._faults.append(RowFault(self._line, field, code))

    def _text(self, field: Field, longest: int) -> str:
        cell = self._cells[field]
        if isinstance(cell, float):
            if abs(cell) >= _EXACT_NUMBERS or not cell.is_integer():
                self._fault(field, "stored_as_number")
                return ""
            cell = str(int(cell))
        text = cell.strip()
        if not text:
            self._fault(field, "missing")
        elif len(text) > longest:
            self._fault(field, "too_long")
        elif any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co"} for sign in text):
            self._fault(field, "control_character")
        else:
            return text
        return ""

    def _name(self) -> str:
        """Return the name as it stands: matching is character by character, so nothing is mended here."""
        return self._text(Field.NAME, 100)

    def _id_number(self) -> str:
        text = self._text(Field.ID_NUMBER, 40)
        if not text:
            return ""
        hard = next((finding for finding in check_id_number(text, self._today) if finding.hard), None)
        if hard is not None:
            self._fault(Field.ID_NUMBER, hard.code)
            return ""
        return to_18(text)

    def _code(self, id_number: str) -> str:
        text = self._text(Field.CODE, 60)
        if not text:
            return ""
        findings = check_qualification_code(text, self._today, id_number=id_number, tables=self._tables)
        hard = next((finding for finding in findings if finding.hard), None)
        if hard is not None:
            self._fault(Field.CODE, hard.code)
            return ""
        return normalise_code(text)

    def _level(self, code: str) -> Level | None:
        text = self._text(Field.LEVEL, 20)
        level = _LEVELS.get(_plain(text))
        if text and level is None:
            self._fault(Field.LEVEL, "unknown")
        elif level is not None and code and code[6] != level.value:
            self._fault(Field.LEVEL, "differs_from_code")
        return level

    def _category(self, code: str) -> str | None:
        text = _plain(self._text(Field.CATEGORY, 40))
        names = {_plain(name): key for key, name in self._tables.exam_categories.names.items()}
        category = text if text in self._tables.exam_categories else names.get(text)
        if text and category is None:
            self._fault(Field.CATEGORY, "unknown")
        elif category is not None and code and code[7:9] != category:
            self._fault(Field.CATEGORY, "differs_from_code")
        return category

    def _year(self, code: str) -> int:
        text = _plain(self._text(Field.YEAR, 10)).removesuffix("年")
        parsed = parse_qualification_code(code)
        if text and not (text.isascii() and text.isdigit() and len(text) == 4):
            self._fault(Field.YEAR, "no_year")
        elif text and parsed is not None and int(text) != parsed.year:
            self._fault(Field.YEAR, "differs_from_code")
        elif text:
            return int(text)
        return 0
