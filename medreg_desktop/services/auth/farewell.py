"""What stays on a computer that was removed from its institution: why, and the signed word that its copy is destroyed.

It holds no person's data. It is written before the key is destroyed, because afterwards nothing can be signed, and it
is what a program that was killed meanwhile goes on from.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from medreg_core.contract.v1.devices import SignedByDevice, WipeAnswer
from medreg_desktop.services.cache.journal import sync_folder
from medreg_desktop.services.faults import KnownFault

FILE = "removed.json"


class Farewell(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the file. ``gone``: the service has heard the word."""

    order: WipeAnswer
    done: SignedByDevice
    rescued: int
    institution: str = ""
    gone: bool = False


def find(folder: Path) -> Farewell | None:
    """Return the farewell, or None. Raises KnownFault ``office_file_damaged``, ``disk_trouble``."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Farewell) if path.exists() else None
    except msgspec.DecodeError as error:
        raise KnownFault("office_file_damaged") from error
    except OSError as error:
        raise KnownFault("disk_trouble", cause=type(error).__name__) from error


def keep(folder: Path, farewell: Farewell) -> None:
    """Write the file whole or not at all. Raises KnownFault ``disk_trouble``."""
    fresh = (folder / FILE).with_suffix(".new")
    try:
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(farewell))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / FILE)
        sync_folder(folder)
    except OSError as error:
        raise KnownFault("disk_trouble", cause=type(error).__name__) from error


def forget(folder: Path) -> None:
    """Begin anew on this computer. Raises OSError."""
    (folder / FILE).unlink(missing_ok=True)
