from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice, pairwise
from random import Random

import msgspec
import pytest

from medreg_core.domain.calendar import NotPublished, WorkCalendar
from medreg_core.domain.codes.qualification_code import check_qualification_code
from medreg_core.domain.deadlines import china_date, review_deadline
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import Application
from medreg_core.domain.rules import ReviewContext, check, may_agree
from medreg_core.domain.states import FINAL, RULES
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import ChangePart, CheckResult, Kind, Role, State
from medreg_server.services.demo.applications import Filed, Filings
from medreg_server.services.demo.cases import CAST, LIVE, live_cases, past_cases
from medreg_server.services.demo.flaws import Flaw
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import HOME, NEIGHBOUR
from medreg_server.services.demo.timeline import PATHS, workday_before
from medreg_server.services.demo.worklist import worklist_applications
from tests.server.demo.conftest import SEED, TODAY

UNKNOWN_ONLY = {Flaw.NOT_DECLARED, Flaw.PENDING_UNKNOWN, Flaw.ORIGIN_SILENT}
PAPER_ONLY = {Flaw.MATERIAL_MISSING, Flaw.ORIGINAL_UNSEEN}


def context(tables: Tables) -> ReviewContext:
    return ReviewContext(TODAY, tables, tables.calendar, HOME.institution, online=True)


def test_three_hundred_live_applications_of_every_kind_in_every_state(live: list[Filed]) -> None:
    assert len(live) == LIVE == 300
    met = {(filed.application.kind, filed.application.state) for filed in live}
    assert met == {(kind, state) for kind in Kind for state in State if state is not State.DRAFT}
    assert {filed.application.change_part for filed in live} == {None, *ChangePart}


def test_with_its_past_the_list_holds_over_a_thousand_rows() -> None:
    assert LIVE + 780 > 1_000


def test_past_applications_are_finished(past: list[Filed]) -> None:
    assert {filed.application.state for filed in past} <= FINAL


def test_every_history_is_legal_move_by_move(live: list[Filed], past: list[Filed]) -> None:
    for filed in (*live, *past):
        application, state, content_version = filed.application, State.DRAFT, 1
        for number, entry in enumerate(application.history, 1):
            rule = RULES[entry.move]
            assert state in rule.sources
            assert entry.role in rule.roles
            assert entry.reason or not rule.needs_reason
            assert bool(entry.actor) == (entry.role is not Role.PHYSICIAN)
            assert entry.version == number
            state, content_version = rule.target, content_version + rule.new_content
        assert (application.state, application.version) == (state, len(application.history))
        assert application.content_version == content_version


def test_moves_follow_each_other_on_working_days_before_today(
    live: list[Filed], past: list[Filed], tables: Tables
) -> None:
    for filed in (*live, *past):
        moments = [entry.at for entry in filed.application.history]
        assert all(earlier < later for earlier, later in pairwise(moments))
        assert all(tables.calendar.is_workday(china_date(moment)) is True for moment in moments)
        assert china_date(moments[-1]) < TODAY


def test_what_the_moves_leave_on_the_application(live: list[Filed]) -> None:
    for filed in live:
        application = filed.application
        decided = application.state not in {State.SUBMITTED, State.WITHDRAWN}
        assert bool(application.decided_by) == bool(application.opinion) == decided
        assert (application.decided_at is not None) == decided
        accepted = {State.ACCEPTED, State.APPROVED, State.CERTIFIED, State.COLLECTED, State.DENIED}
        assert (application.accepted_on is not None) == (application.state in accepted)
        has_notes = application.state in {State.SUPPLEMENT, State.NOT_ACCEPTED, State.DENIED}
        assert bool(application.notes) == has_notes


def test_detours_are_among_the_histories(live: list[Filed], past: list[Filed]) -> None:
    lengths = Counter(len(filed.application.history) - len(PATHS[filed.application.state]) for filed in (*live, *past))
    assert lengths[0] > lengths[2] > 0
    assert any(filed.application.content_version > 1 for filed in live)


def test_deadlines_are_overdue_today_soon_and_later(live: list[Filed], tables: Tables) -> None:
    waiting = [filed.application for filed in live if filed.application.state is State.SUBMITTED]
    left: Counter[int] = Counter()
    for application in waiting:
        deadline = review_deadline(application, tables.calendar, tables)
        assert isinstance(deadline, date)
        days = tables.calendar.workdays_between(TODAY, deadline)
        assert isinstance(days, int)
        left[days] += 1
    assert min(left) < 0
    assert left[0] >= 3
    assert all(left[days] for days in range(13))


def test_enough_applications_can_be_agreed_to_in_one_batch(live: list[Filed], tables: Tables) -> None:
    clean = [filed for filed in live if filed.application.state is State.SUBMITTED and filed.flaw is None]
    for filed in clean:
        checks = check(filed.application, context(tables))
        assert not may_agree(filed.application, checks, tables)
        assert {entry.result for entry in checks} == {CheckResult.PASS}
    assert len(clean) >= 40


def test_a_flaw_is_seen_by_the_rules(live: list[Filed], tables: Tables) -> None:
    flawed = [filed for filed in live if filed.flaw is not None and filed.application.state is State.SUBMITTED]
    assert len({filed.flaw for filed in flawed}) >= 9
    for filed in flawed:
        checks = check(filed.application, context(tables))
        results = {entry.result for entry in checks}
        if filed.flaw in UNKNOWN_ONLY:
            assert results == {CheckResult.PASS, CheckResult.UNKNOWN}
            assert not may_agree(filed.application, checks, tables)
        elif filed.flaw in PAPER_ONLY:
            blockers = [blocker.code for blocker in may_agree(filed.application, checks, tables)]
            assert len(blockers) == 1
            assert blockers[0] in {"material_missing", "original_unseen"}
        else:
            assert [entry.result for entry in checks].count(CheckResult.FAIL) == 1


