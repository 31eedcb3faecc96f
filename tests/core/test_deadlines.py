from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from medreg_core.domain.calendar import NotPublished
from medreg_core.domain.deadlines import china_date, review_deadline, statutory_deadline
from medreg_core.domain.records import HistoryEntry
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Move, Role, State
from tests.core.builders import application


def test_the_day_is_the_day_in_china() -> None:
    assert china_date(datetime(2026, 11, 2, 15, 59, tzinfo=UTC)) == date(2026, 11, 2)
    assert china_date(datetime(2026, 11, 2, 16, 0, tzinfo=UTC)) == date(2026, 11, 3)


def test_the_institution_has_its_working_days_from_submission(tables: Tables) -> None:
    late = application(submitted_at=datetime(2026, 11, 2, 16, 30, tzinfo=UTC))
    assert review_deadline(late, tables.calendar, tables) == date(2026, 11, 23)


def test_the_authority_counts_from_acceptance_not_submission(tables: Tables) -> None:
    accepted = application(state=State.ACCEPTED, accepted_on=date(2026, 12, 3))
    assert review_deadline(accepted, tables.calendar, tables) == date(2026, 12, 17)
    assert statutory_deadline(accepted, tables.calendar, tables) == date(2026, 12, 31)


def test_a_limit_that_leaves_the_calendar_says_so(tables: Tables) -> None:
    accepted = application(state=State.ACCEPTED, accepted_on=date(2026, 12, 4))
    assert statutory_deadline(accepted, tables.calendar, tables) == NotPublished(2027)


def test_a_supplement_counts_from_its_latest_notice(tables: Tables) -> None:
    notices = tuple(
        HistoryEntry(datetime(2026, 11, day, 2, tzinfo=UTC), Role.COMMISSION, "", Move.ASK_SUPPLEMENT, 3)
        for day in (9, 16)
    )
    waiting = application(state=State.SUPPLEMENT, history=notices)
    assert review_deadline(waiting, tables.calendar, tables) == date(2026, 11, 23)
    assert review_deadline(application(state=State.SUPPLEMENT), tables.calendar, tables) is None


@pytest.mark.parametrize("state", [State.AGREED, State.RETURNED, State.WITHDRAWN, State.COLLECTED, State.ACCEPTED])
def test_nobodys_clock_runs(tables: Tables, state: State) -> None:
    resting = application(state=state)
    assert review_deadline(resting, tables.calendar, tables) is None
    assert statutory_deadline(resting, tables.calendar, tables) is None
