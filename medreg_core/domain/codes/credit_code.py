"""统一社会信用代码, GB 32100-2015: 18 signs without I, O, S, V and Z (``domain.md`` §7.5).

1 registering department, 1 kind of body, 6 region, 9 organisation code with a check of its own, 1 check over all.
"""

from __future__ import annotations

import re

from medreg_core.domain.codes.findings import Finding, Findings, hard, hint
from medreg_core.domain.codes.organisation_code import check_organisation_code, organisation_check_character
from medreg_core.domain.regions import Regions
from medreg_core.domain.text import normalise_code

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(f"[{_ALPHABET}]{{18}}")


def credit_check_character(body: str) -> str:
    """Return the check character for 17 signs: weights 3**i mod 31, and 31 − sum mod 31 — not the remainder itself."""
    total = sum(pow(3, index, 31) * _ALPHABET.index(sign) for index, sign in enumerate(body))
    return _ALPHABET[(31 - total % 31) % 31]


def make_credit_code(department: str, region: str, organisation_body: str) -> str:
    """Return a code for two leading signs (``12`` 事业单位), a region and eight signs of an organisation code."""
    body = department + region + organisation_body + organisation_check_character(organisation_body)
    return body + credit_check_character(body)


def check_credit_code(text: str, regions: Regions | None = None) -> Findings:
    """Return what is wrong or unusual about a code.

    A wrong check inside the organisation code is a hint: the check over all 18 signs already tells of a slip.
    """
    code = normalise_code(text)
    if not code:
        return (hard("credit_missing"),)
    if len(code) != 18:
        return (hard("credit_length", length=str(len(code))),)
    if not _SHAPE.fullmatch(code):
        return (hard("credit_characters"),)
    expected = credit_check_character(code[:17])
    found: list[Finding] = []
    if code[17] != expected:
        found.append(hard("credit_check", expected=expected, found=code[17]))
    if check_organisation_code(code[8:17]):
        found.append(hint("credit_inner_check", expected=organisation_check_character(code[8:16])))
    if regions is not None and code[2:8] not in regions:
        found.append(hint("credit_region", region=code[2:8]))
    return tuple(found)
