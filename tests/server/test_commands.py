"""Commands as ``sync.md`` §5.6: outcomes, the decision matrix, repetition, dependence, rehearsal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import msgspec
import pytest

from medreg_core.contract.v1.commands import Agree, Command, CommandBody, RecordPrint, Refuse, Return, WithdrawConsent
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.form_code import read_form_code
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import Application, ApplicationId, Material
from medreg_core.domain.vocabulary import FormState, OutcomeKind, Role, State
from medreg_server.services.callers import Caller
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, make_application, seed_applications, seed_hospital, store_applications
from tests.server.clients import Office, command, new_id
from tests.server.neighbours import commission, physician, resubmit, rule, withdraw


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


@pytest.fixture
def colleague(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital, Role.SUPERVISOR)


@pytest.fixture
def application(register: Service, hospital: Hospital) -> Application:
    return seed_applications(register, hospital.institution)[0]


RETURN = Return(opinion="请补充资料")
REFUSE = Refuse(opinion="不符合聘用条件")


def test_an_agreed_application_gets_its_signed_form(office: Office, application: Application) -> None:
    cursor = office.cursor()
    outcome = office.send_one(office.agree(application))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.form is not None
    keys = office.service.environment.keys
    claims = read_form_code(outcome.form.code, {keys.kid: keys.public_key})
    assert (claims.form_number, claims.digest) == (outcome.form.number, content_digest(application))
    assert claims.state is FormState.AGREED
    page = office.changes(cursor)
    assert (page.last, [change.seq for change in page.changes]) == (outcome.seq, [outcome.seq])
    shown = msgspec.json.decode(page.changes[0].body, type=Application)
    assert (shown.state, shown.version, shown.form) == (State.AGREED, 2, outcome.form)
    assert shown.history[-1].actor == office.caller.account.name


@pytest.mark.parametrize(("body", "state"), [(RETURN, State.RETURNED), (REFUSE, State.REFUSED)])
def test_a_decision_moves_the_application(
    office: Office, application: Application, body: CommandBody, state: State
) -> None:
    outcome = office.send_one(command(application, body))
    assert (outcome.kind, outcome.version) == (OutcomeKind.ACCEPTED, 2)
    assert office.now(application).state is state


def test_the_same_command_again_has_no_second_effect(office: Office, application: Application) -> None:
    sent = office.agree(application)
    first = office.send_one(sent)
    cursor = office.cursor()
    assert office.send(sent, sent) == (first, first)
    assert office.changes(cursor).changes == ()
    assert office.now(application).version == 2


def test_the_same_id_with_another_body_is_never_executed(office: Office, application: Application) -> None:
    sent = command(application, RETURN)
    office.send_one(sent)
    (other,) = seed_applications(office.service, office.hospital.institution)
    for forged in (
        msgspec.structs.replace(sent, body=REFUSE),
        msgspec.structs.replace(sent, application_id=other.id),
        msgspec.structs.replace(sent, base_version=2),
    ):
        outcome = office.send_one(forged)
        assert (outcome.kind, outcome.code) == (OutcomeKind.MISMATCH, FaultCode.BODY_MISMATCH)
    assert office.now(application).state is State.RETURNED
    assert office.now(other).state is State.SUBMITTED


def test_the_id_of_another_institutions_command_tells_nothing(office: Office, application: Application) -> None:
    sent = command(application, RETURN)
    office.send_one(sent)
    stranger = Office(office.service, seed_hospital(office.service))
    outcome = stranger.send_one(sent)
    assert (outcome.kind, outcome.current, outcome.by) == (OutcomeKind.MISMATCH, None, "")


def test_the_same_decision_by_a_colleague_supersedes(
    office: Office, colleague: Office, application: Application
) -> None:
    first = colleague.send_one(colleague.agree(application))
    sent = office.agree(application)
    outcome = office.send_one(sent)
    assert (outcome.kind, outcome.by) == (OutcomeKind.SUPERSEDED, colleague.caller.account.name)
    assert outcome.current is None
    assert outcome.seq == first.seq, "a copy shows the decision until its feed has brought the colleague's"
    assert office.send_one(sent) == outcome
    assert office.now(application).version == 2


@pytest.mark.parametrize(("first", "second"), [(RETURN, REFUSE), (REFUSE, RETURN)])
def test_the_opposite_decision_is_a_conflict_with_the_current_row(
    office: Office, colleague: Office, application: Application, first: CommandBody, second: CommandBody
) -> None:
    colleague.send_one(command(application, first))
    outcome = office.send_one(command(application, second))
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, FaultCode.ALREADY_DECIDED)
    assert outcome.by == colleague.caller.account.name
    assert outcome.current == office.now(application)


def test_a_withdrawn_application_is_a_conflict_with_the_applicant(office: Office, application: Application) -> None:
    withdraw(office.service, application)
    outcome = office.send_one(office.agree(application))
    assert (outcome.kind, outcome.code, outcome.by) == (
        OutcomeKind.CONFLICT,
        FaultCode.STATE_CONFLICT,
        "applicant",
    )
    assert outcome.current is not None
    assert outcome.current.state is State.WITHDRAWN


def test_an_edit_by_the_applicant_is_a_conflict_that_shows_it(
    office: Office, colleague: Office, application: Application
) -> None:
    colleague.send_one(command(application, RETURN))
    edited = resubmit(office.service, office.now(application), department="外科")
    for stale in (office.agree(application), command(application, RETURN), command(application, REFUSE)):
        outcome = office.send_one(stale)
        assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, FaultCode.VERSION_CONFLICT)
        assert outcome.by == "applicant"
        assert outcome.current == edited


def test_a_consent_given_and_taken_back_meanwhile_is_a_conflict(
    office: Office, colleague: Office, application: Application
) -> None:
    colleague.send_one(colleague.agree(application))
    colleague.send_one(command(office.now(application), WithdrawConsent()))
    outcome = office.send_one(office.agree(application))
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, FaultCode.VERSION_CONFLICT)


def test_a_superseded_consent_stays_superseded_after_acceptance(
    office: Office, colleague: Office, application: Application
) -> None:
    colleague.send_one(colleague.agree(application))
    rule(office.service, office.now(application), "accept")
    assert office.send_one(office.agree(application)).kind is OutcomeKind.SUPERSEDED
    refused = office.send_one(command(application, REFUSE))
    assert (refused.kind, refused.by) == (OutcomeKind.CONFLICT, colleague.caller.account.name)


def test_a_consent_cannot_be_taken_back_after_acceptance(office: Office, application: Application) -> None:
    office.send_one(office.agree(application))
    agreed = office.now(application)
    rule(office.service, agreed, "accept")
    outcome = office.send_one(command(agreed, WithdrawConsent()))
    assert (outcome.kind, outcome.code, outcome.by) == (
        OutcomeKind.CONFLICT,
        FaultCode.STATE_CONFLICT,
        "commission",
    )


def test_two_who_take_the_same_consent_back_agree(office: Office, colleague: Office, application: Application) -> None:
    office.send_one(office.agree(application))
    agreed = office.now(application)
    assert colleague.send_one(command(agreed, WithdrawConsent())).kind is OutcomeKind.ACCEPTED
    assert office.send_one(command(agreed, WithdrawConsent())).kind is OutcomeKind.SUPERSEDED


def test_taking_a_consent_back_voids_its_form(office: Office, application: Application) -> None:
    outcome = office.send_one(office.agree(application))
    assert outcome.form is not None
    back = office.send_one(command(office.now(application), WithdrawConsent(reason="误操作")))
    assert back.form is not None
    assert back.form.voided
    with office.service.environment.database.read() as transaction:
        form = transaction.forms.get(outcome.form.number, office.caller.scope)
    assert form is not None
    assert form.voided_at is not None
    again = office.send_one(office.agree(office.now(application)))
    assert again.kind is OutcomeKind.ACCEPTED
    assert again.form is not None
    assert not again.form.voided


def test_a_client_ahead_of_the_register_is_a_conflict(office: Office, application: Application) -> None:
    outcome = office.send_one(office.agree(replace(application, version=7)))
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, FaultCode.VERSION_CONFLICT)


def _agree(office: Office, application: Application, **changes: object) -> Command:
    return office.agree(application, **changes)


_PHOTO = (Material("photo", pages=1, original_seen=True, copies=2),)

_REJECTED: list[tuple[str, Callable[[Office, Application], Command], FaultCode]] = [
    ("no reason", lambda o, a: command(a, Return(opinion="  ")), FaultCode.REASON_MISSING),
    ("no reason", lambda o, a: command(a, Refuse(opinion="")), FaultCode.REASON_MISSING),
    ("other digest", lambda o, a: _agree(o, a, digest="0" * 32), FaultCode.DIGEST_MISMATCH),
    ("no number", lambda o, a: _agree(o, a, form_number=""), FaultCode.FORM_NUMBER_INVALID),
    ("check sign", lambda o, a: _agree(o, a, form_number=o.next_number()[:-1] + "?"), FaultCode.FORM_NUMBER_INVALID),
    ("spaces", lambda o, a: _agree(o, a, form_number=f" {o.next_number()}"), FaultCode.FORM_NUMBER_INVALID),
    ("no photo", lambda o, a: _agree(o, a, materials=()), FaultCode.CHECK_FAILED),
    ("photo only", lambda o, a: _agree(o, a, materials=_PHOTO), FaultCode.MATERIAL_MISSING),
    (
        "unknown",
        lambda o, a: msgspec.structs.replace(command(a, RETURN), application_id=ApplicationId(new_id())),
        FaultCode.APPLICATION_UNKNOWN,
    ),
]


@pytest.mark.parametrize(
    "names", [{"id": ""}, {"id": "a\0"}, {"application_id": "a\0"}, {"physician_id": "a\0"}, {"depends_on": ""}]
)
def test_what_is_no_id_is_rejected_and_the_rest_of_the_batch_goes_on(
    office: Office, register: Service, names: dict[str, str]
) -> None:
    one, other = seed_applications(register, office.hospital.institution, 2)
    odd, good = office.send(command(one, Refuse(opinion="不"), **names), command(other, Refuse(opinion="不")))
    assert (odd.kind, odd.code, odd.params) == (
        OutcomeKind.REJECTED,
        FaultCode.BAD_REQUEST,
        {"where": next(iter(names))},
    )
    assert good.kind is OutcomeKind.ACCEPTED
    assert office.now(one) == one


def test_a_version_that_came_about_at_no_date_is_a_conflict_and_without_a_zone_unreadable(
    office: Office, application: Application
) -> None:
    seen = command(application, REFUSE, seen_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))))
    assert office.send_one(seen).kind is OutcomeKind.CONFLICT
    zoneless = msgspec.structs.replace(seen, seen_at=datetime(2026, 11, 29))  # noqa: DTZ001 - what is to be refused
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(zoneless), type=Command)


@pytest.mark.parametrize(("name", "build", "code"), _REJECTED, ids=[f"{n}-{c.value}" for n, _, c in _REJECTED])
def test_what_cannot_be_done_is_rejected_for_good(
    office: Office,
    application: Application,
    name: str,
    build: Callable[[Office, Application], Command],
    code: FaultCode,
) -> None:
    sent = build(office, application)
    outcome = office.send_one(sent)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)
    assert office.send_one(sent) == outcome
    assert office.now(application) == application


def test_a_failing_check_is_rejected_with_its_name(office: Office) -> None:
    wrong = make_application(office.hospital.institution)
    assert wrong.qualification is not None
    wrong = replace(wrong, qualification=replace(wrong.qualification, name="另一人"))
    store_applications(office.service, [wrong])
    outcome = office.send_one(office.agree(wrong))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.CHECK_FAILED)
    assert outcome.params["check"] == "identity_matches"


def test_a_consent_to_what_was_applied_for_elsewhere_is_rejected(office: Office) -> None:
    wrong = make_application(office.hospital.institution)
    wrong = replace(wrong, request=replace(wrong.request, institution_name="别市人民医院"))
    store_applications(office.service, [wrong])
    outcome = office.send_one(office.agree(wrong))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.CHECK_FAILED)
    assert outcome.params["check"] == "request_names_this_institution"


def test_another_application_in_progress_is_found_by_the_server(office: Office) -> None:
    first = make_application(office.hospital.institution)
    store_applications(office.service, [first])
    second = replace(first, id=ApplicationId(new_id()))
    with office.service.environment.database.write() as transaction:
        transaction.applications.add([second])
    outcome = office.send_one(office.agree(first))
    assert (outcome.code, outcome.params.get("check")) == (FaultCode.CHECK_FAILED, "no_other_pending")


def test_a_form_number_serves_once(office: Office, application: Application) -> None:
    outcome = office.send_one(office.agree(application))
    assert outcome.form is not None
    (other,) = seed_applications(office.service, office.hospital.institution)
    again = office.send_one(office.agree(other, form_number=outcome.form.number))
    assert (again.kind, again.code) == (OutcomeKind.REJECTED, FaultCode.FORM_NUMBER_INVALID)


def test_a_form_number_of_another_device_is_refused(
    office: Office, colleague: Office, application: Application
) -> None:
    outcome = office.send_one(office.agree(application, form_number=colleague.next_number()))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.FORM_NUMBER_INVALID)


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.INSTITUTION_ADMIN])
def test_who_may_not_decide_is_refused(office: Office, application: Application, role: Role) -> None:
    reader = Office(office.service, office.hospital, role)
    assert reader.lease is None
    agree = reader.agree if reader.lease else office.agree
    for sent in (agree(application), command(application, RETURN), command(application, REFUSE)):
        outcome = reader.send_one(sent)
        assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.NOT_ALLOWED)
    assert office.now(application) == application


def test_a_dependent_command_waits_then_runs(office: Office, application: Application) -> None:
    consent = office.agree(application)
    assert isinstance(consent.body, Agree)
    record = RecordPrint(
        form_number=consent.body.form_number,
        digest=consent.body.digest,
        form_state=FormState.PENDING,
        printed_at=consent.made_at,
        copies=1,
        reprint=0,
    )
    paper = command(application, record, depends_on=consent.id)
    waiting = office.send_one(paper)
    assert (waiting.kind, waiting.waits_for) == (OutcomeKind.DEFERRED, consent.id)
    assert [o.kind for o in office.send(consent, paper)] == [OutcomeKind.ACCEPTED] * 2


def test_what_depends_on_a_failed_command_fails(office: Office, application: Application) -> None:
    withdraw(office.service, application)
    consent = office.agree(application)
    dependent = command(application, RETURN, depends_on=consent.id)
    outcomes = office.send(consent, dependent)
    assert [(o.kind, o.code) for o in outcomes] == [
        (OutcomeKind.CONFLICT, FaultCode.STATE_CONFLICT),
        (OutcomeKind.REJECTED, FaultCode.DEPENDENCY_FAILED),
    ]


def test_a_rehearsal_tells_all_and_keeps_nothing(office: Office, application: Application) -> None:
    consent = office.agree(application)
    assert isinstance(consent.body, Agree)
    agreed = replace(application, version=2)
    back = command(agreed, WithdrawConsent(), depends_on=consent.id)
    cursor = office.cursor()
    outcomes = office.send(consent, back, dry_run=True)
    assert [o.kind for o in outcomes] == [OutcomeKind.ACCEPTED] * 2
    assert all(o.form is None and o.seq == 0 for o in outcomes), "a rehearsal must not sign a form"
    assert office.now(application) == application
    assert office.changes(cursor).changes == ()
    assert [o.kind for o in office.send(consent, back)] == [OutcomeKind.ACCEPTED] * 2


def test_the_outcomes_of_a_lost_answer_can_be_asked_for(office: Office, application: Application) -> None:
    sent = office.agree(application)
    outcome = office.send_one(sent)
    unknown = new_id()
    assert office.commands.known([unknown, sent.id], office.caller).outcomes == (outcome,)
    stranger = Office(office.service, seed_hospital(office.service))
    assert stranger.commands.known([sent.id], stranger.caller).outcomes == ()


def test_the_applicants_and_the_commissions_helpers_are_callers(office: Office, application: Application) -> None:
    """Guards the neighbours of these tests: they go through the same doors as the network."""
    assert isinstance(physician(office.service, application), Caller)
    assert commission(office.service).scope.region == "9901"
