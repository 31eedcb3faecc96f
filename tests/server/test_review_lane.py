"""The review lane: a supervisor of the institution carries rescued commands out, or sets them aside."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import pytest

from medreg_core.contract.v1.commands import Command, RecordPrint, RecordRecall, Refuse, Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.proofs import Proof, flaws_of
from medreg_core.domain.records import AccountId, Application, CommandId
from medreg_core.domain.vocabulary import FormState, OutcomeKind, RescueState, Role, State
from medreg_server.db.clock import system_clock
from medreg_server.db.rescued import Settled
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain, undated
from tests.helpers.server import Hospital, seed_applications, seed_hospital
from tests.server.clients import Office, command
from tests.server.leaver import Leaver, audit_rows, only
from tests.server.test_devices import events

RETURN = Return(opinion="请补充资料")


def rescued_return(register: Service, leaver: Leaver, hospital: Hospital) -> tuple[Application, Command]:
    """Return an application and the return of it that a computer shut out had not finished: it lies in the lane."""
    (application,) = seed_applications(register, hospital.institution)
    sent = command(application, RETURN)
    leaver.revoke()
    leaver.rescue(sent)
    return application, sent


def test_a_confirmed_consent_keeps_its_id_its_number_and_its_maker(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    """The paper was printed before: its number counts although the lease is burnt, on the supervisor's word."""
    (application,) = seed_applications(register, hospital.institution)
    sent = leaver.office.agree(application)
    leaver.revoke()
    leaver.rescue(sent)
    outcome = lane.confirm(sent.id, supervisor.caller)
    assert (outcome.id, outcome.kind) == (sent.id, OutcomeKind.ACCEPTED)
    row = leaver.office.now(application)
    assert row.state is State.AGREED
    assert row.form is not None
    assert row.form.number == sent.body.form_number  # type: ignore[union-attr]  # an Agree
    assert row.decided_by == leaver.office.caller.account.name
    assert row.history[-1].actor == supervisor.caller.account.name
    (done,) = events(register, hospital.institution.id, "application.agree")
    (confirmed,) = events(register, hospital.institution.id, "rescued.confirm")
    for actor, _, detail in (done, confirmed):
        assert actor == supervisor.caller.account.id
        assert leaver.maker in detail
    entry = only(lane, supervisor)
    assert (entry.state, entry.settled_by) == (RescueState.CONFIRMED, supervisor.caller.account.name)
    assert entry.outcome == outcome
    assert lane.confirm(sent.id, supervisor.caller) == outcome
    assert len(events(register, hospital.institution.id, "rescued.confirm")) == 1


