"""What a copy receives: changes, snapshots, and the digest that compares both sides (``sync.md`` §5.3–5.5, §5.12)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

PAGE_CHANGES = 500
MARK_EVERY = 250
DIGEST_BUCKETS = 256


class Op(StrEnum):
    """What a change does to the receiver's copy."""

    UPSERT = "upsert"
    TOMBSTONE = "tombstone"
    LEFT_SCOPE = "left_scope"


class EntityKind(StrEnum):
    """What an institution receives; a receiver keeps rows of kinds it does not know, raw."""

    APPLICATION = "application"
    INSTITUTION = "institution"


class Change(msgspec.Struct, frozen=True):
    """One change of one row; ``body`` is JSON of the entity, absent for removals."""

    seq: int
    kind: str
    id: str
    version: int
    op: Op
    body: msgspec.Raw = msgspec.Raw(b"null")


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/sync/changes?cursor=&wait=``. ``after`` must equal the receiver's last seq; rows are compacted."""

    magic: str
    epoch: str
    after: int
    last: int
    changes: tuple[Change, ...]
    cursor: str
    more: bool
    server_time: datetime


class SnapshotHead(msgspec.Struct, frozen=True, tag="head", tag_field="t"):
    """First line of ``GET /api/v1/sync/snapshot?after=``, NDJSON."""

    magic: str
    server_id: str
    epoch: str
    total: int
    done: int


class SnapshotRow(msgspec.Struct, frozen=True, tag="row", tag_field="t"):
    """One row of the institution's scope."""

    kind: str
    id: str
    version: int
    body: msgspec.Raw


class SnapshotMark(msgspec.Struct, frozen=True, tag="mark", tag_field="t"):
    """Every :data:`MARK_EVERY` rows: everything above may be committed; ``after`` resumes here."""

    after: str
    count: int
    digest: str


class SnapshotEnd(msgspec.Struct, frozen=True, tag="end", tag_field="t"):
    """Last line. A stream without it was cut: keep what the last mark covers, ask again from there."""

    count: int
    digest: str
    cursor: str
    seq: int


SnapshotLine = SnapshotHead | SnapshotRow | SnapshotMark | SnapshotEnd


class DigestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/sync/digest``: count and bucket sums of the client's copy at ``cursor`` (``sync.md`` §5.12)."""

    cursor: str
    count: int
    buckets: tuple[int, ...]


class DigestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Which buckets differ; empty means the copies are equal. ``settled`` is false when the cursor is behind."""

    settled: bool
    differing: tuple[int, ...] = ()


class BucketRows(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/sync/buckets/{n}``: all rows of one bucket, to replace the client's."""

    magic: str
    bucket: int
    rows: tuple[Change, ...]
