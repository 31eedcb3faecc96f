"""Safe to work offline? One verdict before the registrar leaves the network (``sync.md`` §3, "none has" 3). Pure.

Each fact is held against two limits; the worst line decides. Nothing is refused for it: it is advice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from math import inf

from medreg_desktop.services.sync.lamp import CLOCK_TOLERANCE_S


class Verdict(IntEnum):
    """The three answers, the better first."""

    CAN = 0  # 可以离线
    CAN_BUT = 1  # 可以，但…
    BETTER_NOT = 2  # 暂不宜离线


class Fact(StrEnum):
    """What is looked at, the weightiest first: of several equally bad lines the first one speaks."""

    DATA_AGE = "data_age"  # hours since everything was fetched
    READING = "reading"  # days until the copy may no longer be read
    SIGN_IN = "sign_in"  # hours until the session ends
    NEEDS_YOU = "needs_you"  # items
    FORM_NUMBERS = "form_numbers"  # left in the lease
    CODES = "codes"  # activation codes left in the lease
    UNSENT = "unsent"  # decisions
    CLOCK = "clock"  # minutes between this clock and the service's, without sign
    DISK = "disk"  # GiB free


@dataclass(frozen=True, slots=True)
class Limit:
    """From which value on a line is a worry, and from which on a reason to stay. ``more_is_better``: below, not above.

    ``unknown`` is the verdict when there is no value; CAN where that means that it does not concern this office.
    """

    fact: Fact
    care: float
    stop: float
    more_is_better: bool = False
    unknown: Verdict = Verdict.CAN

    def judge(self, value: float | None) -> Verdict:
        """Return what one value means."""
        if value is None:
            return self.unknown
        sign = -1 if self.more_is_better else 1
        if sign * value > sign * self.stop:
            return Verdict.BETTER_NOT
        return Verdict.CAN_BUT if sign * value > sign * self.care else Verdict.CAN


LIMITS = (
    Limit(Fact.DATA_AGE, care=4, stop=24, unknown=Verdict.BETTER_NOT),
    Limit(Fact.READING, care=3, stop=1, more_is_better=True, unknown=Verdict.BETTER_NOT),
    Limit(Fact.SIGN_IN, care=1, stop=0.01, more_is_better=True),
    Limit(Fact.NEEDS_YOU, care=0, stop=inf),
    Limit(Fact.FORM_NUMBERS, care=30, stop=5, more_is_better=True),
    Limit(Fact.CODES, care=20, stop=0, more_is_better=True),
    Limit(Fact.UNSENT, care=0, stop=inf),
    Limit(Fact.CLOCK, care=CLOCK_TOLERANCE_S / 60, stop=24 * 60, unknown=Verdict.CAN_BUT),
    Limit(Fact.DISK, care=2, stop=0.5, more_is_better=True, unknown=Verdict.CAN_BUT),
)
"""The whole rule. A registrar decides some tens of applications a day and leases are refilled to 100."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the verdict depends on. None is "not known", or for sign-in, numbers and codes "not needed here"."""

    data_age: timedelta | None = None
    reading_left: timedelta | None = None
    sign_in_left: timedelta | None = None
    needs_you: int = 0
    form_numbers: int | None = None
    codes: int | None = None
    unsent: int = 0
    clock_error_s: float | None = None
    free_disk: int | None = None  # bytes

    def value(self, fact: Fact) -> float | None:  # noqa: PLR0911 - one line per fact
        """Return a fact in its unit."""
        match fact:
            case Fact.DATA_AGE:
                return _in(self.data_age, timedelta(hours=1))
            case Fact.READING:
                return _in(self.reading_left, timedelta(days=1))
            case Fact.SIGN_IN:
                return _in(self.sign_in_left, timedelta(hours=1))
            case Fact.NEEDS_YOU:
                return self.needs_you
            case Fact.FORM_NUMBERS:
                return self.form_numbers
            case Fact.CODES:
                return self.codes
            case Fact.UNSENT:
                return self.unsent
            case Fact.CLOCK:
                return None if self.clock_error_s is None else abs(self.clock_error_s) / 60
            case Fact.DISK:
                return None if self.free_disk is None else self.free_disk / (1 << 30)


@dataclass(frozen=True, slots=True)
class Line:
    """One fact with its verdict; ``value`` in the unit of :class:`Fact`."""

    fact: Fact
    verdict: Verdict
    value: float | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict, the line that decides it (None when all is well), and every line that concerns this office."""

    verdict: Verdict
    deciding: Line | None
    lines: tuple[Line, ...]


def readiness(situation: Situation) -> Readiness:
    """Judge a situation."""
    lines = tuple(_line(limit, situation.value(limit.fact)) for limit in LIMITS)
    worst = max(line.verdict for line in lines)
    deciding = next(line for line in lines if line.verdict is worst) if worst else None
    concerned = tuple(line for line in lines if line.value is not None or line.verdict)
    return Readiness(worst, deciding, concerned)


def _line(limit: Limit, value: float | None) -> Line:
    return Line(limit.fact, limit.judge(value), value)


def _in(span: timedelta | None, unit: timedelta) -> float | None:
    return None if span is None else span / unit
