"""The one place where the service reads the time; everything else is handed a :data:`Clock`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

Clock = Callable[[], datetime]
"""Returns the present moment as aware UTC."""

CHINA = timezone(timedelta(hours=8), "CST")
"""Calendar dates of the register are dates in China (no daylight saving since 1991)."""


def system_clock() -> datetime:
    """Return the present moment of this machine as aware UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the adapter that every other module is handed


def china_date(moment: datetime) -> date:
    """Return the calendar date in China at ``moment``."""
    return moment.astimezone(CHINA).date()
