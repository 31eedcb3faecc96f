"""Applies what the server sends to the copy: pages of changes, and the repair of a bucket (``sync.md`` §5.5, §5.12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from medreg_core.contract.v1.digest import bucket_of, bucket_sums
from medreg_core.contract.v1.feed import DIGEST_BUCKETS, BucketRows, Change, ChangePage, Op
from medreg_core.domain.records import ApplicationId, Institution
from medreg_desktop.services.cache import applications, outbox, restored, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.synced import Judge, Judged, ServerRow
from medreg_desktop.services.courtesy import courteous

_ALWAYS_ALLOWED_REMOVALS = 50
_ALLOWED_SHARE = 5  # one fifth
_CHUNK = 200
_SLICE = 2_000  # rows whose versions are read at a time: some milliseconds


class FeedBroken(Exception):
    """A page does not continue the copy; nothing of it was applied. ``reason``: epoch, gap, order or digest."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MassRemoval(Exception):
    """A run would remove more than max(50, 20 %); applied only if the digest confirms it (``sync.md`` §5.5).

    ``which`` names the rows that a snapshot would remove: the next one has to remove the same.
    """

    def __init__(self, removals: int, total: int, which: str = "") -> None:
        super().__init__(f"{removals} of {total}")
        self.removals = removals
        self.total = total
        self.which = which


@dataclass(frozen=True, slots=True)
class Applied:
    """What a page did."""

    changed: tuple[ApplicationId, ...]
    removed: int
    seq: int


@dataclass(frozen=True, slots=True)
class Digest:
    """Count and bucket sums of the copy, for :class:`~medreg_core.contract.v1.feed.DigestQuery`."""

    count: int
    buckets: tuple[int, ...]


class Feed:
    """The one way server rows enter the copy after the snapshot. Called by the sync thread."""

    def __init__(self, store: CacheStore, judge: Judge) -> None:
        self._store = store
        self._judge = judge

    def apply_page(self, page: ChangePage, *, removed_before: int = 0, removals_confirmed: bool = False) -> Applied:
        """Apply a page, its cursor and the overlay's end in one transaction.

        ``removed_before`` counts what earlier pages of the same run have removed.

        Raises:
            FeedBroken: the page is of another epoch or does not begin where the copy ends.
            MassRemoval: too many rows would go; ask for the digest, then call again with ``removals_confirmed``.
            KnownFault: from the store; nothing was applied.
        """
        latest = _latest(page.changes)
        rows = self._judged([change for change in latest if change.op is Op.UPSERT])
        gone = [(change.kind, change.id) for change in latest if change.op is not Op.UPSERT]

        def work(conn: Connection) -> Applied:
            _check_continues(page, sync_state.read(conn))
            existing = synced.existing(conn, gone)
            if not removals_confirmed:
                _check_removals(len(existing) + removed_before, synced.count(conn) + removed_before)
            return _applied(conn, page, rows, existing)

        return self._store.write(work)

    def digest(self) -> Digest:
        """Return the digest of the copy."""
        count, sums = 0, [0] * DIGEST_BUCKETS
        for rows in self._versions():
            count += len(rows)
            sums = [(a + b) % (1 << 64) for a, b in zip(sums, bucket_sums(courteous(rows)), strict=True)]
        return Digest(count, tuple(sums))

    def digest_with(self, page: ChangePage) -> Digest:
        """Return the digest the copy would have after the page: to have a mass removal confirmed before it is done."""
        rows = {i: version for some in self._versions() for i, version in some}
        for change in _latest(page.changes):
            if change.op is Op.UPSERT:
                rows[change.id] = change.version
            else:
                rows.pop(change.id, None)
        return Digest(len(rows), tuple(bucket_sums(rows.items())))

    def _versions(self) -> Iterator[list[tuple[str, int]]]:
        """Yield id and version of all rows in slices: a decision waits for one at most, and for no hashing.

        They fit together because the thread that asks is the one that changes the rows.
        """
        position: int | None = 0
        while position is not None:
            position, rows = self._versions_behind(position)
            yield rows

    def _versions_behind(self, position: int) -> tuple[int | None, list[tuple[str, int]]]:
        return self._store.write(lambda conn: synced.versions_behind(conn, position, _SLICE))

    def repair_bucket(self, answer: BucketRows) -> Applied:
        """Make one bucket equal to the server's, row by row; the rest of the copy and the cursor stay."""
        rows = self._judged(answer.rows)
        return self._store.write(lambda conn: _repaired(conn, answer, rows))

    def rebuild_index_if_needed(self) -> bool:
        """Rebuild the search index if this program's has another shape; return whether it did."""
        return self._store.write(self._rebuild_index)

    def judge_again_if_due(self, today: date) -> int:
        """Judge all rows anew when the day or the institution's own row has changed since; return how many rows.

        Verdicts depend on both: a start date passes, a subject is added to the licence. In small transactions.
        """
        institution = self._store.read(sync_state.institution)
        due = verdicts_of(today, institution)
        if self._store.read(lambda conn: sync_state.value(conn, "judged")) == due:
            return 0
        position, count = 0, 0
        while True:
            reached, judged = self._judged_behind(position, institution)
            if not judged:
                break
            self._write_verdicts(judged)
            position, count = reached, count + len(judged)
        self._store.write(lambda conn: sync_state.write(conn, judged=due))
        return count

    def _judged_behind(self, position: int, institution: Institution | None) -> tuple[int, list[Judged]]:
        reached, rows = self._store.read(lambda conn: synced.rows_behind(conn, position, _CHUNK))
        return reached, synced.judged(rows, self._judge, institution)

    def _write_verdicts(self, judged: Sequence[Judged]) -> None:
        self._store.write(lambda conn: synced.index_again(conn, judged))

    def _judged(self, changes: Sequence[Change]) -> list[Judged]:
        institution = self._store.read(sync_state.institution)
        return synced.judged(map(ServerRow.of, changes), self._judge, institution)

    def _rebuild_index(self, conn: Connection) -> bool:
        if synced.index_is_current(conn):
            return False
        synced.rebuild_index(conn, self._judge)
        return True


