"""An application rests on a registration: what another approval makes of that meanwhile is never overruled."""

from __future__ import annotations

import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import ChangePart, Kind, Level, OutcomeKind, RegistrationState
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service
from tests.helpers.server import CLINICAL_SCOPES, seed_hospital
from tests.server.applicant import Applicant, consented, failing_check, registration_at
from tests.server.clients import Office, command
from tests.server.neighbours import resubmit, rule

OTHER_SCOPE = CLINICAL_SCOPES[1:2]


@pytest.fixture
def here(register: Service) -> Office:
    """The institution where the physician is registered."""
    return Office(register, seed_hospital(register, name="甲医院"))


@pytest.fixture
def there(register: Service) -> Office:
    """The institution where he goes."""
    return Office(register, seed_hospital(register, name="乙医院"))


def approved(office: Office, application: Application) -> Application:
    return rule(office.service, application, "approve")


def accepted(office: Office, application: Application) -> Application:
    return rule(office.service, consented(office, application), "accept")


def approval_refused(office: Office, application: Application) -> FaultCode:
    with pytest.raises(ServiceFault) as fault:
        approved(office, application)
    return fault.value.code


def test_no_consent_rests_on_a_registration_that_another_approval_has_changed(here: Office, there: Office) -> None:
    own, other = here.hospital.institution, there.hospital.institution
    applicant = Applicant(here.service, own, registration_at(own))
    first = accepted(there, applicant.applies(other, Kind.CHANGE, ChangePart.MAIN_INSTITUTION))
    second = applicant.applies(own, Kind.CHANGE, ChangePart.SCOPE, scopes=OTHER_SCOPE)
    assert failing_check(here, second) != ""
    approved(there, first)
    outcome = here.send_one(here.agree(second))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.CHECK_FAILED)
    assert outcome.params["check"] == "registration_moved"
    (entry,) = applicant.entries()
    assert (entry.institution_id, entry.registration.institution_name) == (other.id, "乙医院")


def test_submitted_again_an_application_rests_on_the_registration_as_it_is_now(here: Office, there: Office) -> None:
    own, other = here.hospital.institution, there.hospital.institution
    applicant = Applicant(here.service, own, registration_at(own))
    first = accepted(there, applicant.applies(other, Kind.CHANGE, ChangePart.MAIN_INSTITUTION))
    second = applicant.applies(other, Kind.CHANGE, ChangePart.SCOPE, scopes=OTHER_SCOPE)
    approved(there, first)
    assert failing_check(there, second) == "registration_moved"
    there.send_one(command(second, Return(opinion="执业注册已变更，请重新提交")))
    again = resubmit(there.service, there.now(second))
    approved(there, accepted(there, again))
    (entry,) = applicant.entries()
    assert (entry.institution_id, entry.registration.scopes) == (other.id, OTHER_SCOPE)


def test_a_cancelled_registration_is_not_changed_any_more(here: Office) -> None:
    own = here.hospital.institution
    applicant = Applicant(here.service, own, registration_at(own))
    ending = accepted(here, applicant.applies(own, Kind.CANCELLATION))
    change = applicant.applies(own, Kind.CHANGE, ChangePart.SCOPE, scopes=OTHER_SCOPE)
    approved(here, ending)
    assert failing_check(here, change) == "registration_moved"


def test_the_institution_he_left_ends_nothing_at_the_new_one(here: Office, there: Office) -> None:
    """It need not wait for other applications, since it has to report; the approval looks again."""
    own, other = here.hospital.institution, there.hospital.institution
    applicant = Applicant(here.service, own, registration_at(own))
    move = accepted(there, applicant.applies(other, Kind.CHANGE, ChangePart.MAIN_INSTITUTION))
    ending = accepted(here, applicant.applies(own, Kind.DEPARTURE_FILING))
    approved(there, move)
    assert approval_refused(here, ending) is FaultCode.STATE_CONFLICT
    (entry,) = applicant.entries()
    assert (entry.institution_id, entry.registration.state) == (other.id, RegistrationState.VALID)


def test_the_same_registration_applied_for_twice_is_given_once(here: Office) -> None:
    own = here.hospital.institution
    applicant = Applicant(here.service, own)
    first = accepted(here, applicant.applies(own, Kind.REGISTRATION))
    second = applicant.applies(own, Kind.REGISTRATION)
    approved(here, first)
    assert failing_check(here, second) == "registration_moved"
    here.send_one(command(second, Return(opinion="已注册")))
    assert failing_check(here, resubmit(here.service, here.now(second))) == "place_is_free"


def test_an_assistant_is_registered_at_one_institution(here: Office, there: Office) -> None:
    applicant = Applicant(here.service, here.hospital.institution, level=Level.ASSISTANT)
    wanted = {"level": Level.ASSISTANT, "place": "990100"}
    first = accepted(here, applicant.applies(here.hospital.institution, Kind.REGISTRATION, **wanted))
    second = applicant.applies(there.hospital.institution, Kind.REGISTRATION, **wanted)
    approved(here, first)
    assert failing_check(there, second) == "registration_moved"
    there.send_one(command(second, Return(opinion="已在他院注册")))
    assert failing_check(there, resubmit(there.service, there.now(second))) == "assistant_one_place"


def test_a_change_writes_only_what_its_part_names(here: Office, there: Office) -> None:
    own, other = here.hospital.institution, there.hospital.institution
    applicant = Applicant(here.service, own, registration_at(own))
    written = {"scopes": OTHER_SCOPE, "department": "外科"}
    application = applicant.applies(own, Kind.CHANGE, ChangePart.SCOPE, **written)
    approved(here, accepted(here, application))
    assert applicant.held() == [registration_at(own, **written)]
    application = applicant.applies(other, Kind.CHANGE, ChangePart.MAIN_INSTITUTION, **written)
    approved(there, accepted(there, application))
    moved = {"institution_name": other.name, "institution_code": other.code}
    assert applicant.held() == [registration_at(own, **written, **moved)]
