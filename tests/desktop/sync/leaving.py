"""A revoked device in memory: a service with a review lane, a copy that can be sealed, an end that is only noted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from medreg_core.contract.v1.commands import CommandBatch, OutcomeBatch
from medreg_core.contract.v1.devices import (
    Purpose,
    Rescue,
    RescuedCommand,
    RescueReceipt,
    SignedByDevice,
    WipeAnswer,
)
from medreg_core.contract.v1.messages import MAGIC, Hello, Welcome
from medreg_core.domain.records import AccountId, CommandId
from medreg_core.domain.vocabulary import RevocationReason, Role
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.outbox_view import PendingCommand, Position, RowState
from medreg_desktop.services.sync.worker import Device
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind
from tests.desktop.sync.desk import Desk
from tests.desktop.sync.world import DEVICE_ID, START, FakeCopy, FakeService

REFUSED = Trouble(TroubleKind.REFUSED, "device_revoked", 403)
ORDER = WipeAnswer(
    magic=MAGIC,
    server_id="s",
    device_id=DEVICE_ID,
    nonce="n",
    wipe=True,
    reason=RevocationReason.LOST,
    by=Role.INSTITUTION_ADMIN,
    revoked_at=START,
)


@dataclass
class Lane:
    """What the service knows of the device."""

    revoked: bool = False
    kept: dict[CommandId, RescuedCommand] = field(default_factory=dict)
    loses: frozenset[CommandId] = frozenset()  # never named in a receipt
    batches: list[int] = field(default_factory=list)
    is_done: bool = False


class LaneService(FakeService):
    """A service that refuses a revoked device everywhere but on its way out. Proofs are checked below this port."""

    def __init__(self, desk: LeavingDesk) -> None:
        super().__init__(desk.world)
        self._lane = desk.lane

    def hello(self, hello: Hello) -> Welcome:
        self._admit("hello")
        return super().hello(hello)

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        self._admit("commands")
        return super().send(batch)

    def _admit(self, call: str) -> None:
        if self._lane.revoked:
            self._world.calls.append(call)
            raise TransportFault(REFUSED)

    def wipe_check(self, query: SignedByDevice, nonce: str) -> WipeAnswer:
        with self._call("wipe_check"):
            return ORDER if self._lane.revoked else msgspec.structs.replace(ORDER, wipe=False)

    def rescue(self, query: SignedByDevice, nonce: str) -> RescueReceipt:
        with self._call("rescue"):
            commands = msgspec.json.decode(query.content, type=Rescue).commands
            self._lane.batches.append(len(commands))
            safe = [each for each in commands if each.command.id not in self._lane.loses]
            self._lane.kept |= {each.command.id: each for each in safe}
            kept = tuple(each.command.id for each in safe)
            return RescueReceipt(magic=MAGIC, server_id="s", device_id=DEVICE_ID, nonce=nonce, kept=kept)

    def wipe_done(self, query: SignedByDevice) -> None:
        with self._call("wipe_done"):
            self._lane.is_done = True


@dataclass
class LeavingCopy(FakeCopy):
    """A copy that can be sealed; destroyed, it answers nobody. Hello has filled it in an earlier run."""

    at: Position = field(default_factory=lambda: Position(server_id="s"))
    destroyed: bool = False

    def note_outage(self, told: object) -> None:
        assert not self.destroyed, "there is nothing left to write to"

    def seal(self, order: WipeAnswer) -> None:
        self.at = replace(self.at, order=order)

    def unseal(self) -> None:
        self.at = replace(self.at, order=None)

    def pending(self) -> tuple[PendingCommand, ...]:
        assert self.at.order is not None, "read before it was sealed: somebody could still save"
        assert not self.destroyed
        return tuple(PendingCommand(row.id, row.size) for row in self.queue_rows.values() if row.id not in self.done)

    def rescued(self, ids: Iterable[CommandId]) -> tuple[RescuedCommand, ...]:
        assert not self.destroyed
        return tuple(
            RescuedCommand(
                command=self.bodies[each], account_id=AccountId("me"), number=number, saved_at=START, state="queued"
            )
            for number, each in enumerate(ids, 1)
        )


class End:
    """The port ``Departure``: notes what is done, and fails where it is told."""

    def __init__(self, desk: LeavingDesk) -> None:
        self._desk = desk
        self.acts: list[str] = []
        self.fails: set[str] = set()
        self.told: tuple[WipeAnswer, int] | None = None

    def _act(self, name: str) -> None:
        self.acts.append(name)
        if name in self.fails:
            self.fails.discard(name)
            raise KnownFault("disk_trouble")

    def signed(self, purpose: Purpose, content: msgspec.Struct) -> SignedByDevice:
        return SignedByDevice(DEVICE_ID, msgspec.json.encode(content), b"")

    def take_leave(self, order: WipeAnswer, done: SignedByDevice, rescued: int) -> None:
        desk = self._desk
        unfinished = set(desk.copy.queue_rows) - desk.copy.done
        assert unfinished <= set(desk.lane.kept), "destroyed before the service had it"
        self.told = (order, rescued)
        self._act("take_leave")

    def destroy_key(self) -> None:
        self._desk.copy.destroyed = True
        self._act("destroy_key")

    def delete_copy(self) -> None:
        self._act("delete_copy")

    def done(self) -> SignedByDevice:
        return SignedByDevice(DEVICE_ID, b"{}", b"")

    def note_gone(self) -> None:
        self._act("note_gone")


class LeavingDesk(Desk):
    """A registrar's engine on a computer that may be revoked."""

    def __init__(self, rows: int = 3) -> None:
        self.lane = Lane()
        self.end = End(self)
        super().__init__(rows=rows)

    def start(self, seed: int = 1) -> SyncDriver:
        """A start of the program over the same disk."""
        if not isinstance(self.__dict__.get("copy"), LeavingCopy):
            self.copy: LeavingCopy = LeavingCopy()
        self.driver = SyncDriver(
            self.copy,
            LaneService(self),
            self.time,
            Device(DEVICE_ID, b"k" * 32, "0.1.0"),
            seed=seed,
            on_report=self.reports.append,
            departure=self.end,
        )
        self.sign_in()
        return self.driver

    def revoke(self) -> None:
        self.lane.revoked = True

    def put(self, number: int, state: RowState) -> CommandId:
        """Put a command of anybody into the outbox, standing where it stands."""
        command = self.copy.save(number, f"a{number:04}")
        self.copy.queue_rows[command] = replace(self.copy.queue_rows[command], state=state)
        return command

    def later(self) -> None:
        self.time.mono += timedelta(hours=1).total_seconds()
