"""Where the form numbers and practice codes of the present epoch began, kept outside the database (ADR 018).

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
from medreg_server.db.transaction import ReadTransaction

FILE: Final = "form-serials.json"


class Begun(Serials, frozen=True):
    """Where an epoch began."""

    practice: dict[str, int] = msgspec.field(default_factory=dict)
    """The last serial of each prefix of practice codes; a file of the version before has none."""


def kept(data_dir: Path) -> Begun:
    """Return where the numbers began; at 0 when no epoch has begun with this directory. Raises msgspec.DecodeError."""
    path = data_dir / FILE
    return msgspec.json.decode(path.read_bytes(), type=Begun) if path.exists() else Begun(0)


def standing(transaction: ReadTransaction) -> Begun:
    """Return where the numbers stand in the register."""
    forms = transaction.leases.serials()
    return Begun(forms.start, forms.counters, transaction.physicians.practice_serials())


def keep(data_dir: Path, serials: Begun) -> None:
    """Write it whole or not at all; durable before the epoch is, so that at worst some numbers are left out twice."""
    path = data_dir / FILE
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(serials))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(data_dir)
