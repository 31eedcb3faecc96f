from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.calendar import NotPublished, WorkCalendar, WorkYear, last_acceptance_day
from medreg_core.domain.tables import Tables

DAY = timedelta(days=1)
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
PLAIN = WorkYear(frozenset(), frozenset())


def test_the_file_equals_the_package_day_by_day(tables: Tables) -> None:
    """The generator's oracle: add a year to calendar.toml once the package knows it, and it is compared here."""
    day = date(min(tables.calendar.published()), 1, 1)
    while day.year in tables.calendar.published():
        assert tables.calendar.is_workday(day) is chinese_calendar.is_workday(day), day
        day += DAY


def test_weekend_working_days_of_2026(tables: Tables) -> None:
    days = [date(2026, 1, 1) + DAY * n for n in range(365)]
    worked = [f"{d:%m-%d}" for d in days if d.weekday() >= 5 and tables.calendar.is_workday(d) is True]
    assert worked == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def test_2027_is_not_published(tables: Tables) -> None:
    calendar = tables.calendar
    assert calendar.published() == (2024, 2025, 2026)
    assert calendar.is_workday(date(2027, 1, 4)) == NotPublished(2027)
    assert calendar.add_workdays(date(2026, 12, 24), 20) == NotPublished(2027)
    assert calendar.add_workdays(date(2027, 3, 1), 1) == NotPublished(2027)
    assert calendar.add_workdays(date(2024, 1, 3), -20) == NotPublished(2023)
    assert calendar.workdays_between(date(2026, 12, 24), date(2027, 1, 8)) == NotPublished(2027)
    assert calendar.workdays_between(date(2027, 1, 8), date(2026, 12, 24)) == NotPublished(2027)


def test_a_gap_between_published_years_is_not_jumped() -> None:
    calendar = WorkCalendar({2024: PLAIN, 2026: PLAIN})
    assert calendar.add_workdays(date(2024, 12, 30), 5) == NotPublished(2025)
    assert calendar.add_workdays(date(2026, 1, 2), -5) == NotPublished(2025)
    assert calendar.workdays_between(date(2024, 12, 30), date(2026, 1, 5)) == NotPublished(2025)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize(("limit", "last"), [(20, "12-03"), (10, "12-17")])
def test_last_acceptance_days(tables: Tables, year: int, limit: int, last: str) -> None:
    day = last_acceptance_day(tables.calendar, year, limit)
    assert day == date.fromisoformat(f"{year}-{last}")
    assert tables.calendar.add_workdays(day, limit) == date(year, 12, 31)


def test_last_acceptance_day_when_the_year_ends_on_a_sunday() -> None:
    calendar = WorkCalendar({2023: PLAIN})
    day = last_acceptance_day(calendar, 2023, 10)
    assert day == date(2023, 12, 15)
    assert calendar.add_workdays(day, 10) == date(2023, 12, 29)


def test_last_acceptance_day_of_an_unpublished_year(tables: Tables) -> None:
    assert last_acceptance_day(tables.calendar, 2027, 20) == NotPublished(2027)


@pytest.mark.parametrize(
    ("today", "left"), [("2026-11-20", 1), ("2026-11-23", 0), ("2026-11-24", -1), ("2026-11-21", 1)]
)
def test_days_left_count_from_tomorrow(tables: Tables, today: str, left: int) -> None:
    assert tables.calendar.workdays_between(date.fromisoformat(today), date(2026, 11, 23)) == left


def slow_add(tables: Tables, start: date, count: int) -> date | None:
    """The oracle: walk day by day, as one counts on a wall calendar."""
    day = start
    step = DAY if count > 0 else -DAY
    while count:
        day += step
        if day.year not in tables.calendar.years:
            return None
        if tables.calendar.is_workday(day) is True:
            count -= 1 if count > 0 else -1
    return day


@given(start=DAYS, count=st.integers(-40, 40))
def test_adding_equals_counting_on_the_wall(tables: Tables, start: date, count: int) -> None:
    end = tables.calendar.add_workdays(start, count)
    expected = slow_add(tables, start, count)
    assert (None if isinstance(end, NotPublished) else end) == expected


@given(start=DAYS, count=st.integers(1, 60))
def test_between_undoes_adding(tables: Tables, start: date, count: int) -> None:
    end = tables.calendar.add_workdays(start, count)
    if not isinstance(end, NotPublished):
        assert tables.calendar.workdays_between(start, end) == count
        assert tables.calendar.workdays_between(end, start) == -count
        assert tables.calendar.is_workday(end) is True
