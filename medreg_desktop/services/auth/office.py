"""What this installation is: kept beside the cache, readable before it is opened, neither secret nor personal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import DeviceId
from medreg_desktop.services.cache.journal import sync_folder
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock


class Office(msgspec.Struct, frozen=True):
    """One installation: its own id, and to which server and institution its copy belongs once that is known."""

    device_id: DeviceId
    server_id: str = ""
    institution_id: str = ""


def load_office(folder: Path, clock: Clock, random: Callable[[int], bytes] = os.urandom) -> Office:
    """Return what this installation is, minting its id at the very first start.

    Raises:
        KnownFault: ``office_file_damaged`` or ``disk_trouble``.
    """
    path = _path(folder)
    try:
        if path.exists():
            return msgspec.json.decode(path.read_bytes(), type=Office)
        office = Office(DeviceId(uuid7(int(clock.now().timestamp() * 1000), random(10))))
        save_office(folder, office)
    except msgspec.DecodeError as error:
        raise KnownFault("office_file_damaged") from error
    except OSError as error:
        raise KnownFault("disk_trouble", cause=type(error).__name__) from error
    return office


def save_office(folder: Path, office: Office) -> None:
    """Write the file whole or not at all. Raises KnownFault ``disk_trouble``."""
    fresh = _path(folder).with_suffix(".new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(office))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(_path(folder))
        sync_folder(folder)
    except OSError as error:
        raise KnownFault("disk_trouble", cause=type(error).__name__) from error


def forget(folder: Path) -> None:
    """Delete what this installation was: its next start is the very first of another. Raises OSError."""
    for path in (_path(folder), _path(folder).with_suffix(".new")):
        path.unlink(missing_ok=True)


def _path(folder: Path) -> Path:
    return folder / "office.json"
