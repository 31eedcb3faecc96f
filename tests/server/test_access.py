"""Who may do what over the network: every operation × every role, other tenants' rows, the audit of every change."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from medreg_core.contract.v1.commands import Outcome, OutcomeBatch, Return
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.feed import SnapshotRow
from medreg_core.contract.v1.messages import Fault
from medreg_core.domain.vocabulary import OutcomeKind, RevocationReason, Role
from medreg_server.api.headers import SERVER_HEADER
from medreg_server.db.devices import Shutout
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.service import Service
from tests.helpers.server import ServerHandle, seed_hospital
from tests.server.clients import Client, command
from tests.server.routes import ANYONE, OPERATIONS, Operation, World, open_world, routed


@pytest.fixture
def world(server: ServerHandle) -> Iterator[World]:
    opened = open_world(server)
    yield opened
    for client in opened.clients.values():
        client.close()


def test_the_table_of_operations_is_the_router(register: Service) -> None:
    assert {(operation.method, operation.path) for operation in OPERATIONS} == routed(register)


def test_each_operation_admits_its_roles_and_no_other(world: World) -> None:
    """All cells of the matrix."""
    for operation in OPERATIONS:
        for role in sorted(ANYONE):
            application = world.application(operation.state)
            answer = operation.ask(world, world.client(role, application), application)
            if role in operation.roles:
                assert answer.status_code in {200, 204}, (operation.path, role, answer.text)
            else:
                assert answer.status_code == 403, (operation.path, role, answer.text)
                assert msgspec.json.decode(answer.content, type=Fault).code == FaultCode.FORBIDDEN


def test_without_a_session_only_ping_sign_in_and_what_devices_sign_answer(world: World) -> None:
    application = world.application()
    for operation in OPERATIONS:
        if not operation.needs_session or operation.path == "/session":
            continue
        stranger = Client(world.server.url, world.hospital.logins[Role.REGISTRAR])
        for token in ("", "x" * 43, "x" * 5_000):
            stranger.token = token
            answer = operation.ask(world, stranger, application)
            assert answer.status_code == 401, (operation.path, answer.text)
            assert answer.headers[SERVER_HEADER] == world.service.environment.identity().server_id
        stranger.close()


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.by_id], ids=named)
def test_another_tenants_application_does_not_exist(world: World, operation: Operation) -> None:
    elsewhere = seed_hospital(world.service, "980100")
    own = world.application(operation.state)
    foreign = world.application(operation.state, elsewhere)
    (role, *_) = sorted(operation.roles)
    client = world.client(role, own)
    answer = operation.ask(world, client, foreign)
    assert answer.status_code == 404, answer.text
    with world.service.environment.database.read() as transaction:
        assert transaction.applications.page(WHOLE_REGISTER, (), "", 100).count(foreign) == 1, "untouched"


def test_commands_streams_and_lists_hold_no_foreign_row(world: World) -> None:
    elsewhere = seed_hospital(world.service, "980100")
    own, foreign = world.application(), world.application(hospital=elsewhere)
    client = world.client(Role.REGISTRAR, own)
    sent = command(foreign, Return(opinion="补充"))
    answer = client.ask(OutcomeBatch, "POST", "/sync/commands", client.batch((sent,), dry_run=False))
    assert answer.outcomes == (Outcome(id=sent.id, kind=OutcomeKind.REJECTED, code=FaultCode.APPLICATION_UNKNOWN),)
    rows = [line for line in client.snapshot() if isinstance(line, SnapshotRow)]
    assert {row.id for row in rows} == {world.hospital.institution.id, own.id}
    buckets = b"".join(client.call("GET", f"/sync/buckets/{n}").content for n in range(256))
    assert own.id.encode() in buckets
    assert foreign.id.encode() not in buckets
    listed = world.client(Role.COMMISSION, own).call("GET", "/commission/applications").text
    assert own.id in listed
    assert foreign.id not in listed


def audit_rows(world: World) -> int:
    with world.service.environment.database.read() as transaction:
        return sum(head.seq for head in transaction.audit.heads())


def test_every_change_leaves_its_row_in_the_audit(world: World) -> None:
    for operation in OPERATIONS:
        (role, *_) = sorted(operation.roles & {Role.REGISTRAR, Role.COMMISSION, Role.PHYSICIAN} or operation.roles)
        application = world.application(operation.state)
        client = world.client(role, application)
        before = audit_rows(world)
        assert operation.ask(world, client, application).ok
        grown = audit_rows(world) - before
        asks_more = any(part in operation.path for part in ("digest", "changes", "wipe/check"))
        assert (grown > 0) == operation.audited or asks_more
        reads = operation.method == "GET" or operation.path in {"/sync/digest", "/device/wipe/check"}
        assert operation.audited != reads


def test_a_closed_session_and_a_revoked_device_are_shut_out(world: World) -> None:
    application = world.application()
    client = world.client(Role.REGISTRAR, application)
    with world.service.environment.database.write() as transaction:
        shutout = Shutout(RevocationReason.LOST, None, world.service.environment.now())
        transaction.devices.revoke(client.device_id, shutout)
    answer = client.call("GET", "/sync/snapshot")
    assert (answer.status_code, answer.json()["code"]) == (403, FaultCode.DEVICE_REVOKED)
    again = Client(world.server.url, client.login, device_id=client.device_id)
    refused = again.call("POST", "/session", {"account": client.login, "password": "x", "device_id": "d"})
    assert refused.status_code == 401
    other = Client(world.server.url, client.login)
    other.sign_in()
    assert other.call("DELETE", "/session").status_code == 204
    assert other.call("GET", "/sync/snapshot").status_code == 401
    again.close()
    other.close()
