"""Moments as the screens say them, in the time of China, as on paper and in the register."""

from __future__ import annotations

from datetime import datetime

from medreg_core.domain.deadlines import CHINA, china_date


def near(at: datetime, now: datetime) -> str:
    """Return ``10:42``, and of another day ``11-22 10:42``: an outage may last for days."""
    return f"{at.astimezone(CHINA):%H:%M}" if _is_today(at, now) else f"{at.astimezone(CHINA):%m-%d %H:%M}"


def short(at: datetime, now: datetime) -> str:
    """Return ``10:42``, and of another day ``11-22``, where there is no room for both."""
    return near(at, now) if _is_today(at, now) else f"{at.astimezone(CHINA):%m-%d}"


def _is_today(at: datetime, now: datetime) -> bool:
    return china_date(at) == china_date(now)
