"""Programs of two ages (ADR 021): a service, or the program of one computer, that is brought up to date meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Engine

from medreg_core.contract.v1.commands import CommandBatch
from medreg_core.contract.v1.messages import Hello
from medreg_server.db.migrate import migrate
from simulator.streams import Streams

if TYPE_CHECKING:
    from simulator.world import World

OLDER_PROTOCOL = 1
_OLDER_SCHEMA = "0003"
"""What a service that spoke no newer protocol kept its register in."""

_ONE_IN = 8
_TAKEN_IN_HAND = 0.3
"""How likely an update that is due happens at a step: after a restore the older service answers for a while."""


class Ages(msgspec.Struct, frozen=True):
    """From which step on a service or a computer that begins with the version before has the present one; 0: always."""

    service: int = 0
    pc: str = ""
    program: int = 0


PRESENT = Ages()


def drawn(streams: Streams, count: int) -> Ages:
    """Return the ages of a run of so many steps; chance of their own, so that all else stays as it was."""
    chance = streams.of("ages")
    service, program = (1 + chance.randrange(count) if not chance.randrange(_ONE_IN) else 0 for _ in range(2))
    return Ages(service, chance.choice("abc") if program else "", program)


def as_read(hello: Hello) -> Hello:
    """Return what is heard of a hello when either side is of the version before: the words that version knew."""
    return msgspec.structs.replace(hello, protocol_max=OLDER_PROTOCOL, activation_codes_left=None, leases=())


def is_beyond(batch: CommandBatch) -> bool:
    """Whether a service of the version before could not have read a batch."""
    return any(command.schema > OLDER_PROTOCOL for command in batch.commands)


def make_older(engine: Engine) -> None:
    """Take the newest step of the register's schema back, as the version before would have kept it."""
    migrate(engine, _OLDER_SCHEMA)
    engine.dispose()


class Updates:
    """Has what is older brought up to date once its step has come; the service while a request is under way."""

    def __init__(self, ages: Ages) -> None:
        self.ages = ages
        self._service_is_due = False

    def step(self, world: World, number: int) -> None:
        """A step begins: whoever comes to an older computer now brings the present program."""
        has_come = world.register.is_older and number >= self.ages.service
        self._service_is_due = has_come and world.streams.of(number, "ages").random() < _TAKEN_IN_HAND
        pc = world.pcs.get(self.ages.pc)
        if pc is not None and pc.wire.is_older and number >= self.ages.program and not pc.at_work:
            pc.wire.is_older = False
            came = "removed" if pc.is_removed else world.alive(pc, lambda: world.migrate(pc))
            world.trace.note(" ", pc.name, "updated", came)

    def service(self, world: World, *, at_last: bool = False) -> None:
        """The operator updates the service, if it is time."""
        if self._service_is_due or (at_last and world.register.is_older):
            self._service_is_due = False
            world.register.bring_up_to_date()
            world.trace.note("service updated")
