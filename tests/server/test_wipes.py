"""The way out of a revoked device: its signature, the service's proof, and what is kept of what it hands over."""

from __future__ import annotations

import msgspec
import pytest

from medreg_core.contract.v1.commands import Return
from medreg_core.contract.v1.devices import (
    Purpose,
    SignedByDevice,
    WipeCheck,
    WipeDone,
    is_proven,
    sign_as_device,
)
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import RescueState, RevocationReason, Role
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, seed_applications, seed_hospital
from tests.server.clients import Office, command, new_id
from tests.server.leaver import NONCE, Leaver, audit_rows, only

RETURN = Return(opinion="请补充资料")


def known_keys(service: Service) -> dict[str, bytes]:
    keys = service.environment.keys
    return {keys.kid: keys.public_key}


def test_a_device_in_order_is_told_so_with_proof(register: Service, leaver: Leaver) -> None:
    answer = leaver.check()
    assert not answer.wipe
    assert is_proven(answer, leaver.office.device_id, NONCE, known_keys(register))


def test_the_order_to_wipe_says_why_and_by_whom_and_is_proven(
    register: Service, leaver: Leaver, hospital: Hospital
) -> None:
    admin = Office(register, hospital, Role.INSTITUTION_ADMIN)
    DeviceDesk(register.environment).revoke(leaver.office.device_id, RevocationReason.HANDED_OVER, admin.caller)
    answer = leaver.check()
    assert (answer.wipe, answer.reason, answer.by) == (True, RevocationReason.HANDED_OVER, Role.INSTITUTION_ADMIN)
    assert is_proven(answer, leaver.office.device_id, NONCE, known_keys(register))
    other = Leaver.of(register, hospital)
    other.revoke()
    assert other.check().by is Role.SYSTEM


@pytest.mark.parametrize("purpose", [Purpose.WIPE_CHECK, Purpose.RESCUE, Purpose.WIPE_DONE])
def test_who_does_not_hold_the_devices_key_learns_and_changes_nothing(
    register: Service, leaver: Leaver, hospital: Hospital, purpose: Purpose
) -> None:
    leaver.revoke()
    ask = {
        Purpose.WIPE_CHECK: leaver.desk.check,
        Purpose.RESCUE: leaver.desk.rescue,
        Purpose.WIPE_DONE: leaver.desk.done,
    }[purpose]
    content = {
        Purpose.WIPE_CHECK: WipeCheck(NONCE),
        Purpose.RESCUE: leaver.rescue_of(),
        Purpose.WIPE_DONE: WipeDone(),
    }[purpose]
    good = leaver.signed(purpose, content)
    stranger = Leaver.of(register, hospital)
    server_id = register.environment.identity().server_id
    other_purpose = Purpose.RESCUE if purpose is Purpose.WIPE_DONE else Purpose.WIPE_DONE
    device_id, key = leaver.office.device_id, leaver.office.signing_key
    forgeries = {
        "another's key": sign_as_device(purpose, content, stranger.office.signing_key, device_id, server_id),
        "another's device": msgspec.structs.replace(good, device_id=stranger.office.device_id),
        "no id": msgspec.structs.replace(good, device_id=DeviceId("a\x00b")),
        "another content": msgspec.structs.replace(good, content=good.content + b" "),
        "another purpose": sign_as_device(other_purpose, content, key, device_id, server_id),
        "another service": sign_as_device(purpose, content, key, device_id, "somewhere"),
        "no signature": msgspec.structs.replace(good, signature=b""),
    }
    if purpose is not Purpose.WIPE_CHECK:  # see the next test
        forgeries["an unknown device"] = msgspec.structs.replace(good, device_id=DeviceId(new_id()))
    before = audit_rows(register)
    for forged in forgeries.values():
        with pytest.raises(ServiceFault) as fault:
            ask(forged)
        assert fault.value.code is FaultCode.FORBIDDEN
    assert audit_rows(register) == before


def test_a_device_that_a_restore_has_made_unknown_is_told_that_nothing_is_ordered(
    register: Service, leaver: Leaver
) -> None:
    """It would else wait for a proof for ever; what it is told proves nothing to any other device."""
    leaver.revoke()
    good = leaver.signed(Purpose.WIPE_CHECK, WipeCheck(NONCE))
    unknown = DeviceId(new_id())
    before = audit_rows(register)
    answer = leaver.desk.check(msgspec.structs.replace(good, device_id=unknown))
    assert not answer.wipe
    assert is_proven(answer, unknown, NONCE, known_keys(register))
    assert not is_proven(answer, leaver.office.device_id, NONCE, known_keys(register))
    assert audit_rows(register) == before


def test_who_asks_for_it_is_told_the_epoch_under_the_same_proof(register: Service, leaver: Leaver) -> None:
    """And an older program, which does not ask, finds the proof as it puts it together itself."""
    leaver.revoke()
    asked = leaver.desk.check(leaver.signed(Purpose.WIPE_CHECK, WipeCheck(NONCE, asks_epoch=True)))
    assert asked.epoch == register.environment.identity().epoch
    assert is_proven(asked, leaver.office.device_id, NONCE, known_keys(register))
    other = msgspec.structs.replace(asked, epoch="another")
    assert not is_proven(other, leaver.office.device_id, NONCE, known_keys(register))
    unasked = leaver.check()
    assert unasked.epoch == ""
    assert is_proven(unasked, leaver.office.device_id, NONCE, known_keys(register))


