"""Where the form numbers of the present epoch began, kept outside the database (ADR 018).

A backup does not know of the life that began with it. Restored a second time it would begin at the same numbers, which
may be on paper by then. It is written only when an epoch begins.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from medreg_server.db.durable import sync_folder
from medreg_server.db.leases import Serials

FILE: Final = "form-serials.json"


def kept(data_dir: Path) -> Serials:
    """Return where the numbers began; at 0 when no epoch has begun with this directory. Raises msgspec.DecodeError."""
    path = data_dir / FILE
    return msgspec.json.decode(path.read_bytes(), type=Serials) if path.exists() else Serials(0)


def keep(data_dir: Path, serials: Serials) -> None:
    """Write it whole or not at all; durable before the epoch is, so that at worst some numbers are left out twice."""
    path = data_dir / FILE
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(serials))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(data_dir)
