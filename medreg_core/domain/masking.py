"""Hiding the middle of personal numbers: first 2 and last 4 characters stay (``look.md`` opening, §2.3)."""

from __future__ import annotations

MASK = "••••"
"""Always four, whatever was hidden: the mask tells nothing of the length. Screens paint the dots themselves."""


def mask_id(number: str) -> str:
    """Return ``37••••0923`` for an ID number; a number too short to hide anything in is hidden whole."""
    return f"{number[:2]}{MASK}{number[-4:]}" if len(number) >= 10 else MASK if number else ""


def mask_qualification_code(code: str) -> str:
    """Mask a 资格证书编码 like an ID number: it ends in one."""
    return mask_id(code)


def mask_phone(number: str) -> str:
    """Return ``138****5678``: first 3 and last 4 digits."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else "****" if number else ""


def mask_name(name: str) -> str:
    """Return the surname's first character and stars, for lists that may be overseen."""
    return name[:1] + "*" * min(len(name) - 1, 2) if name else ""
