from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from medreg_core.domain.comparison import asked_fields
from medreg_core.domain.records import Application, Experience
from medreg_core.domain.vocabulary import ChangePart, FormState, Kind
from medreg_desktop.services.printing.field_names import (
    EXPERIENCE_FIELDS,
    FIELDS,
    QUALIFICATION_FIELDS,
    REGISTRATION_FIELDS,
    TICKS,
)
from medreg_desktop.services.printing.fields import NOT_ASKED, FormJob, day, form_texts, form_ticks
from medreg_desktop.services.printing.template import Text
from tests.helpers.review_forms import (
    INSTITUTION,
    PRINTED_ON,
    REGISTRATION,
    application,
    job,
    library,
    tables,
    undecided,
)


def texts(one: FormJob) -> dict[str, str]:
    return form_texts(one, tables())


@pytest.mark.parametrize("kind", list(Kind))
def test_every_field_and_tick_of_the_list_is_filled_and_no_other(kind: Kind) -> None:
    one = job(subject=application(kind, registered=True))
    assert texts(one).keys() == FIELDS
    assert form_ticks(one) <= TICKS


def test_a_first_registration_leaves_the_present_registration_out() -> None:
    shown = texts(job())
    assert {shown[field] for field in REGISTRATION_FIELDS} == {"—"}
    assert shown["former_opinion"] == "（首次注册不填）"


def test_an_applicant_without_a_qualification_record_shows_dashes() -> None:
    shown = texts(job(subject=replace(application(), qualification=None)))
    assert {shown[field] for field in QUALIFICATION_FIELDS} == {"—"}


def test_a_request_that_names_no_institution_and_no_place_shows_dashes() -> None:
    subject = application()
    subject = replace(subject, request=replace(subject.request, institution_name="", institution_code="", place=""))
    shown = texts(job(subject=subject))
    assert [shown[field] for field in ("institution_name", "institution_code", "place")] == ["—", "—", "—"]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("birth_date", "1949 年 12 月 31 日"),
        ("graduated_on", "1974 年 06 月"),
        ("qualification_obtained", "2026 年 11 月"),
        ("submitted_on", "2026 年 11 月 23 日"),  # 22 November, 17:00 UTC
        ("practice_term", "2026 年 12 月 01 日起"),
        ("qualification_code", "2026 99 1 10 11010519491231002X"),
        ("id_kind", "居民身份证"),
        ("nation", "汉"),
        ("sex", "女"),
        ("education", "大学本科"),
        ("degree", "医学学士"),
        ("phone", "138 0000 0000"),
        ("professional_title", "无"),
        ("title_since", "—"),
        ("scopes", "儿科专业"),
        ("place", "示例省"),
        ("institution_label", "主要执业机构"),
        ("opinion", "同意聘用并申请注册。"),
        ("signed", "经办人：查若溪　2026 年 11 月 23 日"),
        ("training", "—"),
        ("reason", "—"),
    ],
)
def test_official_words(field: str, text: str) -> None:
    assert texts(job())[field] == text


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("199834110440524188001010", "1998 34 1 10 440524188001010"),
        ("2026991101101051949", "2026991101101051949"),  # of no known length: as it is
    ],
)
def test_a_qualification_code_is_grouped_only_when_its_parts_are_known(code: str, shown: str) -> None:
    subject = application()
    assert subject.qualification is not None
    subject = replace(subject, qualification=replace(subject.qualification, code=code))
    assert texts(job(subject=subject))["qualification_code"] == shown


def test_a_term_with_an_end_names_both_days() -> None:
    subject = application(Kind.MULTI_SITE_FILING, registered=True)
    subject = replace(subject, request=replace(subject.request, end_on=date(2029, 11, 30)))
    shown = texts(job(subject=subject))
    assert shown["practice_term"] == "2026 年 12 月 01 日至 2029 年 11 月 30 日"
    assert shown["institution_label"] == "拟备案机构"


ASKED = [application(kind, registered=True) for kind in Kind if kind is not Kind.CHANGE]
ASKED += [replace(application(Kind.CHANGE, registered=True), change_part=part) for part in ChangePart]
SHOWN_AS = {
    "start_on": {"start_on", "practice_term"},
    "end_on": {"practice_term"},
    "level": {"qualification_level"},  # a rule demands that they are equal
}


@pytest.mark.parametrize("subject", ASKED, ids=lambda one: f"{one.kind}-{one.change_part or ''}")
def test_a_form_shows_everything_the_registrar_was_asked_to_compare(subject: Application) -> None:
    pages = library().template_of(subject.kind).pages
    shown = {field for page in pages for text in page.values if isinstance(text, Text) for field in text.fields()}
    for field in asked_fields(subject):
        assert SHOWN_AS.get(field, {field}) & shown, field


