"""What the engine does about the copy: snapshot, feed, digest and repair (``sync.md`` §5.3–5.5, §5.12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from medreg_core.contract.v1.digest import row_hash
from medreg_core.contract.v1.feed import ChangePage, SnapshotRow
from medreg_desktop.services.sync.circuit import back_off_s
from medreg_desktop.services.sync.effects import (
    BeginSnapshot,
    DropSnapshot,
    FinishSnapshot,
    KeepBlock,
    KeepBucket,
    KeepPage,
    StopSnapshot,
)
from medreg_desktop.services.sync.events import (
    BucketArrived,
    Call,
    DigestAnswered,
    Failed,
    Moment,
    PageArrived,
    RemovalsHeld,
    RemovalsJudged,
    SnapshotBlock,
    SnapshotEnded,
    SnapshotOpened,
)
from medreg_desktop.services.sync.outbox_view import Position, RowState, SnapshotProgress
from medreg_desktop.services.sync.report import Guard, GuardState
from medreg_desktop.services.sync.state import Step, SyncState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

GAPS_BEFORE_RESYNC = 3
REPAIRS_BEFORE_RESYNC = 3
DIGEST_EVERY_S = 3600.0
"""The copy is compared after each hello and each snapshot, and hourly in a program that is never closed."""

RESYNC_STEPS = 3
RESYNC_CAP_S = 3600.0
"""A whole snapshot is dear: repeated ones begin with waits of some ten seconds and end with an hour."""

CURSOR_CALLS = frozenset({Call.SNAPSHOT, Call.CHANGES, Call.DIGEST})

_INCONSISTENT = Trouble(TroubleKind.SERVER, "copy_inconsistent")

UNSETTLED_WAIT_S = 30.0
"""The server could not compare yet, because the register has moved on since our cursor."""

AT_ONCE_S, PAUSE_S = 1.0, 2.0
"""A long poll that brings nothing sooner than the first was no wait: the next one is not sent before the second."""


def snapshot_opened(state: SyncState, event: SnapshotOpened) -> Step:
    """Continue the half-built snapshot if it is of the same epoch, else start an empty one.

    One of another epoch than hello told is of before a restore, out of some cache: laid beside it, everything decided
    since would look lost. Or the register has been restored just now; hello tells.
    """
    position = state.position or Position()
    begun, head, told = position.snapshot, event.head, state.contact.epoch
    if told and head.epoch != told:
        return _snapshot_wrong(state.with_contact(greeted=False), event.at)
    if begun is not None and begun.epoch == head.epoch:
        progress = replace(begun, total=head.total)
        return replace(state, position=replace(position, snapshot=progress)), ()
    if begun is not None:
        # The stream continues a snapshot of another epoch: its rows must not be mixed. Start again from the first row.
        state = replace(state, busy=None, position=replace(position, snapshot=None))
        return state, (StopSnapshot(), DropSnapshot())
    progress = SnapshotProgress(head.epoch, total=head.total)
    return replace(state, position=replace(position, snapshot=progress)), (BeginSnapshot(head),)


def snapshot_block(state: SyncState, event: SnapshotBlock) -> Step:
    """Commit what a mark covers; commands that were saved meanwhile go first, the stream is resumed after them."""
    position = state.position or Position()
    if position.snapshot is None:
        return state, ()
    progress = _with_rows(position.snapshot, event.rows)
    if (event.mark.count, event.mark.digest) != (progress.count, progress.digest):
        return _snapshot_wrong(state, event.at)
    progress = replace(progress, after=event.mark.after)
    state = replace(state, position=replace(position, snapshot=progress))
    state = state.with_receiving(
        circuit=state.receiving.circuit.passed(), copy_changes=state.receiving.copy_changes + 1
    )
    keep = KeepBlock(event.rows, event.mark)
    if state.sending.queue is None or state.actor is None:
        return replace(state, busy=None), (keep, StopSnapshot())
    return state, (keep,)


def snapshot_ended(state: SyncState, event: SnapshotEnded) -> Step:
    """Put the whole snapshot in the copy's place; the feed from its head repairs what changed while it streamed."""
    position = state.position or Position()
    state = replace(state, busy=None)
    begun = position.snapshot and _with_rows(position.snapshot, event.rows)
    if begun is None or (event.end.count, event.end.digest) != (begun.count, begun.digest):
        return _snapshot_wrong(state, event.at)
    if _is_of_before(state, begun.epoch, event.end.seq):
        return _snapshot_wrong(state, event.at)
    state = replace(
        state,
        position=replace(position, epoch=begun.epoch, cursor=event.end.cursor, seq=event.end.seq, snapshot=None),
    )
    receiving = state.receiving
    state = state.with_receiving(
        circuit=receiving.circuit.passed(),
        caught_up=False,
        resync="",
        digest_from=event.at.mono,
        repair=(),
        gaps=0,
        held=None,
        copy_changes=receiving.copy_changes + 1,
    )
    # The outbox is read again: a register that came back from a backup may have lost what it had accepted.
    state = state.with_sending(queue=None)
    return state, (
        FinishSnapshot(event.rows, event.end, begun.epoch, receiving.held_removals, judges=_holds_removals(state)),
    )


