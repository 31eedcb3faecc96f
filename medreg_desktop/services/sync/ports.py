"""The two things the driver acts on: the local copy and the service. The simulator brings its own of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from medreg_core.contract.v1.commands import Command, CommandBatch, OutcomeBatch
from medreg_core.contract.v1.devices import Purpose, RescuedCommand, RescueReceipt, SignedByDevice, WipeAnswer
from medreg_core.contract.v1.feed import (
    BucketRows,
    ChangePage,
    DigestAnswer,
    DigestQuery,
    SnapshotEnd,
    SnapshotHead,
    SnapshotLine,
    SnapshotMark,
    SnapshotRow,
)
from medreg_core.contract.v1.messages import Hello, Pong, PublicKey, Welcome
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import AccountId, CommandId, DeviceId
from medreg_desktop.services.sync.effects import EndOutage, NoteOutage
from medreg_desktop.services.sync.outbox_view import PendingCommand, Position, QueueRow, Settlement, Stock


class TooManyRemovals(Exception):
    """The server would have us remove suspiciously many rows (``sync.md`` §5.5): so many, of so many.

    ``which`` names the very rows, of a snapshot.
    """

    def __init__(self, removals: int = 0, total: int = 0, which: str = "") -> None:
        super().__init__(f"{removals} of {total}")
        self.removals = removals
        self.total = total
        self.which = which


class LocalCopy(Protocol):
    """The encrypted cache as sync sees it. Every writing call is one transaction; all may raise KnownFault."""

    def position(self) -> Position:
        """Return where the copy stands."""
        ...

    def queue(self, account_id: AccountId) -> tuple[QueueRow, ...]:
        """Return the account's commands that are not done, by counter."""
        ...

    def commands(self, ids: Iterable[CommandId], *, rehearsed: bool = False) -> tuple[Command, ...]:
        """Return the commands in the order asked: those in flight, or with ``rehearsed`` those that wait."""
        ...

    def receipts(self, ids: Iterable[CommandId]) -> tuple[Link, ...]:
        """Return the receipts that go with the commands; some may be of commands called back just before them."""
        ...

    def mark_in_flight(self, ids: tuple[CommandId, ...]) -> None:
        """Make the commands immutable: they leave now."""
        ...

    def note_outage(self, told: NoteOutage | EndOutage) -> None:
        """Write down that contact was lost, or found again."""
        ...

    def hand_over(self, bundle_id: str, ids: tuple[CommandId, ...], at: datetime) -> None:
        """Note that the commands go into a courier's file: they are as if sent."""
        ...

    def take_back(self, bundle_id: str) -> None:
        """Forget a courier's file that was not finished."""
        ...

    def write_bundle(
        self, bundle_id: str, account_id: AccountId, device_id: DeviceId, folder: str, at: datetime
    ) -> tuple[str, int]:
        """Write the courier's file; return its name and how many commands it carries. KnownFault: the stick's."""
        ...

    def settle(self, settlements: tuple[Settlement, ...], at: datetime) -> None:
        """Write what became of each command, with its outcome, and count the attempt."""
        ...

    def hasten(self, account_id: AccountId) -> None:
        """Clear ``next_try`` of the account's queued and deferred commands."""
        ...

    def keep_welcome(self, welcome: Welcome, at: datetime) -> tuple[PublicKey, ...]:
        """Store server id, keys, lease, institution, offline_until and the time of contact; return the keys trusted."""
        ...

    def begin_snapshot(self, head: SnapshotHead) -> None:
        """Empty the shadow tables and note the epoch."""
        ...

    def keep_block(self, rows: tuple[SnapshotRow, ...], mark: SnapshotMark) -> None:
        """Add rows and their mark to the shadow tables."""
        ...

    def finish_snapshot(self, rows: tuple[SnapshotRow, ...], end: SnapshotEnd, epoch: str, *, confirmed: str) -> bool:
        """Add the last rows and swap the shadow tables in, with cursor, seq and epoch; outbox and drafts stay.

        Return whether that removed the many rows that ``confirmed`` names.

        Raises:
            TooManyRemovals: unless they are those of ``confirmed``; nothing was swapped.
        """
        ...

    def drop_snapshot(self) -> None:
        """Empty the shadow tables and forget the progress."""
        ...

    def keep_page(self, page: ChangePage, *, confirmed: bool) -> None:
        """Apply the page where its versions are newer, and move the cursor.

        Raises:
            TooManyRemovals: the run removes more than max(50, 20 %), unless ``confirmed``; nothing was applied.
        """
        ...

    def digest(self, page: ChangePage | None) -> tuple[int, tuple[int, ...]]:
        """Return the number of rows and the 256 bucket sums of the copy; with ``page``, as it would be after it."""
        ...

    def keep_bucket(self, rows: BucketRows) -> None:
        """Make the bucket equal to these rows."""
        ...

    def seal(self, order: WipeAnswer) -> None:
        """Keep the order; from then on nothing can be saved."""
        ...

    def unseal(self) -> None:
        """Forget the order."""
        ...

    def pending(self) -> tuple[PendingCommand, ...]:
        """Return every command that is not done, of all who worked here, in the order they were made."""
        ...

    def rescued(self, ids: Iterable[CommandId]) -> tuple[RescuedCommand, ...]:
        """Return the commands with this device's testimony about them, in the order asked."""
        ...

    def stock(self, now: datetime) -> Stock:
        """Return what this device holds in advance; ``now`` is this computer's clock."""
        ...


