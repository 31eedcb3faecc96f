"""The idle lock and the limit of reading offline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.auth.lock import IDLE_S, LockReason, ReadingLimit, ScreenLock

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_ten_minutes_without_activity_lock() -> None:
    lock = ScreenLock(last_activity=0.0)
    assert not lock.looked_at(IDLE_S - 1).is_locked
    assert lock.looked_at(IDLE_S).reason is LockReason.IDLE


def test_activity_extends_the_time() -> None:
    lock = ScreenLock(last_activity=0.0).touched(500.0)
    assert not lock.looked_at(1000.0).is_locked
    assert lock.seconds_left(1000.0) == 100.0
    assert lock.looked_at(1100.0).is_locked


def test_activity_does_not_open_a_locked_screen() -> None:
    locked = ScreenLock(last_activity=0.0).asked()
    assert locked.touched(1.0) == locked
    assert locked.reason is LockReason.ASKED
    assert not locked.opened(1.0, online=False).is_locked


def test_only_the_server_opens_after_the_offline_limit() -> None:
    limited = ScreenLock(last_activity=0.0).limited()
    assert limited.opened(1.0, online=False) == limited
    assert not limited.opened(1.0, online=True).is_locked


@given(st.lists(st.tuples(st.sampled_from(["touch", "look"]), st.floats(0, 1000)), max_size=30))
def test_it_is_never_open_after_ten_idle_minutes(steps: list[tuple[str, float]]) -> None:
    lock, mono, last = ScreenLock(last_activity=0.0), 0.0, 0.0
    for what, wait_s in steps:
        mono += wait_s
        was_locked = lock.is_locked
        if what == "touch":
            lock = lock.touched(mono)
            last = last if was_locked else mono
        else:
            lock = lock.looked_at(mono)
            assert lock.is_locked == (was_locked or mono - last >= IDLE_S)


@pytest.mark.parametrize(
    ("limit", "reached"),
    [
        (ReadingLimit(None, None), False),
        (ReadingLimit(NOW + timedelta(seconds=1), NOW), False),
        (ReadingLimit(NOW - timedelta(seconds=1), NOW - timedelta(days=14)), True),
        # This computer is a day slow: the server's time counts.
        (ReadingLimit(NOW + timedelta(hours=1), NOW, server_offset_s=86400.0), True),
        (ReadingLimit(NOW - timedelta(hours=1), NOW, server_offset_s=-86400.0), False),
        # The clock was set back to before the last contact.
        (ReadingLimit(NOW + timedelta(days=9), NOW + timedelta(days=2)), True),
    ],
)
def test_reading_limit(limit: ReadingLimit, reached: bool) -> None:
    assert limit.is_reached(NOW) is reached
