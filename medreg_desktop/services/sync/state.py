"""Everything the engine remembers between two events. Losing it costs nothing: it is rebuilt from the local copy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from medreg_core.contract.v1.commands import BATCH_COMMANDS
from medreg_core.contract.v1.devices import WipeAnswer
from medreg_core.contract.v1.feed import ChangePage
from medreg_core.contract.v1.messages import PROTOCOL
from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.sync.bundles import Courier
from medreg_desktop.services.sync.circuit import Circuit, draw
from medreg_desktop.services.sync.effects import Effect
from medreg_desktop.services.sync.events import Call, Moment
from medreg_desktop.services.sync.forecast import Forecast
from medreg_desktop.services.sync.outbox_view import Actor, PendingCommand, Position, QueueRow, Stock
from medreg_desktop.services.sync.report import Guard, Stage, SyncReport

POISON_AT = 5
"""Failures of the server on one command, while others pass, after which it is set apart."""

REHEARSED_SINCE = 2
"""The protocol whose answers name a rehearsal as one."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What the office has chosen about sending (``services/settings``)."""

    rehearse_from: int = 10  # commands that gathered and are rehearsed before they leave; 0: never by itself
    look_s: float = 30.0  # how long what passes waits for the registrar to look, when something would need him


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The dry run of the queue. Times are of the monotonic clock; without ``shown_at`` there is nothing to look at."""

    wanted: bool = False  # the registrar asked for it
    gathered: bool = False  # commands waited while they could not be sent
    to_ask: tuple[tuple[CommandId, ...], ...] = ()  # requests still to be answered, the running one first
    forecasts: tuple[Forecast, ...] = ()
    seen: frozenset[CommandId] = frozenset()  # never rehearsed again by itself
    failures: int = 0
    shown_at: Moment | None = None
    sends_at: float = 0.0
    holds_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A command on which the server failed; with ``others_passed`` it is the command, not the server."""

    id: CommandId
    failures: int = 0
    since: float = 0.0  # monotonic: the first failure
    failed_at: float = 0.0  # … and the last
    others_passed: bool = False
    alone: bool = False  # it failed a whole request: it travels alone from now on


@dataclass(frozen=True, slots=True)
class Sending:
    """What concerns the outbox. ``queue`` is None while it must be read again; ``ids`` of ``sender`` are under way.

    ``shown`` is what the screens can have read of it; None when that is not certain.
    """

    circuit: Circuit = field(default_factory=Circuit)
    queue: tuple[QueueRow, ...] | None = None
    shown: tuple[QueueRow, ...] | None = None
    queue_changes: int = 0
    ids: tuple[CommandId, ...] = ()
    sender: AccountId | None = None
    limit: int = BATCH_COMMANDS
    suspects: tuple[Suspect, ...] = ()
    rehearsal: Rehearsal = field(default_factory=Rehearsal)
    sent: int = 0  # commands answered since the outbox was last empty
    stock: Stock = field(default_factory=Stock)
    paused: bool = False
    stopped_by: str = ""  # a fault code: this account or program may not send at all


