"""The review lane's copy beside the database: what computers handed over before they destroyed what they had.

A backup does not hold what was rescued since, and nobody else has it any more. So it is written here before its
computer is told that it is safe, and found again when a restored register begins its epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from medreg_core.contract.v1.devices import RescuedCommand
from medreg_core.domain.records import DeviceId, InstitutionId
from medreg_server.db.durable import append_lines

FILE: Final = "rescued.ndjson"


class HandedOver(msgspec.Struct, frozen=True, tag="handed_over"):
    """A command that a revoked computer handed over; lines of before do not say which key it signs with."""

    device_id: DeviceId
    rescued: RescuedCommand
    received_at: datetime
    institution_id: InstitutionId = InstitutionId("")
    public_key: bytes = b""
    client_version: str = ""


class Left(msgspec.Struct, frozen=True, tag="left"):
    """A computer that has destroyed its copy: nothing comes from it any more."""

    device_id: DeviceId
    institution_id: InstitutionId
    public_key: bytes
    client_version: str
    at: datetime


_LINE: Final = msgspec.json.Decoder(HandedOver | Left)


def keep(data_dir: Path, lines: Iterable[HandedOver | Left]) -> None:
    """Add lines, durably. What is there twice, or was never committed, changes nothing. Raises OSError."""
    append_lines(data_dir / FILE, map(msgspec.json.encode, lines), mode=0o600)  # for the service alone


def kept(data_dir: Path) -> list[HandedOver | Left]:
    """Return what was kept, in order, without lines that a power cut tore: they were promised to nobody."""
    path = data_dir / FILE
    found: list[HandedOver | Left] = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            found.append(_LINE.decode(line))
    return found
