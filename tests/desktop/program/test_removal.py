"""A computer that its institution shuts out: at work, at sign-in, cut off, begun anew; nothing is lost or left."""

from __future__ import annotations

from pathlib import Path

import pytest

from medreg_core.contract.v1.devices import DeviceEntry
from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind, RescueState, RevocationReason, Role, State
from medreg_desktop.app.removed import RemovedPage
from medreg_desktop.ui.widgets.blocks import EmptyState
from medreg_server.db.scope import Scope
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.review_lane import ReviewLane
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.desktop.program.test_service import state_at
from tests.helpers.fault_proxy import FaultProxy, http_answer, swallow_answer
from tests.helpers.program import Desk, Listener, click
from tests.helpers.server import PASSWORD, Hospital, ServerHandle

DONE = "本机数据已删除。"
STAYS = {"removed.json", "settings/computer.json", "logs/program.log"}


def device_of(desk: Desk) -> DeviceId:
    return desk.program.doorway.get().gate.office.device_id


def caller(server: ServerHandle, hospital: Hospital, role: Role) -> Caller:
    with server.service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(hospital.logins[role])
    assert account is not None
    return Caller(account, DeviceId("0" * 32))


def revoke(server: ServerHandle, hospital: Hospital, device_id: DeviceId) -> None:
    admin = caller(server, hospital, Role.INSTITUTION_ADMIN)
    DeviceDesk(server.service.environment).revoke(device_id, RevocationReason.LOST, admin)


def devices(server: ServerHandle, hospital: Hospital) -> dict[DeviceId, DeviceEntry]:
    listed = DeviceDesk(server.service.environment).entries(Scope(institution_id=hospital.institution.id))
    return {entry.id: entry for entry in listed}


def lane(server: ServerHandle) -> ReviewLane:
    return ReviewLane(server.service.environment, CommandDesk(server.service.environment))


def waiting(server: ServerHandle, hospital: Hospital) -> list[CommandId]:
    listed = lane(server).listed("", caller(server, hospital, Role.SUPERVISOR))
    assert {entry.state for entry in listed} <= {RescueState.WAITING}
    return [entry.command.id for entry in listed]


def removed_page(desk: Desk) -> RemovedPage:
    page = desk.program.window.cover.page
    assert isinstance(page, RemovedPage), desk.words()
    return page


def left_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def decided_offline(office: Desk, proxy: FaultProxy) -> str:
    """Agree to an application that the service does not hear of; return its id."""
    proxy.cut_all()
    row = office.rows[0]
    office.agree(row)
    office.until_lamp("离线")
    return str(row.id)


def test_a_computer_revoked_at_work_hands_its_decision_over_and_keeps_nothing(
    office: Desk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy, log: Listener
) -> None:
    device_id = device_of(office)
    application_id = decided_offline(office, proxy)
    office.open_review(office.rows[1])
    revoke(server, hospital, device_id)
    proxy.restore()
    office.office.sync_now()
    office.until_says(DONE)
    office.until(lambda: devices(server, hospital)[device_id].wiped_at, "the service's knowledge")
    office.shot("removed")
    words = office.words()
    assert f"本机已被移出{hospital.institution.name}。" in words
    for part in (
        "原因：遗失或被盗。",
        "1 项未发送的决定已移交审核负责人，待其确认执行。",
        "如有疑问，请联系本院管理员。",
    ):
        assert part in words
    names = {application.person.name for application in staff.applications}
    assert not any(name in words for name in names)
    assert left_of(office.folder) <= STAYS
    kept = "".join((office.folder / name).read_text("utf-8") for name in left_of(office.folder))
    assert staff.registrar not in kept
    assert not any(name in kept for name in names)
    (command,) = waiting(server, hospital)
    outcome = lane(server).confirm(command, caller(server, hospital, Role.SUPERVISOR))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert state_at(server, application_id) is State.AGREED


def test_a_computer_revoked_while_nobody_was_there_is_told_at_sign_in(
    office: Desk, open_desk: OpenDesk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy
) -> None:
    device_id = device_of(office)
    decided_offline(office, proxy)
    office.close()
    revoke(server, hospital, device_id)
    proxy.restore()
    proxy.answer_at_once("/device/", http_answer(503), times=1)
    desk = open_desk("pc")
    desk.sign_in(staff.registrar, PASSWORD)
    assert desk.fault.startswith("本机的使用权限已被收回。")
    desk.shot("revoked-at-sign-in")
    assert waiting(server, hospital) == []
    desk.until_says(DONE)
    assert len(waiting(server, hospital)) == 1
    assert left_of(desk.folder) <= STAYS


