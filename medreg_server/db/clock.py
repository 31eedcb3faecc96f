"""The one place where the service reads the time; everything else is handed a :data:`Clock`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment as aware UTC."""


def system_clock() -> datetime:
    """Return the present moment of this machine as aware UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the adapter that every other module is handed
