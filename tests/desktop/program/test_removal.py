"""A computer that its institution shuts out: at work, at sign-in, cut off, begun anew; nothing is lost or left."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from medreg_core.contract.v1.devices import DeviceEntry
from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind, RescueState, RevocationReason, Role, State
from medreg_desktop.app.removed import RemovedPage
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync.report import RemovalReport, Stage
from medreg_desktop.ui.theme import Theme
from medreg_desktop.ui.widgets.blocks import EmptyState
from medreg_server.db.scope import Scope
from medreg_server.db.tables import device, form_lease
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.review_lane import ReviewLane
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.desktop.program.test_service import state_at
from tests.helpers.fault_proxy import FaultProxy, http_answer, swallow_answer
from tests.helpers.program import Desk, Listener, click
from tests.helpers.qt import clipped, close
from tests.helpers.server import PASSWORD, Hospital, ServerHandle

DONE = "本机数据已删除。"
LIFTED = "服务端确认本机可以继续使用：刚才的拒绝不是服务端作出的，或者已经撤销。 内容都在，请登录后继续办理。"
STAYS = {"removed.json", "settings/computer.json", "logs/program.log"}


def test_what_was_not_counted_yet_is_not_said_to_be_none(dressed_app: Theme) -> None:
    """The order is proven before the disk has told what waits, and a disk in trouble tells it late."""
    page = RemovedPage("示例市第二人民医院")
    page.show_removal(RemovalReport(Stage.RESCUE))
    said = [line.text() for line in page._lines]
    assert "未发送的决定先移交审核负责人，随后删除本机数据，请不要关机。" in said
    page.show_removal(RemovalReport(Stage.RESCUE, left=2, rescued=1))
    assert any(text.startswith("3 项未发送的决定") for text in (line.text() for line in page._lines))
    close(page)


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


def forget_revocation(server: ServerHandle, device_id: DeviceId) -> None:
    """What a restore to before it does to a revocation."""
    one = update(device).where(device.c.id == device_id)
    own = update(form_lease).where(form_lease.c.device_id == device_id)
    with server.service.environment.database.write() as transaction:
        transaction.devices._connection.execute(one.values(revoked_at=None, revoked_by="", reason=""))
        transaction.leases._connection.execute(own.values(burnt_at=None))


def ordered_out(office: Desk, server: ServerHandle, hospital: Hospital, proxy: FaultProxy) -> str:
    """Have the order to leave proven while nothing can be handed over; return what was decided and not sent."""
    application_id = decided_offline(office, proxy)
    revoke(server, hospital, device_of(office))
    proxy.answer_at_once("/device/rescue", http_answer(503), times=99)
    proxy.restore()
    office.office.sync_now()
    office.until_says("会自动重试；在此之前不删除任何内容。")
    return application_id


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


def hurry(desk: Desk) -> None:
    """Have what waits tried now, as another network does."""
    loop = desk.program.doorway.get().loop
    assert loop is not None
    loop.network_changed()


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


def test_a_copy_that_does_not_tell_its_institutions_name_is_given_up_all_the_same(
    office: Desk, server: ServerHandle, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_conn: object) -> None:
        raise KnownFault("cache_damaged")

    monkeypatch.setattr(sync_state, "institution", damaged)
    revoke(server, hospital, device_of(office))
    office.office.sync_now()
    office.until_says(DONE)
    assert "本机已被移出所属机构。" in office.words()
    assert left_of(office.folder) <= STAYS


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


def test_an_order_that_no_longer_stands_gives_the_computer_back(
    office: Desk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy
) -> None:
    """The register is restored to before the revocation while a computer hands its work over."""
    device_id = device_of(office)
    application_id = ordered_out(office, server, hospital, proxy)
    forget_revocation(server, device_id)
    proxy.clear()
    proxy.answer_at_once("/device/wipe/check", http_answer(503), times=99)
    hurry(office)
    office.until_says("正在重新核实本机是否已被移出")
    office.shot("removal-asked-again")
    assert clipped(removed_page(office)) == []
    words = office.words()
    assert "服务端答复之前，本机内容全部保留，也不发送。" in words
    assert "删除" not in words
    assert "此账号没有这项权限" not in words, "that is why it is asked, not what stands in the way"
    assert not removed_page(office).button.isVisible()
    proxy.clear()
    hurry(office)
    office.until(lambda: office.is_shut, "the sign-in page")
    office.shot("removal-lifted")
    assert office.fault == LIFTED
    assert clipped(office.page) == []
    office.at_work(staff.registrar, PASSWORD, 3)
    office.until(lambda: state_at(server, application_id) is State.AGREED, "the decision at the service")
    office.until_lamp("已同步")


def test_a_computer_given_back_can_be_shut_out_again(
    office: Desk, staff: Staff, server: ServerHandle, hospital: Hospital, proxy: FaultProxy
) -> None:
    """Nothing may be destroyed below whoever works there again: the window has to let go of the copy once more."""
    device_id = device_of(office)
    ordered_out(office, server, hospital, proxy)
    forget_revocation(server, device_id)
    proxy.clear()
    hurry(office)
    office.until(lambda: office.is_shut, "the sign-in page")
    office.at_work(staff.registrar, PASSWORD, 3)
    assert not office.program.doorway.get()._window_gone.is_set()
    revoke(server, hospital, device_id)
    office.office.sync_now()
    office.until_says(DONE)
    office.until(removed_page(office).button.isVisible, "the end")
    assert devices(server, hospital)[device_id].wiped_at is not None
    assert left_of(office.folder) <= STAYS


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
