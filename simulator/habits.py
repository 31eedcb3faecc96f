"""What people and time do of themselves in wide seeds: so that trouble is met, and got over, several times in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_desktop.services.sync.lamp import LampKind
from simulator.streams import Random
from simulator.template import REGISTRARS

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_SIGNS_IN = 0.7
_HAS_ITS_PLACE_BACK = 0.5
_BETWEEN_SYNCS_S = (1, 20, 90, 310)
"""The longest is more than any wait of the program's own."""


def before_sync(world: World, pc: Pc, chance: Random) -> None:
    """Let a circuit close, and whoever the lamp asks for his password type it."""
    world.time.pass_by(chance.choice(_BETWEEN_SYNCS_S))
    report = pc.running.driver.report
    is_asked = report.lamp.kind is LampKind.SIGN_IN or report.sign_in_wanted or not pc.actor
    if is_asked and not pc.is_removed and chance.random() < _SIGNS_IN:
        login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
        world.trace.note(" ", login, world.come_in(pc, login))


def after_the_night(world: World, chance: Random) -> None:
    """Give an account its place back that lost it while a request was under way."""
    if world.shut_out and chance.random() < _HAS_ITS_PLACE_BACK:
        world.register.let_in(world.shut_out)
        world.shut_out.clear()
