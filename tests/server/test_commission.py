"""The commission's moves, what an approval writes, and what a scan says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Return, WithdrawConsent
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.codes.practice_code import parse_practice_code
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import Application, Registration
from medreg_core.domain.vocabulary import (
    Category,
    ChangePart,
    FormState,
    Kind,
    Level,
    RegistrationState,
    ScanResult,
    State,
)
from medreg_server.db.physicians import Registered
from medreg_server.services.applicants import ApplicantDesk, Content, Submission
from medreg_server.services.authority import AuthorityDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.moves import Seen
from medreg_server.services.scans import ScanDesk
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, make_application, seed_applications, seed_hospital, store_applications
from tests.server.clients import Office, command, new_id
from tests.server.neighbours import commission, physician, resubmit, rule


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


def agreed(office: Office, application: Application) -> Application:
    outcome = office.send_one(office.agree(application))
    assert outcome.form is not None, outcome
    return office.now(application)


def test_the_whole_way_to_the_certificate(office: Office) -> None:
    service = office.service
    (application,) = seed_applications(service, office.hospital.institution)
    cursor = office.cursor()
    application = agreed(office, application)
    application = rule(service, application, "supplement", "毕业证复印件", " ", "体检表")
    assert application.notes == ("毕业证复印件", "体检表")
    application = rule(service, application, "supply")
    assert application.accepted_on == service.environment.today()
    application = rule(service, application, "approve")
    registration = application.registered
    assert registration is not None
    assert application.practice_code == registration.practice_code
    code = parse_practice_code(registration.practice_code)
    assert code is not None
    assert (code.level, code.exam_category, code.region, code.serial) == ("1", "10", "990100", "000001")
    application = rule(service, application, "certify")
    application = rule(service, application, "collect")
    assert application.state is State.COLLECTED
    assert [entry.move.value for entry in application.history][-5:] == [
        "ask_supplement",
        "supply",
        "approve",
        "certify",
        "collect",
    ]
    (change,) = office.changes(cursor).changes
    assert registration.practice_code.encode() in bytes(change.body)


def test_the_next_approval_gets_the_next_code(office: Office) -> None:
    codes = []
    for application in seed_applications(office.service, office.hospital.institution, 2):
        accepted = rule(office.service, agreed(office, application), "accept")
        approved = rule(office.service, accepted, "approve")
        codes.append(int(approved.practice_code))
    assert codes[1] == codes[0] + 1


def held(hospital: Hospital) -> Registration:
    institution = hospital.institution
    return Registration(
        practice_code="110990100900001",
        state=RegistrationState.VALID,
        level=Level.PHYSICIAN,
        category=Category.CLINICAL,
        scopes=("surgery",),
        place="99",
        institution_name=institution.name,
        institution_code=institution.code,
        department="外科",
        registered_on=date(2020, 1, 1),
        sites=("第二医院",),
    )


def approved(office: Office, kind: Kind, part: ChangePart | None = None, **request: object) -> list[Registration]:
    """Have an application of ``kind`` approved and return what the register then holds of the physician."""
    service, hospital = office.service, office.hospital
    application = make_application(hospital.institution, kind=kind, change_part=part, state=State.ACCEPTED)
    application = replace(application, registration=held(hospital), request=replace(application.request, **request))
    store_applications(service, [application])
    with service.environment.database.write() as transaction:
        entry = Registered(application.physician_id, hospital.institution.id, held(hospital))
        transaction.physicians.add_registrations([entry])
    after = rule(service, application, "approve")
    with service.environment.database.read() as transaction:
        found = [entry.registration for entry in transaction.physicians.registrations_of(application.physician_id)]
    assert after.registered in found
    assert content_digest(after) == content_digest(application), "a form printed once more says what it said"
    assert after.registration == held(hospital)
    return found


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (Kind.CANCELLATION, RegistrationState.CANCELLED),
        (Kind.DEPARTURE_FILING, RegistrationState.FILED),
        (Kind.TRANSFER_TO_MILITARY, RegistrationState.CHANGED_OUT),
    ],
)
def test_an_ending_ends_the_registration_and_keeps_its_code(
    office: Office, kind: Kind, state: RegistrationState
) -> None:
    (registration,) = approved(office, kind)
    assert (registration.state, registration.practice_code) == (state, "110990100900001")
    assert registration.practising_until == office.service.environment.today()


@pytest.mark.parametrize(
    ("kind", "sites"),
    [
        (Kind.MULTI_SITE_FILING, ("第二医院", "第三医院")),
        (Kind.MULTI_SITE_WITHDRAWAL, ("第二医院",)),
        (Kind.MULTI_PLACE_WITHDRAWAL, ()),
    ],
)
def test_filings_change_the_sites_and_not_the_main_institution(
    office: Office, kind: Kind, sites: tuple[str, ...]
) -> None:
    (registration,) = approved(office, kind, institution_name="第三医院")
    assert registration.sites == sites
    assert registration.institution_name == office.hospital.institution.name


def test_a_change_within_the_province_keeps_the_code(office: Office) -> None:
    (registration,) = approved(office, Kind.CHANGE, ChangePart.SCOPE, scopes=("internal_medicine",))
    assert (registration.practice_code, registration.scopes) == ("110990100900001", ("internal_medicine",))


def test_a_change_of_province_gives_a_new_code_and_ends_the_old_one(office: Office) -> None:
    found = approved(office, Kind.CHANGE, ChangePart.PLACE, place="98")
    assert [(r.state, r.practice_code == "110990100900001") for r in found] == [
        (RegistrationState.VALID, False),
        (RegistrationState.CHANGED_OUT, True),
    ]


@pytest.mark.parametrize(
    ("part", "request_", "sites"),
    [
        (ChangePart.PLACE, {"place": "98"}, ()),
        (ChangePart.MAIN_INSTITUTION, {"institution_name": "第二医院"}, ()),
        (ChangePart.SCOPE, {"scopes": ("internal_medicine",)}, ("第二医院",)),
        (ChangePart.CATEGORY, {"category": Category.DENTAL, "scopes": ("dental",)}, ("第二医院",)),
    ],
)
def test_filings_end_with_the_place_or_main_institution_they_were_made_beside(
    office: Office, part: ChangePart, request_: dict[str, object], sites: tuple[str, ...]
) -> None:
    """As the sheet shows it before; moved to where he was filed, he is not filed at his own main institution."""
    assert approved(office, Kind.CHANGE, part, **request_)[0].sites == sites


def test_an_upgrade_replaces_the_assistants_registration(office: Office) -> None:
    found = approved(office, Kind.ASSISTANT_UPGRADE)
    assert [r.state for r in found] == [RegistrationState.VALID, RegistrationState.CHANGED_OUT]


def refused(office: Office, application: Application, path: str, *notes: str) -> FaultCode:
    with pytest.raises(ServiceFault) as fault:
        rule(office.service, application, path, *notes)
    assert office.now(application).state is not State.ACCEPTED or path != "accept"
    return fault.value.code


def test_the_state_machine_the_version_and_the_reasons_are_kept(office: Office) -> None:
    (application,) = seed_applications(office.service, office.hospital.institution)
    assert refused(office, application, "accept") is FaultCode.STATE_CONFLICT
    consent = agreed(office, application)
    assert refused(office, application, "accept") is FaultCode.VERSION_CONFLICT
    assert refused(office, consent, "not-accept") is FaultCode.REASON_MISSING
    assert refused(office, consent, "not-accept", "  ") is FaultCode.REASON_MISSING
    assert rule(office.service, consent, "not-accept", "材料不全").state is State.NOT_ACCEPTED


def test_another_regions_commission_sees_nothing(office: Office) -> None:
    (application,) = seed_applications(office.service, office.hospital.institution)
    consent = agreed(office, application)
    desk = AuthorityDesk(office.service.environment)
    assert desk.list((State.AGREED,), "", commission(office.service, "990200")) == []
    assert desk.list((State.AGREED,), "", commission(office.service, "980000")) == []
    assert desk.list((State.AGREED,), "", commission(office.service, "990000")) == [consent]


def test_the_list_is_paged_by_id_and_filtered_by_state(office: Office) -> None:
    seeded = seed_applications(office.service, office.hospital.institution, 5)
    desk, caller = AuthorityDesk(office.service.environment), commission(office.service)
    ids = sorted(application.id for application in seeded)
    assert [a.id for a in desk.list((), ids[1], caller)] == ids[2:]
    assert desk.list((State.AGREED, State.ACCEPTED), "", caller) == []


def scanned(office: Office, code: str, region: str = "990100") -> ScanResult:
    return ScanDesk(office.service.environment).scan(code, commission(office.service, region)).result


def test_a_scan_says_valid_then_void_and_stays_valid_after_approval(office: Office) -> None:
    first, second = seed_applications(office.service, office.hospital.institution, 2)
    consent = agreed(office, first)
    assert consent.form is not None
    assert scanned(office, consent.form.code) is ScanResult.VALID
    office.send_one(command(consent, WithdrawConsent()))
    assert scanned(office, consent.form.code) is ScanResult.VOID
    other = agreed(office, second)
    assert other.form is not None
    rule(office.service, rule(office.service, other, "accept"), "approve")
    assert scanned(office, other.form.code) is ScanResult.VALID


def test_a_scan_knows_forged_pending_and_changed(office: Office) -> None:
    (application,) = seed_applications(office.service, office.hospital.institution)
    keys, now = office.service.environment.keys, office.service.environment.now()
    claims = FormClaims(office.next_number(), 1, content_digest(application), FormState.PENDING, now)
    assert scanned(office, sign_form_code(claims, Ed25519PrivateKey.generate(), keys.kid)) is ScanResult.FORGED
    assert scanned(office, "https://example.org") is ScanResult.FORGED
    assert scanned(office, sign_form_code(claims, Ed25519PrivateKey.generate(), "a\0b")) is ScanResult.FORGED
    assert scanned(office, sign_form_code(claims, keys.private_key, keys.kid)) is ScanResult.PENDING
    no_number = replace(claims, form_number="a\0b")
    assert scanned(office, sign_form_code(no_number, keys.private_key, keys.kid)) is ScanResult.FORGED
    consent = agreed(office, application)
    assert consent.form is not None
    other = replace(claims, form_number=consent.form.number, digest="0" * 32)
    assert scanned(office, sign_form_code(other, keys.private_key, keys.kid)) is ScanResult.CHANGED
    assert scanned(office, consent.form.code, "990200") is ScanResult.PENDING, "another region learns nothing"


def test_a_code_signed_by_the_device_is_verified_by_its_key(register: Service, hospital: Hospital) -> None:
    key = Ed25519PrivateKey.generate()
    office = Office(register, hospital, device_key=key.public_key().public_bytes_raw())
    (application,) = seed_applications(register, hospital.institution)
    sent = office.agree(application)
    number = sent.body.form_number  # type: ignore[union-attr] # an Agree
    claims = FormClaims(number, 1, content_digest(application), FormState.PENDING, register.environment.now())
    code = sign_form_code(claims, key, office.device_id)
    assert scanned(office, code) is ScanResult.PENDING
    office.send_one(sent)
    assert scanned(office, code) is ScanResult.VALID


def test_submitting_twice_makes_one_application(office: Office) -> None:
    (seeded,) = seed_applications(office.service, office.hospital.institution)
    caller = physician(office.service, seeded)
    desk = ApplicantDesk(office.service.environment)
    content = Content(request=seeded.request, statement=seeded.statement, materials=seeded.materials)
    submission = Submission(new_id(), office.hospital.institution.id, Kind.REGISTRATION, content)  # type: ignore[arg-type] # an id
    first = desk.submit(submission, caller)
    assert desk.submit(submission, caller) == first
    assert (first.state, first.version, first.content_version, first.other_pending) == (State.SUBMITTED, 1, 1, 1)
    assert first.person == seeded.person
    assert first.qualification == seeded.qualification
    assert not any(material.original_seen for material in first.materials), "the office says what it has seen"


def test_a_submission_to_nowhere_or_of_half_a_kind_is_refused(office: Office) -> None:
    (seeded,) = seed_applications(office.service, office.hospital.institution)
    caller = physician(office.service, seeded)
    desk = ApplicantDesk(office.service.environment)
    content = Content(request=seeded.request, statement=seeded.statement)
    for institution, kind, part, code in (
        ("990100-none", Kind.REGISTRATION, None, FaultCode.NOT_FOUND),
        (seeded.institution_id, Kind.CHANGE, None, FaultCode.BAD_REQUEST),
        (seeded.institution_id, Kind.REGISTRATION, ChangePart.PLACE, FaultCode.BAD_REQUEST),
    ):
        with pytest.raises(ServiceFault) as fault:
            desk.submit(Submission(new_id(), institution, kind, content, part), caller)  # type: ignore[arg-type] # ids
        assert fault.value.code is code


def test_physicians_see_only_their_own_applications(office: Office) -> None:
    mine, theirs = seed_applications(office.service, seed_hospital(office.service).institution, 2)
    desk = ApplicantDesk(office.service.environment)
    with pytest.raises(ServiceFault) as fault:
        desk.withdraw(theirs.id, Seen(1), "", physician(office.service, mine))
    assert fault.value.code is FaultCode.NOT_FOUND


def test_nobody_moves_another_row_that_bears_the_version_he_saw(office: Office) -> None:
    service = office.service
    before, theirs = seed_applications(service, office.hospital.institution, 2)
    before = agreed(office, before)
    office.send_one(command(theirs, Return(opinion="请补充资料")))
    theirs = office.now(theirs)
    moves: tuple[tuple[Application, Callable[[Application], Application]], ...] = (
        (before, lambda row: rule(service, row, "accept")),
        (theirs, lambda row: resubmit(service, row)),
    )
    for application, act in moves:
        (*earlier, last) = application.history
        anew = replace(application, history=(*earlier, replace(last, at=last.at + timedelta(hours=1))))
        with service.environment.database.write() as transaction:
            transaction.applications.save(anew)  # what a restored register has made under the same number
        with pytest.raises(ServiceFault) as fault:
            act(application)
        assert fault.value.code is FaultCode.VERSION_CONFLICT
        assert office.now(application).version == 2
        assert act(office.now(application)).version == 3