def test_the_cast_is_there_as_the_pictures_show_it(live: list[Filed]) -> None:
    for case, filed in zip(CAST, live, strict=False):
        application = filed.application
        assert case.cast is not None
        assert (application.person.name, application.person.sex) == (case.cast.name, case.cast.sex)
        assert application.request.department == case.cast.department
        assert (application.kind, application.change_part, application.state) == (case.kind, case.part, case.state)


def test_the_journey_finds_an_application_with_one_failing_check(live: list[Filed], tables: Tables) -> None:
    shan = next(filed.application for filed in live if filed.application.person.name == "单小明")
    failed = [entry.code for entry in check(shan, context(tables)) if entry.result is CheckResult.FAIL]
    assert failed == ["photo_present"]


def test_every_application_renders_in_the_tables(live: list[Filed], past: list[Filed], tables: Tables) -> None:
    for filed in (*live, *past):
        application = filed.application
        request, qualification = application.request, application.qualification
        assert request.department in HOME.institution.departments
        assert all(scope in tables.scopes for scope in request.scopes)
        assert request.place in tables.regions
        assert qualification is not None
        findings = check_qualification_code(qualification.code, TODAY, id_number=application.person.id_number)
        assert not [finding for finding in findings if finding.hard]
        assert all(material.code in tables.materials.table for material in application.materials)
        for held in filed.held:
            assert held.registration.place in tables.regions


def test_applicants_are_all_different_people(live: list[Filed], past: list[Filed]) -> None:
    for filings in (live, past):
        applications = [filed.application for filed in filings]
        assert len({application.id for application in applications}) == len(applications)
        assert len({application.physician_id for application in applications}) == len(applications)
        assert len({application.person.id_number for application in applications}) == len(applications)
        codes = [held.code for filed in filings for held in filed.qualifications]
        assert len(set(codes)) == len(codes)
        practice = [held.registration.practice_code for filed in filings for held in filed.held]
        assert len(set(practice)) == len(practice)


def test_approved_applications_carry_what_the_register_holds_now(live: list[Filed]) -> None:
    approved = [f for f in live if f.application.state in {State.APPROVED, State.CERTIFIED, State.COLLECTED}]
    assert {filed.application.kind for filed in approved} == set(Kind)
    for filed in approved:
        assert filed.application.registered == filed.held[0].registration
        assert filed.application.form is None or filed.application.form.digest == content_digest(filed.application)


def test_a_second_application_elsewhere_is_the_same_physicians(tables: Tables, live: list[Filed]) -> None:
    filed = next(entry for entry in live if entry.flaw is Flaw.OTHER_PENDING)
    other = Filings(Random(1), TODAY, tables, PracticeSerials()).elsewhere(filed, NEIGHBOUR).application
    assert other.physician_id == filed.application.physician_id
    assert other.id != filed.application.id
    assert (other.institution_id, other.state) == (NEIGHBOUR.institution.id, State.SUBMITTED)


def _digest(applications: list[Application]) -> str:
    return hashlib.sha256(msgspec.json.encode(applications)).hexdigest()


def test_the_same_seed_makes_the_same_applications(live: list[Filed], tables: Tables) -> None:
    rng = Random(SEED)
    again = Filings(rng, TODAY, tables, PracticeSerials()).filed(live_cases(rng))
    assert _digest([filed.application for filed in again]) == _digest([filed.application for filed in live])


def test_a_year_without_a_calendar_counts_weekdays(tables: Tables) -> None:
    bare = WorkCalendar({})
    day = date(2031, 3, 12)
    for count in range(1, 40):
        earlier = workday_before(bare, day, count)
        weekdays = [day - timedelta(days=back) for back in range((day - earlier).days + 1)]
        assert sum(back.weekday() < 5 for back in weekdays[1:]) == count
        assert earlier.weekday() < 5


@pytest.mark.parametrize("today", [date(2024, 1, 3), date(2027, 1, 4), date(2027, 3, 1), date(2035, 5, 20)])
def test_the_demo_can_be_made_on_any_day(today: date, tables: Tables) -> None:
    rng = Random(3)
    cases = [*live_cases(rng), *islice(past_cases(rng), 100)]
    for filed in Filings(rng, today, tables, PracticeSerials()).filed(cases):
        assert china_date(filed.application.history[-1].at) < today
    assert isinstance(tables.calendar.add_workdays(date(2035, 1, 1), 1), NotPublished)


def test_the_worklist_repeats_and_holds_one_application_per_physician(tables: Tables) -> None:
    first = list(worklist_applications(4_000, 5, tables=tables, today=TODAY))
    again = list(worklist_applications(1_000, 5, tables=tables, today=TODAY))
    assert len(first) == 4_000
    assert _digest(first[:1_000]) == _digest(again)
    assert len({application.id for application in first}) == 4_000
    assert len({application.physician_id for application in first}) == 4_000
    assert len({application.person.id_number for application in first}) == 4_000
    codes = [application.registration.practice_code for application in first if application.registration]
    held = [application for application in first if application.state not in {State.APPROVED, State.COLLECTED}]
    assert len(set(codes)) == len(codes)
    assert {application.institution_id for application in first} == {HOME.institution.id}
    assert {application.kind for application in held} == set(Kind)


def test_the_worklist_is_made_of_records_that_travel(tables: Tables) -> None:
    for application in worklist_applications(50, 5, tables=tables, today=TODAY):
        body = msgspec.json.encode(application)
        assert msgspec.json.decode(body, type=Application) == application
        assert replace(application) == application
