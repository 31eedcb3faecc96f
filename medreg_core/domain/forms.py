"""The number and the content digest of a review form (``design.md`` §6)."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum

from medreg_core.domain.records import Application
from medreg_core.domain.text import normalise_code

LAST_SERIAL = 999_999
"""The last form number of a region and year: the serial has six digits."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(r"[0-9]{16}[0-9A-Z]")


@dataclass(frozen=True, slots=True)
class FormNumber:
    """The parts of a valid 表格编码."""

    region: str
    year: int
    serial: int

    def __str__(self) -> str:
        return make_form_number(self.region, self.year, self.serial)


def check_character(body: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character of ``body`` (digits and capitals).

    The hybrid system finds every single wrong character and nearly every swap of two neighbours, and one character is
    all it adds to what somebody has to type from paper.
    """
    product = 36
    for char in body:
        total = (product + _ALPHABET.index(char)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def make_form_number(region: str, year: int, serial: int) -> str:
    """Return ``990100-2026-000371-B`` for its three parts. Raises ValueError when a part does not fit."""
    body = f"{region}{year:04d}{serial:06d}"
    if not re.fullmatch(r"[0-9]{16}", body):
        raise ValueError("a form number has a region of 6, a year of 4 and a serial of 6 digits")
    return f"{body[:6]}-{body[6:10]}-{body[10:]}-{check_character(body)}"


def read_form_number(text: str) -> FormNumber | None:
    """Return the parts of a form number however it was typed, or None if it is not one."""
    code = normalise_code(text)
    if not _SHAPE.fullmatch(code) or check_character(code[:-1]) != code[-1]:
        return None
    return FormNumber(code[:6], int(code[6:10]), int(code[10:16]))


def check_form_number(text: str) -> bool:
    """Return whether ``text`` is a form number with the right check character."""
    return read_form_number(text) is not None


def content_digest(application: Application) -> str:
    """Return the digest of what the form prints of the applicant's content: 32 hex characters (128 bits of SHA-256).

    Covers identity, content version, kind and the applicant's content; not the state, the row version, the history or
    anything the institution adds. So a form stays true while its application moves on; new content makes it 已变更.
    """
    content = {
        "id": application.id,
        "content_version": application.content_version,
        "kind": application.kind,
        "change_part": application.change_part,
        "person": application.person,
        "qualification": application.qualification,
        "registration": application.registration,
        "request": application.request,
        "statement": application.statement,
    }
    canonical = json.dumps(_canonical(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _canonical(value: object) -> object:
    """Return ``value`` for JSON, without empty fields.

    Empty fields are left out so that a field added later, with an empty default, changes no digest already on paper,
    and programs of two ages agree on all content that both know.
    """
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    match value:
        case dict():
            return {name: _canonical(item) for name, item in value.items() if item not in (None, "", (), [])}
        case tuple() | list():
            return [_canonical(item) for item in value]
        case StrEnum():
            return value.value
        case date():
            return value.isoformat()
        case _:
            return value
