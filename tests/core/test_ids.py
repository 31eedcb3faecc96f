from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.ids import uuid7

MOMENTS = st.integers(0, (1 << 48) - 1)
RANDOM = st.binary(min_size=10, max_size=16)


@given(MOMENTS, RANDOM)
def test_is_a_uuid_of_version_7_that_holds_its_moment(unix_ms: int, random: bytes) -> None:
    made = uuid.UUID(uuid7(unix_ms, random))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == unix_ms


@given(MOMENTS, MOMENTS, RANDOM, RANDOM)
def test_sorts_by_time(first: int, second: int, random_1: bytes, random_2: bytes) -> None:
    if first < second:
        assert uuid7(first, random_1) < uuid7(second, random_2)


def test_the_example_of_rfc_9562() -> None:
    # Appendix A.6: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    random = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(0x017F22E279B0, random) == "017f22e279b07cc398c4dc0c0c07398f"


@given(RANDOM, RANDOM)
def test_all_random_bits_count(first: bytes, second: bytes) -> None:
    used = [int.from_bytes(r[:10], "big") for r in (first, second)]
    kept = [(n >> 68, n & ((1 << 62) - 1)) for n in used]
    assert (uuid7(1, first) == uuid7(1, second)) == (kept[0] == kept[1])


@pytest.mark.parametrize(("unix_ms", "random"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_refuses_what_does_not_fit(unix_ms: int, random: bytes) -> None:
    with pytest.raises(ValueError, match=r"48 bits|10 random"):
        uuid7(unix_ms, random)