def test_a_confirmed_decision_is_proven_as_if_its_maker_had_sent_it(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    one, two = seed_applications(register, hospital.institution, 2)
    chain = Chain(key=leaver.office.signing_key)
    sent, other = command(one, RETURN), command(two, RETURN)
    link, not_the_makers = chain.link(sent, leaver.maker), chain.link(other, supervisor.caller.account.id)
    leaver.revoke()
    leaver.rescue(sent, other, links=[link, not_the_makers])
    outcome = lane.confirm(sent.id, supervisor.caller)
    listed = {entry.command.id: entry for entry in lane.listed("", supervisor.caller)}
    entry = listed[sent.id]
    assert outcome.receipt is not None
    assert (entry.outcome, entry.receipt) == (outcome, link)
    keys = register.environment.keys
    proof = Proof(command=sent, link=link, counter=outcome.receipt)
    assert flaws_of(proof, {keys.kid: keys.public_key}) == ()
    unproven = lane.confirm(other.id, supervisor.caller)
    assert (unproven.kind, unproven.receipt) == (OutcomeKind.ACCEPTED, None), "it stops no decision"
    (alarm,) = events(register, hospital.institution.id, "receipt.invalid")
    assert "other_actor" in alarm[2]


def test_the_rules_hold_for_a_rescued_command_too(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    application, sent = rescued_return(register, leaver, hospital)
    supervisor.send_one(command(application, Refuse(opinion="不符合聘用条件")))
    outcome = lane.confirm(sent.id, supervisor.caller)
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, FaultCode.ALREADY_DECIDED)
    assert only(lane, supervisor).outcome == outcome
    assert leaver.office.now(application).state is State.REFUSED


def test_what_waits_for_another_keeps_waiting_until_that_one_is_confirmed(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    consent = leaver.office.agree(application)
    printed = command(
        application,
        RecordPrint(
            form_number=consent.body.form_number,  # type: ignore[union-attr]  # an Agree
            digest=consent.body.digest,  # type: ignore[union-attr]
            form_state=FormState.PENDING,
            printed_at=consent.made_at,
            copies=2,
            reprint=0,
        ),
        depends_on=consent.id,
    )
    leaver.revoke()
    leaver.rescue(consent, printed)
    rows = audit_rows(register)
    waits = lane.confirm(printed.id, supervisor.caller)
    assert (waits.kind, waits.waits_for) == (OutcomeKind.DEFERRED, consent.id)
    assert audit_rows(register) == rows
    assert {e.state for e in lane.listed("", supervisor.caller)} == {RescueState.WAITING}
    assert lane.confirm(consent.id, supervisor.caller).kind is OutcomeKind.ACCEPTED
    assert lane.confirm(printed.id, supervisor.caller).kind is OutcomeKind.ACCEPTED


def test_what_was_decided_later_on_the_same_application_waits_its_turn(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    """Seed 314643: a clock set back had put a recall before its consent, and the register counted nothing for it."""
    first, other = seed_applications(register, hospital.institution, 2)
    consent = leaver.office.agree(first)
    number = consent.body.form_number  # type: ignore[union-attr]  # an Agree
    recall, elsewhere = command(first, RecordRecall(form_number=number, copies=1)), command(other, RETURN)
    leaver.revoke()
    leaver.rescue(consent, elsewhere, recall)
    early = lane.confirm(recall.id, supervisor.caller)
    assert (early.kind, early.code, early.waits_for) == (OutcomeKind.DEFERRED, "waits_for_command", consent.id)
    assert lane.confirm(elsewhere.id, supervisor.caller).kind is OutcomeKind.ACCEPTED  # of no matter
    assert lane.confirm(consent.id, supervisor.caller).kind is OutcomeKind.ACCEPTED
    assert lane.confirm(recall.id, supervisor.caller).kind is OutcomeKind.ACCEPTED
    with register.environment.database.read() as transaction:
        record = transaction.forms.get(number, supervisor.caller.scope)
    assert record is not None
    assert record.recalled == 1


def test_what_is_set_aside_is_answered_and_never_carried_out(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    application, sent = rescued_return(register, leaver, hospital)
    with pytest.raises(ServiceFault) as fault:
        lane.set_aside(sent.id, "  ", supervisor.caller)
    assert fault.value.code is FaultCode.REASON_MISSING
    lane.set_aside(sent.id, "已当面另行办理", supervisor.caller)
    lane.set_aside(sent.id, "再次", supervisor.caller)
    entry = only(lane, supervisor)
    assert (entry.state, entry.reason) == (RescueState.SET_ASIDE, "已当面另行办理")
    with pytest.raises(ServiceFault) as fault:
        lane.confirm(sent.id, supervisor.caller)
    assert fault.value.code is FaultCode.STATE_CONFLICT
    (again,) = supervisor.commands.known([sent.id], supervisor.caller).outcomes
    assert (again.kind, again.code) == (OutcomeKind.REJECTED, FaultCode.SET_ASIDE)
    assert leaver.office.now(application).version == 1
    (noted,) = events(register, hospital.institution.id, "rescued.set_aside")
    assert leaver.maker in noted[2]
    assert "当面" not in noted[2], "the supervisor's words are no matter of the audit"


def test_a_confirmed_command_is_not_set_aside_any_more(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    _, sent = rescued_return(register, leaver, hospital)
    lane.confirm(sent.id, supervisor.caller)
    with pytest.raises(ServiceFault) as fault:
        lane.set_aside(sent.id, "x", supervisor.caller)
    assert fault.value.code is FaultCode.STATE_CONFLICT


def test_what_the_register_has_answered_is_not_set_aside(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    """An older service took into the lane as waiting what was still being carried out; confirmed, it has its answer."""
    _, sent = rescued_return(register, leaver, hospital)
    carried_out = lane.confirm(sent.id, supervisor.caller)
    with register.environment.database.write() as transaction:
        transaction.rescued.settle(sent.id, Settled(RescueState.WAITING, AccountId(""), system_clock()))
    with pytest.raises(ServiceFault) as fault:
        lane.set_aside(sent.id, "x", supervisor.caller)
    assert (fault.value.code, fault.value.params) == (FaultCode.STATE_CONFLICT, {"state": RescueState.ANSWERED})
    assert only(lane, supervisor).state is RescueState.WAITING
    assert lane.confirm(sent.id, supervisor.caller) == carried_out


def test_what_another_body_was_answered_under_its_id_is_set_aside(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    """Nothing of it has been carried out, nor ever will be."""
    (application,) = seed_applications(register, hospital.institution)
    sent = command(application, RETURN)
    leaver.office.send_one(sent)
    leaver.revoke()
    leaver.rescue(msgspec.structs.replace(sent, base_version=7))
    lane.set_aside(sent.id, "x", supervisor.caller)
    assert only(lane, supervisor).state is RescueState.SET_ASIDE


def test_a_rescued_receipt_at_no_date_does_not_stop_its_decision(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    sent, chain = command(application, RETURN), Chain(leaver.office.signing_key)
    leaver.revoke()
    leaver.rescue(sent, links=[undated(chain, chain.link(sent, leaver.maker))])
    outcome = lane.confirm(sent.id, supervisor.caller)
    assert (outcome.kind, outcome.receipt) == (OutcomeKind.ACCEPTED, None)


def test_a_reason_that_no_column_takes_is_refused(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    _, sent = rescued_return(register, leaver, hospital)
    with pytest.raises(ServiceFault) as fault:
        lane.set_aside(sent.id, "a\0b", supervisor.caller)
    assert (fault.value.code, fault.value.params) == (FaultCode.BAD_REQUEST, {"where": "reason"})
    assert only(lane, supervisor).state is RescueState.WAITING


def test_another_institutions_lane_does_not_exist(
    register: Service, leaver: Leaver, lane: ReviewLane, hospital: Hospital
) -> None:
    _, sent = rescued_return(register, leaver, hospital)
    stranger = Office(register, seed_hospital(register, "980100"), Role.SUPERVISOR).caller
    assert lane.listed("", stranger) == []
    for command_id in (sent.id, CommandId("unknown"), CommandId("a\x00b")):
        with pytest.raises(ServiceFault) as confirmed:
            lane.confirm(command_id, stranger)
        with pytest.raises(ServiceFault) as aside:
            lane.set_aside(command_id, "x", stranger)
        assert {confirmed.value.code, aside.value.code} == {FaultCode.NOT_FOUND}


def test_a_maker_who_is_none_of_the_institution_is_not_named_and_not_believed(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    stranger = Office(register, seed_hospital(register, "980100"))
    sent = command(application, RETURN)
    leaver.revoke()
    leaver.rescue(sent, maker=stranger.caller.account.id)
    assert only(lane, supervisor).made_by == ""
    with pytest.raises(ServiceFault) as fault:
        lane.confirm(sent.id, supervisor.caller)
    assert fault.value.code is FaultCode.NOT_ALLOWED
    lane.set_aside(sent.id, "来历不明", supervisor.caller)


def test_a_foreign_application_stays_out_of_reach(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office
) -> None:
    elsewhere = seed_hospital(register, "980100")
    (foreign,) = seed_applications(register, elsewhere.institution)
    sent = command(foreign, RETURN)
    leaver.revoke()
    leaver.rescue(sent)
    assert lane.confirm(sent.id, supervisor.caller).code == FaultCode.APPLICATION_UNKNOWN


def test_the_lane_is_read_by_pages(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    leaver.revoke()
    made = [command(application, RETURN) for _ in range(130)]
    for start in (0, 65):
        leaver.rescue(*made[start : start + 65])
    first = lane.listed("", supervisor.caller)
    rest = lane.listed(first[-1].command.id, supervisor.caller)
    assert [entry.command.id for entry in (*first, *rest)] == sorted(each.id for each in made)
    with pytest.raises(ServiceFault):
        lane.listed("a\x00b", supervisor.caller)


def test_a_supervisor_who_lost_his_role_decides_nothing(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office
) -> None:
    former = Caller(replace(supervisor.caller.account, role=Role.REGISTRAR), supervisor.device_id)
    for act in (
        lambda: lane.listed("", former),
        lambda: lane.confirm(CommandId("x"), former),
        lambda: lane.set_aside(CommandId("x"), "x", former),
    ):
        with pytest.raises(ServiceFault) as fault:
            act()
        assert fault.value.code is FaultCode.FORBIDDEN


def test_two_supervisors_at_once_confirm_it_once(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    application, sent = rescued_return(register, leaver, hospital)
    with ThreadPoolExecutor(4) as together:
        outcomes = set(map(repr, together.map(lambda _: lane.confirm(sent.id, supervisor.caller), range(4))))
    assert len(outcomes) == 1
    assert leaver.office.now(application).version == 2
    assert len(events(register, hospital.institution.id, "rescued.confirm")) == 1
