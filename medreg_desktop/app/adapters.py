"""The real clock and the real source of ids."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from medreg_core.domain.ids import uuid7


class SystemClock:
    """This computer's clocks."""

    def now(self) -> datetime:
        """Return the current moment, aware UTC."""
        return datetime.fromtimestamp(time.time(), UTC)

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()


class RandomIds:
    """Ids from this computer's clock and its random source."""

    def new_id(self) -> str:
        """Return a fresh UUIDv7 as 32 hex characters."""
        return uuid7(time.time_ns() // 1_000_000, os.urandom(10))
