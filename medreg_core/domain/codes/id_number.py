"""公民身份号码, GB 11643: 18 characters, or the 15 digits of 1989 (``domain.md`` §7.1).

Hard are shape, a real date that is not in the future, and the check character. A region that no table knows proves
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from operator import mul

from medreg_core.domain.codes.findings import Finding, Findings, hard, hint
from medreg_core.domain.regions import Regions
from medreg_core.domain.text import normalise_code
from medreg_core.domain.vocabulary import Sex

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHAPE_18 = re.compile(r"[0-9]{17}[0-9X]")
_SHAPE_15 = re.compile(r"[0-9]{15}")
_HK_MACAO_TAIWAN = ("81", "82", "83")


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A well-formed number with a right check character, always as 18 characters."""

    number: str
    region: str
    birth_date: date
    sex: Sex
    was_15: bool = False


def check_character(body: str) -> str:
    """Return the check character for 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(map(mul, _WEIGHTS, map(int, body))) % 11]


def make_id_number(region: str, birth_date: date, sequence: int) -> str:
    """Return the number of a synthetic person; an odd ``sequence`` (0..999) is male."""
    body = f"{region}{birth_date:%Y%m%d}{sequence:03d}"
    return body + check_character(body)


def to_18(number: str) -> str:
    """Return the 18-character form of a 15-digit number: "19" inserted, check character appended.

    Other text comes back normalised but otherwise as it was, so that a damaged number is never made to look whole.
    """
    code = normalise_code(number)
    if not _SHAPE_15.fullmatch(code):
        return code
    body = f"{code[:6]}19{code[6:]}"
    return body + check_character(body)


def same_id_number(first: str, second: str) -> bool:
    """Return whether two numbers are one, whatever their width, case, or form of 15 or 18 characters."""
    return to_18(first) == to_18(second)


def parse_id_number(text: str) -> IdNumber | None:
    """Return the parts of a number, or None when it is wrong; a future date is the caller's to judge."""
    number = to_18(text)
    birth_date = _birth_date(number)
    if not _SHAPE_18.fullmatch(number) or birth_date is None or check_character(number[:17]) != number[17]:
        return None
    sex = Sex.MALE if int(number[16]) % 2 else Sex.FEMALE
    return IdNumber(number, number[:6], birth_date, sex, was_15=len(normalise_code(text)) == 15)


def check_id_number(text: str, today: date, regions: Regions | None = None) -> Findings:
    """Return what is wrong or unusual about an ID number; empty means nothing is."""
    code = normalise_code(text)
    if not code:
        return (hard("id_missing"),)
    if len(code) not in (15, 18):
        return (hard("id_length", length=str(len(code))),)
    if not (_SHAPE_15 if len(code) == 15 else _SHAPE_18).fullmatch(code):
        return (hard("id_characters"),)
    number = to_18(code)
    wrong = (*_date_findings(number, today), *_check_findings(number))
    return wrong + tuple(_hints(code, number, regions))


def check_id_matches(text: str, birth_date: date, sex: Sex) -> Findings:
    """Return where birth date and sex as written differ from what the number says; nothing if it cannot be read."""
    parsed = parse_id_number(text)
    if parsed is None:
        return ()
    found: list[Finding] = []
    if parsed.birth_date != birth_date:
        found.append(hard("id_birth_differs", written=birth_date.isoformat(), number=parsed.birth_date.isoformat()))
    if sex in (Sex.MALE, Sex.FEMALE) and parsed.sex is not sex:
        found.append(hard("id_sex_differs"))
    return tuple(found)


def id_kind_of(number: str, regions: Regions | None = None) -> str:
    """Return the kind of document (table ``id_kinds``) whose number this looks like."""
    code = to_18(number)
    if code[:2] in _HK_MACAO_TAIWAN:
        return "hk_macao_taiwan_resident"
    # 9 begins foreign permanent residents' numbers; a region of the demonstration province begins with it too.
    if code[:1] == "9" and (regions is None or code[:6] not in regions):
        return "foreign_permanent_resident"
    return "resident"


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _date_findings(number: str, today: date) -> Findings:
    birth_date = _birth_date(number)
    if birth_date is None:
        return (hard("id_date", date=f"{number[6:10]}-{number[10:12]}-{number[12:14]}"),)
    if birth_date > today:
        return (hard("id_future", date=birth_date.isoformat()),)
    return ()


def _check_findings(number: str) -> Findings:
    expected = check_character(number[:17])
    return () if number[17] == expected else (hard("id_check", expected=expected, found=number[17]),)


def _hints(code: str, number: str, regions: Regions | None) -> list[Finding]:
    hints = [hint("id_old_form")] if len(code) == 15 else []
    kind = id_kind_of(number, regions)
    if kind != "resident":
        hints.append(hint("id_kind", id_kind=kind))
    elif regions is not None and number[:6] not in regions:
        hints.append(hint("id_region_unknown", region=number[:6]))
    return hints
