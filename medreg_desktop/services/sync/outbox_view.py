"""What the engine needs to know of the outbox and of the local copy: no bodies, so that 500 rows are cheap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.contract.v1.messages import FormLease, PublicKey
from medreg_core.domain.records import AccountId, CommandId


class RowState(StrEnum):
    """Where a command stands on its way to the register (``look.md`` §5, row sync)."""

    QUEUED = "queued"  # 待上传
    IN_FLIGHT = "in_flight"  # 发送中; immutable from here on
    DEFERRED = "deferred"  # 暂缓: the server waits for something
    NEEDS_YOU = "needs_you"  # 需处理: answered, and a person must look
    QUARANTINED = "quarantined"  # 已隔离: not answered, kept out of the others' way
    DONE = "done"


UNSENT = frozenset({RowState.QUEUED, RowState.IN_FLIGHT, RowState.DEFERRED})
"""States that go on by themselves; with any of them the lamp is never green."""

FOR_A_PERSON = frozenset({RowState.NEEDS_YOU, RowState.QUARANTINED})
"""States that wait for the registrar."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One command of the outbox that is not done. ``size`` is of the encoded command in bytes."""

    id: CommandId
    subject: str  # commands on one subject, an application or a physician, keep their order
    counter: int
    size: int
    state: RowState
    depends_on: CommandId | None = None
    attempts: int = 0
    next_try: datetime | None = None
    waiting_since: datetime | None = None  # of a deferred command: first deferral
    schema: int = 1  # the oldest protocol it can be sent under
    has_receipt: bool = True  # an older program made none

    def is_beyond(self, protocol: int) -> bool:
        """Return whether it waits for a service that speaks more than ``protocol``."""
        return self.state in UNSENT and self.schema > protocol


@dataclass(frozen=True, slots=True)
class Stock:
    """What this device holds in advance; None: not known, or never leased to it."""

    form_numbers: int | None = None
    codes: int | None = None
    leases: tuple[FormLease, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingCommand:
    """A command of anybody on this computer that is not done. ``size``: bytes of it and its receipt, encoded."""

    id: CommandId
    size: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of one command after an exchange; written in one transaction with the outcome itself."""

    id: CommandId
    state: RowState
    cause: str = ""
    outcome: Outcome | None = None
    next_try: datetime | None = None
    counted: bool = True  # whether the exchange counts as an attempt of this command
    epoch: str = ""  # in which the outcome's seq counts; "" for the copy's own


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """A snapshot being built beside the copy: what the last committed mark covers."""

    epoch: str
    after: str = ""
    count: int = 0
    digest: str = "0" * 16  # over all rows streamed so far, as marks carry it
    total: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where the local copy stands. An empty ``cursor`` means that there is no whole copy yet."""

    epoch: str = ""
    cursor: str = ""
    seq: int = 0
    server_id: str = ""
    institution_id: str = ""
    snapshot: SnapshotProgress | None = None
    keys: tuple[PublicKey, ...] = ()  # sign the server's pings
    order: WipeAnswer | None = None  # a proven order to leave: nothing is saved here any more
    courier_key: bytes = b""  # couriers' files are sealed to it; empty until the service has told it


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose outbox is sent. ``session`` is false after an offline unlock: then nothing can be sent yet."""

    account_id: AccountId
    session: bool
