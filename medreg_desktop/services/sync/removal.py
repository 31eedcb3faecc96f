"""What the engine does when the service refuses this device: ask, hand over, destroy, confirm (``sync.md`` §5.10).

Only an answer that the service has proven moves it forward. Until then, and until every unfinished command of everybody
on this computer is proven to be kept, nothing is destroyed. Each stage may be entered again after a kill.
"""

from __future__ import annotations

from dataclasses import replace

from medreg_core.contract.v1.commands import BATCH_BYTES
from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync.circuit import Circuit
from medreg_desktop.services.sync.effects import (
    AskWipe,
    ConfirmWiped,
    DeleteCopy,
    DestroyKey,
    Effect,
    NoteGone,
    ReadCopy,
    ReadPending,
    Rescue,
    SealCopy,
    Sleep,
    TakeLeave,
    UnsealCopy,
)
from medreg_desktop.services.sync.events import (
    Call,
    Failed,
    LeaveTaken,
    Moment,
    PendingRead,
    RescueAnswered,
    WipeAnswered,
)
from medreg_desktop.services.sync.outbox_view import Position
from medreg_desktop.services.sync.report import RemovalReport, Stage
from medreg_desktop.services.sync.state import Removal, Step, SyncState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

REVOKED, UNFOUNDED = "device_revoked", "removal_unfounded"
CALLS = frozenset({Call.WIPE_CHECK, Call.RESCUE, Call.WIPE_DONE})

_WITH_COPY = frozenset({Stage.CHECK, Stage.RESCUE})
"""Stages in which the copy is still there to be read."""

_ENCODED_BYTES = BATCH_BYTES // 2
"""A rescue travels base64 inside a signed envelope, each command with its testimony: half a batch is surely taken."""


def refused(state: SyncState) -> SyncState:
    """The service says that this device is revoked: it is not believed before it is proven, but nothing is sent."""
    if state.removal.stage is not Stage.NONE:
        return state
    return replace(state, removal=Removal(Stage.CHECK))


def knows_the_service(state: SyncState) -> bool:
    """Return whether hello has ever told this copy whose orders to obey, and the keys that prove them."""
    return state.position is None or bool(state.position.server_id)


def position_read(state: SyncState, position: Position) -> SyncState:
    """An order that an earlier run has kept still stands; it is asked for once more, since it may have been lifted."""
    return refused(state) if position.order is not None else state


def again(removal: Removal) -> Removal:
    """Return where a fresh start stands, and one after trouble with the disk: the copy may not be sealed."""
    if removal.stage in {Stage.CHECK, Stage.RESCUE}:
        return Removal(Stage.CHECK)
    return replace(removal, circuit=Circuit(), ids=())


def wipe_answered(state: SyncState, event: WipeAnswered) -> Step:
    """Obey a proven order. After a proven "no" somebody has to ask: what refuses in between may go on doing so."""
    state = replace(state, busy=None)
    if not event.answer.wipe:
        return replace(state, removal=Removal()).with_contact(blocked=UNFOUNDED), (UnsealCopy(),)
    state = replace(state, removal=Removal(Stage.RESCUE, order=event.answer))
    return state, (SealCopy(event.answer),)


def pending_read(state: SyncState, event: PendingRead) -> SyncState:
    """Take what is unfinished; the disk is well."""
    return replace(state, disk_code="", disk=state.disk.passed()).with_removal(pending=event.rows)


def rescue_answered(state: SyncState, event: RescueAnswered) -> SyncState:
    """Count as safe only what is proven to be kept; if one of those sent is not, nothing is destroyed."""
    removal = state.removal
    state = replace(state, busy=None).with_removal(kept=removal.kept | set(event.kept), ids=())
    if set(removal.ids) <= state.removal.kept:
        return state.with_removal(circuit=removal.circuit.passed())
    return _wait(state, Trouble(TroubleKind.OTHER_VERSION, "rescue_incomplete"), event.at)


def leave_taken(state: SyncState, event: LeaveTaken) -> SyncState:
    """Go on where an earlier run was: everything is safe, the rest may be done twice."""
    return replace(state, removal=Removal(Stage.LEAVE, order=event.order, rescued=event.rescued))


def copy_destroyed(state: SyncState) -> SyncState:
    """Only the service has still to hear of it."""
    return replace(state, disk_code="", disk=state.disk.passed()).with_removal(stage=Stage.CONFIRM, pending=())


