"""What the operator does at the service: copies and the way back to one, restarts, forgetting old changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.streams import Random
from simulator.template import REGISTRARS

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World


def back_up(world: World, _: Pc, __: Random) -> str:
    """Keep a copy."""
    world.register.back_up()
    return "kept"


def restore(world: World, _: Pc, __: Random) -> str:
    """Go back to the copy."""
    world.thrift.remember()
    if not world.register.restore():
        return "no copy"
    for pc in world.pcs.values():
        if not world.streams.is_wide:  # there the proxy is the office's own, and knows nothing of another machine
            pc.wire.later.clear()
    world.oracle.restored()
    world.over_a_restore.update(name for name, pc in world.pcs.items() if pc.at_work)
    return "restored"


def restart(world: World, _: Pc, __: Random) -> str:
    """Start the service anew."""
    world.register.restart()
    return "restarted"


def end_sessions(world: World, pc: Pc, chance: Random) -> str:
    """End the sessions of one registrar."""
    login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
    world.register.end_sessions(world.accounts[login])
    return login


def prune(world: World, _: Pc, __: Random) -> str:
    """Let the feed forget what is older than two days."""
    world.thrift.remember()
    world.time.pass_by(3 * 86_400.0)
    world.register.service.registry.prune_feed()
    for pc in world.pcs.values():
        pc.wire.spent.breaks_off()  # and nothing tells any more why a computer has begun to ask for a whole copy
    return "pruned"
