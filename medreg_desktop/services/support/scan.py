"""The last look before anything leaves: does a text hold a name, an ID number, a telephone, a code or a token?

Whatever is handed over is ASCII by construction, so a Chinese name shows by its mere alphabet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from medreg_core.domain.codes.id_number import parse_id_number


class Kind(StrEnum):
    """What was found."""

    TEXT = "text"  # a character that none of our own words has
    ID_NUMBER = "id_number"
    PHONE = "phone"
    NUMBER = "number"  # a number that the copy knows as somebody's
    NAME = "name"
    SECRET = "secret"  # noqa: S105 - a kind, not one: an activation code or a token


NumbersKnown = Callable[[Iterable[str]], set[str]]
"""Returns those of the numbers that are somebody's in the copy."""


@dataclass(frozen=True, slots=True)
class Known:
    """What must not be found, besides what is recognised by its form."""

    numbers: NumbersKnown = lambda _candidates: set()
    names: frozenset[str] = frozenset()  # in Latin letters: persons and logins
    tokens: frozenset[str] = frozenset()
    holds_code: Callable[[str], bool] = lambda _text: False  # an activation code of this device


_RUN = re.compile(r"\d{8,}[Xx]?")
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:86)?1[3-9]\d{9}(?![0-9A-Za-z])")
_LENGTHS = (11, 15, 18, 24, 27)  # telephone, old ID and practice code, ID, qualification codes
_LEAST_NAME = 3


def found_in(text: str, known: Known) -> set[Kind]:
    """Return everything in a text that must not leave."""
    kinds: set[Kind] = set()
    if not text.isascii():
        kinds.add(Kind.TEXT)
    if any(_is_id(number) for number in _windows(text, (18,))) or any(map(_is_id, _alone(text, 15))):
        kinds.add(Kind.ID_NUMBER)
    if _PHONE.search(text):
        kinds.add(Kind.PHONE)
    if known.numbers(set(_windows(text, _LENGTHS))):
        kinds.add(Kind.NUMBER)
    if any(_stands_in(name, text) for name in known.names if len(name) >= _LEAST_NAME):
        kinds.add(Kind.NAME)
    if any(token in text for token in known.tokens if token) or known.holds_code(text):
        kinds.add(Kind.SECRET)
    return kinds


def _windows(text: str, lengths: Iterable[int]) -> Iterator[str]:
    """Yield every stretch of these lengths in every run of digits, since one number may stand inside another."""
    for run in _RUN.findall(text):
        for length in lengths:
            for start in range(len(run) - length + 1):
                yield run[start : start + length]


def _alone(text: str, length: int) -> list[str]:
    return re.findall(rf"(?<![0-9A-Za-z])\d{{{length}}}(?![0-9A-Za-z])", text)


def _is_id(number: str) -> bool:
    return parse_id_number(number) is not None


def _stands_in(name: str, text: str) -> bool:
    """Whether a name stands in a text as words of its own, whatever the case."""
    if name.casefold() not in text.casefold():
        return False
    return re.search(rf"(?<![0-9A-Za-z_]){re.escape(name)}(?![0-9A-Za-z_])", text, re.IGNORECASE) is not None
