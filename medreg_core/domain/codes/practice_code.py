"""医师执业证书编码, 15 digits: 1 level, 2 category, 6 region of the registering county, 6 serial (``domain.md`` §7.3).

No check digit is known. Published pages contradict one another, so only length and digits are hard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medreg_core.domain.codes.findings import Finding, Findings, hard, hint
from medreg_core.domain.tables import Tables
from medreg_core.domain.text import normalise_code
from medreg_core.domain.vocabulary import Level

_SHAPE = re.compile(r"[0-9]{15}")


@dataclass(frozen=True, slots=True)
class PracticeCode:
    """The parts of a code of the right shape."""

    level: str
    exam_category: str
    region: str
    serial: str


def make_practice_code(level: Level, exam_category: str, region: str, serial: int) -> str:
    """Return the code of the ``serial``-th certificate of a region. Raises ValueError when a part does not fit."""
    code = f"{level.value}{exam_category}{region}{serial:06d}"
    if not _SHAPE.fullmatch(code):
        raise ValueError(f"practice code of {len(code)} characters")
    return code


def parse_practice_code(text: str) -> PracticeCode | None:
    """Return the parts, or None when it is not 15 digits."""
    code = normalise_code(text)
    if not _SHAPE.fullmatch(code):
        return None
    return PracticeCode(code[0], code[1:3], code[3:9], code[9:])


def check_practice_code(text: str, tables: Tables | None = None) -> Findings:
    """Return what is wrong or unusual about a code."""
    code = normalise_code(text)
    if not code:
        return (hard("practice_missing"),)
    if len(code) != 15:
        return (hard("practice_length", length=str(len(code))),)
    parsed = parse_practice_code(code)
    if parsed is None:
        return (hard("practice_characters"),)
    return tuple(_hints(parsed, tables))


def _hints(parsed: PracticeCode, tables: Tables | None) -> list[Finding]:
    found: list[Finding] = []
    if parsed.level not in {level.value for level in Level}:
        found.append(hint("practice_level", level=parsed.level))
    if tables is not None and parsed.exam_category not in tables.exam_categories:
        found.append(hint("practice_category", category=parsed.exam_category))
    if tables is not None and parsed.region not in tables.regions:
        found.append(hint("practice_region", region=parsed.region))
    return found
