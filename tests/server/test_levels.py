"""Whether the rules for assistants apply is decided by the registration held, never by what the applicant writes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from medreg_core.domain.records import Registration
from medreg_core.domain.vocabulary import ChangePart, Kind, Level
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, make_application, seed_hospital
from tests.server.applicant import Applicant, consented, failing_check, registration_at
from tests.server.clients import Office
from tests.server.neighbours import rule


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def assistant_at(hospital: Hospital) -> Registration:
    return registration_at(
        hospital.institution,
        level=Level.ASSISTANT,
        place=hospital.institution.region,
        practice_code="210990100900001",
        department=make_application(hospital.institution).request.department,
    )


def test_an_assistant_who_writes_another_level_files_nowhere(office: Office) -> None:
    held = assistant_at(seed_hospital(office.service))
    own = office.hospital.institution
    applicant = Applicant(office.service, own, held, level=Level.ASSISTANT)
    term = office.service.environment.today() + timedelta(days=300)
    filing = applicant.applies(own, Kind.MULTI_SITE_FILING, level=Level.PHYSICIAN, end_on=term)
    assert failing_check(office, filing) == "assistant_one_place"


def test_an_assistant_who_writes_another_level_gets_no_province(office: Office) -> None:
    own = office.hospital.institution
    applicant = Applicant(office.service, own, assistant_at(office.hospital))
    change = applicant.applies(own, Kind.CHANGE, ChangePart.PLACE, level=Level.PHYSICIAN, place="99")
    assert failing_check(office, change) == "change_fits"


def test_an_assistant_who_has_qualified_registers_elsewhere_as_a_physician_and_is_none_any_more(office: Office) -> None:
    """With a change of place the upgrade is a new registration."""
    held = assistant_at(seed_hospital(office.service))
    applicant = Applicant(office.service, office.hospital.institution, held)
    application = consented(office, applicant.applies(office.hospital.institution, Kind.REGISTRATION))
    rule(office.service, rule(office.service, application, "accept"), "approve")
    assert [registration.level for registration in applicant.valid()] == [Level.PHYSICIAN]
