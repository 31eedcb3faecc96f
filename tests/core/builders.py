"""Records for tests: one sound application, and the pieces to spoil it with. All persons are synthetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from medreg_core.domain.codes.id_number import make_id_number
from medreg_core.domain.codes.institution_code import make_institution_code
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.records import (
    Application,
    ApplicationId,
    Institution,
    InstitutionId,
    Material,
    Person,
    PhysicianId,
    Qualification,
    Registration,
    Request,
    Statement,
)
from medreg_core.domain.rules import ReviewContext
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, RegistrationState, Sex, State

TODAY = date(2026, 11, 23)
ID_NUMBER = make_id_number("990102", date(1990, 5, 17), 22)
ALL_MATERIALS = (
    "id_card",
    "qualification_certificate",
    "practice_certificate",
    "assistant_certificate",
    "military_certificate",
    "military_transfer",
    "employment_proof",
    "leaving_proof",
    "training_certificate",
    "cancellation_ground",
    "departure_proof",
    "photo",
)


def institution(**changes: Any) -> Institution:
    sound = Institution(
        id=InstitutionId("990100-01"),
        name="示例市第二人民医院",
        code=make_institution_code("12990100", "990100", "11", "A100", "1"),
        credit_code="",
        region="990102",
        address="示例省示例市示例区示例大道 00 号",
        postcode="000000",
        authority="示例市卫生健康委员会",
        departments=("产科", "急诊科"),
        subjects=("internal_medicine", "obstetrics_gynaecology", "emergency", "surgery", "paediatrics"),
    )
    return replace(sound, **changes)


def person(**changes: Any) -> Person:
    sound = Person(name="欧阳以宁", sex=Sex.FEMALE, birth_date=date(1990, 5, 17), id_number=ID_NUMBER)
    return replace(sound, **changes)


def qualification(**changes: Any) -> Qualification:
    sound = Qualification(
        code=make_qualification_code(2025, "99", Level.PHYSICIAN, "10", ID_NUMBER),
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        exam_category="10",
        obtained_on=date(2025, 12, 1),
        issuer="示例省卫生健康委员会",
        name="欧阳以宁",
        id_number=ID_NUMBER,
    )
    return replace(sound, **changes)


def registration(**changes: Any) -> Registration:
    sound = Registration(
        practice_code=make_practice_code(Level.PHYSICIAN, "10", "990102", 371),
        state=RegistrationState.VALID,
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=("internal_medicine",),
        place="99",
        institution_name="示例市第二人民医院",
        institution_code=institution().code,
        department="心血管内科",
        registered_on=date(2020, 12, 20),
        assessment="2023—2025 合格",
        assessment_passed=True,
    )
    return replace(sound, **changes)


def request(**changes: Any) -> Request:
    own = institution()
    sound = Request(
        place="99",
        institution_name=own.name,
        institution_code=own.code,
        institution_address=own.address,
        institution_postcode=own.postcode,
        department="产科",
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=("internal_medicine",),
        start_on=date(2026, 12, 1),
    )
    return replace(sound, **changes)


def application(**changes: Any) -> Application:
    sound = Application(
        id=ApplicationId("0198c0ffee007000800000000000abcd"),
        institution_id=institution().id,
        physician_id=PhysicianId("p-1"),
        kind=Kind.REGISTRATION,
        state=State.SUBMITTED,
        version=1,
        content_version=1,
        submitted_at=datetime(2026, 11, 3, 7, 40, tzinfo=UTC),
        person=person(),
        qualification=qualification(),
        registration=None,
        request=request(),
        statement=Statement(no_refusal_ground=True),
        materials=tuple(Material(code, pages=1, original_seen=True, copies=1) for code in ALL_MATERIALS),
        other_pending=0,
        origin_agrees=True,
    )
    return replace(sound, **changes)


def change(part: ChangePart, **changes: Any) -> Application:
    """A sound change of ``part`` from a registration that differs in just that."""
    asked = {
        ChangePart.PLACE: request(),
        ChangePart.MAIN_INSTITUTION: request(),
        ChangePart.SCOPE: request(scopes=("emergency",)),
        ChangePart.CATEGORY: request(),
    }[part]
    held = {
        ChangePart.PLACE: registration(place="37", institution_name="示例县人民医院"),
        ChangePart.MAIN_INSTITUTION: registration(institution_name="示例市第一人民医院"),
        ChangePart.SCOPE: registration(),
        ChangePart.CATEGORY: registration(category=Category.CHINESE, scopes=("chinese_medicine",)),
    }[part]
    sound = application(
        kind=Kind.CHANGE,
        change_part=part,
        request=replace(asked, reason="调入"),
        registration=held,
        statement=Statement(no_refusal_ground=True, training_months=6, training="合格"),
    )
    return replace(sound, **changes)


def context(tables: Tables, **changes: Any) -> ReviewContext:
    sound = ReviewContext(TODAY, tables, tables.calendar, institution(), online=True)
    return replace(sound, **changes)