@pytest.mark.parametrize(
    ("kind", "label", "institution", "place", "start_on"),
    [
        (Kind.MULTI_SITE_WITHDRAWAL, "取消备案机构", INSTITUTION.name, NOT_ASKED, NOT_ASKED),
        (Kind.MULTI_PLACE_WITHDRAWAL, "所涉执业机构", INSTITUTION.name, "示例省", NOT_ASKED),
        (Kind.TRANSFER_TO_MILITARY, "军队接收单位", INSTITUTION.name, NOT_ASKED, "2026 年 12 月 01 日"),
        (Kind.DEPARTURE_FILING, "所涉执业机构", NOT_ASKED, NOT_ASKED, "2026 年 12 月 01 日"),
        (Kind.CANCELLATION, "所涉执业机构", NOT_ASKED, NOT_ASKED, NOT_ASKED),
    ],
)
def test_what_ends_says_where_and_when_as_far_as_its_kind_asks(
    kind: Kind, label: str, institution: str, place: str, start_on: str
) -> None:
    """What the kind does not ask for was not shown to the registrar, and so it is not on the paper either."""
    shown = texts(job(subject=application(kind, registered=True)))
    words = [shown[field] for field in ("institution_label", "institution_name", "place", "start_on")]
    assert words == [label, institution, place, start_on]


@pytest.mark.parametrize(
    ("kind", "tick"),
    [(Kind.REGISTRATION, "registration"), (Kind.TRANSFER_FROM_MILITARY, "change"), (Kind.CANCELLATION, "cancellation")],
)
@pytest.mark.parametrize(("state", "mark"), [(FormState.PENDING, {"pending"}), (FormState.AGREED, set())])
def test_ticks(kind: Kind, tick: str, state: FormState, mark: set[str]) -> None:
    assert form_ticks(job(subject=application(kind), state=state)) == {tick} | mark


def test_an_undecided_form_ticks_undecided_and_prints_no_consent() -> None:
    assert form_ticks(undecided()) == {"registration", "undecided"}
    shown = texts(undecided())
    assert (shown["opinion"], shown["code"], shown["print_mark"], shown["digest_short"]) == ("", "", "预览", "—")


@pytest.mark.parametrize(
    ("part", "other_institution", "opinion"),
    [
        (ChangePart.MAIN_INSTITUTION, True, ""),  # to be written by the former institution
        (ChangePart.SCOPE, False, "（本次申请不填）"),
    ],
)
def test_the_former_institution_writes_only_when_the_physician_leaves_it(
    part: ChangePart, other_institution: bool, opinion: str
) -> None:
    here = REGISTRATION if other_institution else replace(REGISTRATION, institution_code=INSTITUTION.code)
    subject = replace(application(Kind.CHANGE), change_part=part, registration=here)
    assert texts(job(subject=subject))["former_opinion"] == opinion


def test_a_change_says_what_changes() -> None:
    subject = application(Kind.CHANGE, registered=True)
    subject = replace(subject, change_part=ChangePart.SCOPE, request=replace(subject.request, reason="培训合格。"))
    assert texts(job(subject=subject))["reason"] == "变更执业范围。培训合格。"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_experience_fills_its_rows_and_leaves_the_others_blank(count: int) -> None:
    lines = tuple(Experience(f"20{n}0—", f"单位{n}", "内科", "甲") for n in range(count))
    subject = application()
    shown = texts(job(subject=replace(subject, statement=replace(subject.statement, experience=lines))))
    units = [shown[f"experience_{row}_unit"] for row in (1, 2, 3)]
    assert units == [line.unit for line in lines] + [""] * (3 - count)
    assert shown.keys() >= EXPERIENCE_FIELDS


def test_more_experience_than_rows_is_announced() -> None:
    lines = tuple(Experience(f"20{n}0—", f"单位{n}", "内科", "甲") for n in range(5))
    subject = application()
    shown = texts(job(subject=replace(subject, statement=replace(subject.statement, experience=lines))))
    assert [shown[f"experience_{row}_unit"] for row in (1, 2, 3)] == ["单位0", "单位1", "见所附个人工作经历"]
    assert shown["experience_3_period"] == "另有 3 段"


def test_an_opinion_without_a_date_still_names_the_registrar() -> None:
    subject = replace(application(), decided_at=None)
    assert texts(job(subject=subject))["signed"] == "经办人：查若溪"


def test_days_are_those_of_china() -> None:
    late = replace(application(), submitted_at=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))
    assert texts(job(subject=late))["submitted_on"] == day(date(2027, 1, 1))


def test_the_print_date_is_not_on_the_paper() -> None:
    assert texts(job()) == texts(replace(job(), printed_on=PRINTED_ON.replace(year=2030)))
