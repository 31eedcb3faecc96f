"""What befalls a computer besides its network: on its disk, with its commands, and that it is shut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.receiving import DIGEST_EVERY_S
from simulator import leaving, people
from simulator.befall import DISK_FAULTS, disk_fault
from simulator.crash import LEAVING
from simulator.streams import Random
from simulator.toxics import Weather

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_AN_HOUR_S = 3600.0
_UNTIL_IT_IS_FOUND_S = (DIGEST_EVERY_S, 310.0, 310.0, 310.0)
_LEFT_UNDONE, _KILLED = 3, 0.4
_UNTIL_IT_HAS_LEFT_S = (1.0, 310.0)


def disk(world: World, pc: Pc, chance: Random) -> str:
    """The disk will refuse transactions."""
    several = range(chance.randrange(1, 4))
    if world.streams.is_wide:
        pc.fate.disk_faults = [disk_fault(chance.randrange(1_000)) for _ in several]
    else:
        pc.fate.disk_faults = [chance.choice(DISK_FAULTS) for _ in several]
    return ",".join(pc.fate.disk_faults)


def spoil(world: World, pc: Pc, chance: Random) -> str:
    """A row of the copy is damaged: the digest may find a difference from here on, in a wide seed soon."""
    pc.wire.damages += 1
    try:
        done = pc.spoil(chance)
    except KnownFault as fault:
        return fault.code
    if world.streams.is_wide:
        pc.wire.weather = Weather.PATCHY
        for later_s in _UNTIL_IT_IS_FOUND_S:
            world.time.pass_by(later_s)
            done += f" {world.sync(pc)}"
    return done


def poison(world: World, pc: Pc, chance: Random) -> str:
    """The service will always fail on one command that waits, until the run is over."""
    rows = _waiting(pc)
    if not rows and world.streams.is_wide:
        world.trace.note(" ", people.done(pc, people.decide, chance))
        rows = _waiting(pc)
    if not rows:
        return "nothing waits"
    row = chance.choice(rows)
    pc.wire.poison.add(f'"id":"{row.command.id}"')
    world.oracle.poisoned.add(row.command.id)
    return row.command.id[:8]


def _waiting(pc: Pc) -> list[OutboxRow]:
    return [row for row in people.own_rows(pc) if row.state is OutboxState.QUEUED]


def late(world: World, pc: Pc, chance: Random) -> str:
    """A request is delivered once more: in a wide seed an hour later, wherever a proxy has kept one."""
    if world.streams.is_wide:
        if not any(other.wire.later for other in world.pcs.values()):
            _keep_some(world, pc, chance)
        world.time.pass_by(_AN_HOUR_S)
        pc = next((other for other in world.pcs.values() if other.wire.later), pc)
    return "delivered" if pc.wire.deliver_late() else "none kept"


def _keep_some(world: World, pc: Pc, chance: Random) -> None:
    before, pc.wire.weather = pc.wire.weather, Weather.ECHO
    world.trace.note(" ", people.done(pc, people.decide, chance))
    world.trace.note(" ", world.sync(pc))
    pc.wire.weather = before


def revoke(world: World, pc: Pc, chance: Random) -> str:
    """The operator shuts a computer out; in a wide seed over work, and perhaps a kill waits on its way out."""
    if world.streams.is_wide:
        for _ in range(_LEFT_UNDONE):
            world.trace.note(" ", people.done(pc, people.decide, chance))
            world.oracle.watch(pc)
        if chance.random() < _KILLED:
            pc.fate.point, pc.fate.passes = chance.choice(LEAVING), 0
    return leaving.revoke(world, pc, chance)


def review(world: World, pc: Pc, chance: Random) -> str:
    """A supervisor looks through the lane: in a wide seed over what a computer has just left there, if it was empty."""
    done = leaving.review(world, pc, chance)
    if not world.streams.is_wide or done != leaving.NOTHING_WAITS:
        return done
    world.trace.note(" ", revoke(world, pc, chance))
    for later_s in _UNTIL_IT_HAS_LEFT_S:
        world.time.pass_by(later_s)
        world.trace.note(" ", world.alive(pc, lambda: world.sync(pc)))
    return leaving.review(world, pc, chance)
