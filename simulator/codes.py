"""Activation codes: registrars hand them out, show them again and void them, physicians type them at the service."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from medreg_core.contract.v1.activation import HandOutCode, Redemption, ReprintCode, VoidCode
from medreg_core.domain.records import PhysicianId
from medreg_core.domain.vocabulary import HandOutWay
from medreg_desktop.services.activation.code_desk import CodeDesk, Slip
from medreg_server.services.faults import ServiceFault
from simulator import people
from simulator.said import MISTAKE
from simulator.streams import Random
from simulator.template import PHYSICIANS, physician_id

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_ADDRESS = "192.0.2.7"


@dataclass(frozen=True, slots=True)
class Given:
    """A slip in somebody's hand, and for whom it was made."""

    login: str
    slip: Slip

    @property
    def physician(self) -> PhysicianId:
        """Return whose it is."""
        return physician_id(self.login)


def act(world: World, pc: Pc, chance: Random) -> str:
    """A registrar does something about a code. A program of the version before knows of none."""
    if pc.wire.is_older:
        return "older"
    deed = chance.choices((hand_out, reprint, void), (6, 2, 2))[0]
    return people.done(pc, partial(deed, world), chance)


def slip(world: World, pc: Pc, chance: Random) -> str:
    """A slip comes back to an office: its code is shown once more, or voided."""
    if pc.wire.is_older:
        return "older"
    return people.done(pc, partial(chance.choice((reprint, void)), world), chance)


def hand_out(world: World, pc: Pc, chance: Random) -> str:
    """Give somebody a code on a slip."""
    desk, login = pc.running.codes, _somebody(pc, chance)
    if desk is None:
        return "nobody"
    way = chance.choice(tuple(HandOutWay))
    slip = desk.hand_out(physician_id(login), way)
    pc.said.append(HandOutCode(reference=slip.reference, way=way))
    world.oracle.given(login, slip.reference, slip.code)
    world.slips.append(Given(login, slip))
    return f"{login} {slip.reference[:8]}"


def reprint(world: World, pc: Pc, chance: Random) -> str:
    """Show the code of a slip once more."""
    found = _slip(world, pc.running.codes, chance)
    if found is None or pc.running.codes is None:
        return "no slip"
    slip = pc.running.codes.reprint(found.slip.reference, HandOutWay.SLIP)
    pc.said.append(ReprintCode(reference=slip.reference, way=HandOutWay.SLIP, reprint=slip.reprint))
    assert (slip.reference, slip.code) == (found.slip.reference, found.slip.code), "another code was shown"
    return f"{slip.reference[:8]} {slip.reprint}"


def void(world: World, pc: Pc, chance: Random) -> str:
    """Make the code of a slip worthless."""
    found = _slip(world, pc.running.codes, chance)
    if found is None or pc.running.codes is None:
        return "no slip"
    pc.running.codes.void(found.physician, found.slip.reference, MISTAKE)
    pc.said.append(VoidCode(reference=found.slip.reference, reason=MISTAKE))
    return found.slip.reference[:8]


def _slip(world: World, desk: CodeDesk | None, chance: Random) -> Given | None:
    """Return a slip that comes back to an office, whichever computer printed it."""
    return chance.choice(world.slips) if world.slips and desk is not None else None


def _somebody(pc: Pc, chance: Random) -> str:
    """Return a physician, mostly one of this institution."""
    near = [login for login, home in PHYSICIANS.items() if (home == "c") == (pc.name == "c")]
    return chance.choice(near if chance.random() < 0.9 else tuple(PHYSICIANS))


def redeem(world: World, _: Pc, chance: Random) -> str:
    """A physician types a code: mostly that of his own slip, sometimes one that he has found or read wrongly."""
    if not world.slips:
        return "no slips"
    given = chance.choice(world.slips)
    login = given.login if chance.random() < 0.8 else chance.choice(tuple(PHYSICIANS))
    code = given.slip.code if chance.random() < 0.9 else given.slip.code[::-1]
    try:
        world.register.desks.activation.redeem(Redemption(code), world.caller(login), _ADDRESS)
    except ServiceFault as fault:
        return f"{login} {fault.code.value}"
    world.oracle.activated(physician_id(login), given.physician, given.slip.command_id)
    return f"{login} active by {given.slip.reference[:8]}"
