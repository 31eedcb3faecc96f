"""Writes the codes of invented people and hospitals, each with its right check character (``domain.md`` §7).

Every code carries region 99, which GB/T 2260 does not use: no code written here can be a real person's or hospital's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from medreg_core.domain.vocabulary import Level

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_DIGIT: Final = {str(n): n for n in range(10)}


def _weighted(values: Iterable[int], weights: tuple[int, ...]) -> int:
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def id_number(region: str, born: date, sequence: int) -> str:
    """Return the 18-character citizen ID of GB 11643-1999; an odd ``sequence`` (0–999) is a man's."""
    body = f"{region}{born:%Y%m%d}{sequence:03d}"
    return body + _ID_CHECKS[_weighted(map(_DIGIT.__getitem__, body), _ID_WEIGHTS) % 11]


def short_id(number: str) -> str:
    """Return the 15-digit form (GB 11643-1989) of an 18-character ID of somebody born in the 1900s."""
    return number[:6] + number[8:17]


def qualification_code(year: int, province: str, level: Level, exam_category: str, embedded_id: str) -> str:
    """Return a 资格证书编码: 24 characters around a 15-digit ID, 27 around an 18-character one."""
    return f"{year}{province}{level.value}{exam_category}{embedded_id}"


def practice_code(level: Level, exam_category: str, region: str, serial: int) -> str:
    """Return a 执业证书编码: level 1, category 2, region 6, serial 6; it has no check digit."""
    return f"{level.value}{exam_category}{region}{serial:06d}"


def organisation_code(body: str) -> str:
    """Return the nine-character 组织机构代码 of GB 11714 for its first eight digits."""
    check = 11 - _weighted(map(_DIGIT.__getitem__, body), _ORGANISATION_WEIGHTS) % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def credit_code(region: str, organisation: str) -> str:
    """Return the 统一社会信用代码 (GB 32100-2015) of a public institution (12)."""
    body = f"12{region}{organisation}"
    remainder = _weighted(map(_CREDIT_ALPHABET.index, body), _CREDIT_WEIGHTS) % 31
    return body + _CREDIT_ALPHABET[(31 - remainder) % 31]


def institution_code(organisation: str, region: str) -> str:
    """Return the 22-character 机构登记号 of a state-owned (11), general (A100), non-profit (1) hospital."""
    return f"{organisation}{region}11A1001"


def admission_number(year: int, region: str, serial: int) -> str:
    """Return a 准考证号: exam year, exam place and serial; its form is the exam centre's and carries no check."""
    return f"{year}{region}{serial:06d}"
