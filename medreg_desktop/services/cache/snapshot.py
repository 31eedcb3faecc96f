"""Takes all of the institution's rows: resumable, beside a copy that stays usable (``sync.md`` §5.3–5.4).

An empty copy is filled directly, so that search works from the first page on. A copy that holds rows is left alone
while the new ones gather in ``snapshot_row``; once the stream is complete and its digest agrees, only the differences
are written over, in small transactions. The cursor changes in the last of them. Outbox, drafts, prints and audit are
never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from medreg_core.contract.v1.digest import bucket_sums
from medreg_core.contract.v1.feed import SnapshotEnd, SnapshotMark, SnapshotRow
from medreg_core.domain.deadlines import china_date
from medreg_desktop.services.cache import applications, outbox, restored, sync_state, synced
from medreg_desktop.services.cache.connection import Connection, scalar
from medreg_desktop.services.cache.feed import FeedBroken, MassRemoval, limit_of_removals, verdicts_of
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.cache.synced import Judge, Judged, ServerRow
from medreg_desktop.services.courtesy import courteous

_CHUNK = 500
"""Rows per transaction while differences are written: a decision waits for one chunk at most."""


@dataclass(frozen=True, slots=True)
class SnapshotDone:
    """What a finished snapshot did."""

    rows: int
    removed: int
    lost_by_server: int
    confirmed: bool = False  # so many were removed that a snapshot before had to say the same


@dataclass(frozen=True, slots=True)
class _Removed:
    """The rows that a snapshot no longer has."""

    rows: list[tuple[str, str]]
    are_many: bool


class Snapshot:
    """One snapshot under way. Called by the sync thread; after a restart a new object goes on at the last mark."""

    def __init__(self, store: CacheStore, judge: Judge) -> None:
        self._store = store
        self._judge = judge

    def begin(self, epoch: str, total: int = 0) -> str:
        """Start, or go on within the same epoch; return the resume token to ask with ("" from the start)."""
        today = china_date(self._store.clock.now())
        return self._store.write(lambda conn: _begin(conn, epoch, total, today))

    def abandon(self) -> None:
        """Throw away what has come so far: the server does not know the resume token any more."""
        self._store.write(_throw_away)

    def add(self, rows: Sequence[SnapshotRow], mark: SnapshotMark) -> int:
        """Store the rows up to a mark, with the mark, in one transaction; return how many rows there are by now.

        Raises FeedBroken ``digest`` if the rows are not what the mark covers; nothing of the block was stored then.
        """
        judged = self._judged(map(ServerRow.of, rows))

        def work(conn: Connection) -> int:
            _add(conn, rows, judged, mark)
            covered = {"snapshot_rows": str(mark.count), "snapshot_digest": mark.digest}
            sync_state.write(conn, snapshot_after=mark.after, **covered)
            return mark.count

        return self._store.write(work)

    def finish(self, rest: Sequence[SnapshotRow], end: SnapshotEnd, *, removals_confirmed: str = "") -> SnapshotDone:
        """Store the rows behind the last mark, and make the whole the copy.

        Raises:
            FeedBroken: ``digest``; the rows are not all that the end line covers. Abandon, and begin anew.
            MassRemoval: too many rows would go. Abandon, and have another one streamed; it passes with
                ``removals_confirmed`` if it would remove the very rows that ``which`` named.
        """
        # The mark stays where it is: a program killed from here on asks for the rest once more.
        judged = self._judged(map(ServerRow.of, rest))
        self._store.write(lambda conn: _add(conn, rest, judged, end))
        removed = self._store.write(lambda conn: _check_removals(conn, removals_confirmed))
        with self._store.bulk():
            position = 0
            while (reached := self._merge_some(position)) > position:
                position = reached
            return self._store.write(lambda conn: self._complete(conn, end, removed))

    def _judged(self, rows: Iterable[ServerRow]) -> list[Judged]:
        return synced.judged(rows, self._judge, self._store.read(sync_state.institution))

    def _merge_some(self, position: int) -> int:
        """Write over the rows that differ among the next ones; return how far that went."""
        reached, differing = self._store.read(lambda conn: _differing(conn, position))
        judged = self._judged(differing)
        self._store.write(lambda conn: synced.put(conn, judged, even_older=True))
        return reached

    def _complete(self, conn: Connection, end: SnapshotEnd, removed: _Removed) -> SnapshotDone:
        epoch = sync_state.read(conn).snapshot_epoch
        synced.remove(conn, removed.rows)
        sync_state.write(conn, epoch=epoch, cursor=end.cursor, seq=str(end.seq))
        actors = [sync_state.viewer(conn).actor]
        shown_before = outbox.applications_of(conn, actors)
        lost = restored.compare(conn, epoch, self._store.clock.now)
        restored.look_for_the_lost(conn)  # what an older copy out of some cache had called lost
        restored.look_for_the_made(conn, epoch)
        applications.refresh(conn, [*shown_before, *outbox.applications_of(conn, actors)])
        _throw_away(conn)
        return SnapshotDone(end.count, len(removed.rows), lost, removed.are_many)


_DIFFERING = """
    SELECT s.kind, s.id, s.version, CAST(s.body AS BLOB) FROM snapshot_row s
    LEFT JOIN application a ON s.kind = 'application' AND a.id = s.id
    LEFT JOIN entity e ON e.kind = s.kind AND e.id = s.id
    WHERE s.n > ? AND s.n <= ?
    AND (s.version IS NOT coalesce(a.version, e.version) OR s.body IS NOT coalesce(a.body, e.body))
