"""The courier: a computer's waiting commands on a stick, carried by whoever comes by, and the answers brought back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.courier import ANSWERS_SUFFIX, COMMANDS_SUFFIX
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.courier_desk import CourierDesk
from medreg_server.services.faults import ServiceFault
from simulator import people
from simulator.streams import Random
from simulator.toxics import Weather

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World


_RIGHT_COMPUTER = 0.8


class Engine:
    """Tells an engine what the program's loop would of a courier."""

    def __init__(self, tell: Callable[[Callable[[events.Moment], events.Event]], None]) -> None:
        self._tell = tell

    def bundle_wanted(self, folder: str) -> None:
        """Have a file written."""
        self._tell(lambda at: events.BundleWanted(at, folder))

    def answers_brought(self, outcomes: tuple[Outcome, ...], epoch: str, beside: str) -> None:
        """Have answers settled."""
        self._tell(lambda at: events.AnswersBrought(at, outcomes, epoch, beside))


def desk_of(pc: Pc) -> CourierDesk:
    """Return the courier's desk at a computer."""
    return CourierDesk(pc.running.store, pc.device_id, Engine(pc.tell), pc.running.transport.carry)


def pack(world: World, pc: Pc, chance: Random) -> str:
    """A registrar has what waits written on the stick: in a wide seed where the network is away, as in life."""
    if pc.is_removed:
        return "removed"
    if world.streams.is_wide:
        pc.wire.weather = Weather.OFFLINE
        world.trace.note(" ", people.done(pc, people.decide, chance))
        world.oracle.watch(pc)
    desk_of(pc).write_to(world.stick)
    done = world.sync(pc)
    note = pc.running.driver.report.bundle
    if note.name:
        world.packed[note.name] = pc.name
    return f"{note.name or note.code or 'waits'} {done}"


def carry(world: World, pc: Pc, chance: Random) -> str:
    """A file is brought to the service, by whoever sits at a computer or by the operator; once, twice, or late."""
    files = sorted(world.stick.glob(f"*{COMMANDS_SUFFIX}"))
    if not files and world.streams.is_wide:
        world.trace.note(" ", pack(world, pc, chance))
        files = sorted(world.stick.glob(f"*{COMMANDS_SUFFIX}"))
    if not files:
        return "no file"
    path = chance.choice(files)
    if world.streams.is_wide:
        pc = chance.choice([other for name, other in world.pcs.items() if name != world.packed.get(path.name)])
    try:
        done = _at_the_console(world, path) if chance.random() < 0.4 else _at(world, pc, lambda: _by(pc, path))
    except ServiceFault as fault:
        done = fault.code.value
    except KnownFault as fault:
        done = fault.code
    return f"{path.name} {done}"


def _at_the_console(world: World, path: Path) -> str:
    answer = world.register.desks.courier.take(path.read_bytes())
    path.with_suffix(ANSWERS_SUFFIX).write_bytes(answer.file)
    return f"console {answer.carried_out} left {answer.left}"


def _by(pc: Pc, path: Path) -> str:
    if pc.is_removed:
        return "removed"
    carried = desk_of(pc).carry(path)
    return f"{pc.name} {carried.carried_out} left {carried.left}"


def take_answers(world: World, pc: Pc, chance: Random) -> str:
    """Answers are brought back to a computer, perhaps the wrong one, perhaps those of another day."""
    files = sorted(world.stick.glob(f"*{ANSWERS_SUFFIX}"))
    if not files and world.streams.is_wide:
        world.trace.note(" ", carry(world, pc, chance))
        files = sorted(world.stick.glob(f"*{ANSWERS_SUFFIX}"))
    if not files:
        return "no file"
    path = chance.choice(files)
    if world.streams.is_wide and chance.random() < _RIGHT_COMPUTER:
        pc = world.pcs[world.packed.get(path.with_suffix(COMMANDS_SUFFIX).name, pc.name)]
        pc.wire.weather = Weather.PATCHY
    if pc.is_removed:
        return "removed"
    return _at(world, pc, lambda: _brought(world, pc, path))


def _at(world: World, pc: Pc, deed: Callable[[], str]) -> str:
    """Do something at a computer which in a wide seed is perhaps another one than the step is about."""
    return world.alive(pc, deed) if world.streams.is_wide else deed()


def _brought(world: World, pc: Pc, path: Path) -> str:
    try:
        brought = desk_of(pc).read(path)
    except KnownFault as fault:
        return fault.code
    return f"{brought.answers} of them open {brought.still_open} {world.sync(pc)}"
