"""The digest that shows whether two copies hold the same rows, and which 1/256 to fetch again (``sync.md`` §5.12)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from medreg_core.contract.v1.feed import DIGEST_BUCKETS

_MASK = (1 << 64) - 1


def row_hash(row_id: str, version: int) -> int:
    """Return 64 bits that change with the row's id or version."""
    return int.from_bytes(blake2b(f"{row_id}\n{version}".encode(), digest_size=8).digest(), "big")


def bucket_of(row_id: str) -> int:
    """Return the bucket of a row, 0..255. Hashed: a UUIDv7 begins with a clock and would fill one bucket."""
    return blake2b(row_id.encode(), digest_size=1).digest()[0] % DIGEST_BUCKETS


def bucket_sums(rows: Iterable[tuple[str, int]]) -> list[int]:
    """Return the sums of the row hashes of ``(id, version)`` per bucket, modulo 2**64, in any order of the rows."""
    sums = [0] * DIGEST_BUCKETS
    for row_id, version in rows:
        bucket = bucket_of(row_id)
        sums[bucket] = (sums[bucket] + row_hash(row_id, version)) & _MASK
    return sums
