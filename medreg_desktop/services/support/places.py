"""Where an error passed, without a folder of the computer: those may carry the name of whoever uses it."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from types import TracebackType

OURS = "medreg_"
"""What all our packages begin with."""


def places(trace: TracebackType | None) -> tuple[str, ...]:
    """Return the lines of a traceback: our files relative to the program, others by their last name."""
    return tuple(
        f"{_place(frame.filename)}:{frame.lineno} {plain(frame.name)}" for frame in traceback.extract_tb(trace)
    )


def plain(text: str) -> str:
    """Return a text with a question mark for whatever is not ASCII."""
    return text.encode("ascii", "replace").decode("ascii")


def _place(filename: str) -> str:
    parts = PurePath(filename).parts
    start = next((n for n, part in enumerate(parts) if part.startswith(OURS)), len(parts) - 1)
    return plain("/".join(parts[start:]))
