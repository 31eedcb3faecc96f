"""Identifiers minted by our programs: UUIDv7 (RFC 9562 §5.7), so that rows sort by the time they were made."""

from __future__ import annotations

import uuid


def uuid7(unix_ms: int, random: bytes) -> str:
    """Return a version 7 UUID as 32 lower-case hex digits.

    ``unix_ms`` is the caller's clock in milliseconds since 1970, ``random`` at least 10 secure bytes; both
    are handed in, because core reads neither clock nor entropy. Raises ValueError when either is out of range.
    """
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError("unix_ms does not fit 48 bits")
    if len(random) < 10:
        raise ValueError("uuid7 needs 10 random bytes")
    low = int.from_bytes(random[:10], "big")
    rand_a = low >> 68
    rand_b = low & ((1 << 62) - 1)
    value = unix_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    return uuid.UUID(int=value).hex
