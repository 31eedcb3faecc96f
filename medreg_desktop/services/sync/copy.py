"""The cache as the sync engine sees it: each call one transaction of the store, in the store's own words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from medreg_core.contract.v1.commands import Command
from medreg_core.contract.v1.devices import RescuedCommand, WipeAnswer
from medreg_core.contract.v1.feed import BucketRows, ChangePage, SnapshotEnd, SnapshotHead, SnapshotMark, SnapshotRow
from medreg_core.contract.v1.messages import PublicKey, Welcome
from medreg_core.contract.v1.receipts import LINK_BYTES, Link
from medreg_core.domain.records import AccountId, ApplicationId, CommandId, DeviceId
from medreg_desktop.services.cache import (
    applications,
    codes,
    commands,
    handovers,
    leases,
    outages,
    outbox,
    outbox_moves,
    receipts,
    sync_state,
    unfinished,
)
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.feed import Feed, FeedBroken, MassRemoval
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.snapshot import Snapshot
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.synced import Judge
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.bundle_file import write_commands
from medreg_desktop.services.sync.effects import EndOutage, NoteOutage
from medreg_desktop.services.sync.outbox_view import (
    PendingCommand,
    Position,
    QueueRow,
    RowState,
    Settlement,
    SnapshotProgress,
    Stock,
)
from medreg_desktop.services.sync.ports import TooManyRemovals

_encode = msgspec.json.Encoder().encode

_SLICE = 500
"""Commands of the outbox that are read at a time: some milliseconds."""


class CacheCopy:
    """The local copy of one office. Used by the sync thread alone; the store runs the transactions on its writer."""

    def __init__(self, store: CacheStore, judge: Judge) -> None:
        self._store = store
        self._feed = Feed(store, judge)
        self._snapshot = Snapshot(store, judge)
        self._removed_in_run = 0

    def position(self) -> Position:
        """Return where the copy stands; what a killed program left in flight is in the queue again."""
        return self._store.write(_position)

    def queue(self, account_id: AccountId) -> tuple[QueueRow, ...]:
        """Return all of the account's commands that are not done, in slices: a decision waits for one at most.

        All: however many need their author, what stands behind them has to leave.
        """
        found: list[QueueRow] = []
        while True:
            some = self._queue_behind(account_id, found[-1].counter if found else 0)
            found += some
            if len(some) < _SLICE:
                return tuple(found)

    def _queue_behind(self, account_id: AccountId, counter: int) -> list[QueueRow]:
        def work(conn: Connection) -> list[QueueRow]:
            rows = outbox.open_behind(conn, account_id, counter, _SLICE)
            receipted = receipts.known(conn, [row.command.id for row in rows])
            return [_queue_row(row, receipted) for row in rows]

        return self._store.write(work)

    def commands(self, ids: Iterable[CommandId], *, rehearsed: bool = False) -> tuple[Command, ...]:
        """Return the commands that are in flight, in the order asked: one called back meanwhile must not leave.

        What is only ``rehearsed`` is not in flight: it waits, and stays what the registrar may still change.
        """
        wanted, state = tuple(ids), OutboxState.QUEUED if rehearsed else OutboxState.IN_FLIGHT

        def work(conn: Connection) -> tuple[Command, ...]:
            rows = (outbox.row_of(conn, command) for command in wanted)
            return tuple(row.command for row in rows if row.state is state)

        return self._store.write(work)

    def receipts(self, ids: Iterable[CommandId]) -> tuple[Link, ...]:
        """Return the receipts that go with these commands."""
        return self._store.write(lambda conn: receipts.links_for(conn, ids))

    def mark_in_flight(self, ids: tuple[CommandId, ...]) -> None:
        """The commands leave now."""

        def work(conn: Connection) -> None:
            outbox_moves.set_in_flight(conn, ids)
            _refresh(conn, ids)

        self._store.write(work)

    def note_outage(self, told: NoteOutage | EndOutage) -> None:
        """Write down that contact was lost, or found again."""

        def work(conn: Connection) -> None:
            if isinstance(told, NoteOutage):
                outages.note(conn, told.at.wall, told.cause, told.offset_s)
            else:
                outages.end(conn, told.at.wall, told.lasted_s, told.offset_s)

        self._store.write(work)

    def hand_over(self, bundle_id: str, ids: tuple[CommandId, ...], at: datetime) -> None:
        """The commands go into a courier's file."""
        self._store.write(lambda conn: handovers.hand_over(conn, ids, bundle_id, at))

    def take_back(self, bundle_id: str) -> None:
        """The file was not finished."""
        self._store.write(lambda conn: handovers.take_back(conn, bundle_id))

    def write_bundle(
        self, bundle_id: str, account_id: AccountId, device_id: DeviceId, folder: str, at: datetime
    ) -> tuple[str, int]:
        """Write the courier's file."""
        return write_commands(self._store, bundle_id, account_id, device_id, Path(folder), at)

    def settle(self, settlements: tuple[Settlement, ...], at: datetime) -> None:
        """Write what became of each command, all or none."""

        def work(conn: Connection) -> None:
            for settlement in settlements:
                _settle(conn, settlement, at)
            _refresh(conn, [item.id for item in settlements])

        self._store.write(work)

    def hasten(self, account_id: AccountId) -> None:
        """Forget the waits of the account's commands."""
        self._store.write(lambda conn: outbox_moves.retry_now(conn, actor=account_id))

    def keep_welcome(self, welcome: Welcome, at: datetime) -> tuple[PublicKey, ...]:
        """Store what hello told; return the keys trusted now."""
        return self._store.write(lambda conn: sync_state.note_welcome(conn, welcome, at))

    def begin_snapshot(self, head: SnapshotHead) -> None:
        """Start an empty snapshot beside the copy."""
        self._snapshot.abandon()
        self._snapshot.begin(head.epoch, head.total)

    def keep_block(self, rows: tuple[SnapshotRow, ...], mark: SnapshotMark) -> None:
        """Add the rows up to a mark."""
        self._snapshot.add(rows, mark)

    def finish_snapshot(self, rows: tuple[SnapshotRow, ...], end: SnapshotEnd, epoch: str, *, confirmed: str) -> bool:
        """Make the snapshot the copy; what is refused for its many removals is streamed again."""
        del epoch  # the store noted it when the snapshot began
        try:
            with _checked():
                done = self._snapshot.finish(rows, end, removals_confirmed=confirmed)
        except TooManyRemovals:
            self._snapshot.abandon()
            raise
        self._removed_in_run = 0  # what went has been confirmed by the whole: the next page is not to be held for it
        return done.confirmed

    def drop_snapshot(self) -> None:
        """Throw the half-built snapshot away."""
        self._snapshot.abandon()

    def keep_page(self, page: ChangePage, *, confirmed: bool) -> None:
        """Apply a page with its cursor."""
        with _checked():
            applied = self._feed.apply_page(page, removed_before=self._removed_in_run, removals_confirmed=confirmed)
        self._removed_in_run = self._removed_in_run + applied.removed if page.more and not confirmed else 0

    def digest(self, page: ChangePage | None) -> tuple[int, tuple[int, ...]]:
        """Return count and bucket sums of the copy, or of what a page would make of it."""
        found = self._feed.digest_with(page) if page is not None else self._feed.digest()
        return found.count, found.buckets

    def keep_bucket(self, rows: BucketRows) -> None:
        """Make one bucket equal to the register's."""
        self._feed.repair_bucket(rows)

    def stock(self, now: datetime) -> Stock:
        """Return what this device holds in advance."""

        def work(conn: Connection) -> Stock:
            at = sync_state.server_time(conn, now)
            return Stock(leases.left(conn, at), codes.left(conn, at), leases.held(conn))

        return self._store.write(work)

    def seal(self, order: WipeAnswer) -> None:
        """Let nothing be saved any more; the order is kept with the copy."""
        self._store.write(lambda conn: unfinished.seal(conn, order))

    def unseal(self) -> None:
        """Let work go on."""
        self._store.write(unfinished.unseal)

    def pending(self) -> tuple[PendingCommand, ...]:
        """Return what nobody here has finished."""
        found = self._store.write(unfinished.sizes)
        return tuple(PendingCommand(command, size + LINK_BYTES) for command, size in found)

    def rescued(self, ids: Iterable[CommandId]) -> tuple[RescuedCommand, ...]:
        """Return the commands with this device's testimony."""
        wanted = tuple(ids)
        return self._store.write(lambda conn: unfinished.testimony(conn, wanted))


