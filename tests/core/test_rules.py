"""Each case of each rule: what is spoiled, and what the rule says then. One test checks that no case is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from medreg_core.domain.calendar import WorkCalendar
from medreg_core.domain.records import Application, Material, Statement
from medreg_core.domain.rules import Check, ReviewContext, check, rules_for
from medreg_core.domain.rules.practice import years_later
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import (
    Category,
    ChangePart,
    CheckResult,
    Kind,
    Level,
    RegistrationState,
    Sex,
)
from tests.core.builders import (
    ID_NUMBER,
    TODAY,
    application,
    change,
    context,
    institution,
    person,
    qualification,
    registration,
    request,
)
from tests.core.rule_reasons import all_answers

PASS, FAIL, UNKNOWN = CheckResult.PASS, CheckResult.FAIL, CheckResult.UNKNOWN
OLD_ID = ID_NUMBER[:6] + ID_NUMBER[8:17]


@dataclass(frozen=True)
class Case:
    """For ``given``, in the context changed by ``around``, the rule ``code`` answers ``result`` for ``reason``."""

    code: str
    result: CheckResult
    reason: str
    given: Application
    around: Callable[[ReviewContext], ReviewContext] = lambda context: context
    params: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.code}-{self.result}-{self.reason}"


def case(code: str, result: CheckResult, reason: str, given: Application, **params: str) -> Case:
    return Case(code, result, reason, given, params=tuple(params.items()))


def with_context(one: Case, **changes: Any) -> Case:
    return replace(one, around=lambda context: replace(context, **changes))


def upgrade(**changes: Any) -> Application:
    held = registration(level=Level.ASSISTANT, place="990102")
    return application(kind=Kind.ASSISTANT_UPGRADE, registration=held, **changes)


def filing(**changes: Any) -> Application:
    elsewhere = registration(institution_name="示例县人民医院")
    term = {"start_on": date(2026, 12, 1), "end_on": date(2028, 11, 30)}
    sound = application(kind=Kind.MULTI_SITE_FILING, registration=elsewhere, request=request(**term))
    return replace(sound, **changes)


def ending(kind: Kind = Kind.CANCELLATION, **changes: Any) -> Application:
    held = registration(practising_until=date(2026, 11, 10))
    sound = application(kind=kind, registration=held, request=request(reason="2026-11-10 退休"))
    return replace(sound, **changes)


def statement(**changes: Any) -> Statement:
    return Statement(**{"no_refusal_ground": True, **changes})


SCOPE = change(ChangePart.SCOPE)
PLACE = change(ChangePart.PLACE)
MAIN = change(ChangePart.MAIN_INSTITUTION)
UNQUALIFIED = application(qualification=None)
LONG_AGO = qualification(obtained_on=date(2024, 11, 3))  # two years before the submission in China, to the day

CASES = [
    # -- qualification
    case("qualification_valid", PASS, "", application()),
    case("qualification_valid", UNKNOWN, "no_data", UNQUALIFIED),
    case(
        "qualification_valid",
        FAIL,
        "code",
        application(qualification=qualification(code="2025991")),
        finding="qualification_length",
    ),
    case(
        "qualification_valid",
        FAIL,
        "code_differs",
        application(qualification=qualification(code=f"202599120{ID_NUMBER}")),
    ),
    case(
        "qualification_valid",
        FAIL,
        "code_differs",
        application(qualification=qualification(code=f"202599210{ID_NUMBER}")),
    ),
    case(
        "qualification_valid",
        FAIL,
        "level",
        application(request=request(level=Level.ASSISTANT, place="990102")),
        has_level="1",
        wants_level="2",
    ),
    case("qualification_valid", FAIL, "category", application(request=request(category=Category.DENTAL))),
    # An unknown exam category or level digit is a hint of the code, never a difference.
    case("qualification_valid", PASS, "", application(qualification=qualification(code=f"202599199{ID_NUMBER}"))),
    case("qualification_valid", PASS, "", application(qualification=qualification(code=f"202599310{ID_NUMBER}"))),
    # The paper of a passport's holder breaks the strict form; nobody is kept out by it.
    case(
        "qualification_valid",
        UNKNOWN,
        "other_document",
        application(
            person=person(id_kind="passport", id_number="E12345678"),
            qualification=qualification(code="202599110E12345678", id_number="E12345678"),
        ),
        finding="qualification_length",
    ),
    # -- refusal grounds
    case("refusal_grounds", PASS, "", application()),
    case(
        "refusal_grounds",
        FAIL,
        "declared",
        application(statement=Statement(no_refusal_ground=False, punishments="2025 年行政处罚")),
        punishments="2025 年行政处罚",
    ),
    case("refusal_grounds", UNKNOWN, "not_declared", application(statement=Statement())),
    # -- identity
    case("identity_matches", PASS, "", application()),
    case("identity_matches", PASS, "", application(qualification=qualification(id_number=OLD_ID))),
    case("identity_matches", PASS, "", application(qualification=qualification(code=f"202599110{OLD_ID}"))),
    case(
        "identity_matches",
        FAIL,
        "name",
        application(person=person(name="欧阳以寧")),
        written="欧阳以寧",
        registered="欧阳以宁",
    ),
    # Two dots that look alike are two characters here: the portal must take the register's.
    case(
        "identity_matches",
        FAIL,
        "name",
        application(
            person=person(name="买买提•艾力"),
            qualification=qualification(name="买买提·艾力"),
        ),
    ),
    case("identity_matches", FAIL, "id_number", application(person=person(id_number="11010519491231002X"))),
    case(
        "identity_matches",
        FAIL,
        "code_id",
        application(qualification=qualification(code="20259911011010519491231002X")),
    ),
    case("identity_matches", UNKNOWN, "no_data", UNQUALIFIED),
    case(
        "identity_matches",
        FAIL,
        "number",
        application(
            person=person(id_number="110105194912310021"), qualification=qualification(id_number="110105194912310021")
        ),
        finding="id_check",
    ),
    case(
        "identity_matches",
        FAIL,
        "number",
        application(person=person(birth_date=date(1990, 5, 18))),
        finding="id_birth_differs",
    ),
    case("identity_matches", FAIL, "number", application(person=person(sex=Sex.MALE)), finding="id_sex_differs"),
    case(
        "identity_matches",
        PASS,
        "",
        application(
            person=person(id_kind="passport", id_number="E12345678"), qualification=qualification(id_number="E12345678")
        ),
    ),
    # -- photo
    case("photo_present", PASS, "", application()),
    case("photo_present", FAIL, "missing", application(materials=())),
    case("photo_present", FAIL, "missing", application(materials=(Material("photo"),))),
    # -- scope
    case("scope_count", PASS, "", application()),
    case("scope_count", FAIL, "none", application(request=request(scopes=()))),
    case("scope_count", FAIL, "category", application(request=request(scopes=("dental",))), scopes="口腔"),
    case(
        "scope_count",
        FAIL,
        "too_many",
        application(request=request(scopes=("surgery", "paediatrics"))),
        count="2",
        limit="1",
    ),
    case("scope_count", PASS, "", application(request=request(scopes=("unheard_of",)))),
    with_context(
        case(
            "scope_count", PASS, "county", application(request=request(scopes=("surgery", "paediatrics", "emergency")))
        ),
        institution=institution(county_level=True),
    ),
    with_context(
        case(
            "scope_count",
            FAIL,
            "too_many",
            application(request=request(scopes=("surgery", "paediatrics", "emergency", "internal_medicine"))),
        ),
        institution=institution(county_level=True),
    ),
    # The exception is for clinical physicians only.
    with_context(
        case(
            "scope_count",
            FAIL,
            "too_many",
            application(
                request=request(category=Category.CHINESE, scopes=("chinese_medicine", "integrated_medicine")),
                qualification=qualification(category=Category.CHINESE),
            ),
        ),
        institution=institution(county_level=True),
    ),
    case("institution_covers_scope", PASS, "", application(), scopes="内科"),
    case("institution_covers_scope", FAIL, "missing", application(request=request(scopes=("dental",))), scopes="口腔"),
    with_context(
        case("institution_covers_scope", UNKNOWN, "no_subjects", application()), institution=institution(subjects=())
    ),
    case("training_for_change", PASS, "", SCOPE, months="6", required="6"),
    case(
        "training_for_change",
        FAIL,
        "too_short",
        replace(SCOPE, statement=statement(training_months=3)),
        months="3",
        required="6",
    ),
    case("training_for_change", FAIL, "no_certificate", replace(SCOPE, materials=(Material("photo", 1),))),
    case("training_for_change", UNKNOWN, "not_stated", replace(SCOPE, statement=statement())),
    case("training_for_change", PASS, "", change(ChangePart.CATEGORY)),
    # -- the registration
    case("registration_valid", PASS, "", SCOPE),
    case("registration_valid", FAIL, "none", replace(SCOPE, registration=None)),
    case(
        "registration_valid",
        FAIL,
        "state",
        replace(SCOPE, registration=registration(state=RegistrationState.FILED)),
        registration_state="filed",
    ),
    case("stopped_practice", PASS, "", application(qualification=replace(LONG_AGO, obtained_on=date(2024, 11, 4)))),
    case("stopped_practice", PASS, "", SCOPE),
    case("stopped_practice", FAIL, "no_training", application(qualification=LONG_AGO), years="2", required="6"),
    case(
        "stopped_practice",
        FAIL,
        "too_short",
        application(qualification=LONG_AGO, statement=statement(training_months=5)),
        months="5",
    ),
    case(
        "stopped_practice",
        PASS,
        "retrained",
        application(qualification=LONG_AGO, statement=statement(training_months=6)),
    ),
    case(
        "stopped_practice",
        FAIL,
        "no_training",
        application(registration=registration(state=RegistrationState.FILED, practising_until=date(2024, 11, 3))),
    ),
    case("stopped_practice", UNKNOWN, "no_data", UNQUALIFIED),
    case(
        "stopped_practice",
        UNKNOWN,
        "no_data",
        application(registration=registration(state=RegistrationState.CHANGED_OUT)),
    ),
    case("assessment_passed", PASS, "", SCOPE, period="2023—2025 合格"),
    case("assessment_passed", FAIL, "failed", replace(SCOPE, registration=registration(assessment_passed=False))),
    case(
        "assessment_passed",
        PASS,
        "not_due",
        replace(SCOPE, registration=registration(assessment_passed=None, registered_on=date(2023, 11, 24))),
        due="2026-11-24",
    ),
    case(
        "assessment_passed",
        UNKNOWN,
        "no_data",
        replace(SCOPE, registration=registration(assessment_passed=None, registered_on=date(2023, 11, 23))),
    ),
    case("assessment_passed", PASS, "first_registration", replace(upgrade(), registration=None)),
    case("no_other_pending", PASS, "", application()),
    case("no_other_pending", FAIL, "pending", application(other_pending=2), count="2"),
    case("no_other_pending", UNKNOWN, "not_given", application(other_pending=None)),
    with_context(case("no_other_pending", UNKNOWN, "offline", application(other_pending=None)), online=False),
    case("origin_agrees", PASS, "", MAIN),
    case("origin_agrees", FAIL, "refused", replace(MAIN, origin_agrees=False)),
    case("origin_agrees", UNKNOWN, "not_given", replace(PLACE, origin_agrees=None)),
    with_context(case("origin_agrees", UNKNOWN, "offline", replace(MAIN, origin_agrees=None)), online=False),
    case("other_sites", PASS, "", SCOPE),
    case(
        "other_sites",
        PASS,
        "sites",
        replace(SCOPE, registration=registration(sites=("甲院", "乙院"))),
        sites="甲院、乙院",
    ),
    with_context(case("other_sites", UNKNOWN, "offline", SCOPE), online=False),
    case(
        "other_sites",
        UNKNOWN,
        "filings_end",
        replace(PLACE, registration=registration(place="37", institution_name="他院", sites=("甲院",))),
        sites="甲院",
    ),
    # -- place
    case("place_in_region", PASS, "", application(), place="示例省", expected="示例省"),
    case(
        "place_in_region",
        PASS,
        "",
        application(request=request(level=Level.ASSISTANT, place="990102")),
        place="示例省示例市示例区",
    ),
    # The same field means two levels: the province for a physician, the county for an assistant.
    case("place_in_region", FAIL, "level", application(request=request(place="990102"))),
    case("place_in_region", FAIL, "level", application(request=request(level=Level.ASSISTANT, place="99"))),
    case("place_in_region", FAIL, "elsewhere", application(request=request(place="37")), place="山东省"),
    case("place_in_region", FAIL, "elsewhere", application(request=request(level=Level.ASSISTANT, place="990121"))),
    case("place_in_region", UNKNOWN, "no_data", application(request=request(place=""))),
    case("assistant_one_place", PASS, "", application(request=request(level=Level.ASSISTANT))),
    case("assistant_one_place", FAIL, "filing", filing(request=request(level=Level.ASSISTANT))),
    case(
        "assistant_one_place",
        FAIL,
        "second",
        application(request=request(level=Level.ASSISTANT), registration=registration(institution_name="他院")),
        institution="他院",
    ),
    case(
        "assistant_one_place",
        PASS,
        "",
        application(
            request=request(level=Level.ASSISTANT), registration=registration(state=RegistrationState.CANCELLED)
        ),
    ),
    case("filing_same_province", PASS, "", filing(), province="示例省"),
    case(
        "filing_same_province",
        FAIL,
        "other_province",
        filing(registration=registration(place="37", institution_name="他院")),
        registered="山东省",
        wanted="示例省",
    ),
    case("filing_same_province", FAIL, "main_institution", filing(registration=registration())),
    case("filing_same_province", UNKNOWN, "no_data", filing(registration=None)),
    case(
        "site_is_filed",
        PASS,
        "",
        application(
            kind=Kind.MULTI_SITE_WITHDRAWAL,
            registration=registration(institution_name="他院", sites=(institution().name,)),
        ),
    ),
    case(
        "site_is_filed",
        FAIL,
        "not_filed",
        application(kind=Kind.MULTI_SITE_WITHDRAWAL, registration=registration(institution_name="他院")),
    ),
    case("site_is_filed", UNKNOWN, "no_data", application(kind=Kind.MULTI_SITE_WITHDRAWAL)),
    case("registered_here", PASS, "", ending()),
    case(
        "registered_here",
        FAIL,
        "name_differs",
        ending(registration=registration(institution_name="示例市笫二人民医院")),
        registered="示例市笫二人民医院",
        standard="示例市第二人民医院",
    ),
    case("registered_here", UNKNOWN, "no_data", ending(registration=None)),
    # -- the kind of business
    case("change_fits", PASS, "", SCOPE, part="scope"),
    case("change_fits", PASS, "", MAIN),
    case("change_fits", PASS, "", change(ChangePart.CATEGORY)),
    case("change_fits", PASS, "old_place_ends", PLACE, old="山东省", new="示例省"),
    case("change_fits", FAIL, "nothing_changes", replace(SCOPE, request=request()), part="scope"),
    case(
        "change_fits",
        FAIL,
        "more_changes",
        replace(SCOPE, registration=registration(institution_name="他院", place="37")),
        others="main_institution,place",
    ),
    case("change_fits", UNKNOWN, "no_data", replace(SCOPE, registration=None)),
    case("change_fits", UNKNOWN, "no_data", replace(SCOPE, change_part=None)),
    case("upgrade_fits", PASS, "", upgrade()),
    case("upgrade_fits", FAIL, "not_registered", replace(upgrade(), registration=None)),
    case("upgrade_fits", FAIL, "no_assistant", replace(upgrade(), registration=registration())),
    case(
        "upgrade_fits",
        FAIL,
        "other_institution",
        replace(upgrade(), registration=registration(level=Level.ASSISTANT, institution_name="他院")),
        registered="他院",
    ),
    case("reason_given", PASS, "", ending()),
    case("reason_given", FAIL, "missing", ending(request=request(reason="  "))),
    # -- time
    case("start_date", PASS, "", application(), start="2026-12-01"),
    # The holder of an assistant certificate enters the day of the assistant registration, years ago.
    case("start_date", PASS, "", upgrade(request=request(start_on=date(2020, 12, 20)))),
    case("start_date", FAIL, "too_late", application(request=request(start_on=TODAY + timedelta(days=181)))),
    case("start_date", PASS, "", application(request=request(start_on=TODAY + timedelta(days=180)))),
    case("start_date", FAIL, "too_early", application(request=request(start_on=date(2025, 11, 30)))),
    case("start_date", PASS, "", application(qualification=None, request=request(start_on=date(1999, 1, 1)))),
    case("start_date", UNKNOWN, "not_stated", application(request=request(start_on=None))),
    case("filing_term", PASS, "", filing()),
    case("filing_term", FAIL, "not_stated", filing(request=request())),
    case("filing_term", FAIL, "order", filing(request=request(end_on=date(2026, 12, 1)))),
    case("filing_term", FAIL, "over", filing(request=request(start_on=date(2026, 1, 1), end_on=date(2026, 11, 22)))),
    case("filing_term", PASS, "", filing(request=request(start_on=date(2026, 1, 1), end_on=TODAY))),
    case("filing_term", PASS, "", filing(request=request(end_on=date(2031, 12, 1)))),
    case("filing_term", FAIL, "too_long", filing(request=request(end_on=date(2031, 12, 2))), years="5"),
    case("report_in_time", PASS, "", ending(), days="30", last="2026-12-10"),
    case("report_in_time", PASS, "late", ending(registration=registration(practising_until=date(2026, 10, 23)))),
    case("report_in_time", UNKNOWN, "no_data", ending(registration=registration())),
    case("year_end", PASS, "in_time", application(), last="2026-12-03", limit="20", year="2026"),
    with_context(case("year_end", PASS, "in_time", application()), today=date(2026, 12, 3)),
    with_context(case("year_end", PASS, "too_late", application()), today=date(2026, 12, 4)),
    with_context(case("year_end", UNKNOWN, "not_published", application(), year="2026"), calendar=WorkCalendar({})),
]


def answer(one: Case, tables: Tables) -> Check:
    (found,) = [c for c in check(one.given, one.around(context(tables))) if c.code == one.code]
    return found


@pytest.mark.parametrize("one", CASES, ids=str)
def test_the_rule_answers(one: Case, tables: Tables) -> None:
    found = answer(one, tables)
    assert (found.result, found.reason) == (one.result, one.reason)
    assert dict(one.params).items() <= found.params.items()


def test_no_answer_of_any_rule_is_left_untested() -> None:
    assert all_answers() - {(one.code, one.result, one.reason) for one in CASES} == set()


SOUND = [
    application(),
    upgrade(),
    *map(change, ChangePart),
    filing(),
    application(
        kind=Kind.MULTI_SITE_WITHDRAWAL, registration=registration(institution_name="他院", sites=(institution().name,))
    ),
    application(kind=Kind.MULTI_PLACE_WITHDRAWAL, registration=registration()),
    application(kind=Kind.TRANSFER_FROM_MILITARY),
    application(kind=Kind.TRANSFER_TO_MILITARY, registration=registration()),
    ending(Kind.CANCELLATION),
    ending(Kind.DEPARTURE_FILING),
]


@pytest.mark.parametrize("sound", SOUND, ids=lambda a: f"{a.kind}-{a.change_part or ''}")
def test_a_sound_application_of_every_kind_passes_everything(sound: Application, tables: Tables) -> None:
    assert [c for c in check(sound, context(tables)) if c.result is not PASS] == []


def test_every_kind_has_a_sound_example() -> None:
    assert {sound.kind for sound in SOUND} == set(Kind)


@pytest.mark.parametrize("sound", SOUND, ids=lambda a: f"{a.kind}-{a.change_part or ''}")
def test_every_answer_cites_its_basis(sound: Application, tables: Tables) -> None:
    for one in check(sound, context(tables)):
        law, _, article = one.article.partition(":")
        assert article.isdigit() if law == "physicians_law" else law, one
        assert one.configurable or law != "configurable"
        assert all(isinstance(value, str) for value in one.params.values())


def test_a_change_shows_about_eleven_checks(tables: Tables) -> None:
    counts = {sound.kind: len(check(sound, context(tables))) for sound in SOUND}
    assert counts[Kind.REGISTRATION] == 11
    assert all(count >= 3 for count in counts.values())
    for sound in SOUND:
        codes = [one.code for one in check(sound, context(tables))]
        assert len(codes) == len(set(codes))


def test_the_year_end_is_mentioned_from_november_only(tables: Tables) -> None:
    def codes(today: date) -> list[str]:
        return [rule.__name__ for rule in rules_for(application(), context(tables, today=today))]

    assert "year_end" not in codes(date(2026, 10, 31))
    assert "year_end" in codes(date(2026, 11, 1))


@pytest.mark.parametrize(
    ("day", "years", "later"),
    [("2024-02-29", 2, "2026-03-01"), ("2024-02-29", 4, "2028-02-29"), ("2024-11-03", 2, "2026-11-03")],
)
def test_a_term_from_leap_day_is_never_short(day: str, years: int, later: str) -> None:
    assert years_later(date.fromisoformat(day), years) == date.fromisoformat(later)
