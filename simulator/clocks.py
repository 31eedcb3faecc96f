"""Time in the simulated world: one true time, and computers whose clocks go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class WorldTime:
    """The true time; the service lives by it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> datetime:
        """Return the present moment, aware UTC: the server's clock."""
        return START + timedelta(seconds=self.seconds)

    def pass_by(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.seconds += seconds


class PcClock:
    """One computer's clocks. ``skew`` sets its wall clock wrong; the monotonic one never jumps."""

    def __init__(self, world: WorldTime) -> None:
        self._world = world
        self.skew = timedelta()

    def now(self) -> datetime:
        """Return what this computer's wall clock shows."""
        return self._world() + self.skew

    def monotonic(self) -> float:
        """Return seconds since the computer was made."""
        return self._world.seconds