class Service(Protocol):
    """The service as sync sees it. Every call may raise TransportFault or Interrupted."""

    def expect(self, server_id: str) -> None:
        """From now on only this server's answers are ours; empty accepts the first that answers."""
        ...

    def trust(self, keys: tuple[PublicKey, ...], heard: tuple[PublicKey, ...] = ()) -> None:
        """From now on an order to leave must be signed by one of these keys, a ping by one of them or of ``heard``.

        ``heard`` are those that hello named, proven or not: a ping only tells a portal from the service that answered.
        Without any a ping is accepted from anybody.
        """
        ...

    def hello(self, hello: Hello) -> Welcome:
        """``POST /sync/hello``."""
        ...

    def ping(self) -> Pong:
        """``GET /ping`` with a fresh nonce, its proof checked."""
        ...

    def snapshot(self, after: str) -> AbstractContextManager[Iterator[SnapshotLine]]:
        """``GET /sync/snapshot``; leaving the context closes the stream."""
        ...

    def changes(self, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
        """``GET /sync/changes``; raises Interrupted soon after ``unwanted()`` turns true."""
        ...

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        """``POST /sync/commands``."""
        ...

    def digest(self, query: DigestQuery) -> DigestAnswer:
        """``POST /sync/digest``."""
        ...

    def bucket(self, number: int) -> BucketRows:
        """``GET /sync/buckets/{n}``."""
        ...

    def wipe_check(self, query: SignedByDevice, nonce: str) -> WipeAnswer:
        """``POST /device/wipe/check``, its proof over ``nonce`` checked against the keys this copy trusts."""
        ...

    def rescue(self, query: SignedByDevice, nonce: str) -> RescueReceipt:
        """``POST /device/rescue``, its proof checked as well."""
        ...

    def wipe_done(self, query: SignedByDevice) -> None:
        """``POST /device/wipe/done``."""
        ...


class Departure(Protocol):
    """What ends this installation. Every method may be done again after a kill; all but ``signed`` raise KnownFault."""

    def signed(self, purpose: Purpose, content: Struct) -> SignedByDevice:
        """Return the content as this device signs it."""
        ...

    def take_leave(self, order: WipeAnswer, done: SignedByDevice, rescued: int) -> None:
        """Put down durably that this computer leaves, why, and the word that will say so; then let go of the copy."""
        ...

    def destroy_key(self) -> None:
        """Make the copy unreadable for ever."""
        ...

    def delete_copy(self) -> None:
        """Delete the files and all settings that say something of persons."""
        ...

    def done(self) -> SignedByDevice:
        """Return the word that was put down at leaving."""
        ...

    def note_gone(self) -> None:
        """Note that the service has heard it."""
        ...
