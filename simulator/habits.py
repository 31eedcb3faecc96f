"""What people and time do of themselves in wide seeds: so that trouble is met, and got over, several times in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_desktop.services.sync.lamp import LampKind
from simulator import people
from simulator.streams import Random
from simulator.template import REGISTRARS
from simulator.toxics import Weather

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_SIGNS_IN, _LOOKS_AGAIN = 0.7, 0.4
_HAS_ITS_PLACE_BACK = 0.5
_BETWEEN_SYNCS_S = (1, 20, 90, 310)
"""The longest is more than any wait of the program's own."""

_FIRST_WEATHERS = (*(Weather.PATCHY,) * 5, Weather.FLAKY, Weather.CLEAR, Weather.CLEAR)
WEATHERS = (*_FIRST_WEATHERS, *(Weather.OFFLINE, Weather.PORTAL, Weather.CACHE, Weather.TOO_OLD))
"""The networks of wide seeds; the first of them from the first day on."""

_HAS_A_COPY = 0.7
"""How often a computer has its copy already when the bad networks begin; the others have to fetch it over them."""


def first_day(world: World) -> None:
    """Most computers fetch their copies, the operator keeps one of the register, and the networks turn bad."""
    for name, pc in world.pcs.items():
        chance = world.streams.of("first day", name)
        if chance.random() < _HAS_A_COPY:
            world.trace.note("first day", name, world.sync(pc))
            world.oracle.watch(pc)
        pc.wire.weather = chance.choice(_FIRST_WEATHERS)
    world.register.back_up()  # whoever restores finds something to restore


def before_sync(world: World, pc: Pc, chance: Random) -> None:
    """Let a circuit close, and whoever the lamp asks for something do it."""
    world.time.pass_by(chance.choice(_BETWEEN_SYNCS_S))
    report = pc.running.driver.report
    is_asked = report.lamp.kind is LampKind.SIGN_IN or report.sign_in_wanted or not pc.actor
    if is_asked and not pc.is_removed and chance.random() < _SIGNS_IN:
        login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
        world.trace.note(" ", login, world.come_in(pc, login))
    if people.needs_somebody(pc) and chance.random() < _LOOKS_AGAIN:
        world.trace.note(" ", people.done(pc, people.review_again, chance))
        world.oracle.watch(pc)


def after_the_night(world: World, chance: Random) -> None:
    """Give an account its place back that lost it while a request was under way."""
    if world.shut_out and chance.random() < _HAS_ITS_PLACE_BACK:
        world.register.let_in(world.shut_out)
        world.shut_out.clear()
