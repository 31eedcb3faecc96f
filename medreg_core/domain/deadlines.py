"""Until when an application must be dealt with, in working days."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from medreg_core.domain.calendar import NotPublished, WorkCalendar
from medreg_core.domain.records import Application
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Move, State

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one time without summer time since 1992, so a fixed offset is exact and needs no zone data."""


def china_date(moment: datetime) -> date:
    """Return the calendar day in China of an aware moment: what was submitted at 16:30 UTC belongs to the next day."""
    return moment.astimezone(CHINA).date()


def review_deadline(application: Application, calendar: WorkCalendar, tables: Tables) -> date | NotPublished | None:
    """Return the last working day for whoever must act now, or None when nobody's clock runs.

    The institution's review counts from the submission, the authority's decision from 受理 (医师法 Art. 13: never
    from the electronic submission), a supplement from its notice.
    """
    rules = tables.rules
    match application.state:
        case State.SUBMITTED:
            return calendar.add_workdays(china_date(application.submitted_at), rules.institution_days)
        case State.ACCEPTED if application.accepted_on is not None:
            return calendar.add_workdays(application.accepted_on, rules.promised_days)
        case State.SUPPLEMENT if (noticed := _noticed_on(application)) is not None:
            return calendar.add_workdays(noticed, rules.supplement_days)
        case _:
            return None


def statutory_deadline(application: Application, calendar: WorkCalendar, tables: Tables) -> date | NotPublished | None:
    """Return the last day the law leaves the authority: 20 working days from 受理 (医师法 Art. 13)."""
    if application.accepted_on is None or application.state is not State.ACCEPTED:
        return None
    return calendar.add_workdays(application.accepted_on, tables.rules.statutory_days)


def _noticed_on(application: Application) -> date | None:
    notices = [entry.at for entry in application.history if entry.move is Move.ASK_SUPPLEMENT]
    return china_date(max(notices)) if notices else None