def _is_of_before(state: SyncState, epoch: str, seq: int) -> bool:
    """Whether a snapshot would take the copy back: some cache in between has answered, with what was true once.

    Unless the register itself says that it stands before us.
    """
    position = state.position or Position()
    return (
        bool(position.cursor) and epoch == position.epoch and seq < position.seq and state.receiving.resync != "ahead"
    )


def page_arrived(state: SyncState, event: PageArrived) -> Step:
    """Apply a page that continues exactly where the copy stands; anything else stops, is noted, and asks the digest."""
    position, page = state.position or Position(), event.page
    state = replace(state, busy=None)
    if not _continues(position, page):
        return _gap(state, event.at), ()
    changed = bool(page.changes)
    receiving = state.receiving
    state, drop = _moved_to(state, page)
    if changed:
        state = _with_the_lost(state)
    circuit = receiving.circuit.passed()
    if event.wait_s and not changed and event.at.mono - state.contact.asked_mono < AT_ONCE_S:
        circuit = circuit.waiting(PAUSE_S, event.at)
    state = state.with_receiving(
        circuit=circuit,
        caught_up=not page.more,
        gaps=0,
        synced_at=receiving.synced_at if page.more else event.at.wall,
        copy_changes=receiving.copy_changes + changed,
    )
    # An empty page moves the cursor too: the server may have renewed its signature or its horizon.
    return state, ((*drop, KeepPage(page)) if changed or page.cursor != position.cursor else ())


def _with_the_lost(state: SyncState) -> SyncState:
    """Read the queue again behind new rows if it asks somebody: they may show that what was lost is held again."""
    asked = any(row.state is RowState.NEEDS_YOU for row in state.sending.queue or ())
    return state.with_sending(queue=None) if asked else state


def _moved_to(state: SyncState, page: ChangePage) -> Step:
    """Stand where the page ends. A half-built snapshot goes: it is of before, and would take the copy back there."""
    position = state.position or Position()
    drop = (DropSnapshot(),) if position.snapshot is not None else ()
    return replace(state, position=replace(position, cursor=page.cursor, seq=page.last, snapshot=None)), drop