def test_a_signed_request_caught_on_the_way_is_worth_nothing(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    leaver.revoke()
    sent = command(application, RETURN)
    rescue = leaver.signed(Purpose.RESCUE, leaver.rescue_of(sent))
    done = leaver.signed(Purpose.WIPE_DONE, WipeDone(1))
    first = leaver.desk.rescue(rescue)
    kept, rows = only(lane, supervisor), audit_rows(register)
    assert leaver.desk.rescue(rescue) == first
    assert (only(lane, supervisor), audit_rows(register)) == (kept, rows)
    leaver.desk.done(done)
    (entry,) = [e for e in DeviceDesk(register.environment).entries(WHOLE_REGISTER) if e.id == leaver.office.device_id]
    rows = audit_rows(register)
    leaver.desk.done(done)
    assert audit_rows(register) == rows
    assert entry.wiped_at is not None
    with pytest.raises(ServiceFault):
        leaver.desk.rescue(rescue)  # it has said that nothing is left


@pytest.mark.parametrize("content", [b"{}", b"not json", b'{"nonce": "x"}', b'{"nonce": 7}'])
def test_signed_nonsense_is_a_bad_request(register: Service, leaver: Leaver, content: bytes) -> None:
    message = leaver.signed(Purpose.WIPE_CHECK, msgspec.Raw(content) if content[:1] == b"{" else WipeCheck("x"))  # type: ignore[arg-type]
    with pytest.raises((ServiceFault, msgspec.MsgspecError)) as fault:
        leaver.desk.check(message)
    assert not isinstance(fault.value, ServiceFault) or fault.value.code is FaultCode.BAD_REQUEST


def test_a_device_in_order_hands_nothing_over(register: Service, leaver: Leaver, hospital: Hospital) -> None:
    (application,) = seed_applications(register, hospital.institution)
    with pytest.raises(ServiceFault):
        leaver.rescue(command(application, RETURN))


def test_a_device_that_left_by_an_order_which_a_restore_took_back_is_shut_out(
    register: Service, leaver: Leaver
) -> None:
    """It has destroyed its key with its copy: nobody can use it, and the operator is to know."""
    leaver.done()
    leaver.done()
    (entry,) = [e for e in DeviceDesk(register.environment).entries(WHOLE_REGISTER) if e.id == leaver.office.device_id]
    assert (entry.revoked_at, entry.reason) == (entry.wiped_at, None)
    assert entry.wiped_at is not None
    assert leaver.check().wipe


def test_more_than_a_batch_is_too_much(register: Service, leaver: Leaver, hospital: Hospital) -> None:
    (application,) = seed_applications(register, hospital.institution)
    leaver.revoke()
    with pytest.raises(ServiceFault) as fault:
        leaver.rescue(*(command(application, RETURN) for _ in range(101)))
    assert fault.value.code is FaultCode.TOO_LARGE


# ---- what is kept ---------------------------------------------------------------------------------------------------


def test_what_everybody_on_that_device_made_is_kept_with_its_maker(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    one, two = seed_applications(register, hospital.institution, 2)
    leaver.revoke()
    first, second = command(one, RETURN), command(two, RETURN)
    receipt = leaver.rescue(first)
    assert receipt.kept == (first.id,)
    assert is_proven(receipt, leaver.office.device_id, NONCE, known_keys(register))
    leaver.rescue(second, maker=supervisor.caller.account.id)
    listed = {entry.command.id: entry for entry in lane.listed("", supervisor.caller)}
    assert listed[first.id].made_by == leaver.office.caller.account.name
    assert listed[second.id].made_by == supervisor.caller.account.name
    assert [listed[each.id].command for each in (first, second)] == [first, second]
    assert {entry.state for entry in listed.values()} == {RescueState.WAITING}


def test_what_the_register_has_answered_is_noted_as_such(
    register: Service, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    sent = command(application, RETURN)
    outcome = leaver.office.send_one(sent)
    leaver.revoke()
    assert leaver.rescue(sent).kept == (sent.id,)
    entry = only(lane, supervisor)
    assert (entry.state, entry.outcome) == (RescueState.ANSWERED, outcome)
    assert lane.confirm(sent.id, supervisor.caller) == outcome
    assert leaver.office.now(application).version == 2, "no second effect"


def test_another_body_or_another_device_under_a_kept_id_is_not_called_safe(
    register: Service, leaver: Leaver, hospital: Hospital
) -> None:
    (application,) = seed_applications(register, hospital.institution)
    leaver.revoke()
    sent = command(application, RETURN)
    leaver.rescue(sent)
    other = Leaver.of(register, hospital)
    other.revoke()
    assert other.rescue(sent).kept == ()
    assert leaver.rescue(msgspec.structs.replace(sent, base_version=7)).kept == ()
    foreign = Leaver.of(register, seed_hospital(register, "980100"))
    foreign.revoke()
    assert foreign.rescue(sent).kept == ()


def test_signed_bytes_of_a_newer_program_are_still_read(register: Service, leaver: Leaver) -> None:
    """The signature covers the bytes as sent: a field that the service does not know yet breaks nothing."""

    class Newer(msgspec.Struct):
        nonce: str
        later: int = 3

    signed: SignedByDevice = leaver.signed(Purpose.WIPE_CHECK, Newer(NONCE))
    assert leaver.desk.check(signed).nonce == NONCE
