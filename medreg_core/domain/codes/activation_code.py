"""激活码: what a physician types once. Twelve characters of Crockford's base 32, 60 bits, in three groups.

The letters I, L, O and U are not in it, so what is read from paper cannot be read wrongly.
"""

from __future__ import annotations

from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE: Final = str.maketrans("ILO", "110")
_LENGTH: Final = 12
_GROUP: Final = 4

RANDOM_BYTES: Final = 8
"""How much chance :func:`make_activation_code` wants; it uses 60 bits of it."""


def make_activation_code(chance: bytes) -> str:
    """Return ``K7QF-02MD-9XWA`` for :data:`RANDOM_BYTES` random bytes."""
    number = int.from_bytes(chance[:RANDOM_BYTES], "big")
    text = "".join(_ALPHABET[(number >> (5 * place)) & 31] for place in range(_LENGTH))
    return "-".join(text[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def read_activation_code(typed: str) -> str | None:
    """Return the code as it was made, however it was typed, or None if it cannot be one."""
    bare = "".join(typed.upper().split()).replace("-", "").translate(_LOOKS_LIKE)
    if len(bare) != _LENGTH or not set(bare) <= set(_ALPHABET):
        return None
    return "-".join(bare[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