@dataclass(frozen=True, slots=True)
class Receiving:
    """What concerns the copy. ``resync`` holds the reason while a new snapshot replaces a dead cursor."""

    circuit: Circuit = field(default_factory=Circuit)
    caught_up: bool = False
    resync: str = ""
    resyncs: int = 0  # dead cursors since the digest was last compared
    digest_from: float = 0.0  # monotonic: the digest is compared from then on
    repair: tuple[int, ...] = ()
    repair_rounds: int = 0
    repaired: int = 0
    gaps: int = 0
    held: ChangePage | None = None  # removes so much that the digest must confirm it first
    held_removals: str = ""  # the rows that the last snapshot would have removed
    guard: Guard | None = None  # what the screens tell of it
    anomalies: int = 0
    copy_changes: int = 0
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """What concerns the service itself."""

    greeted: bool = False
    greeted_mono: float = 0.0
    epoch: str = ""  # of the register, as hello told
    protocol: int = PROTOCOL  # the one agreed on in hello
    numbers_refused: bool = False  # asked for form numbers, got none: this account may not have any
    codes_refused: bool = False  # the same of activation codes
    asked_mono: float = 0.0  # when the running request left, for the clock comparison
    session_ended: bool = False
    blocked: str = ""  # a fault code: nothing at all can be exchanged until a person acts
    clock_offset_s: float | None = None
    clock_gap_s: float | None = None  # between the two clocks of this computer when it was compared
    heard_at: datetime | None = None
    offline_since: datetime | None = None
    lost_mono: float = 0.0  # monotonic: when contact was lost
    lost_for: tuple[str, ...] = ()  # fault codes met since
    offline_until: datetime | None = None
    server_version: str = ""

    @property
    def rehearses(self) -> bool:
        """Return whether the service's answers say that they were rehearsed; those of protocol 1 do not."""
        return self.protocol >= REHEARSED_SINCE


@dataclass(frozen=True, slots=True)
class Removal:
    """What concerns the way out of a revoked device. ``pending`` is None while it must be read from the disk."""

    stage: Stage = Stage.NONE
    circuit: Circuit = field(default_factory=Circuit)
    order: WipeAnswer | None = None
    pending: tuple[PendingCommand, ...] | None = None
    ids: tuple[CommandId, ...] = ()  # in the running request
    kept: frozenset[CommandId] = frozenset()  # the service has proven that it keeps them
    limit: int = BATCH_COMMANDS
    rescued: int = 0  # how many were handed over, once that is certain

    @property
    def left(self) -> tuple[PendingCommand, ...]:
        """What is still to be handed over, as far as it was read."""
        return tuple(item for item in self.pending or () if item.id not in self.kept)


@dataclass(frozen=True, slots=True)
class SyncState:
    """The engine's state. ``busy`` is the one exchange that is running; ``seed`` feeds the jitter.

    ``comings`` counts who came and went, ``asked_as`` is that count when the running exchange began.
    """

    seed: int
    actor: Actor | None = None
    position: Position | None = None
    busy: Call | None = None
    comings: int = 0
    asked_as: int = 0
    sending: Sending = field(default_factory=Sending)
    receiving: Receiving = field(default_factory=Receiving)
    courier: Courier = field(default_factory=Courier)
    contact: Contact = field(default_factory=Contact)
    removal: Removal = field(default_factory=Removal)
    disk: Circuit = field(default_factory=Circuit)
    disk_code: str = ""
    habits: Habits = field(default_factory=Habits)
    stopped: bool = False
    told: SyncReport | None = None

    def chance(self) -> tuple[SyncState, float]:
        """Return a number in [0, 1) and the state that will give another one next."""
        seed, drawn = draw(self.seed)
        return replace(self, seed=seed), drawn

    def with_sending(self, **changes: object) -> SyncState:
        """Return the state with these fields of :class:`Sending` changed."""
        return replace(self, sending=replace(self.sending, **changes))  # type: ignore[arg-type]  # names are checked by tests

    def with_receiving(self, **changes: object) -> SyncState:
        """Return the state with these fields of :class:`Receiving` changed."""
        return replace(self, receiving=replace(self.receiving, **changes))  # type: ignore[arg-type]  # as above

    def with_contact(self, **changes: object) -> SyncState:
        """Return the state with these fields of :class:`Contact` changed."""
        return replace(self, contact=replace(self.contact, **changes))  # type: ignore[arg-type]  # as above

    def with_removal(self, **changes: object) -> SyncState:
        """Return the state with these fields of :class:`Removal` changed."""
        return replace(self, removal=replace(self.removal, **changes))  # type: ignore[arg-type]  # as above


Step = tuple[SyncState, tuple[Effect, ...]]
"""What every handler returns: the next state, and what to do about it in order."""
