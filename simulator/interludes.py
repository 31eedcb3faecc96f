"""Who else acts while a request is under way: applicants, colleagues and, in wide seeds, the operator and the door."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from medreg_desktop.services.cache import sync_state
from simulator import codes, leaving, operating, paper, people
from simulator.streams import Random
from simulator.template import REGISTRARS
from simulator.thrift import Spent

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

STREAM = "stream"
"""Where a snapshot is on its way: the service has its transaction open, and no operator replaces its files."""


def interlude(world: World, pc: Pc, where: str, chance: Random) -> str:
    """Let somebody act while a request of ``pc`` is under way."""
    if world.acts_widely and chance.random() < _WIDE:
        return chance.choice(_AT_THE_DESK if where == STREAM else _ANYWHERE)(world, pc, chance)
    place = world.institutions[pc.name]
    match chance.randrange(5):
        case 0:
            return people.applicant_acts(world.register, place, chance)
        case 1:
            return people.commission_acts(world.register, place, chance)
        case 2:
            done = people.registrar_acts(pc, chance)
            world.oracle.watch(pc)
            return done
        case _:
            others = [other for other in world.pcs.values() if other is not pc and not other.at_work]
            if not others:
                return "nobody"
            other = chance.choice(others)
            return f"{other.name} {world.alive(other, lambda: world.sync(other))}"


def another_comes_in(world: World, pc: Pc, chance: Random) -> str:
    """Somebody signs in at this very computer, on the shared one rather the colleague of whoever sits there."""
    if pc.is_removed or pc.running.store.read(sync_state.is_blank):
        return "nobody"  # the program would begin anew, which nobody can do from within a request of the one before
    here = [login for login, place in REGISTRARS.items() if place == pc.name]
    others = [login for login in here if world.accounts[login] != pc.actor]
    login = chance.choice(others or here)
    return f"{login} {_apart(pc, lambda: world.come_in(pc, login))}"


def _goes_home(_: World, pc: Pc, __: Random) -> str:
    """Whoever sits here signs out."""
    return _apart(pc, pc.sign_out) if pc.actor else "nobody"


def _apart(pc: Pc, deed: Callable[[], str]) -> str:
    """Do something at the door: what it costs is no sync's doing."""
    spent, pc.wire.spent = pc.wire.spent, Spent()
    try:
        return deed()
    finally:
        pc.wire.spent = spent


def _shuts_out(world: World, pc: Pc, chance: Random) -> str:
    return leaving.revoke(world, chance.choice([pc, *world.pcs.values()]), chance)


def _handles_paper(world: World, pc: Pc, chance: Random) -> str:
    return paper.paper(world, pc, chance)


def _handles_a_code(world: World, pc: Pc, chance: Random) -> str:
    done = codes.act(world, pc, chance)
    world.oracle.watch(pc)
    return done


_WIDE = 0.4
_AT_THE_DESK = (another_comes_in, _goes_home, _handles_paper, _handles_paper, _handles_a_code, _handles_a_code)
_ANYWHERE = (*_AT_THE_DESK, _shuts_out, operating.restore, operating.prune, operating.back_up)
