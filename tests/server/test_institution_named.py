"""The institution that an application names is the one that agrees to it, whatever the applicant wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.domain.records import Request
from medreg_core.domain.vocabulary import ChangePart, Kind
from medreg_server.services.service import Service
from tests.helpers.server import CLINICAL_SCOPES, Hospital, make_institution, seed_hospital
from tests.server.applicant import Applicant, consented, failing_check, registration_at
from tests.server.clients import Office, command
from tests.server.neighbours import resubmit, rule

WRITTEN = {
    "institution_name": "丁医院",
    "institution_code": "X",
    "institution_address": "某路9号",
    "institution_postcode": "999999",
}


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def named(office: Office, request: Request) -> bool:
    """Return whether the request names the office's institution as the register does."""
    own = office.hospital.institution
    asked = (request.institution_name, request.institution_code, request.institution_address)
    return (*asked, request.institution_postcode) == (own.name, own.code, own.address, own.postcode)


def test_the_service_names_the_institution_applied_to(office: Office) -> None:
    own = office.hospital.institution
    applicant = Applicant(office.service, own)
    application = applicant.applies(own, Kind.REGISTRATION, **WRITTEN)
    assert named(office, application.request)
    office.send_one(command(application, Return(opinion="请补充资料")))
    again = resubmit(office.service, office.now(application), **WRITTEN)
    assert named(office, again.request)
    approved = rule(office.service, rule(office.service, consented(office, again), "accept"), "approve")
    assert approved.registered is not None
    assert (approved.registered.institution_name, approved.registered.institution_code) == (own.name, own.code)


def test_the_unit_that_receives_him_in_the_army_is_named_as_he_wrote_it(office: Office) -> None:
    own = office.hospital.institution
    applicant = Applicant(office.service, own, registration_at(own))
    application = applicant.applies(own, Kind.TRANSFER_TO_MILITARY, **WRITTEN)
    assert application.request.institution_name == WRITTEN["institution_name"]


def test_a_filing_is_made_where_somebody_agreed(office: Office) -> None:
    own, main = office.hospital.institution, seed_hospital(office.service).institution
    applicant = Applicant(office.service, own, registration_at(main))
    term = office.service.environment.today() + timedelta(days=300)
    filing = applicant.applies(own, Kind.MULTI_SITE_FILING, end_on=term, **WRITTEN)
    rule(office.service, rule(office.service, consented(office, filing), "accept"), "approve")
    assert [registration.sites for registration in applicant.held()] == [(own.name,)]


def test_no_institution_agrees_to_a_change_at_another_one(office: Office) -> None:
    main = replace(make_institution(), name="甲医院")
    applicant = Applicant(office.service, office.hospital.institution, registration_at(main))
    change = applicant.applies(
        office.hospital.institution,
        Kind.CHANGE,
        ChangePart.SCOPE,
        scopes=CLINICAL_SCOPES[1:2],
        institution_name=main.name,
        institution_code=main.code,
    )
    assert failing_check(office, change) == "change_fits"
