"""A revoked computer leaves the real service over real sockets; nobody in between can order it to or take its work."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.devices import DeviceEntry, RescueReceipt, WipeAnswer, proof_message
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.contract.v1.proofs import Proof, flaws_of
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind, RescueState, RevocationReason, Role, State
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.cache import commands, outbox
from medreg_desktop.services.cache.rescue import rescue
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import Stage
from medreg_desktop.services.transport.trouble import TransportFault
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.review_lane import ReviewLane
from tests.helpers.fault_proxy import FaultProxy, cut_after, http_answer, swallow_answer
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.conftest import OpenPc
from tests.sync.office import KEY, Pc
from tests.sync.test_against_the_server import register_row


def revoke(server: ServerHandle, pc: Pc) -> None:
    DeviceDesk(server.service.environment).revoke_for_operator(pc.device_id, RevocationReason.LOST)


def entry(server: ServerHandle, pc: Pc) -> DeviceEntry:
    listed = DeviceDesk(server.service.environment).entries(WHOLE_REGISTER)
    return next(each for each in listed if each.id == pc.device_id)


def lane(server: ServerHandle) -> ReviewLane:
    return ReviewLane(server.service.environment, CommandDesk(server.service.environment))


def states(server: ServerHandle) -> dict[CommandId, RescueState]:
    return {each.command.id: each.state for each in lane(server).entries(WHOLE_REGISTER)}


def supervisor(server: ServerHandle, hospital: Hospital) -> Caller:
    with server.service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(hospital.logins[Role.SUPERVISOR])
    assert account is not None
    return Caller(account, "0" * 32)


def folder_of(pc: Pc) -> Path:
    return pc.store.path.parent


def test_what_two_registrars_had_decided_on_a_revoked_computer_reaches_the_register(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    one, two, three = seed_applications(server.service, hospital.institution, 3)
    pc = open_pc("pc", hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    answered = pc.send_back(three.id)
    pc.sync()
    proxy.cut_all()
    mine = pc.agree(one.id)
    pc.unlock_offline(supervisor(server, hospital).account.id)
    theirs = pc.refuse(two.id)
    revoke(server, pc)
    proxy.restore()
    with pytest.raises(TransportFault, match="device_revoked"):
        pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.driver.tell(events.DeviceRefused)
    report = pc.later()
    assert report.removal.stage is Stage.GONE
    assert report.removal.rescued == 2
    assert states(server) == {mine: RescueState.WAITING, theirs: RescueState.WAITING}
    assert answered not in states(server), "it was finished"
    assert entry(server, pc).wiped_at is not None
    assert {path.name for path in folder_of(pc).iterdir()} == {farewell.FILE}
    outcome = lane(server).confirm(mine, supervisor(server, hospital))
    assert (outcome.kind, outcome.id) == (OutcomeKind.ACCEPTED, mine)
    row = register_row(server, one)
    assert row.state is State.AGREED
    proven = next(each for each in lane(server).entries(WHOLE_REGISTER) if each.command.id == mine)
    assert proven.receipt is not None
    assert outcome.receipt is not None, "the computer is gone, and what was decided on it can still be proven"
    proof = Proof(command=proven.command, link=proven.receipt, counter=outcome.receipt)
    keys = server.service.environment.keys
    assert flaws_of(proof, {keys.kid: keys.public_key}) == ()


def test_lost_and_cut_answers_on_the_way_out_change_nothing(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    made = seed_applications(server.service, hospital.institution, 3)
    pc.until_quiet()
    revoke(server, pc)
    sent = [pc.send_back(application.id) for application in made]
    proxy.rule("/device/wipe/check", swallow_answer)
    proxy.rule("/device/rescue", swallow_answer)
    proxy.rule("/device/rescue", cut_after(150))
    proxy.rule("/device/wipe/done", swallow_answer)
    report = pc.sync()
    for _ in range(8):
        report = pc.later()
    assert report.removal.stage is Stage.GONE
    assert states(server) == dict.fromkeys(sent, RescueState.WAITING)
    asked = [line.split()[1] for line in proxy.delivered if "/device/" in line]
    assert asked.count("/api/v1/device/rescue") == 3


def test_what_the_service_had_answered_without_our_knowing_is_not_done_again(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    proxy.rule("/sync/commands", swallow_answer)
    command = pc.send_back(application.id)
    pc.sync()
    assert register_row(server, application).state is State.RETURNED
    revoke(server, pc)
    for _ in range(3):
        pc.later()
    assert states(server) == {command: RescueState.ANSWERED}
    assert register_row(server, application).version == 2


def test_nobody_in_between_makes_the_office_destroy_its_copy(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    """It knows the service's name and every shape, and has a key of its own; the device was never revoked."""
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    server_id, thief = pc.transport.link.server_id, Ed25519PrivateKey.generate()
    (kid,) = pc.transport.link.order_keys
    order = WipeAnswer(magic=MAGIC, server_id=server_id, device_id=pc.device_id, nonce="n" * 32, wipe=True, kid=kid)
    forged = msgspec.structs.replace(order, proof=thief.sign(proof_message(order)))
    proxy.answer_at_once("/sync/", http_answer(403, b'{"code":"device_revoked"}', server_id=server_id), times=99)
    proxy.answer_at_once("/device/", http_answer(200, msgspec.json.encode(forged), server_id=server_id), times=99)
    command = pc.send_back(application.id)
    report = pc.sync()
    for _ in range(5):
        report = pc.later()
    assert (report.lamp.kind, report.lamp.code) == (LampKind.NEEDS_YOU, "device_revoked")
    assert (report.removal.stage, report.removal.code) == (Stage.CHECK, "captive_portal")
    (row,) = pc.rows()
    assert (row.command.id, row.state) == (command, outbox.OutboxState.QUEUED)
    proxy.clear()
    assert pc.later().lamp.code == "removal_unfounded", "the service says no"
    pc.wish_now()
    pc.until_quiet()
    assert register_row(server, application).state is State.RETURNED


