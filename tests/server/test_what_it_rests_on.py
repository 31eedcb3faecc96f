"""Which qualification and which registration an application rests on, of a physician who holds several."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, RegistrationState
from medreg_server.services.service import Service
from tests.helpers.server import CLINICAL_SCOPES, Hospital, make_institution, seed_hospital
from tests.server.applicant import Applicant, consented, failing_check, registration_at
from tests.server.clients import Office, command
from tests.server.neighbours import resubmit, rule

ELSEWHERE = {"practice_code": "110980100900001", "place": "98", "registered_on": date(2024, 1, 1)}


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def approved(office: Office, application: Application) -> Application:
    return rule(office.service, rule(office.service, consented(office, application), "accept"), "approve")


def test_a_qualification_that_arrives_later_comes_with_the_next_submission(office: Office) -> None:
    own = office.hospital.institution
    applicant = Applicant(office.service, own, qualified=False)
    application = applicant.applies(own, Kind.REGISTRATION)
    assert application.qualification is None
    assert failing_check(office, application) == "qualification_valid", "it could never be approved"
    arrived = applicant.qualify()
    office.send_one(command(application, Return(opinion="资格数据已到达，请重新提交")))
    again = resubmit(office.service, office.now(application))
    assert again.qualification == arrived
    assert approved(office, again).registered is not None


def test_the_qualification_is_the_one_of_the_level_and_category_applied_for(office: Office) -> None:
    own = office.hospital.institution
    applicant = Applicant(office.service, own, registration_at(own))
    applicant.qualify("20", category=Category.DENTAL, obtained_on=office.service.environment.today())
    applicant.qualify("10", level=Level.ASSISTANT)
    change = applicant.applies(own, Kind.CHANGE, ChangePart.SCOPE, scopes=CLINICAL_SCOPES[1:2])
    assert change.qualification == applicant.base.qualification
    assert failing_check(office, change) == ""
    unheard = applicant.applies(own, Kind.REGISTRATION, category=Category.CHINESE)
    assert unheard.qualification is not None, "the rules say what differs"


@pytest.mark.parametrize("kind", [Kind.CANCELLATION, Kind.DEPARTURE_FILING, Kind.TRANSFER_TO_MILITARY])
def test_what_ends_is_the_registration_at_the_institution_applied_to(office: Office, kind: Kind) -> None:
    own, other = office.hospital.institution, make_institution("980100")
    applicant = Applicant(office.service, own, registration_at(own), registration_at(other, **ELSEWHERE))
    approved(office, applicant.applies(own, kind))
    assert [registration.institution_name for registration in applicant.valid()] == [other.name]


def test_a_change_is_made_to_the_registration_it_can_be_made_to(office: Office) -> None:
    own, other = office.hospital.institution, make_institution("980100")
    near = seed_hospital(office.service).institution
    here, there = registration_at(own), registration_at(other, **ELSEWHERE)
    applicant = Applicant(office.service, own, here, there)
    term = office.service.environment.today() + timedelta(days=300)
    rests_on = {
        here: (
            applicant.applies(own, Kind.CHANGE, ChangePart.SCOPE, scopes=CLINICAL_SCOPES[1:2]),
            applicant.applies(near, Kind.CHANGE, ChangePart.MAIN_INSTITUTION),
            applicant.applies(near, Kind.MULTI_SITE_FILING, end_on=term),
        ),
        there: (applicant.applies(near, Kind.CHANGE, ChangePart.PLACE),),
    }
    for registration, applications in rests_on.items():
        assert [application.registration for application in applications] == [registration] * len(applications)


def test_a_filing_is_withdrawn_from_the_registration_that_has_it(office: Office) -> None:
    own = office.hospital.institution
    main, other = make_institution(), make_institution("980100")
    filed = registration_at(main, sites=(own.name,))
    applicant = Applicant(office.service, own, filed, registration_at(other, **ELSEWHERE))
    approved(office, applicant.applies(own, Kind.MULTI_SITE_WITHDRAWAL))
    assert [registration.sites for registration in applicant.valid()] == [(), ()]


def test_what_is_over_is_named_only_where_nothing_valid_is_held(office: Office) -> None:
    own, other = office.hospital.institution, make_institution("980100")
    over, valid = registration_at(own, state=RegistrationState.CANCELLED), registration_at(other, **ELSEWHERE)
    applicant = Applicant(office.service, own, over)
    assert applicant.applies(own, Kind.REGISTRATION).registration == over
    applicant = Applicant(office.service, own, replace(over, practice_code="110990100900002"), valid)
    assert applicant.applies(own, Kind.REGISTRATION).registration == valid
