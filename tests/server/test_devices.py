"""Devices: seen and revoked by their own administrator and the operator; a revoked one is shut out everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from medreg_core.contract.v1.commands import Command, Return
from medreg_core.contract.v1.devices import DeviceEntry, Revocation
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import SnapshotEnd
from medreg_core.contract.v1.messages import ClaimQuery, FormLease
from medreg_core.domain.forms import FormNumber
from medreg_core.domain.records import Application, DeviceId
from medreg_core.domain.vocabulary import CodeState, OutcomeKind, RescueState, RevocationReason, Role
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.feed_watch import Reader
from medreg_server.services.hello import HelloDesk
from medreg_server.services.leases import LeaseDesk
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, ServerHandle, seed_applications, seed_hospital
from tests.server.clients import Client, Office, command
from tests.server.leaver import Leaver, only
from tests.server.routes import World, open_world
from tests.server.test_receipts import RETURN, waiting


@pytest.fixture
def admin(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital, Role.INSTITUTION_ADMIN)


@pytest.fixture
def office(register: Service, hospital: Hospital) -> Office:
    return Office(register, hospital)


@pytest.fixture
def desk(register: Service) -> DeviceDesk:
    return DeviceDesk(register.environment)


def returned(_: Office, application: Application) -> Command:
    return command(application, RETURN)


def entry_of(desk: DeviceDesk, office: Office) -> DeviceEntry:
    return next(entry for entry in desk.entries(WHOLE_REGISTER) if entry.id == office.device_id)


def events(service: Service, chain: str, action: str) -> list[tuple[str, str, str]]:
    with service.environment.database.read() as transaction:
        return [(e.actor, e.subject, e.detail) for e in transaction.audit.entries(chain) if e.action == action]


def test_an_administrator_sees_the_devices_of_his_institution_alone(
    register: Service, desk: DeviceDesk, admin: Office, office: Office
) -> None:
    elsewhere = Office(register, seed_hospital(register, "980100"))
    listed = desk.listed(admin.caller)
    assert {entry.id for entry in listed} == {admin.device_id, office.device_id}
    assert elsewhere.device_id not in {entry.id for entry in listed}
    mine = entry_of(desk, office)
    assert (mine.last_used_by, mine.client_version) == (office.caller.account.name, "1.0.0")
    assert mine.revoked_at is None


def test_a_revocation_names_who_why_and_when_and_is_audited(
    register: Service, desk: DeviceDesk, admin: Office, office: Office, hospital: Hospital
) -> None:
    desk.revoke(office.device_id, RevocationReason.LOST, admin.caller)
    entry = entry_of(desk, office)
    assert (entry.reason, entry.revoked_by) == (RevocationReason.LOST, admin.caller.account.name)
    assert entry.revoked_at is not None
    desk.revoke_for_operator(office.device_id, RevocationReason.MISUSED)
    assert entry_of(desk, office) == entry, "who was first stands"
    (found,) = events(register, hospital.institution.id, "device.revoke")
    assert found == (admin.caller.account.id, office.device_id, '{"leases_burnt":"1","reason":"lost"}')


def test_the_operator_revokes_any_device(register: Service, desk: DeviceDesk, office: Office) -> None:
    desk.revoke_for_operator(office.device_id, RevocationReason.RETIRED)
    entry = entry_of(desk, office)
    assert (entry.reason, entry.revoked_by) == (RevocationReason.RETIRED, "")
    with pytest.raises(ServiceFault) as fault:
        desk.revoke_for_operator(DeviceId("unknown"), RevocationReason.LOST)
    assert fault.value.code is FaultCode.NOT_FOUND


def test_another_institutions_device_does_not_exist(register: Service, desk: DeviceDesk, admin: Office) -> None:
    elsewhere = Office(register, seed_hospital(register, "980100"))
    for device_id in (elsewhere.device_id, DeviceId("unknown"), DeviceId("a\x00b")):
        with pytest.raises(ServiceFault) as fault:
            desk.revoke(device_id, RevocationReason.LOST, admin.caller)
        assert fault.value.code is FaultCode.NOT_FOUND
    assert entry_of(desk, elsewhere).revoked_at is None


def test_a_revoked_device_registers_no_more(register: Service, desk: DeviceDesk, office: Office) -> None:
    desk.revoke_for_operator(office.device_id, RevocationReason.LOST)
    with pytest.raises(ServiceFault) as fault:
        HelloDesk(register.environment).hello(office._hello(), office.caller)
    assert fault.value.code is FaultCode.DEVICE_REVOKED


def test_a_number_of_a_burnt_lease_is_never_accepted_nor_leased_again(
    register: Service, desk: DeviceDesk, office: Office, hospital: Hospital
) -> None:
    application, other = seed_applications(register, hospital.institution, 2)
    unsent = office.agree(application)
    lease = office.lease
    assert lease is not None
    desk.revoke_for_operator(office.device_id, RevocationReason.LOST)
    with pytest.raises(ServiceFault) as fault:
        office.send_one(unsent)
    assert fault.value.code is FaultCode.DEVICE_REVOKED
    thief = Office(register, hospital)
    thief.lease = FormLease(lease.region, lease.year, lease.first + 5, lease.last)
    outcome = thief.send_one(thief.agree(other))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.FORM_NUMBER_INVALID)
    later = Office(register, hospital).lease
    assert later is not None
    assert later.first > lease.last


@pytest.mark.parametrize("make", [Office.agree, returned], ids=["with a number", "without"])
def test_a_device_revoked_between_two_commands_of_a_batch_gets_no_final_answer(
    register: Service,
    desk: DeviceDesk,
    office: Office,
    hospital: Hospital,
    make: Callable[[Office, Application], Command],
) -> None:
    """A refusal would close what the review lane can still carry out; an effect would be called undone there."""
    (application,) = seed_applications(register, hospital.institution)
    sent = make(office, application)
    batch = office.batch((sent,), dry_run=False)
    with register.environment.database.read() as transaction:
        admitted = office.commands._device(transaction, batch, office.caller)
    desk.revoke_for_operator(office.device_id, RevocationReason.LOST)
    office.commands._device = lambda *_: admitted  # type: ignore[method-assign]  # looked at before the revocation
    with pytest.raises(ServiceFault) as fault:
        office.commands.answer(batch, office.caller)
    assert fault.value.code is FaultCode.DEVICE_REVOKED
    assert office.commands.known([sent.id], office.caller).outcomes == ()
    assert office.now(application).version == 1


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_revocation_waits_for_the_command_under_way(
    register: Service, desk: DeviceDesk, leaver: Leaver, lane: ReviewLane, supervisor: Office, hospital: Hospital
) -> None:
    """What is handed over afterwards is either answered already or never carried out without a supervisor."""
    (application,) = seed_applications(register, hospital.institution)
    sent = command(application, RETURN)
    with ThreadPoolExecutor(2) as pool:
        with register.environment.database.write() as transaction:
            transaction.applications.lock(application.id, supervisor.caller.scope)
            sending = pool.submit(leaver.office.send_one, sent)
            while not waiting(register):
                pass
            revoking = pool.submit(leaver.revoke)
            while waiting(register) < 2 and not revoking.done():
                pass
            assert not revoking.done()
        assert sending.result().kind is OutcomeKind.ACCEPTED
        revoking.result()
    leaver.rescue(sent)
    assert only(lane, supervisor).state is RescueState.ANSWERED


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_device_revoked_while_it_greets_is_leased_nothing_that_is_not_burnt(
    register: Service, desk: DeviceDesk, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the revocation burns is what the device holds; a greeting that was let in before would give it more."""
    grant = LeaseDesk.numbers
    with ThreadPoolExecutor(1) as pool:

        def slowly(leases: LeaseDesk, transaction: WriteTransaction, *asked: Any) -> FormLease | None:
            revoking = pool.submit(desk.revoke_for_operator, office.device_id, RevocationReason.LOST)
            while not (revoking.done() or waiting(register)):
                pass
            return grant(leases, transaction, *asked)

        monkeypatch.setattr(LeaseDesk, "numbers", slowly)
        hello = office._hello(protocol_max=2, activation_codes_left=0)
        welcome = HelloDesk(register.environment).hello(hello, office.caller)
    assert welcome.lease is not None
    assert welcome.code_lease is not None
    with register.environment.database.read() as transaction:
        number = FormNumber(welcome.lease.region, welcome.lease.year, welcome.lease.first)
        (application,) = seed_applications(register, office.hospital.institution)
        assert not transaction.consents.standing(application, number, office.device_id).number_free
        code = transaction.activation.code(welcome.code_lease.codes[0].reference, office.caller.scope)
    assert code is not None
    assert code.state is CodeState.BURNT


