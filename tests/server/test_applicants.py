"""What one physician may send: no more than the computers of an office can take, and each application once."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from medreg_core.contract.v1.commands import BATCH_COMMANDS, Return
from medreg_core.contract.v1.courier import ANSWER_BYTES
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application, ApplicationId, Material
from medreg_core.domain.vocabulary import Kind, OutcomeKind
from medreg_server.services.applicants import CONTENT_BYTES, ApplicantDesk, Contact, Content, Submission
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, seed_applications, seed_hospital
from tests.server.clients import Office, command, new_id
from tests.server.neighbours import physician, resubmit, seen


def content(application: Application, size: int) -> Content:
    """Return what the applicant wrote, so many bytes of it."""
    own = Content(request=replace(application.request, reason=""), statement=application.statement)
    padding = "x" * (size - len(msgspec.json.encode(own)))
    return replace(own, request=replace(own.request, reason=padding))


def test_the_answer_to_a_batch_of_conflicts_is_one_that_a_computer_accepts(
    register: Service, hospital: Hospital
) -> None:
    (seeded,) = seed_applications(register, hospital.institution)
    caller, desk = physician(register, seeded), ApplicantDesk(register.environment)
    office = Office(register, hospital)
    largest = Submission(
        ApplicationId(new_id()), hospital.institution.id, Kind.REGISTRATION, content(seeded, CONTENT_BYTES)
    )
    application = desk.submit(largest, caller)
    office.send_one(command(application, Return(opinion="请补充资料")))
    returned = office.now(application)
    desk.resubmit(application.id, seen(returned), largest.content, caller)
    outcome = office.send_one(command(returned, Return(opinion="请补充资料")))
    assert outcome.kind is OutcomeKind.CONFLICT
    assert len(msgspec.json.encode(outcome)) * BATCH_COMMANDS < ANSWER_BYTES


def test_more_than_an_office_can_take_is_refused(register: Service, hospital: Hospital) -> None:
    seeded, other = seed_applications(register, hospital.institution, 2)
    caller, desk = physician(register, seeded), ApplicantDesk(register.environment)
    too_large = content(seeded, CONTENT_BYTES + 1)
    office = Office(register, hospital)
    office.send_one(command(other, Return(opinion="请补充资料")))
    new = Submission(ApplicationId(new_id()), hospital.institution.id, Kind.REGISTRATION, too_large)
    for act in (
        lambda: desk.submit(new, caller),
        lambda: resubmit(register, office.now(other), reason="x" * CONTENT_BYTES),
        lambda: desk.withdraw(seeded.id, seen(seeded), "x" * 2_001, caller),
    ):
        with pytest.raises(ServiceFault) as fault:
            act()
        assert fault.value.code is FaultCode.TOO_LARGE


def test_a_correction_under_the_same_id_is_not_answered_as_done(register: Service, hospital: Hospital) -> None:
    """The answer was lost; he corrects what he wrote, and his program sends it under the id it had minted."""
    (seeded,) = seed_applications(register, hospital.institution)
    other = seed_hospital(register).institution
    caller, desk = physician(register, seeded), ApplicantDesk(register.environment)
    own = replace(content(seeded, 2_000), materials=seeded.materials)
    sent = Submission(ApplicationId(new_id()), hospital.institution.id, Kind.REGISTRATION, own)
    first = desk.submit(sent, caller)
    corrected = (
        replace(sent, content=replace(own, request=replace(own.request, department="外科"))),
        replace(sent, content=replace(own, statement=replace(own.statement, health="一般"))),
        replace(sent, content=replace(own, materials=own.materials[1:])),
        replace(sent, content=replace(own, contact=Contact(phone="13900000000"))),
        replace(sent, institution_id=other.id),
        replace(sent, kind=Kind.TRANSFER_FROM_MILITARY),
    )
    for submission in corrected:
        with pytest.raises(ServiceFault) as fault:
            desk.submit(submission, caller)
        assert (fault.value.code, fault.value.params) == (FaultCode.VERSION_CONFLICT, {"version": "1"})
    assert desk.submit(sent, caller) == first
    office = Office(register, hospital)
    office.send_one(command(first, Return(opinion="请补充资料", materials=(Material("photo", copies=2),))))
    returned = office.now(first)
    assert desk.submit(sent, caller) == returned, "what the office has seen of the papers is no correction of his"
    again = resubmit(register, returned, department="外科")
    assert desk.submit(sent, caller) == again


def test_nobody_floods_an_office_with_applications(register: Service, hospital: Hospital) -> None:
    mine, theirs = seed_applications(register, hospital.institution, 2)
    desk, caller = ApplicantDesk(register.environment), physician(register, mine)

    def new() -> Submission:
        written = content(mine, 2_000)
        return Submission(ApplicationId(new_id()), hospital.institution.id, Kind.REGISTRATION, written)

    for _ in range(20):
        desk.submit(new(), caller)
    with pytest.raises(ServiceFault) as fault:
        desk.submit(new(), caller)
    assert fault.value.code is FaultCode.TOO_MANY_ATTEMPTS
    assert int(fault.value.params["wait_s"]) > 0
    desk.submit(new(), physician(register, theirs))
