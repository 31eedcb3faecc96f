"""A computer that is shut out: how its program leaves, and what a supervisor makes of its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.devices import SignedByDevice, WipeAnswer
from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import RescueState, RevocationReason
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.auth.departure import Departure
from medreg_desktop.services.auth.office import Office
from medreg_desktop.services.cache.keys import DatabaseKeys
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.db.transaction import Database
from medreg_server.services import rescued_file
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault
from medreg_server.services.review_lane import ReviewLane
from medreg_server.settings import Settings
from simulator.crash import Fate
from simulator.streams import Random

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

NOTHING_WAITS = "nothing waits"
_KEY_FILE = "cache.keys"
_CONFIRMED = 0.7


class NoKeyring:
    """The key store of a computer that has none: the key lies in its file."""

    def get(self, name: str) -> bytes | None:
        """Return nothing."""
        del name
        return None

    def set(self, name: str, secret: bytes) -> None:
        """There is nowhere to keep it."""
        raise KnownFault("keyring_missing", name=name, size=str(len(secret)))

    def delete(self, name: str) -> None:
        """There is nothing to delete."""


class MortalDeparture(Departure):
    """The real way out, with the places where its process may be killed.

    ``witness`` is told before anything is destroyed, ``gone`` once nobody may read the copy any more.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        key: Ed25519PrivateKey | None,
        identity: Callable[[], Office],
        fate: Fate,
        witness: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        keys = DatabaseKeys(folder, NoKeyring(), clock)
        super().__init__(folder, folder / "cache.db", keys, key, identity=identity, let_go=gone)
        self._fate = fate
        self._witness = witness
        self._home = folder

    def take_leave(self, order: WipeAnswer, done: SignedByDevice, rescued: int) -> None:
        """As the real one."""
        if farewell.find(self._home) is None:
            self._witness()
        self._fate.passing("leave.begin")
        super().take_leave(order, done, rescued)
        self._fate.passing("leave.noted")

    def destroy_key(self) -> None:
        """As the real one."""
        super().destroy_key()
        self._fate.passing("leave.keyless")

    def delete_copy(self) -> None:
        """As the real one."""
        super().delete_copy()
        self._fate.passing("leave.empty")


def give_key(folder: Path) -> None:
    """Let a key file lie beside a computer's copy: what it opens is not encrypted here, but it has to be destroyed."""
    (folder / _KEY_FILE).write_bytes(b"{}")


def revoke(world: World, pc: Pc, chance: Random) -> str:
    """The operator shuts a computer out."""
    reason = chance.choice(tuple(RevocationReason))
    try:
        world.register.desks.devices.revoke_for_operator(pc.device_id, reason)
    except ServiceFault as fault:
        return fault.code.value
    return f"{pc.device_id.rstrip('0')} {reason.value}"


def review(world: World, pc: Pc, chance: Random) -> str:
    """A supervisor carries out or sets aside some of what shut-out computers had not finished."""
    lane, caller = world.register.desks.lane, world.supervisor(pc.name)
    entries = lane.listed("", caller)
    some = chance.sample(entries, min(len(entries), 3))  # also what is confirmed already: the same answer, nothing new
    return "; ".join(_settled(lane, entry.command.id, caller, chance) for entry in some) or NOTHING_WAITS


def _settled(lane: ReviewLane, command_id: CommandId, caller: Caller, chance: Random) -> str:
    try:
        if chance.random() < _CONFIRMED:
            return f"{lane.confirm(command_id, caller).kind.value} {command_id[:8]}"
        lane.set_aside(command_id, "不再需要", caller)
    except ServiceFault as fault:
        return fault.code.value
    return f"aside {command_id[:8]}"


_PASSES = 8
"""A command that waits for another is settled the pass after; nothing waits for more than a few."""


def settle_lane(world: World) -> bool:
    """Let supervisors go through the lane until nothing waits in it; return whether there was anything."""
    lane, chance, any_waited = world.register.desks.lane, world.streams.of("lane"), False
    for name in ("a", "c"):
        caller = world.supervisor(name)
        for _ in range(_PASSES):
            waiting = [entry for entry in lane.listed("", caller) if entry.state is RescueState.WAITING]
            for entry in waiting:
                world.trace.note("lane", name, _settled(lane, entry.command.id, caller, chance))
            if not waiting:
                break
            any_waited = True
    return any_waited


def unsettled(database: Database) -> Iterator[str]:
    """Yield what a lane that supervisors have been through does not keep of its word (I4).

    What was confirmed has an answer of the register, and nothing waits any more.
    """
    for command, (device, state) in kept_in_lane(database).items():
        if state is RescueState.WAITING:
            yield f"I4: the rescued command {command} of {device} still waits for a supervisor who has been there"
        if state is RescueState.CONFIRMED:
            with database.read() as transaction:
                if transaction.commands.answered(command) is None:
                    yield f"I4: the rescued command {command} was confirmed, and has no answer"


def kept_beside(settings: Settings, device_id: DeviceId) -> set[CommandId]:
    """Return which commands of a computer are kept beside the register, where no restore takes them."""
    lines = rescued_file.kept(Path(settings.data_dir))
    handed_over = (line for line in lines if isinstance(line, rescued_file.HandedOver) and line.device_id == device_id)
    return {line.rescued.command.id for line in handed_over}


def kept_in_lane(database: Database) -> Mapping[CommandId, tuple[DeviceId, RescueState | None]]:
    """Return what the lane holds: of which device, and where it stands."""
    with database.read() as transaction:
        entries = transaction.rescued.entries(WHOLE_REGISTER, "", 10_000)
    return {entry.command.id: (entry.device_id, entry.state) for entry in entries}