def test_an_old_order_is_worth_nothing_to_another_question(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    """Even the service's own signature does not help whoever replays it: it covers the nonce of one question."""
    pc = open_pc("pc", hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    environment = server.service.environment
    old = WipeAnswer(
        magic=MAGIC,
        server_id=pc.transport.link.server_id,
        device_id=pc.device_id,
        nonce="0" * 32,
        wipe=True,
        kid=environment.keys.kid,
    )
    proven = msgspec.structs.replace(old, proof=environment.keys.sign(proof_message(old)))
    body = http_answer(200, msgspec.json.encode(proven), server_id=old.server_id)
    proxy.answer_at_once("/device/", body, times=99)
    pc.driver.tell(events.DeviceRefused)
    pc.sync()
    assert pc.later().removal.stage is Stage.CHECK
    assert pc.store.path.exists()


def test_a_receipt_that_nobody_signed_makes_no_command_safe(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    command = pc.send_back(application.id)
    revoke(server, pc)
    server_id = pc.transport.link.server_id
    receipt = RescueReceipt(
        magic=MAGIC, server_id=server_id, device_id=pc.device_id, nonce="", kept=(command,), kid="", proof=b""
    )
    body = http_answer(200, msgspec.json.encode(receipt), server_id=server_id)
    proxy.answer_at_once("/device/rescue", body, times=99)
    for _ in range(4):
        report = pc.later()
    assert (report.removal.stage, report.removal.left) == (Stage.RESCUE, 1)
    assert pc.store.path.exists()
    assert states(server) == {}
    proxy.clear()
    pc.later()
    assert states(server) == {command: RescueState.WAITING}
    assert not pc.store.path.exists()


def test_nothing_can_be_saved_once_the_order_is_proven(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    one, two = seed_applications(server.service, hospital.institution, 2)
    pc.until_quiet()
    pc.send_back(one.id)
    revoke(server, pc)
    proxy.answer_at_once("/device/rescue", b"", times=99)
    pc.sync()
    assert pc.driver.report.lamp.code == "device_removed"
    with pytest.raises(Exception, match="device_removed"):
        pc.send_back(two.id)
    assert len(pc.rows()) == 1


def test_a_rebuilt_copy_can_prove_the_order_to_leave_and_hands_its_work_over(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    """What a broken disk is followed by: the copy is rebuilt, and before it has greeted the computer is shut out."""
    (one,) = seed_applications(server.service, hospital.institution, 1)
    pc = open_pc("pc", hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    proxy.cut_all()
    mine = pc.agree(one.id)
    pc.close()
    pc.store.path.unlink()
    rescue(pc.store.path, KEY, pc.clock)
    revoke(server, pc)
    proxy.restore()
    pc = open_pc("pc")
    with pytest.raises(TransportFault, match="device_revoked"):
        pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.driver.tell(events.DeviceRefused)
    report = pc.later()
    assert (report.removal.stage, report.removal.rescued) == (Stage.GONE, 1)
    assert states(server) == {mine: RescueState.WAITING}


def test_a_copy_rebuilt_on_the_way_out_stays_sealed(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, proxy: FaultProxy
) -> None:
    """A supervisor may have the decision before him already: called back here, it would be carried out all the same."""
    (one,) = seed_applications(server.service, hospital.institution, 1)
    pc = open_pc("pc", hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    revoke(server, pc)
    mine = pc.agree(one.id)
    proxy.rule("/device/rescue", swallow_answer)
    pc.sync()
    assert states(server) == {mine: RescueState.WAITING}
    pc.close()
    pc.store.path.unlink()
    rescue(pc.store.path, KEY, pc.clock)
    proxy.cut_all()
    pc = open_pc("pc")
    with pytest.raises(KnownFault, match="device_removed"):
        pc.store.write(lambda conn: commands.close(conn, mine, outbox.Resolution.CANCELLED, pc.clock.now()))
    proxy.restore()
    assert pc.later().removal.stage is Stage.GONE
