"""Synthetic applications that pass every check, with nobody real behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from medreg_core.domain.codes.credit_code import make_credit_code
from medreg_core.domain.codes.id_number import make_id_number
from medreg_core.domain.codes.institution_code import make_institution_code
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.codes.qualification_code import make_qualification_code
from medreg_core.domain.deadlines import china_date
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
from medreg_core.domain.rules import material_list
from medreg_core.domain.vocabulary import Category, Kind, Level, RegistrationState, Sex, State
from medreg_server.services.rule_tables import installed_tables
from simulator.clocks import START
from simulator.streams import Random

REGION = "990100"
DAYS = 12_000
"""Days on which applicants were born; on later ones nobody was."""

_SCOPES = installed_tables().scopes.of_category(Category.CLINICAL)


def institution(mark: str) -> Institution:
    """Return an institution named by eight hex digits."""
    return Institution(
        id=InstitutionId(f"{REGION}-{mark.lower()}"),
        name=f"第{mark}人民医院",
        code=make_institution_code(mark, REGION, "11", "A100", "1"),
        credit_code=make_credit_code("12", REGION, mark),
        region=REGION,
        address="人民路1号",
        postcode="999001",
        authority="卫生健康委员会",
        departments=("内科", "外科"),
        subjects=_SCOPES,
    )


def application(where: Institution, number: int, stream: Random, who: Person | None = None) -> Application:
    """Return the ``number``-th submitted first registration at an institution; ``who`` is drawn unless given."""
    person = who or _person(stream)
    today = china_date(START)
    made = Application(
        id=ApplicationId(f"{stream.getrandbits(128):032x}"),
        institution_id=where.id,
        physician_id=PhysicianId(f"{number:08x}{stream.getrandbits(96):024x}"),
        kind=Kind.REGISTRATION,
        state=State.SUBMITTED,
        version=1,
        content_version=1,
        submitted_at=START,
        person=person,
        qualification=_qualification(person, today),
        registration=None,
        request=_request(where, today),
        statement=Statement(health="良好", no_refusal_ground=True),
        other_pending=0,
    )
    needed = material_list(made, installed_tables())
    return replace(
        made, materials=tuple(Material(m.code, 1, original_seen=True, copies=max(m.copies, 1)) for m in needed)
    )


def registration(where: Institution, number: int) -> Registration:
    """Return the valid registration of the ``number``-th physician who practises at an institution."""
    return Registration(
        practice_code=make_practice_code(Level.PHYSICIAN, "10", REGION, number + 1),
        state=RegistrationState.VALID,
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=(),
        place=where.region[:2],
        institution_name=where.name,
        institution_code=where.code,
        department="内科",
        registered_on=date(2020, 1, 1),
    )


def _person(stream: Random) -> Person:
    return person(stream.randrange(DAYS), stream.randrange(1, 1000))


def person(day: int, sequence: int) -> Person:
    """Return the ``sequence``-th physician (1 to 999) born on a day from 1960 on."""
    born = date(1960, 1, 1) + timedelta(days=day)
    number = make_id_number("110105", born, sequence)
    return Person("医师甲", Sex.MALE if sequence % 2 else Sex.FEMALE, born, number, phone="13800000000")


def _qualification(person: Person, today: date) -> Qualification:
    return Qualification(
        code=make_qualification_code(today.year, "11", Level.PHYSICIAN, "10", person.id_number),
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        exam_category="10",
        obtained_on=date(today.year, 1, 1),
        issuer="卫生健康委员会",
        name=person.name,
        id_number=person.id_number,
    )


def _request(where: Institution, today: date) -> Request:
    return Request(
        place=where.region[:2],
        institution_name=where.name,
        institution_code=where.code,
        institution_address=where.address,
        institution_postcode=where.postcode,
        department="内科",
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=_SCOPES[:1],
        start_on=today + timedelta(days=30),
    )
