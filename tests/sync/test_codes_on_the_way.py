"""Activation codes between the real client and the real service: one outbox, one engine, no second path (ADR 019)."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
import requests

from medreg_core.domain.ids import uuid7
from medreg_core.domain.records import PhysicianId
from medreg_core.domain.vocabulary import HandOutWay, OutcomeKind, Role
from medreg_desktop.services.activation.code_desk import CodeDesk, Slip
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.sync import events
from medreg_server.services.rule_tables import installed_tables
from tests.helpers.fault_proxy import FaultProxy, swallow_answer
from tests.helpers.server import PASSWORD, Hospital, ServerHandle, seed_account
from tests.server.code_office import seed_physician
from tests.sync.conftest import OpenPc
from tests.sync.office import Pc


class Ids:
    def __init__(self, pc: Pc) -> None:
        self._pc = pc

    def new_id(self) -> str:
        return uuid7(int(self._pc.clock.now().timestamp() * 1000), secrets.token_bytes(10))


def desk_of(pc: Pc) -> CodeDesk:
    account = pc.store.read(sync_state.account)
    assert account is not None
    return CodeDesk(Desk(pc.store, pc.clock, Ids(pc), installed_tables(), account, is_online=lambda: False))


def hand_out(pc: Pc, physician: PhysicianId) -> Slip:
    slip = desk_of(pc).hand_out(physician, HandOutWay.SLIP)
    pc.driver.tell(events.CommandSaved)
    return slip


def redeemed(server: ServerHandle, physician: PhysicianId, code: str) -> int:
    """Return the status a browser of the physician gets for a code."""
    login = f"physician-{secrets.token_hex(4)}"
    seed_account(server.service, login, Role.PHYSICIAN, physician_id=physician)
    url = f"{server.url}/api/v1"
    signed_in = requests.post(
        f"{url}/session", json={"account": login, "password": PASSWORD, "device_id": "browser"}, timeout=60
    ).json()
    headers = {"Authorization": f"Bearer {signed_in['token']}"}
    return requests.post(f"{url}/activation", json={"code": code}, headers=headers, timeout=60).status_code


@pytest.fixture
def physician(server: ServerHandle, hospital: Hospital) -> PhysicianId:
    return seed_physician(server.service, hospital.institution)


def test_hello_brings_codes_and_the_outbox_carries_the_hand_out(
    server: ServerHandle, pc: Pc, physician: PhysicianId
) -> None:
    pc.until_quiet()
    assert desk_of(pc).left() == 100
    slip = hand_out(pc, physician)
    assert redeemed(server, physician, slip.code) == 422, "it sleeps"
    assert pc.until_quiet().unsent == 0
    assert redeemed(server, physician, slip.code) == 200


def test_a_lost_answer_hands_nothing_out_twice(
    server: ServerHandle, pc: Pc, proxy: FaultProxy, physician: PhysicianId
) -> None:
    pc.until_quiet()
    slip = hand_out(pc, physician)
    proxy.rule("/sync/commands", swallow_answer)
    pc.until_quiet()
    (row,) = pc.rows()
    assert (row.state, row.outcome is not None and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)
    assert row.attempts == 2
    assert redeemed(server, physician, slip.code) == 200


def test_two_offices_hand_out_offline_and_the_second_is_told(
    server: ServerHandle, hospital: Hospital, open_pc: OpenPc, pc: Pc, physician: PhysicianId
) -> None:
    other = open_pc("other", hospital.logins[Role.SUPERVISOR])
    for one in (pc, other):
        one.until_quiet()
    first, second = hand_out(pc, physician), hand_out(other, physician)
    pc.until_quiet()
    assert other.sync().needs_you == 1
    (row,) = other.rows()
    assert row.outcome is not None
    assert (row.outcome.kind, row.last_cause) == (OutcomeKind.CONFLICT, "code_handed_out")
    assert row.outcome.by
    assert redeemed(server, physician, second.code) == 422
    assert redeemed(server, physician, first.code) == 200


def test_codes_are_filled_up_before_they_run_out(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    pc.until_quiet()
    for _ in range(51):
        hand_out(pc, seed_physician(server.service, hospital.institution))
    pc.until_quiet()
    pc.later(120)
    assert desk_of(pc).left() == 100


def test_no_code_is_in_any_file_of_the_computer_in_the_clear(pc: Pc, physician: PhysicianId, tmp_path: Path) -> None:
    pc.until_quiet()
    slip = hand_out(pc, physician)
    pc.until_quiet()
    for file in (tmp_path / "pc").rglob("*"):
        assert slip.code.encode() not in (file.read_bytes() if file.is_file() else b""), file
    assert all(slip.code not in repr(row) for row in pc.rows())


def test_a_restored_service_is_asked_again_and_what_it_forgot_comes_into_sight(
    server: ServerHandle, hospital: Hospital, pc: Pc, physician: PhysicianId
) -> None:
    pc.until_quiet()
    slip = hand_out(pc, physician)
    pc.until_quiet()
    with server.service.environment.database.write() as transaction:
        connection = transaction.activation._connection
        connection.exec_driver_sql("DELETE FROM activation_code")
        connection.exec_driver_sql("DELETE FROM command")
    server.service.registry.begin_epoch("restored in a test")
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    report = pc.until_quiet(3)
    assert report.needs_you == 1
    (row,) = pc.rows()
    assert (row.command.id, row.last_cause) == (slip.command_id, "code_unknown")
