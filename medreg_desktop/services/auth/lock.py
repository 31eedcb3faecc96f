"""When the screen is locked, and when the copy may be read at all: two pure state machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

IDLE_S = 600.0
"""Ten minutes; an office may set another time."""


class LockReason(StrEnum):
    """Why the screen is locked."""

    IDLE = "idle"
    ASKED = "asked"  # Ctrl+L
    OFFLINE_LIMIT = "offline_limit"  # only an online sign-in opens it


@dataclass(frozen=True, slots=True)
class ScreenLock:
    """The idle lock. Times are of the monotonic clock, in seconds."""

    last_activity: float
    idle_s: float = IDLE_S
    reason: LockReason | None = None

    @property
    def is_locked(self) -> bool:
        """Whether nothing may be shown."""
        return self.reason is not None

    def touched(self, mono: float) -> ScreenLock:
        """A key or the mouse: extends the time. While locked it changes nothing; only a password opens."""
        return self if self.is_locked else replace(self, last_activity=max(self.last_activity, mono))

    def looked_at(self, mono: float) -> ScreenLock:
        """Time passed: lock after too long without activity."""
        if self.is_locked or mono - self.last_activity < self.idle_s:
            return self
        return replace(self, reason=LockReason.IDLE)

    def asked(self) -> ScreenLock:
        """The registrar locks the screen himself."""
        return self if self.is_locked else replace(self, reason=LockReason.ASKED)

    def limited(self) -> ScreenLock:
        """The limit of reading offline is reached; stronger than the other reasons."""
        return replace(self, reason=LockReason.OFFLINE_LIMIT)

    def opened(self, mono: float, *, online: bool) -> ScreenLock:
        """The password was right. The offline limit opens only after the server has been reached."""
        if self.reason is LockReason.OFFLINE_LIMIT and not online:
            return self
        return replace(self, reason=None, last_activity=mono)

    def seconds_left(self, mono: float) -> float:
        """Return when to look again; 0 when locked."""
        return 0.0 if self.is_locked else max(0.0, self.idle_s - (mono - self.last_activity))


CLOCK_SET_BACK = timedelta(hours=24)
"""Further behind the last contact than this, the clock was set back: it is then no witness of how long ago that was."""


@dataclass(frozen=True, slots=True)
class ReadingLimit:
    """Until when the copy may be read without contact (set by the server; nothing is ever deleted by it)."""

    offline_until: datetime | None
    last_contact: datetime | None  # by this computer's clock
    server_offset_s: float = 0.0  # server's clock minus this computer's, at the last contact
    server_seen: datetime | None = None  # the latest moment of the server's clock known to have passed

    def is_reached(self, now: datetime) -> bool:
        """Whether reading must stop at ``now`` (this computer's clock). A copy never in contact has no limit yet."""
        if self.offline_until is None:
            return False
        if self.last_contact is not None and now < self.last_contact - CLOCK_SET_BACK:
            return True
        guessed = now + timedelta(seconds=self.server_offset_s)
        return max(guessed, self.server_seen or guessed) > self.offline_until
