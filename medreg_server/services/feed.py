"""The feed as an institution reads it: pages of changes, and the digest that proves a copy complete."""

from __future__ import annotations

from typing import Final

import msgspec

from medreg_core.contract.v1.digest import bucket_of, bucket_sums
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import (
    DIGEST_BUCKETS,
    PAGE_CHANGES,
    BucketRows,
    Change,
    ChangePage,
    DigestAnswer,
    DigestQuery,
    EntityKind,
    Op,
)
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import InstitutionId
from medreg_server.db.codec import to_body
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import ReadTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.cursors import Cursor, Resync, check_epoch, open_cursor, resync, seal
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault

_PAGE_BYTES: Final = 1_600_000
"""As much as a page of rows as they mostly are, at 3 kB: what is read beyond it is read in vain. With 1 MB a page held
340 of the 500 rows that were read for it, and an office waited a third longer for each (``sync.md`` §5.5)."""


class FeedDesk:
    """Reads feeds and digests; keeps nothing but the digests of the heads last asked for."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._digests: dict[InstitutionId, tuple[tuple[str, int], int, tuple[int, ...]]] = {}

    def position(self, cursor: str, caller: Caller) -> Cursor:
        """Return the position a cursor stands for. Raises ServiceFault RESYNC or BAD_REQUEST.

        Nothing is read: whether its epoch is still this one is seen with the rows.
        """
        return open_cursor(self._environment.keys, cursor, caller.institution_id)

    def page(self, cursor: Cursor, waited: Caller | None = None) -> ChangePage:
        """Return the changes after ``cursor``, each row once, at most 500 or 1.6 MB. Raises ServiceFault RESYNC.

        For who has ``waited`` since he was admitted, also DEVICE_REVOKED and SESSION_EXPIRED.
        """
        with self._environment.database.read() as transaction:
            if waited is not None:
                waited.check_admitted(transaction)
            head = self._checked_head(transaction, cursor)
            page = transaction.feed.page(cursor.institution_id, cursor.seq, PAGE_CHANGES) if cursor.seq < head else None
        last, changes = _cut(*page) if page else (cursor.seq, ())
        reached = msgspec.structs.replace(cursor, seq=last)
        return ChangePage(
            magic=MAGIC,
            epoch=cursor.epoch,
            after=cursor.seq,
            last=last,
            changes=changes,
            cursor=seal(self._environment.keys, reached),
            more=last < head,
            server_time=self._environment.now(),
        )

    def _checked_head(self, transaction: ReadTransaction, cursor: Cursor) -> int:
        bounds = transaction.feed.bounds(cursor.institution_id)
        check_epoch(cursor, bounds.identity.epoch)
        if cursor.seq > bounds.head:
            raise resync(Resync.AHEAD)
        if cursor.seq < bounds.floor:
            raise resync(Resync.COMPACTED)
        return bounds.head

    def compare(self, query: DigestQuery, caller: Caller) -> DigestAnswer:
        """Return which buckets of the client's copy differ. Raises ServiceFault RESYNC or BAD_REQUEST."""
        if len(query.buckets) != DIGEST_BUCKETS:
            raise ServiceFault(FaultCode.BAD_REQUEST, where="buckets")
        cursor = self.position(query.cursor, caller)
        with self._environment.database.read() as transaction:
            head = self._checked_head(transaction, cursor)
            if cursor.seq != head:
                return DigestAnswer(settled=False)
            count, sums = self._digest(transaction, cursor)
        differing = tuple(n for n in range(DIGEST_BUCKETS) if sums[n] != query.buckets[n])
        if not differing and count != query.count:
            differing = tuple(range(DIGEST_BUCKETS))  # sums agree by chance: fetch all rather than trust them
        return DigestAnswer(settled=True, differing=differing)

    def _digest(self, transaction: ReadTransaction, cursor: Cursor) -> tuple[int, tuple[int, ...]]:
        """Return count and sums at the head; colleagues who catch up together ask for the same ones."""
        key = (cursor.epoch, cursor.seq)
        kept = self._digests.get(cursor.institution_id)
        if kept is not None and kept[0] == key:
            return kept[1], kept[2]
        rows = list(transaction.feed.versions(cursor.institution_id))
        digest = (key, len(rows), tuple(bucket_sums(rows)))
        self._digests[cursor.institution_id] = digest
        return digest[1], digest[2]

    def bucket(self, number: int, caller: Caller) -> BucketRows:
        """Return all rows of one bucket as they are now. Raises ServiceFault NOT_FOUND for a number that is none."""
        if not 0 <= number < DIGEST_BUCKETS:
            raise ServiceFault(FaultCode.NOT_FOUND)
        institution_id = caller.institution_id
        with self._environment.database.read() as transaction:
            seq = transaction.feed.bounds(institution_id).head
            ids = [key for key, _ in transaction.feed.versions(institution_id) if bucket_of(key) == number]
            rows = transaction.applications.rows(ids, Scope(institution_id=institution_id))
            institution = transaction.institutions.get(institution_id)
        changes = [_upsert(seq, EntityKind.APPLICATION, *row) for row in rows]
        if institution is not None and institution.id in ids:
            changes.append(
                _upsert(seq, EntityKind.INSTITUTION, institution.id, institution.version, to_body(institution))
            )
        return BucketRows(magic=MAGIC, bucket=number, rows=tuple(changes))


def _cut(last: int, changes: tuple[Change, ...]) -> tuple[int, tuple[Change, ...]]:
    """Keep a page below its size. Each row stands at its newest number, so what is cut off is found again after it."""
    size = 0
    for index, change in enumerate(changes):
        size += len(bytes(change.body))
        if size > _PAGE_BYTES and index:
            return changes[index - 1].seq, changes[:index]
    return last, changes


def _upsert(seq: int, kind: EntityKind, row_id: str, version: int, body: str) -> Change:
    return Change(seq=seq, kind=kind.value, id=row_id, version=version, op=Op.UPSERT, body=msgspec.Raw(body.encode()))
