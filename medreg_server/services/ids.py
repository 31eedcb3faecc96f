"""The shape of ids minted by clients: what fits every column of every engine, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from medreg_core.contract.v1.commands import Command

_SHAPE: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


def is_id(text: str) -> bool:
    """Return whether ``text`` can be an id. What cannot is never looked up: PostgreSQL stumbles over a NUL."""
    return _SHAPE.fullmatch(text) is not None


def misnamed(command: Command) -> str:
    """Return where a command names what can be no id; "" when nowhere. What it is not about it leaves empty."""
    named = {
        "id": command.id,
        "application_id": command.application_id or None,
        "physician_id": command.physician_id or None,
        "depends_on": command.depends_on,
    }
    return next((where for where, text in named.items() if text is not None and not is_id(text)), "")
