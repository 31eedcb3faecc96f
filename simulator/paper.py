"""Paper as an office handles it: the form of a consent is printed, the consent taken back, the paper fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache import applications
from simulator import people, screen
from simulator.streams import Random

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World


def paper(world: World, pc: Pc, chance: Random) -> str:
    """A registrar does a few things about forms."""
    done = []
    for deed in chance.choices((print_agreed, take_back, people.recall_paper), k=chance.randrange(1, 4)):
        done.append(people.done(pc, deed, chance))
        world.oracle.watch(pc)
    return "; ".join(done)


def print_agreed(pc: Pc, chance: Random) -> str:
    """Print the form of a consent, before or after the register has it."""
    agreed = _agreed(pc)
    if not agreed or pc.running.papers is None:
        return "nothing"
    form = screen.preview(pc, chance.choice(agreed), chance)
    people.print_sheets(pc, form, chance.randrange(1, 3))
    return f"{form.application.id[:8]} {form.number}"


def take_back(pc: Pc, chance: Random) -> str:
    """Take a consent back, rather one whose form was printed here."""
    agreed, papers = _agreed(pc), pc.running.papers
    if not agreed or papers is None or pc.running.reviews is None:
        return "nothing"
    printed = [each for each in agreed if papers.prints(each)]
    receipt = pc.running.reviews.withdraw(chance.choice(printed or agreed), "误操作")
    people.promised(pc, receipt)
    return str(receipt.command_id)


def _agreed(pc: Pc) -> list[ApplicationId]:
    """Return the applications that stand as agreed on this registrar's screen."""
    ids = people.held(pc)
    shown = pc.running.store.read(lambda conn: [applications.get(conn, each) for each in ids])
    return [each.application.id for each in shown if each is not None and each.shown_state is State.AGREED]
