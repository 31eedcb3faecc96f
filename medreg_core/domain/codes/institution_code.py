"""医疗机构登记号: 22 signs, or the older 12 digits of clinics and village stations (``domain.md`` §7.4).

22 = 9 organisation code, 6 region, 2 kind of economy, 4 kind of institution (WS 218, A100 综合医院), 1 management.
12 = 6 region, 4 serial, 2 attributes. A form of 18 signs is met in old data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from medreg_core.domain.codes.findings import Finding, Findings, hard, hint
from medreg_core.domain.codes.organisation_code import check_organisation_code, organisation_check_character
from medreg_core.domain.regions import Regions
from medreg_core.domain.text import normalise_code

_SHAPE_22 = re.compile(r"[0-9A-Z]{8}[0-9X][0-9]{6}[0-9]{2}[A-Z][0-9]{3}[0-9]")
_SHAPE_12 = re.compile(r"[0-9]{6}[0-9]{4}[1-3][1-9]")
_SIGNS = re.compile(r"[0-9A-Z]+")
_MANAGEMENT = "129"  # 非营利, 营利, 其他


@dataclass(frozen=True, slots=True)
class InstitutionCode:
    """The parts of a 22-sign code."""

    organisation: str
    region: str
    economy: str
    kind: str
    management: str


def make_institution_code(organisation_body: str, region: str, economy: str, kind: str, management: str) -> str:
    """Return a 22-sign code; ``organisation_body`` is the organisation code without its check character."""
    organisation = organisation_body + organisation_check_character(organisation_body)
    return f"{organisation}{region}{economy}{kind}{management}"


def parse_institution_code(text: str) -> InstitutionCode | None:
    """Return the parts of a 22-sign code of the right shape, else None."""
    code = normalise_code(text)
    if not _SHAPE_22.fullmatch(code):
        return None
    return InstitutionCode(code[:9], code[9:15], code[15:17], code[17:21], code[21])


def check_institution_code(text: str, regions: Regions | None = None) -> Findings:
    """Return what is wrong or unusual about a code of any of the three lengths."""
    code = normalise_code(text)
    if not code:
        return (hard("institution_missing"),)
    if not _SIGNS.fullmatch(code):
        return (hard("institution_characters"),)
    match len(code):
        case 22:
            return _check_22(code, regions)
        case 12:
            return _check_12(code, regions)
        case 18:
            return (hint("institution_old_form"),)
        case length:
            return (hard("institution_length", length=str(length)),)


def _check_22(code: str, regions: Regions | None) -> Findings:
    parsed = parse_institution_code(code)
    if parsed is None:
        return (hard("institution_shape"),)
    found: list[Finding] = []
    if check_organisation_code(parsed.organisation):
        found.append(hard("institution_check", expected=organisation_check_character(parsed.organisation[:8])))
    found += _region(parsed.region, regions)
    if parsed.management not in _MANAGEMENT:
        found.append(hint("institution_management", management=parsed.management))
    return tuple(found)


def _check_12(code: str, regions: Regions | None) -> Findings:
    if not _SHAPE_12.fullmatch(code):
        return (hard("institution_shape"),)
    return tuple(_region(code[:6], regions))


def _region(region: str, regions: Regions | None) -> list[Finding]:
    return [] if regions is None or region in regions else [hint("institution_region", region=region)]
