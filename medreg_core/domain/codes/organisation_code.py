"""组织机构代码, GB 11714: eight signs and a check character; part of both codes that an institution has."""

from __future__ import annotations

import re

from medreg_core.domain.codes.findings import Findings, hard
from medreg_core.domain.text import normalise_code

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SHAPE = re.compile(r"[0-9A-Z]{8}[0-9X]")


def organisation_check_character(body: str) -> str:
    """Return the check character for eight signs: 11 − (weighted sum mod 11), 10 as X and 11 as 0."""
    total = sum(weight * _ALPHABET.index(sign) for weight, sign in zip(_WEIGHTS, body, strict=True))
    return "0123456789X0"[11 - total % 11]


def check_organisation_code(text: str) -> Findings:
    """Return what is wrong with a code; ``D2143569-X`` and ``D2143569X`` are the same one."""
    code = normalise_code(text)
    if not _SHAPE.fullmatch(code):
        return (hard("organisation_shape"),)
    expected = organisation_check_character(code[:8])
    return () if code[8] == expected else (hard("organisation_check", expected=expected),)
