"""What a toxic does at one end of the wire while a request is under way: at the computer, or at the service."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from simulator.toxics import Toxic

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

SKEWS = (timedelta(), timedelta(minutes=40), timedelta(days=-3650), timedelta(days=366), timedelta(hours=-2))
"""How wrong a computer's clock is set."""

DISK_FAULTS = ("disk_full", "cache_locked", "disk_trouble")
_MORE_DISK_FAULTS = (*DISK_FAULTS, "cache_read_only")
_PLACES = ("", "@1", "@2", "@3", "@99")
"""Where in a transaction the disk refuses: before BEGIN, at one of its first writes, at COMMIT."""


def disk_fault(drawn: int) -> str:
    """Return what a disk refuses in a wide seed, and where, see :attr:`~simulator.crash.Fate.disk_faults`."""
    place, kind = divmod(drawn, len(_MORE_DISK_FAULTS))
    return _MORE_DISK_FAULTS[kind] + _PLACES[place % len(_PLACES)]


def befall(world: World, pc: Pc, toxic: Toxic) -> None:
    """Do what a toxic does besides what it does to the exchange."""
    second = int(world.time.seconds)
    match toxic:
        case Toxic.CLOCK_BEFORE | Toxic.CLOCK_AFTER:
            pc.set_clock_wrong(SKEWS[second % len(SKEWS)])
        case Toxic.DISK_AFTER:
            fault = disk_fault(second) if world.streams.is_wide else DISK_FAULTS[second % len(DISK_FAULTS)]
            pc.fate.disk_faults = [fault]
        case Toxic.SESSION_BEFORE | Toxic.SESSION_AFTER if pc.actor:
            world.register.end_sessions(pc.actor)
        case Toxic.ROLE_BEFORE | Toxic.ROLE_AFTER if pc.actor:
            world.register.shut_out(pc.actor)
            world.shut_out.append(pc.actor)
        case _:
            return
