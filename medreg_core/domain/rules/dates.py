"""Rules about time: when practice shall start, how long a filing lasts, what the year's end means."""

from __future__ import annotations

from datetime import date, timedelta

from medreg_core.domain.calendar import NotPublished, last_acceptance_day
from medreg_core.domain.records import Application
from medreg_core.domain.rules.check import Basis, Check, ReviewContext, Rule, law
from medreg_core.domain.rules.practice import years_later

START = Rule("start_date", Basis.CONFIGURABLE, configurable=True)
TERM = Rule("filing_term", Basis.CONFIGURABLE, configurable=True)
REPORT = Rule("report_in_time", law(17), configurable=True)
YEAR_END = Rule("year_end", Basis.CONFIGURABLE, configurable=True)


def start_date(application: Application, context: ReviewContext) -> Check:
    """Pass for a 拟在该机构执业时间 between the qualification and some months ahead.

    Holders of an assistant certificate may enter the day of their assistant registration (``domain.md`` §3.4), so a
    day in the past is normal.
    """
    start = application.request.start_on
    if start is None:
        return START.unknown("not_stated")
    latest = context.today + timedelta(days=context.tables.rules.start_days_ahead)
    if start > latest:
        return START.failed("too_late", start=start.isoformat(), latest=latest.isoformat())
    earliest = _earliest_start(application)
    if earliest is not None and start < earliest:
        return START.failed("too_early", start=start.isoformat(), earliest=earliest.isoformat())
    return START.passed(start=start.isoformat())


def _earliest_start(application: Application) -> date | None:
    days = [application.qualification.obtained_on] if application.qualification else []
    if application.registration:
        days.append(application.registration.registered_on)
    return min(days, default=None)


def filing_term(application: Application, context: ReviewContext) -> Check:
    """Pass when a multi-site filing has a beginning and an end in order, and not beyond the longest term."""
    start, end, years = application.request.start_on, application.request.end_on, context.tables.rules.filing_years
    if start is None or end is None:
        return TERM.failed("not_stated")
    if end <= start:
        return TERM.failed("order", start=start.isoformat(), end=end.isoformat())
    if end < context.today:
        return TERM.failed("over", end=end.isoformat())
    if end > years_later(start, years):
        return TERM.failed("too_long", years=str(years))
    return TERM.passed(start=start.isoformat(), end=end.isoformat())


def report_in_time(application: Application, context: ReviewContext) -> Check:
    """Tell whether the institution reports within 30 days of the end of practice; a late report must still be made."""
    registration, days = application.registration, context.tables.rules.report_days
    since = registration.practising_until if registration else None
    if since is None:
        return REPORT.unknown("no_data", days=str(days))
    last = min(since, date.max - timedelta(days=days)) + timedelta(days=days)  # 9999-12-31 means "without end"
    return REPORT.passed("late" if context.today > last else "", days=str(days), last=last.isoformat())


def year_end(application: Application, context: ReviewContext) -> Check:  # noqa: ARG001 - one shape for all rules
    """Tell whether the decision can still fall into this year, which the physician's years of practice hang on.

    A note, never a failure: the authority may be quicker than its limit.
    """
    year, limit = context.today.year, context.tables.rules.statutory_days
    last = last_acceptance_day(context.calendar, year, limit)
    if isinstance(last, NotPublished):
        return YEAR_END.unknown("not_published", year=str(last.year))
    reason = "in_time" if context.today <= last else "too_late"
    return YEAR_END.passed(reason, last=last.isoformat(), limit=str(limit), year=str(year))