"""
# Bodies are compared too: after a restore from a backup the same version may hold another content.

_GONE = """
    SELECT kind, id FROM (SELECT 'application' AS kind, id FROM application UNION ALL SELECT kind, id FROM entity)
    AS held WHERE NOT EXISTS (SELECT 1 FROM snapshot_row s WHERE s.kind = held.kind AND s.id = held.id)
"""


def _differing(conn: Connection, position: int) -> tuple[int, list[ServerRow]]:
    reached = scalar(
        conn, "SELECT max(n) FROM (SELECT n FROM snapshot_row WHERE n > ? ORDER BY n LIMIT ?)", (position, _CHUNK)
    )
    return int(reached or position), [ServerRow(*row) for row in conn.execute(_DIFFERING, (position, reached))]


def _add(
    conn: Connection, rows: Sequence[SnapshotRow], judged: Sequence[Judged], covers: SnapshotMark | SnapshotEnd
) -> None:
    known = sync_state.read(conn)
    digest = digest_over(known.snapshot_digest, [(row.id, row.version) for row in rows])
    if (known.snapshot_rows + len(rows), digest) != (covers.count, covers.digest):
        raise FeedBroken("digest")
    if _is_direct(conn):
        synced.put(conn, judged, even_older=True)
    else:
        conn.executemany(
            "INSERT INTO snapshot_row(kind, id, version, body) VALUES(?, ?, ?, CAST(? AS TEXT))"
            " ON CONFLICT(kind, id) DO UPDATE SET version = excluded.version, body = excluded.body",
            ((item.row.kind, item.row.id, item.row.version, item.row.body) for item in courteous(judged)),
        )


def _begin(conn: Connection, epoch: str, total: int, today: date) -> str:
    known = sync_state.read(conn)
    if known.snapshot_after and known.snapshot_epoch == epoch:
        return known.snapshot_after
    _throw_away(conn)
    direct = not known.cursor and not synced.keys(conn)
    sync_state.write(conn, snapshot_epoch=epoch, snapshot_direct="1" if direct else "", snapshot_total=str(total))
    if direct:  # every row is judged as it comes in: none has to be judged again on this day
        sync_state.write(conn, judged=verdicts_of(today, sync_state.institution(conn)))
    return ""


def _is_direct(conn: Connection) -> bool:
    return bool(scalar(conn, "SELECT value FROM sync_value WHERE name = 'snapshot_direct'"))


def _throw_away(conn: Connection) -> None:
    if _is_direct(conn) and not sync_state.read(conn).cursor:
        synced.remove(conn, [(kind, i) for kind, i, _ in synced.keys(conn)])
    conn.execute("DELETE FROM snapshot_row")
    conn.execute("DELETE FROM sync_value WHERE name LIKE 'snapshot%'")


def digest_over(so_far: str, rows: Sequence[tuple[str, int]]) -> str:
    """Return the running digest as marks and the end line carry it: the sum of all row hashes, 16 hex digits.

    It runs over the stream, not over the copy: a row that moved while the server read may come twice.
    """
    return f"{(int(so_far or '0', 16) + sum(bucket_sums(rows))) % (1 << 64):016x}"


def _check_removals(conn: Connection, confirmed: str) -> _Removed:
    if _is_direct(conn):
        return _Removed([], are_many=False)
    gone = sorted((kind, i) for kind, i in conn.execute(_GONE))
    total = synced.count(conn)
    are_many = len(gone) > limit_of_removals(total)
    if are_many and (which := hashlib.sha256(msgspec.json.encode(gone)).hexdigest()) != confirmed:
        raise MassRemoval(len(gone), total, which)
    return _Removed(gone, are_many=are_many)
