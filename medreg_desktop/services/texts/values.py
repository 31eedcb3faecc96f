"""A value of the review sheet as people read it: terms in words, dates in full, personal numbers masked."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from medreg_core.domain.comparison import Shown
from medreg_core.domain.masking import mask_id, mask_phone
from medreg_desktop.services.texts.terms import term

NOTHING = "—"
"""Stands where there is no value."""

_MASKS = {"id_number": mask_id, "qualification_code": mask_id, "phone": mask_phone}


def value_text(field: str, value: Shown, *, reveal: bool = False) -> str:
    """Return a value of ``field`` as shown; numbers that identify a person are masked until revealed."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, StrEnum):
        return term(value)
    if isinstance(value, date):
        return value.isoformat()
    mask = None if reveal else _MASKS.get(field)
    return mask(value) if mask else value
