"""``import-courier``: the file in, the answers out, and what is wrong with a file that cannot be taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from medreg_core.contract.v1.courier import BUNDLE_BYTES
from medreg_core.contract.v1.faults import FaultCode

COURIER: Final = {
    FaultCode.COURIER_NOT_A_BUNDLE: "this is no courier's file; take the .mrc file from the stick",
    FaultCode.COURIER_NEWER: "the file was written by a newer program; update this service first",
    FaultCode.COURIER_TOO_LARGE: "the file is larger than any the program writes; nothing of it was read",
    FaultCode.COURIER_CUT: "the file is cut off; copy it from the stick again, or let it be written anew",
    FaultCode.COURIER_OTHER_KIND: "the file holds answers, not decisions; the .mrc file is wanted",
    FaultCode.COURIER_OTHER_RECIPIENT: "the file is sealed for another service, or for a key this one had before",
    FaultCode.COURIER_DAMAGED: "the file is damaged; let it be written anew. Nothing of it was carried out",
    FaultCode.COURIER_FORGED: "the file was not made by the device it names; nothing of it was carried out",
    FaultCode.COURIER_UNKNOWN_DEVICE: "the device that wrote the file is not registered here",
    FaultCode.COURIER_DEVICE_REVOKED: "the device that wrote the file was revoked; nothing of it was carried out",
    FaultCode.COURIER_OTHER_INSTITUTION: "the file belongs to another institution",
    FaultCode.COURIER_MAKER_GONE: "the account that made the decisions may not work here any more",
    FaultCode.COURIER_MAKER_UNKNOWN: "the account that made the decisions has never been connected from the device that"
    " wrote the file; nothing of it was carried out. Who decided signs in there with a connection, and they are sent",
}
"""What the operator is told of a file that cannot be taken."""


def read_bundle(path: Path) -> bytes:
    """Return the file, of a too large one only as much as shows that it is. Raises OSError."""
    with path.open("rb") as file:
        return file.read(BUNDLE_BYTES + 1)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
