"""The shape of ids minted by clients: what fits every column of every engine, and nothing else."""

from __future__ import annotations

import re
from typing import Final

_SHAPE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


def is_id(text: str) -> bool:
    """Return whether ``text`` can be an id. What cannot is never looked up: PostgreSQL stumbles over a NUL."""
    return _SHAPE.fullmatch(text) is not None
