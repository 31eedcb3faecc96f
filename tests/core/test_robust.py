"""Whatever the register sends, the rules answer; a traceback would stop a whole batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.calendar import WorkCalendar
from medreg_core.domain.comparison import compare
from medreg_core.domain.deadlines import review_deadline, statutory_deadline
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import (
    Application,
    Institution,
    Material,
    Person,
    Qualification,
    Registration,
    Request,
    Statement,
)
from medreg_core.domain.rules import check, material_list, may_agree
from medreg_core.domain.tables import load_tables
from medreg_core.domain.vocabulary import ChangePart, CheckResult, Kind, State
from tests.core.builders import application, context
from tests.core.conftest import read_packaged

TABLES = load_tables(read_packaged)
DATES = st.dates() | st.sampled_from([date.min, date.max, date(2024, 2, 29), date(9999, 12, 31)])
MOMENTS = st.dates(date(1970, 1, 2)).map(lambda day: datetime(day.year, day.month, day.day, 16, 30, tzinfo=UTC))
WORDS = st.text(max_size=8) | st.sampled_from(["99", "990102", "surgery", "", "{x}", "110105194912310021"])


def of(record: type) -> st.SearchStrategy[object]:
    """Any record of this type whose dates and texts are of the kinds above."""
    special = {
        name: {"date": DATES, "date | None": st.none() | DATES, "str": WORDS}[kind]
        for name, kind in record.__annotations__.items()
        if kind in ("date", "date | None", "str")
    }
    return st.builds(record, **special)


APPLICATIONS = st.builds(
    replace,
    st.just(application()),
    kind=st.sampled_from(Kind),
    state=st.sampled_from(State),
    change_part=st.none() | st.sampled_from(ChangePart),
    submitted_at=MOMENTS,
    person=of(Person),
    qualification=st.none() | of(Qualification),
    registration=st.none() | of(Registration),
    request=of(Request),
    statement=of(Statement),
    materials=st.lists(of(Material), max_size=3).map(tuple),
    accepted_on=st.none() | DATES,
    other_pending=st.none() | st.integers(0, 3),
    origin_agrees=st.none() | st.booleans(),
)


@given(one=APPLICATIONS, here=of(Institution), online=st.booleans(), today=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_rules_always_answer(one: Application, here: Institution, online: bool, today: date) -> None:
    around = context(TABLES, institution=here, online=online, today=today)
    answers = check(one, around)
    assert answers == check(one, around)
    assert all(isinstance(value, str) for answer in answers for value in answer.params.values())
    blocked = may_agree(one, answers, TABLES)
    if any(answer.result is CheckResult.FAIL for answer in answers):
        assert blocked


@given(one=APPLICATIONS)
def test_sheet_list_deadline_and_digest_always_answer(one: Application) -> None:
    assert compare(one, TABLES)
    assert len({required.code for required in material_list(one, TABLES)}) == len(material_list(one, TABLES))
    for calendar in (TABLES.calendar, WorkCalendar({})):
        review_deadline(one, calendar, TABLES)
        statutory_deadline(one, calendar, TABLES)
    assert content_digest(one) == content_digest(replace(one, opinion="同意", version=one.version + 1))