@contextmanager
def _checked() -> Iterator[None]:
    """Translate what the cache refuses into the words of the port."""
    try:
        yield
    except MassRemoval as held:
        raise TooManyRemovals(held.removals, held.total, held.which) from held
    except FeedBroken as broken:
        raise KnownFault("copy_inconsistent", reason=broken.reason) from broken


def _position(conn: Connection) -> Position:
    commands.reclaim(conn)
    known = sync_state.read(conn)
    institution = sync_state.institution(conn)
    begun = None
    if known.snapshot_after:
        begun = SnapshotProgress(
            known.snapshot_epoch,
            known.snapshot_after,
            known.snapshot_rows,
            known.snapshot_digest or "0" * 16,
            known.snapshot_total,
        )
    return Position(
        epoch=known.epoch,
        cursor=known.cursor,
        seq=known.seq,
        server_id=known.server_id,
        institution_id=institution.id if institution is not None else "",
        snapshot=begun,
        keys=sync_state.public_keys(conn),
        order=unfinished.order(conn),
        courier_key=sync_state.courier_key(conn),
    )


def _queue_row(row: OutboxRow, receipted: Collection[CommandId] = ()) -> QueueRow:
    return QueueRow(
        id=row.command.id,
        subject=row.command.subject,
        counter=row.n,
        size=len(_encode(row.command)) + 1 + LINK_BYTES,
        state=RowState(row.state.value),
        depends_on=row.command.depends_on,
        attempts=row.attempts,
        next_try=row.next_try,
        waiting_since=row.deferred_since if row.state is OutboxState.DEFERRED else None,
        schema=row.command.schema,
        has_receipt=row.command.id in receipted,
    )


def _settle(conn: Connection, item: Settlement, at: datetime) -> None:
    if item.outcome is not None:
        commands.settle(conn, item.outcome, at, next_try=item.next_try, epoch=item.epoch)
    elif item.state is RowState.QUARANTINED:
        outbox_moves.quarantine(conn, item.id, item.cause)
    else:
        outbox_moves.back_off(conn, [item.id], item.cause, item.next_try, counted=item.counted)


def _refresh(conn: Connection, ids: Iterable[CommandId]) -> None:
    applications.refresh(conn, _applications(conn, ids))


def _applications(conn: Connection, ids: Iterable[CommandId]) -> list[ApplicationId]:
    found = (outbox.find(conn, command) for command in ids)
    return list(dict.fromkeys(row.command.application_id for row in found if row is not None))