def test_an_order_that_cannot_be_proven_leaves_the_work_on_the_screen_and_on_the_disk(
    office: Desk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy
) -> None:
    decided_offline(office, proxy)
    revoke(server, hospital, device_of(office))
    proxy.restore()
    proxy.answer_at_once("/device/", http_answer(503), times=99)
    office.office.sync_now()
    office.until_lamp("1 项需要您处理")
    office.program.window.show_screen("sync")
    office.until_says("本机的使用权限已被收回。")
    office.shot("revoked-not-proven")
    assert len(office.queue()) == 1
    assert {row.name for row in office.rows} == {a.person.name for a in staff.applications}
    assert (office.folder / "cache.db").exists()


def test_what_was_begun_before_a_restart_goes_on_and_the_computer_can_be_set_up_anew(
    office: Desk, open_desk: OpenDesk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy
) -> None:
    device_id = device_of(office)
    revoke(server, hospital, device_id)
    proxy.answer_at_once("/device/wipe/done", http_answer(503), times=99)
    office.office.sync_now()
    office.until_says("服务端尚未得知，联系上后自动告知。")
    assert not removed_page(office).button.isVisible()
    office.close()
    assert devices(server, hospital)[device_id].wiped_at is None
    proxy.clear()
    desk = open_desk("pc")
    desk.until(lambda: isinstance(desk.program.window.cover.page, RemovedPage), "the page, before anybody signs in")
    desk.until(removed_page(desk).button.isVisible, "the end")
    desk.shot("removed-after-restart")
    assert devices(server, hospital)[device_id].wiped_at is not None
    click(removed_page(desk).button)
    desk.until(lambda: desk.is_shut, "the sign-in page")
    assert left_of(desk.folder) <= STAYS - {"removed.json"}
    desk.at_work(staff.registrar, PASSWORD, 3)
    assert device_of(desk) != device_id
    assert set(devices(server, hospital)) >= {device_id, device_of(desk)}
    desk.close()
    third = open_desk("pc")
    third.at_work(staff.registrar, PASSWORD, 3)


@pytest.mark.parametrize("is_at_work", [True, False])
def test_a_computer_shut_out_before_it_was_ever_greeted_is_set_up_as_another(
    open_desk: OpenDesk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy, is_at_work: bool
) -> None:
    """The service knows the device, the answer never came: without its keys an order could not be proven for ever."""
    proxy.rule("/sync/hello", swallow_answer, times=99)
    desk = open_desk("pc")
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until(lambda: devices(server, hospital), "the device in the register")
    first = device_of(desk)
    revoke(server, hospital, first)
    if is_at_work:
        proxy.clear()
        desk.office.sync_now()
        desk.until_says("请重新登录。")
        page = desk.program.window.cover.page
        assert isinstance(page, EmptyState)
        click(page._button)
    else:
        desk.close()
        proxy.clear()
        desk = open_desk("pc")
    desk.at_work(staff.registrar, PASSWORD, 3)
    assert device_of(desk) != first
    assert set(devices(server, hospital)) == {first, device_of(desk)}


@pytest.mark.parametrize("moment", ["rescue", "wipe/done"])
def test_closing_the_program_on_the_way_out_loses_nothing(
    office: Desk,
    open_desk: OpenDesk,
    staff: Staff,
    server: ServerHandle,
    hospital: Hospital,
    proxy: FaultProxy,
    moment: str,
) -> None:
    device_id = device_of(office)
    decided_offline(office, proxy)
    revoke(server, hospital, device_id)
    proxy.restore()
    proxy.answer_at_once(f"/device/{moment}", http_answer(503), times=99)
    office.office.sync_now()
    office.until_says("会自动重试" if moment == "rescue" else "服务端尚未得知")
    office.close()
    proxy.clear()
    desk = open_desk("pc")
    if moment == "rescue":
        desk.sign_in(staff.registrar, PASSWORD)
    desk.until_says(DONE)
    desk.until(lambda: devices(server, hospital)[device_id].wiped_at, "the service's knowledge")
    assert len(waiting(server, hospital)) == 1
