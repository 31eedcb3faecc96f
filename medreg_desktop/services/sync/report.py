"""What the screens learn of sync: one immutable value, sent whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from medreg_core.contract.v1.devices import WipeAnswer
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.forecast import Rehearsed
from medreg_desktop.services.sync.lamp import Lamp, LampKind


@dataclass(frozen=True, slots=True)
class Wait:
    """How one class of call stands: failures in a row, the fault code of the last one, when it is tried next."""

    failures: int = 0
    code: str = ""
    next_try_at: datetime | None = None


class Stage(StrEnum):
    """How far a device that the service refuses is on its way out (``sync.md`` §5.10); it only ever goes forward."""

    NONE = ""  # in order
    CHECK = "check"  # refused, not proven: everything is kept, nothing is sent
    RESCUE = "rescue"  # the order is proven: what is unfinished is handed over
    LEAVE = "leave"  # all of it is safe: the copy is being destroyed
    CONFIRM = "confirm"  # destroyed; the service does not know yet
    GONE = "gone"  # the service knows


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What a screen says of a device on its way out. ``order`` is the proven answer; None before it."""

    stage: Stage = Stage.NONE
    order: WipeAnswer | None = None
    left: int = 0  # commands still to be handed over
    rescued: int = 0  # handed over
    code: str = ""  # what stands in the way


class GuardState(StrEnum):
    """What became of removals that were held."""

    HELD = "held"  # nothing was removed; the register is asked
    CONFIRMED = "confirmed"  # the register's digest agrees: they were carried out
    REFETCHED = "refetched"  # it does not: the copy is fetched anew


@dataclass(frozen=True, slots=True)
class Guard:
    """The last time the service would have removed suspiciously much (``sync.md`` §5.5)."""

    state: GuardState
    removals: int
    total: int
    since: datetime


@dataclass(frozen=True, slots=True)
class SyncReport:
    """The state of sync for the signed-in registrar; moments are this computer's clock, aware UTC."""

    lamp: Lamp = field(default_factory=lambda: Lamp(LampKind.OFFLINE))
    unsent: int = 0
    needs_you: int = 0
    quarantined: int = 0
    paused: bool = False
    synced_at: datetime | None = None  # last time everything was fetched
    heard_at: datetime | None = None  # last answer of the service
    offline_until: datetime | None = None
    clock_offset_s: float | None = None  # ours minus the server's
    copy_changes: int = 0  # rises whenever the local copy changed: the screens read again
    queue_changes: int = 0  # rises whenever a row of the outbox changed: so do they
    copy_usable: bool = False  # rows can be searched, even while the rest is loading
    loaded: int = 0
    to_load: int = 0
    resync_reason: str = ""
    sign_in_wanted: bool = False  # the service is there, but the registrar's session is not
    server_version: str = ""
    repaired_buckets: int = 0
    anomalies: int = 0
    sending: Wait = Wait()
    receiving: Wait = Wait()
    removals_held: bool = False  # the service would remove so much that the digest must confirm it first
    form_numbers_left: int | None = None
    epoch: str = ""
    seq: int = 0
    guard: Guard | None = None  # the last mass removal that was held, until the program ends
    bundle: BundleNote = field(default_factory=BundleNote)  # the courier's file asked for last
    rehearses: bool = True  # the service of these days can: one of protocol 1 is sent none
    rehearsed: Rehearsed | None = None  # the dry run of the queue, while it runs or can be looked at
    removal: RemovalReport = RemovalReport()
