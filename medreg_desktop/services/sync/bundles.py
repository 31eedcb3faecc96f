"""What the engine knows of a courier's file: no content, only what to show of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BundleNote:
    """How the last file that was asked for came out. ``n`` rises with each; ``code`` says why there is none."""

    n: int = 0
    is_being_written: bool = False
    name: str = ""
    carried: int = 0
    left: int = 0  # commands that wait and did not go along
    code: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Courier:
    """What concerns the courier. ``folder``: where a file is wanted, "" for nowhere."""

    folder: str = ""
    note: BundleNote = BundleNote()
