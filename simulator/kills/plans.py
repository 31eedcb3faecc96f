"""What happens in a life before it is ended: for each kind of work the shortest life that reaches it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import StrEnum

from medreg_desktop.services.cache import schema
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.cache.schema import Step
from simulator.kills.fate import Cell
from simulator.kills.office import Place


class Damage(StrEnum):
    """What befalls the database's file while nobody works."""

    NONE = ""
    OVERWRITTEN = "overwritten"
    EMPTIED = "emptied"
    MISSING = "missing"  # its write-ahead log stays


@dataclass(frozen=True, slots=True)
class Plan:
    """One life. ``deeds`` are names of :data:`~simulator.kills.deeds.DEEDS`."""

    deeds: tuple[str, ...] = ()
    colleague: bool = False  # somebody else has decided things meanwhile
    new_epoch: bool = False  # the server has failed over
    migrates: bool = False  # the program is a newer one
    damage: Damage = Damage.NONE
    closes: bool = False
    repeats: bool = False  # then anything, for long

    def damaged(self, how: Damage) -> Plan:
        """Return the same life after another damage."""
        return replace(self, damage=how)


PLANS: dict[str, Plan] = {
    "start": Plan(),
    "decide": Plan(("decide", "decide")),
    "batch": Plan(("batch",)),
    "print": Plan(("decide", "print")),
    "recall": Plan(("decide", "print", "withdraw", "recall")),
    "withdraw": Plan(("decide", "withdraw", "withdraw")),
    "cancel": Plan(("decide", "decide", "cancel", "print", "cancel")),
    "draft": Plan(("draft", "draft")),
    "give up": Plan(("decide", "sync", "give up"), colleague=True),
    "sync": Plan(("decide", "decide", "print", "sync", "withdraw", "decide", "sync")),
    "hand out": Plan(("sync", "void code", "hand out")),
    "show again": Plan(("sync", "hand out", "show again")),
    "void code": Plan(("sync", "hand out", "void code", "hand out", "sync", "void code")),
    "courier": Plan(("decide", "sync", "decide", "hand out", "courier")),
    "page": Plan(("decide", "sync"), colleague=True),
    "swap": Plan(("decide", "sync"), new_epoch=True),
    "migration": Plan(("decide",), migrates=True),
    "checkpoint": Plan(("decide", "decide", "sync")),
    "rescue": Plan(("decide",), damage=Damage.OVERWRITTEN),
    "close": Plan(("decide",), closes=True),
}
"""A life for each kind of work."""

_OF_POINTS = {"code moved": "void code"}
"""Places of a sync that only some commands pass."""

_LIVES = {
    **dict.fromkeys(("send", "settle"), "sync"),
    "snapshot": "swap",
    "server snapshot": "swap",
    "server start": "swap",
    "server courier": "courier",
}


def plan_for(cell: Cell) -> Plan:
    """Return a life that passes a place."""
    name = _LIVES.get(cell.work, "sync" if cell.work.startswith("server ") else cell.work)
    return PLANS[_OF_POINTS.get(cell.point, name) if name == "sync" else name]


def is_of_the_first_day(cell: Cell) -> bool:
    """Whether only a computer that has never been used passes the place for certain."""
    return cell.work in {"snapshot", "start"} or cell.point in {"codes kept", "codes leased"}


def next_step(place: Place) -> Step:
    """Return the migration that a newer program brings."""
    newest = max([(schema.MAJOR, schema.MINOR), *((step.major, step.minor) for step in place.steps)])
    table = f"CREATE TABLE addition_{newest[1] + 1}(n INTEGER PRIMARY KEY, note TEXT)"
    return Step(newest[0], newest[1] + 1, (table, "UPDATE setting SET value = value"))


def damage(files: CacheFiles, how: Damage) -> bool:
    """Destroy the database; return whether there was something to destroy.

    A first start that died before its journal stood has saved nothing, and cannot tell damage from a wrong key.
    """
    if not files.journal.exists() or not files.database.exists():
        return False
    match how:
        case Damage.NONE:
            return False
        case Damage.OVERWRITTEN:
            files.database.write_bytes(os.urandom(100_000))
        case Damage.EMPTIED:
            files.database.write_bytes(b"")
            files.wal.unlink(missing_ok=True)
        case Damage.MISSING:
            files.database.unlink()
    return True
