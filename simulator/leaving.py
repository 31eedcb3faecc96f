"""A computer that is shut out: how its program leaves, and what a supervisor makes of its commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from medreg_server.services.faults import ServiceFault
from simulator.crash import Fate
from simulator.streams import Random

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.world import World

_KEY_FILE = "cache.keys"


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
    done = []
    for entry in chance.sample(entries, min(len(entries), 3)):
        try:
            if chance.random() < 0.7:  # also what is confirmed already: the same answer, nothing new
                done.append(f"{lane.confirm(entry.command.id, caller).kind.value} {entry.command.id[:8]}")
            else:
                lane.set_aside(entry.command.id, "不再需要", caller)
                done.append(f"aside {entry.command.id[:8]}")
        except ServiceFault as fault:
            done.append(fault.code.value)
    return "; ".join(done) or "nothing waits"


def kept_in_lane(database: Database) -> Mapping[CommandId, tuple[DeviceId, RescueState | None]]:
    """Return what the lane holds: of which device, and where it stands."""
    with database.read() as transaction:
        entries = transaction.rescued.entries(WHOLE_REGISTER, "", 10_000)
    return {entry.command.id: (entry.device_id, entry.state) for entry in entries}