def verdicts_of(today: date, institution: Institution | None) -> str:
    """Return what the verdicts of a day depend on besides the rows."""
    return f"{today}/{institution.version if institution is not None else 0}"


def _applied(conn: Connection, page: ChangePage, rows: Sequence[Judged], gone: list[tuple[str, str]]) -> Applied:
    # Position first: the overlay of the rows below is computed against it.
    sync_state.write(conn, cursor=page.cursor, seq=str(page.last))
    changed = synced.put(conn, rows)
    synced.remove(conn, gone)
    applications.refresh(conn, outbox.applications_between(conn, page.after, page.last))
    restored.look_for_the_lost(conn)
    restored.look_for_the_made(conn, page.epoch, changed)
    return Applied(tuple(changed), len(gone), page.last)


def _repaired(conn: Connection, answer: BucketRows, rows: Sequence[Judged]) -> Applied:
    wanted = {(row.kind, row.id) for row in answer.rows}
    local = [(kind, i) for kind, i, _ in synced.keys(conn) if bucket_of(i) == answer.bucket]
    gone = [key for key in local if key not in wanted]
    changed = synced.put(conn, rows, even_older=True)
    synced.remove(conn, gone)
    restored.look_for_the_lost(conn)
    return Applied(tuple(changed), len(gone), sync_state.read(conn).seq)


def _check_removals(removals: int, total: int) -> None:
    if removals > limit_of_removals(total):
        raise MassRemoval(removals, total)


def limit_of_removals(total: int) -> int:
    """Return how many of ``total`` rows may go without the digest confirming it."""
    return max(_ALWAYS_ALLOWED_REMOVALS, total // _ALLOWED_SHARE)


def _check_continues(page: ChangePage, known: sync_state.SyncState) -> None:
    if page.epoch != known.epoch:
        raise FeedBroken("epoch")
    if page.after != known.seq:
        raise FeedBroken("gap")
    position = page.after
    for change in page.changes:
        if change.seq <= position:
            raise FeedBroken("order")
        position = change.seq
    if position > page.last:
        raise FeedBroken("order")


def _latest(changes: Sequence[Change]) -> list[Change]:
    """Return the last change of each row: delete and recreate in one page must end recreated (joplin#14388)."""
    return list({(change.kind, change.id): change for change in changes}.values())
