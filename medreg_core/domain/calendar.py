"""Working days with 调休, and what cannot be counted because the State Council has not published the year yet.

A limit of 20 working days that starts in late December reaches into a year without a calendar (``domain.md`` §6.2).
That is a state of the world, not a failure, so it is a value: every caller has to say what it shows then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NotPublished:
    """The answer needs the working-day calendar of ``year``, which is not published (日历未发布)."""

    year: int


@dataclass(frozen=True, slots=True)
class WorkYear:
    """One year as the State Council announced it; all other days follow the week."""

    days_off: frozenset[date]  # Monday to Friday, yet no working day
    days_worked: frozenset[date]  # Saturday or Sunday, yet a working day (调休)

    def is_workday(self, day: date) -> bool:
        """Return whether ``day`` is a working day of this year."""
        return day not in self.days_off if day.weekday() < 5 else day in self.days_worked


@dataclass(frozen=True)
class WorkCalendar:
    """The published years. Not slotted: it keeps the list of working days once it has been asked for."""

    years: Mapping[int, WorkYear]

    @cached_property
    def _workdays(self) -> tuple[date, ...]:
        days = (date(year, 1, 1) + _DAY * n for year in sorted(self.years) for n in range(366))
        return tuple(sorted({day for day in days if day.year in self.years and self.years[day.year].is_workday(day)}))

    def published(self) -> tuple[int, ...]:
        """Return the years that have a calendar, ascending."""
        return tuple(sorted(self.years))

    def is_workday(self, day: date) -> bool | NotPublished:
        """Return whether ``day`` is a working day."""
        year = self.years.get(day.year)
        return NotPublished(day.year) if year is None else year.is_workday(day)

    def add_workdays(self, start: date, count: int) -> date | NotPublished:
        """Return the ``count``-th working day after ``start`` (before it, if negative); ``start`` never counts."""
        if start.year not in self.years:
            return NotPublished(start.year)
        if count == 0:
            return start
        if count > 0:
            index = bisect_right(self._workdays, start) + count - 1
        else:
            index = bisect_right(self._workdays, start - _DAY) + count
        if not 0 <= index < len(self._workdays):
            return self._gap(start, forward=count > 0)
        day = self._workdays[index]
        return self._gap_between(start, day) or day

    def workdays_between(self, start: date, end: date) -> int | NotPublished:
        """Return how many working days lie after ``start`` up to and including ``end``; negative if ``end`` is earlier.

        So 0 is "due today", 1 "one working day left" and -1 "one working day late".
        """
        for year in range(min(start, end).year, max(start, end).year + 1):
            if year not in self.years:
                return NotPublished(year)
        return bisect_right(self._workdays, end) - bisect_right(self._workdays, start)

    def _gap_between(self, start: date, end: date) -> NotPublished | None:
        """Return the first unpublished year between two days, in the direction of counting."""
        step = 1 if end >= start else -1
        missing = (year for year in range(start.year, end.year + step, step) if year not in self.years)
        return next((NotPublished(year) for year in missing), None)

    def _gap(self, start: date, *, forward: bool) -> NotPublished:
        """Return the year that counting runs into when the published days do not suffice."""
        step = 1 if forward else -1
        year = start.year
        while year in self.years:
            year += step
        return NotPublished(year)


def last_acceptance_day(calendar: WorkCalendar, year: int, limit: int) -> date | NotPublished:
    """Return the last working day of 受理 from which ``limit`` working days still end within ``year``.

    Years of practice count from the year of approval (``domain.md`` §6.1), so the year-end rush aims at this day:
    for 20 and 10 working days 3 and 17 December in 2026.
    """
    end = date(year, 12, 31)
    # Counting back leaves out the day it starts from, so a last day that is worked has counted once already.
    return calendar.add_workdays(end, -limit if calendar.is_workday(end) is True else -limit - 1)
