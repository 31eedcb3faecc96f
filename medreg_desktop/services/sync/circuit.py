"""Back-off and circuit of one class of call (``sync.md`` §5.8): after five failures one ping, then a trial."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from medreg_desktop.services.sync.events import Moment
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

BASE_S = 2.0
CAP_S = 300.0
PORTAL_CAP_S = 30.0
"""A portal is on the local network, and the user who has just signed in there should not wait for minutes."""

OPENS_AT = 5
_MASK = (1 << 64) - 1


def draw(seed: int) -> tuple[int, float]:
    """Return the next seed and a number in [0, 1): splitmix64, so that the engine stays a pure function."""
    seed = (seed + 0x9E3779B97F4A7C15) & _MASK
    mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return seed, ((mixed ^ (mixed >> 31)) >> 11) / (1 << 53)


def back_off_s(failures: int, chance: float, cap_s: float = CAP_S) -> float:
    """Return the wait after the n-th failure in a row: full jitter below base · 2^(n-1), never above the cap."""
    ceiling = min(cap_s, BASE_S * 2.0 ** min(failures - 1, 16))
    return chance * ceiling


@dataclass(frozen=True, slots=True)
class Circuit:
    """State of one class of call. Times are of the monotonic clock, in seconds; ``next_try_at`` is only for showing."""

    failures: int = 0
    next_try: float = 0.0
    next_try_at: datetime | None = None
    trouble: Trouble | None = None
    probed: bool = False  # a ping came back since it opened: one trial is allowed

    @property
    def is_open(self) -> bool:
        """Whether a ping must come back before the next call."""
        return self.failures >= OPENS_AT and not self.probed

    def is_due(self, mono: float) -> bool:
        """Whether the wait is over."""
        return mono >= self.next_try

    def failed(self, trouble: Trouble, at: Moment, chance: float) -> Circuit:
        """Count a failure and set the next try; a stated wait is obeyed and counts as no failure."""
        if trouble.kind is TroubleKind.TOLD:
            told = replace(self, trouble=trouble, probed=True)
            return told.waiting(float(trouble.wait_s), at)
        failures = self.failures + 1
        cap_s = PORTAL_CAP_S if trouble.kind is TroubleKind.PORTAL else CAP_S
        return Circuit(failures, trouble=trouble).waiting(back_off_s(failures, chance, cap_s), at)

    def waiting(self, wait_s: float, at: Moment) -> Circuit:
        """Return the circuit with its next try ``wait_s`` from now."""
        return replace(self, next_try=at.mono + wait_s, next_try_at=at.wall + timedelta(seconds=wait_s))

    def passed(self) -> Circuit:
        """Return the closed circuit: the call went through."""
        return Circuit()

    def answered(self, mono: float) -> Circuit:
        """Our server answered a ping: no more waiting, unless it told us itself how long to wait."""
        if self.trouble is not None and self.trouble.kind is TroubleKind.TOLD:
            return self
        return replace(self, next_try=min(self.next_try, mono), probed=True)

    def hastened(self, mono: float) -> Circuit:
        """The network changed: start the ladder again, now. A wait that the server stated still holds."""
        if self.trouble is not None and self.trouble.kind is TroubleKind.TOLD:
            return self
        return self.forced(mono)

    def forced(self, mono: float) -> Circuit:
        """A person asked: one try now, whatever was said before."""
        return replace(self, failures=0, next_try=min(self.next_try, mono), probed=False)
