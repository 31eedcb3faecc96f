from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.digest import bucket_of, bucket_sums, row_hash
from medreg_core.contract.v1.feed import DIGEST_BUCKETS
from medreg_core.domain.ids import uuid7

ROWS = st.dictionaries(st.text(min_size=1), st.integers(1, 1000), max_size=50)


@given(ROWS, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: dict[str, int], shuffler: random.Random) -> None:
    listed = list(rows.items())
    shuffled = shuffler.sample(listed, len(listed))
    assert bucket_sums(listed) == bucket_sums(shuffled)


@given(ROWS.filter(bool))
def test_one_changed_version_changes_one_bucket(rows: dict[str, int]) -> None:
    row_id, version = next(iter(rows.items()))
    before, after = bucket_sums(rows.items()), bucket_sums({**rows, row_id: version + 1}.items())
    assert [n for n in range(DIGEST_BUCKETS) if before[n] != after[n]] == [bucket_of(row_id)]


def test_sums_fit_64_bits_and_start_at_zero() -> None:
    assert bucket_sums([]) == [0] * DIGEST_BUCKETS
    assert all(0 <= total < 1 << 64 for total in bucket_sums((str(n), 1) for n in range(5000)))
    assert 0 <= row_hash("a", 1) < 1 << 64


def test_ids_of_one_minute_fill_the_buckets_evenly() -> None:
    ids = [uuid7(1_795_399_200_000 + n, n.to_bytes(10, "big")) for n in range(25_600)]
    counts = [0] * DIGEST_BUCKETS
    for row_id in ids:
        counts[bucket_of(row_id)] += 1
    assert min(counts) > 50
    assert max(counts) < 200


def test_hashes_never_change_between_versions_of_the_program() -> None:
    # Both sides must compute the same; a change here would make every client fetch everything again.
    assert (row_hash("a", 1), bucket_of("a")) == (3029039288677315529, 222)