def removals_held(state: SyncState, event: RemovalsHeld) -> SyncState:
    """Keep the page until the digest agrees with it; a snapshot is streamed a second time, which must say the same.

    One that says otherwise is held in its turn, and the next is fetched later each time.
    """
    state = replace(state, busy=None, position=None)
    receiving = state.receiving
    since = receiving.guard.since if receiving.guard and _holds_removals(state) else event.at.wall
    guard = Guard(GuardState.HELD, event.removals, event.total, since)
    state = state.with_receiving(guard=guard, anomalies=receiving.anomalies + 1)
    if event.page is None:
        state = _resync(state.with_receiving(held_removals=event.which), "removals")
        return _later_each_time(state, _INCONSISTENT, event.at) if receiving.held_removals else state
    if event.page.more:
        # The digest is compared at the head, which this page does not reach: two snapshots have to agree instead.
        return _resync(state, "removals")
    return state.with_receiving(held=event.page)


def removals_judged(state: SyncState, event: RemovalsJudged) -> SyncState:
    """Note how it ended: the register has said the same twice, or it holds those rows after all."""
    state = state.with_receiving(held_removals="")
    return _guard_ends(state, GuardState.CONFIRMED if event.carried_out else GuardState.REFETCHED)


def digest_answered(state: SyncState, event: DigestAnswered) -> Step:
    """Plan the repair of the buckets that differ; after three rounds in vain the copy is built anew."""
    state = replace(state, busy=None)
    if state.receiving.held is not None:
        return _held_page_judged(state, state.receiving.held, event)
    state = state.with_receiving(resyncs=0)
    receiving = state.receiving
    passed = receiving.circuit.passed()
    if not event.answer.settled:
        return state.with_receiving(circuit=passed, digest_from=event.at.mono + UNSETTLED_WAIT_S), ()
    if not event.answer.differing:
        return state.with_receiving(circuit=passed, digest_from=event.at.mono + DIGEST_EVERY_S, repair_rounds=0), ()
    if receiving.repair_rounds >= REPAIRS_BEFORE_RESYNC:
        return _resync(state, "digest"), ()
    return state.with_receiving(
        circuit=passed,
        repair=event.answer.differing,
        repair_rounds=receiving.repair_rounds + 1,
        anomalies=receiving.anomalies + 1,
    ), ()


def _held_page_judged(state: SyncState, page: ChangePage, event: DigestAnswered) -> Step:
    receiving = state.receiving
    state = state.with_receiving(held=None, caught_up=False)
    if not event.answer.settled:
        # The register has moved on: the next page will contain these removals too, and be judged in its turn.
        waiting = receiving.circuit.passed().waiting(UNSETTLED_WAIT_S, event.at)
        return state.with_receiving(circuit=waiting), ()
    if event.answer.differing:
        return _guard_ends(_resync(state, "removals"), GuardState.REFETCHED), ()
    state, drop = _moved_to(state, page)
    state = state.with_receiving(circuit=receiving.circuit.passed(), copy_changes=receiving.copy_changes + 1)
    return _guard_ends(state, GuardState.CONFIRMED), (*drop, KeepPage(page, confirmed=True))


def _holds_removals(state: SyncState) -> bool:
    guard = state.receiving.guard
    return guard is not None and guard.state is GuardState.HELD


def _guard_ends(state: SyncState, end: GuardState) -> SyncState:
    guard = state.receiving.guard
    return state.with_receiving(guard=replace(guard, state=end)) if guard is not None else state


def bucket_arrived(state: SyncState, event: BucketArrived) -> Step:
    """Replace one bucket; when the last is replaced the digest is compared once more."""
    state = replace(state, busy=None)
    receiving = state.receiving
    rest = tuple(bucket for bucket in receiving.repair if bucket != event.rows.bucket)
    state = state.with_receiving(
        circuit=receiving.circuit.passed(),
        repair=rest,
        repaired=receiving.repaired + 1,
        copy_changes=receiving.copy_changes + 1,
    )
    return _with_the_lost(state), (KeepBucket(event.rows),)