def confirmed(state: SyncState) -> Step:
    """It has heard: the end."""
    return replace(state, busy=None).with_removal(stage=Stage.GONE), (NoteGone(),)


def failed(state: SyncState, event: Failed) -> Step:
    """Wait and try again, whatever the trouble: everything that is not safe is kept.

    Only the last word is not said for ever: a register restored to before this device was known refuses it.
    """
    kind, removal = event.trouble.kind, state.removal
    if event.call is Call.WIPE_DONE and kind is TroubleKind.REFUSED:
        return confirmed(state)
    state = state.with_removal(ids=())
    if event.call is Call.RESCUE and kind is TroubleKind.REFUSED:
        state = replace(state, removal=Removal(Stage.CHECK))  # the order may have been lifted: ask again
    if event.call is Call.RESCUE and kind is TroubleKind.ENVELOPE and len(removal.ids) > 1:
        return state.with_removal(limit=len(removal.ids) // 2), ()
    return _wait(state, event.trouble, event.at), ()


def leaves_a_copy(state: SyncState) -> bool:
    """Return whether there is still a copy to write to; what is noted of one that is being destroyed fails for ever."""
    return state.removal.stage in {Stage.NONE, *_WITH_COPY}


def hastened(state: SyncState, at: Moment) -> SyncState:
    """Somebody asked, or the network changed: try at once."""
    return state.with_removal(circuit=state.removal.circuit.forced(at.mono))


def plan(state: SyncState, at: Moment) -> Step:
    """Return the next thing to do on the way out."""
    removal = state.removal
    if state.position is None and removal.stage in _WITH_COPY:
        return state, (ReadCopy(),)
    if removal.stage is Stage.RESCUE and removal.pending is None:
        return state, (ReadPending(),)
    if removal.stage is Stage.RESCUE and not removal.left:
        state = state.with_removal(stage=Stage.LEAVE, rescued=len(removal.kept))
    if state.removal.stage in {Stage.LEAVE, Stage.GONE}:
        return state, _last_acts(state.removal)
    if not removal.circuit.is_due(at.mono):
        return state, (Sleep(removal.circuit.next_try),)
    return _exchange(state, at)


def _last_acts(removal: Removal) -> tuple[Effect, ...]:
    """Everything is safe: destroy the key first, which is done in a moment, and then what it opened."""
    if removal.stage is Stage.GONE or removal.order is None:
        return (Sleep(None),)
    return TakeLeave(removal.order, removal.rescued), DestroyKey(), DeleteCopy()


def report_of(state: SyncState) -> RemovalReport:
    """Return what the screens say of it."""
    removal = state.removal
    trouble = removal.circuit.trouble
    return RemovalReport(
        stage=removal.stage,
        order=removal.order,
        left=len(removal.left),
        rescued=removal.rescued or len(removal.kept),
        code=trouble.code if trouble else "",
    )


def blocked_by(state: SyncState) -> str:
    """Return the fault code that the lamp names; empty for a device in order."""
    if state.removal.stage is Stage.NONE:
        return ""
    return REVOKED if state.removal.stage is Stage.CHECK else "device_removed"


def _exchange(state: SyncState, at: Moment) -> Step:
    match state.removal.stage:
        case Stage.CHECK:
            return _started(state, Call.WIPE_CHECK, at), (AskWipe(),)
        case Stage.RESCUE:
            ids = _batch(state.removal)
            return _started(state.with_removal(ids=ids), Call.RESCUE, at), (Rescue(ids),)
        case _:
            return _started(state, Call.WIPE_DONE, at), (ConfirmWiped(),)


def _batch(removal: Removal) -> tuple[CommandId, ...]:
    """Return the next commands, the first in any case: the service says if it is too large."""
    chosen: list[CommandId] = []
    size = 0
    for item in removal.left[: removal.limit]:
        size += item.size
        if chosen and size > _ENCODED_BYTES:
            break
        chosen.append(item.id)
    return tuple(chosen)


def _started(state: SyncState, call: Call, at: Moment) -> SyncState:
    return replace(state, busy=call).with_contact(asked_mono=at.mono)


def _wait(state: SyncState, trouble: Trouble, at: Moment) -> SyncState:
    state, chance = state.chance()
    return state.with_removal(circuit=state.removal.circuit.failed(trouble, at, chance))
