"""What is recorded of a form's paper: prints and recalls."""

from __future__ import annotations

import msgspec
import pytest

from medreg_core.contract.v1.commands import Agree, Outcome, RecordPrint, RecordRecall
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import FormState, OutcomeKind
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, seed_applications
from tests.server.clients import Office, command
from tests.server.neighbours import withdraw


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


@pytest.fixture
def application(register: Service, hospital: Hospital) -> Application:
    return seed_applications(register, hospital.institution)[0]


def _print(outcome: Outcome, **changes: object) -> RecordPrint:
    assert outcome.form is not None
    body = RecordPrint(
        form_number=outcome.form.number,
        digest=outcome.form.digest,
        form_state=FormState.AGREED,
        printed_at=outcome.at,
        copies=2,
        reprint=0,
    )
    return msgspec.structs.replace(body, **changes)


def test_prints_and_recalls_are_counted_and_audited(office: Office, application: Application) -> None:
    outcome = office.send_one(office.agree(application))
    assert outcome.form is not None
    agreed = office.now(application)
    sent = command(agreed, _print(outcome))
    recall = command(agreed, RecordRecall(form_number=outcome.form.number, copies=1))
    assert [o.kind for o in office.send(sent, sent, recall)] == [OutcomeKind.ACCEPTED] * 3
    with office.service.environment.database.read() as transaction:
        form = transaction.forms.get(outcome.form.number, office.caller.scope)
        actions = [entry.action for entry in transaction.audit.entries(office.hospital.institution.id)]
    assert form is not None
    assert (form.printed, form.recalled) == (2, 1)
    assert actions.count("form.print") == actions.count("form.recall") == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"form_number": "990100-2026-999999-X"}, FaultCode.FORM_NUMBER_INVALID),
        ({"digest": "f" * 32}, FaultCode.DIGEST_MISMATCH),
        ({"copies": 0}, FaultCode.BAD_REQUEST),
        ({"copies": -(2**62)}, FaultCode.BAD_REQUEST),
    ],
)
def test_a_print_that_does_not_fit_is_rejected(
    office: Office, application: Application, changes: dict[str, object], code: FaultCode
) -> None:
    outcome = office.send_one(office.agree(application))
    rejected = office.send_one(command(office.now(application), _print(outcome, **changes)))
    assert (rejected.kind, rejected.code) == (OutcomeKind.REJECTED, code)


def test_paper_of_a_consent_in_conflict_can_be_recalled(office: Office, application: Application) -> None:
    withdraw(office.service, application)
    sent = office.agree(application)
    assert isinstance(sent.body, Agree)
    assert office.send_one(sent).kind is OutcomeKind.CONFLICT
    recall = command(application, RecordRecall(form_number=sent.body.form_number, copies=1))
    assert office.send_one(recall).kind is OutcomeKind.ACCEPTED