def receiving_failed(state: SyncState, event: Failed) -> Step:
    """A call of the receiving class failed: wait, start anew, or stop, by the class of trouble."""
    trouble = event.trouble
    # The next question must not be a long poll: the screen would call a service silent that is back already.
    state = state.with_receiving(caught_up=False)
    if trouble.kind is TroubleKind.RESYNC and event.call in CURSOR_CALLS:
        return _dead_cursor(state, event)
    if trouble.kind is TroubleKind.REFUSED:
        return state.with_contact(blocked=trouble.code), ()
    state, chance = state.chance()
    if event.call is Call.PING and state.sending.circuit.is_open:
        state = state.with_sending(circuit=state.sending.circuit.failed(trouble, event.at, chance))
    return state.with_receiving(circuit=state.receiving.circuit.failed(trouble, event.at, chance)), ()


def _dead_cursor(state: SyncState, event: Failed) -> Step:
    """410: build a new snapshot beside the copy, at once the first time; a server that says it again and again waits.

    If the snapshot's own token is dead, it starts again from the first row.
    """
    state = _resync(state, event.trouble.params.get("reason", "compacted"))
    state = _later_each_time(state, event.trouble, event.at)
    position = state.position
    if event.call is Call.SNAPSHOT and position is not None and position.snapshot is not None:
        return replace(state, position=replace(position, snapshot=None)), (DropSnapshot(),)
    return state, ()


def _later_each_time(state: SyncState, trouble: Trouble, at: Moment) -> SyncState:
    """Count a snapshot that has to be fetched; the first is fetched at once."""
    state, chance = state.chance()
    receiving = state.receiving
    state = state.with_receiving(resyncs=receiving.resyncs + 1)
    if receiving.resyncs == 0:
        return state
    wait_s = back_off_s(receiving.resyncs + RESYNC_STEPS, chance, RESYNC_CAP_S)
    return state.with_receiving(circuit=replace(receiving.circuit, trouble=trouble).waiting(wait_s, at))


def _resync(state: SyncState, reason: str) -> SyncState:
    return state.with_receiving(resync=reason, caught_up=False, repair=(), repair_rounds=0, gaps=0)


def _with_rows(progress: SnapshotProgress, rows: Iterable[SnapshotRow]) -> SnapshotProgress:
    """Count the rows and carry the running digest on, exactly as the server does."""
    count, digest = progress.count, int(progress.digest, 16)
    for row in rows:
        count, digest = count + 1, (digest + row_hash(row.id, row.version)) % (1 << 64)
    return replace(progress, count=count, digest=f"{digest:016x}")


def _continues(position: Position, page: ChangePage) -> bool:
    """Receiver's checks (``sync.md`` §5.5): same epoch, next after our seq, rising, not past the page's end."""
    if page.epoch != position.epoch or page.after != position.seq or page.last < page.after:
        return False
    seqs = [page.after, *(change.seq for change in page.changes), page.last + 1]
    return all(earlier < later for earlier, later in pairwise(seqs))


def _gap(state: SyncState, at: Moment) -> SyncState:
    """A stale or foreign page is not applied. Once may be a cache in between; three times in a row is a dead cursor."""
    receiving = state.receiving
    state = state.with_receiving(gaps=receiving.gaps + 1, anomalies=receiving.anomalies + 1, digest_from=at.mono)
    if state.receiving.gaps >= GAPS_BEFORE_RESYNC:
        return _resync(state, "gap")
    return _not_understood(state, at)


def _snapshot_wrong(state: SyncState, at: Moment) -> Step:
    """Count or digest of a mark or of the end do not fit the rows: nothing of it is believed."""
    position = state.position or Position()
    state = replace(state, busy=None, position=replace(position, snapshot=None))
    state = state.with_receiving(anomalies=state.receiving.anomalies + 1)
    return _not_understood(state, at), (StopSnapshot(), DropSnapshot())


def _not_understood(state: SyncState, at: Moment) -> SyncState:
    state, chance = state.chance()
    # What the next page would have told is not known: not caught up, so the next question is no long poll either.
    return state.with_receiving(circuit=state.receiving.circuit.failed(_INCONSISTENT, at, chance), caught_up=False)
