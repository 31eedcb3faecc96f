"""Papers that become others under a registrar's eyes: returned, handed in anew, and decided on as they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.vocabulary import CommandKind, Role, State
from medreg_desktop.services.cache import synced
from medreg_desktop.services.review.deciding import Decision
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.applicants import Contact, Content
from medreg_server.services.faults import ServiceFault
from medreg_server.services.moves import Seen
from simulator import people, screen
from simulator.streams import Random

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_DECIDED, _RETURNED = 0.4, 0.3
_AT_ONCE = 3
"""So many papers change in one step: one of them lies open somewhere."""


def content(world: World, pc: Pc, chance: Random) -> str:
    """One of what makes a sheet an old one, or somebody decides on such a sheet."""
    if chance.random() < _DECIDED:
        return f"{world.sync(pc)}; {people.done(pc, _decide_on_an_old_sheet, chance)}"
    _open_everywhere(world, pc)
    if chance.random() < _RETURNED or not _returned_at_service(world, pc):
        return _returned(world, pc, chance)
    return _handed_in_anew(world, pc, chance)


def _decide_on_an_old_sheet(pc: Pc, chance: Random) -> str:
    if not pc.actor or not people.held(pc):
        return "nothing"
    screen.open_all(pc)
    sheet = screen.lying_open(pc, chance)
    return people.decided(pc, sheet, people.decision(sheet, chance))


def _open_everywhere(world: World, pc: Pc) -> None:
    """Let the papers lie open on every screen of the office, before they become others."""
    for other in world.pcs.values():
        is_near = world.institutions[other.name] == world.institutions[pc.name]
        if is_near and other.actor and people.held(other):
            screen.open_all(other)


def _returned(world: World, pc: Pc, chance: Random) -> str:
    """Return what can be returned, have it sent, and hear what the applicants say."""
    done = [people.done(pc, _return_one, chance) for _ in range(_AT_ONCE)]
    world.oracle.watch(pc)
    return f"{'; '.join(done)}; {world.sync(pc)}; {_handed_in_anew(world, pc, chance)}"


def _return_one(pc: Pc, chance: Random) -> str:
    sheets = _submitted(pc)
    if pc.running.reviews is None or not sheets:
        return "nothing"
    sheet = chance.choice(sheets)
    return people.decided(pc, sheet, Decision(CommandKind.RETURN, sheet.content_version, "请补充材料"))


def _submitted(pc: Pc) -> list[Application]:
    ids = people.held(pc)
    rows = pc.running.store.read(lambda conn: [synced.find(conn, key) for key in ids])
    return [row for row in rows if row is not None and row.state is State.SUBMITTED]


def _handed_in_anew(world: World, pc: Pc, chance: Random) -> str:
    """Applicants whose papers were returned hand in others."""
    desk, done = world.register.desks.applicants, []
    for row in _returned_at_service(world, pc)[:_AT_ONCE]:
        contact = Contact(phone=f"139{chance.randrange(10**8):08}")
        written = Content(row.request, row.statement, contact, row.materials)
        try:
            desk.resubmit(row.id, Seen(row.version, row.moved_at), written, people.caller(Role.PHYSICIAN, row))
            done.append(f"resubmit {row.id[:8]}")
        except ServiceFault as fault:
            done.append(f"applicant:{fault.code.value}")
    return "; ".join(done) or "applicant:nothing"


def _returned_at_service(world: World, pc: Pc) -> list[Application]:
    place = world.institutions[pc.name]
    with world.register.service.environment.database.read() as transaction:
        keys = sorted(key for key, _ in transaction.feed.versions(place) if key != place)
        rows = [transaction.applications.get(ApplicationId(key), WHOLE_REGISTER) for key in keys]
    return [row for row in rows if row is not None and row.state is State.RETURNED]
