"""What the engine does about a courier: which commands go into the file, and what its answers settle.

A file is a way of sending: the commands are noted as handed over before it is written, and nothing is done by it alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from medreg_core.contract.v1.courier import PAYLOAD_BYTES
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync.batch import settlement
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.effects import HandOver, Settle, TakeBackBundle, WriteBundle
from medreg_desktop.services.sync.events import AnswersBrought, BundleWanted, BundleWritten, Moment
from medreg_desktop.services.sync.outbox_view import UNSENT, Actor, Position, QueueRow, RowState
from medreg_desktop.services.sync.state import Step, SyncState

_FRAME_BYTES = 2048
"""Room for what surrounds the parcels in a payload."""

_NOT_FINAL = frozenset({OutcomeKind.DEFERRED, OutcomeKind.RETRY})


def wanted(state: SyncState, event: BundleWanted) -> SyncState:
    """Note where a file is wanted; the outbox is read anew for it."""
    note = BundleNote(state.courier.note.n, is_being_written=True)
    return replace(state, courier=replace(state.courier, folder=event.folder, note=note)).with_sending(queue=None)


def packed(state: SyncState, actor: Actor, position: Position, at: Moment) -> Step:
    """Hand the waiting commands to a file, if one is wanted."""
    folder, rows = state.courier.folder, state.sending.queue or ()
    if not folder:
        return state, ()
    ids = carried(rows)
    if not position.courier_key:
        return _failed(state, "courier_key_missing", at), ()
    if not ids:
        return _failed(state, "courier_nothing", at), ()
    left = sum(1 for row in rows if row.state in UNSENT) - len(ids)
    bundle_id = hashlib.sha256("\n".join([at.wall.isoformat(), *ids]).encode()).hexdigest()
    state = replace(state, courier=replace(state.courier, folder="")).with_sending(queue=None)
    return state, (HandOver(bundle_id, ids, at), WriteBundle(bundle_id, actor.account_id, folder, left, at))


def written(state: SyncState, event: BundleWritten) -> Step:
    """Take how the file came out; commands whose file does not exist are with nobody."""
    note = replace(event.note, n=state.courier.note.n + 1)
    state = replace(state, courier=replace(state.courier, note=note)).with_sending(queue=None)
    state = state.with_receiving(copy_changes=state.receiving.copy_changes + 1)
    return state, ((TakeBackBundle(event.bundle_id),) if note.code else ())


def disturbed(state: SyncState, code: str, at: Moment) -> SyncState:
    """The local copy failed while a file was wanted: there is none."""
    return _failed(state, code, at) if state.courier.note.is_being_written else state


def answers_brought(state: SyncState, event: AnswersBrought) -> Step:
    """Settle what the answers settle, whoever is signed in. What has to wait stays as it was in the outbox.

    If the copy has gone over to another epoch since they were looked at, the register may have lost what they call
    accepted, and the comparison that would tell is over: nothing is taken of them.
    """
    if state.position is None:
        return _failed(state, "courier_not_read", event.at), ()
    if state.position.epoch != event.beside:
        return _failed(state, "courier_answers_of_another", event.at), ()
    settlements = tuple(
        replace(settlement(outcome, event.at.wall, timedelta), epoch=event.epoch)
        for outcome in event.outcomes
        if outcome.kind not in _NOT_FINAL
    )
    state = state.with_sending(queue=None).with_receiving(
        copy_changes=state.receiving.copy_changes + 1, caught_up=False
    )
    return state, ((Settle(settlements),) if settlements else ())


def carried(rows: Iterable[QueueRow]) -> tuple[CommandId, ...]:
    """Return what goes into a file: all that waits, in its order, as far as it fits and stands behind nothing else."""
    chosen: list[CommandId] = []
    missing: set[CommandId] = set()
    blocked: set[str] = set()
    size = _FRAME_BYTES
    for row in sorted(rows, key=lambda row: row.counter):
        if row.state is RowState.NEEDS_YOU:
            continue
        fits = size + row.size <= PAYLOAD_BYTES
        if (
            row.state in UNSENT
            and row.has_receipt
            and fits
            and not (row.subject in blocked or row.depends_on in missing)
        ):
            chosen.append(row.id)
            size += row.size
        else:
            missing.add(row.id)
            blocked.add(row.subject)
    return tuple(chosen)


def _failed(state: SyncState, code: str, at: Moment) -> SyncState:
    note = BundleNote(state.courier.note.n + 1, code=code, at=at.wall)
    return replace(state, courier=replace(state.courier, folder="", note=note))