# ---- over the network -----------------------------------------------------------------------------------------------


@pytest.fixture
def world(server: ServerHandle) -> Iterator[World]:
    opened = open_world(server)
    yield opened
    for client in opened.clients.values():
        client.close()


def test_every_session_of_a_revoked_device_is_at_an_end(world: World) -> None:
    application = world.application()
    client = world.client(Role.REGISTRAR, application)
    colleague = Client(world.server.url, world.hospital.logins[Role.SUPERVISOR], device_id=client.device_id)
    colleague.sign_in()
    cursor = client.cursor()
    admin = world.client(Role.INSTITUTION_ADMIN, application)
    revoked = admin.call("POST", f"/devices/{client.device_id}/revoke", Revocation(RevocationReason.LOST))
    assert revoked.status_code == 204
    sent = command(application, Return(opinion="补充"))
    for one in (client, colleague):
        for method, path, body in (
            ("POST", "/sync/hello", one._hello()),
            ("POST", "/sync/commands", one.batch((sent,), dry_run=False)),
            ("GET", "/sync/snapshot", None),
            ("GET", f"/sync/changes?cursor={cursor}", None),
            ("GET", "/sync/outcomes?ids=x", None),
            ("GET", "/sync/buckets/7", None),
            ("POST", "/claims", ClaimQuery(application_id=application.id)),
            ("DELETE", "/session", None),
        ):
            answer = one.call(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, FaultCode.DEVICE_REVOKED), path
        with pytest.raises(Exception, match="device_revoked"):
            one.sign_in()
    colleague.close()


def test_a_snapshot_under_way_ends_without_its_end_when_the_device_is_revoked(
    register: Service, desk: DeviceDesk, office: Office, hospital: Hospital
) -> None:
    seed_applications(register, hospital.institution, 3)
    lines = office.snapshots.begin("", office.caller)
    next(lines)
    desk.revoke_for_operator(office.device_id, RevocationReason.LOST)
    assert list(lines) == []
    assert not any(isinstance(line, SnapshotEnd) for line in office.snapshot())


def test_a_long_poll_under_way_brings_no_row_to_a_device_revoked_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = world.application()
    client = world.client(Role.REGISTRAR, application)

    async def meanwhile(*_: object) -> None:
        DeviceDesk(world.service.environment).revoke_for_operator(client.device_id, RevocationReason.LOST)

    monkeypatch.setattr(Reader, "wait", meanwhile)
    answer = client.call("GET", "/sync/changes", cursor=client.cursor(), wait="1")
    assert answer.json()["code"] == FaultCode.DEVICE_REVOKED
