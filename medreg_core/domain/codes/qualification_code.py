"""医师资格证书编码: 24 or 27 characters that end in the holder's ID number (``domain.md`` §7.2).

4 year, 2 province, 1 level, 2 exam category, then the ID number of 15 or 18 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from medreg_core.domain.codes.findings import Finding, Findings, hard, hint
from medreg_core.domain.codes.id_number import check_id_number, same_id_number, to_18
from medreg_core.domain.tables import Tables
from medreg_core.domain.text import normalise_code
from medreg_core.domain.vocabulary import Level

FIRST_YEAR = 1998
"""Titles granted before 1998-06-26 count as 1998; nothing is older."""

_SHAPE = re.compile(r"[0-9]{24}|[0-9]{26}[0-9X]")
_MAINLAND = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]")


@dataclass(frozen=True, slots=True)
class QualificationCode:
    """The parts of a code of the right shape."""

    year: int
    province: str
    level: str
    exam_category: str
    id_number: str  # as embedded: 15 or 18 characters


def make_qualification_code(year: int, province: str, level: Level, exam_category: str, id_number: str) -> str:
    """Return the code of a qualification; ``id_number`` is embedded as given, in 15 or 18 characters."""
    return f"{year:04d}{province}{level.value}{exam_category}{id_number}"


def parse_qualification_code(text: str) -> QualificationCode | None:
    """Return the parts, or None when length or characters are wrong."""
    code = normalise_code(text)
    if not _SHAPE.fullmatch(code):
        return None
    return QualificationCode(int(code[:4]), code[4:6], code[6], code[7:9], code[9:])


def check_qualification_code(text: str, today: date, *, id_number: str = "", tables: Tables | None = None) -> Findings:
    """Return what is wrong or unusual about a code; with ``id_number`` also whether it is the holder's.

    Province, level and category are hints: papers of the army, of Hong Kong, Macao and Taiwan, and old data break them.
    """
    code = normalise_code(text)
    if not code:
        return (hard("qualification_missing"),)
    if len(code) not in (24, 27):
        return (hard("qualification_length", length=str(len(code))),)
    parsed = parse_qualification_code(code)
    if parsed is None:
        return (hard("qualification_characters"),)
    return (*_hard_findings(parsed, today, id_number), *_hints(parsed, tables))


def _hard_findings(parsed: QualificationCode, today: date, id_number: str) -> list[Finding]:
    found: list[Finding] = []
    if not FIRST_YEAR <= parsed.year <= today.year:
        found.append(hard("qualification_year", year=str(parsed.year), first=str(FIRST_YEAR), last=str(today.year)))
    embedded = [finding for finding in check_id_number(parsed.id_number, today) if finding.hard]
    if embedded:
        found.append(hard("qualification_id", inner=embedded[0].code, **embedded[0].params))
    elif id_number and not same_id_number(parsed.id_number, id_number):
        found.append(hard("qualification_id_differs"))
    return found


def _hints(parsed: QualificationCode, tables: Tables | None) -> list[Finding]:
    found: list[Finding] = []
    known = _MAINLAND.fullmatch(parsed.province) or (tables is not None and parsed.province in tables.regions)
    if not known:
        found.append(hint("qualification_province", province=parsed.province))
    if parsed.level not in {level.value for level in Level}:
        found.append(hint("qualification_level", level=parsed.level))
    if tables is not None and parsed.exam_category not in tables.exam_categories:
        found.append(hint("qualification_category", category=parsed.exam_category))
    return found


def display_qualification_code(text: str) -> str:
    """Return the code as people read it, ``2026 51 1 10 11010519491231002X``; other text unchanged."""
    parsed = parse_qualification_code(text)
    if parsed is None:
        return text
    return f"{parsed.year} {parsed.province} {parsed.level} {parsed.exam_category} {parsed.id_number}"


def embedded_id(text: str) -> str:
    """Return the embedded ID number as 18 characters, or "" when the code has not the right shape."""
    parsed = parse_qualification_code(text)
    return to_18(parsed.id_number) if parsed else ""
