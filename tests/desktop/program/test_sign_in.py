"""登录: every way in that does not lead in says why and what to do next, and what was typed is still there."""

from __future__ import annotations

import threading
from datetime import timedelta

import msgspec
import pytest
from PySide6.QtWidgets import QApplication

from medreg_core.contract.v1.messages import Session
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.app.start import cannot_start
from medreg_server.services.callers import Caller
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.helpers.fault_proxy import FaultProxy, http_answer
from tests.helpers.program import PATIENCE_S, Desk, click
from tests.helpers.server import PASSWORD, ServerHandle, seed_hospital

PORTAL_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 27\r\nConnection: close\r\n\r\n"
    b"<html>please log in</html>\n"
)
PORTAL_REDIRECT = http_answer(302, Location="http://portal.example/")
UNREACHABLE = "连不上服务端。"
FIRST_TIME = "账号首次在本机登录需要联网。"


def test_a_registrar_comes_in_and_sees_the_work(office: Desk, staff: Staff) -> None:
    office.shot("office")
    assert {row.name for row in office.rows} == {a.person.name for a in staff.applications}
    assert "共 3 条" in office.words()


def test_a_wrong_password_is_said_and_the_field_is_ready(desk: Desk, staff: Staff) -> None:
    desk.sign_in(staff.registrar, "wrong")
    desk.shot("wrong-password")
    assert desk.fault == "账号或密码不对。 请检查大小写和输入法。"
    assert desk.page._account.text == staff.registrar
    assert desk.page._password.text == ""
    assert desk.page._password.editor.hasFocus()
    desk.unlock(PASSWORD)
    desk.until(lambda: not desk.is_shut, "in")


def test_too_many_tries_online_count_the_wait_down(desk: Desk, staff: Staff) -> None:
    for _ in range(6):
        desk.sign_in(staff.registrar, "wrong")
    desk.shot("too-many-online")
    assert desk.fault.startswith("尝试次数过多。 ")
    assert desk.fault.endswith(" 秒后可以再试。")
    assert not desk.page._go.isEnabled()
    before = desk.page.presenter.state.wait_s
    assert 60 < before <= 900
    desk.until(lambda: desk.page.presenter.state.wait_s < before, "the countdown")
    assert f" {desk.page.presenter.state.wait_s} 秒后" in f" {desk.fault}"


def test_another_account_does_not_wait_for_the_first_ones_tries(desk: Desk, staff: Staff) -> None:
    for _ in range(6):
        desk.sign_in(staff.registrar, "wrong")
    desk.at_work(staff.supervisor, PASSWORD, 3)


def test_a_wrong_password_offline_is_counted_and_the_count_outlives_a_restart(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy
) -> None:
    first = open_desk()
    first.at_work(staff.registrar, PASSWORD, 3)
    first.close()
    proxy.cut_all()
    again = open_desk()
    for left in (4, 3, 2, 1):
        again.sign_in(staff.registrar, "wrong")
        assert again.fault == f"密码不对，还可以试 {left} 次，之后需要等待。"
    again.shot("wrong-password-offline")
    again.sign_in(staff.registrar, "wrong")
    assert again.fault == "尝试次数过多。 30 秒后可以再试。"
    again.shot("too-many-offline")
    again.close()
    third = open_desk()
    third.sign_in(staff.registrar, PASSWORD)
    assert third.fault.startswith("尝试次数过多。 ")
    assert third.is_shut


def test_the_first_sign_in_of_all_needs_the_network(desk: Desk, staff: Staff, proxy: FaultProxy) -> None:
    proxy.cut_all()
    desk.sign_in(staff.registrar, PASSWORD)
    desk.shot("first-offline")
    assert desk.fault == f"{UNREACHABLE} 请检查网络，或核对服务端地址是否正确。{FIRST_TIME}"
    assert desk.fault_button.text() == "重试"
    assert not desk.page._offline.isVisible()
    proxy.restore()
    click(desk.fault_button)
    desk.until(lambda: len(desk.rows) == 3, "in after all, with the password typed before")


def test_a_known_registrar_works_offline_and_signs_in_when_the_network_is_back(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy
) -> None:
    first = open_desk()
    first.at_work(staff.registrar, PASSWORD, 3)
    first.close()
    proxy.cut_all()
    desk = open_desk()
    desk.at_work(staff.registrar, PASSWORD, 3)
    desk.until_lamp("离线")
    assert f"{UNREACHABLE}现在离线办理；您的决定先存本机，联网后自动发送。" in desk.notices()
    desk.shot("offline")
    desk.agree(desk.rows[0])
    proxy.restore()
    desk.office.sync_now()
    desk.until_lamp("请重新登录")
    assert len(desk.queue()) == 1
    click(desk.program.window.status_bar.lamp)
    desk.shot("sign-in-again")
    desk.unlock(PASSWORD)
    desk.until_lamp("已同步")
    assert desk.queue() == []


def test_work_offline_is_offered_and_looks_for_the_service_it_knows(
    open_desk: OpenDesk, staff: Staff, proxy: FaultProxy
) -> None:
    first = open_desk()
    first.at_work(staff.registrar, PASSWORD, 3)
    first.close()
    desk = open_desk()
    desk.type(desk.page._password, PASSWORD)
    click(desk.page._offline)
    desk.until(lambda: len(desk.rows) == 3, "the list")
    desk.until_lamp("请重新登录")


@pytest.mark.parametrize("answer", [PORTAL_PAGE, PORTAL_REDIRECT], ids=["html 200", "302"])
def test_a_captive_portal_is_named_at_the_first_sign_in(
    desk: Desk, staff: Staff, proxy: FaultProxy, answer: bytes
) -> None:
    proxy.answer_at_once("HTTP/1.1", answer, times=99)
    desk.sign_in(staff.registrar, PASSWORD)
    desk.shot("portal-sign-in")
    assert desk.fault == "网络要求先登录。 请打开浏览器完成网络登录，再回到这里登录。"
    assert desk.fault_button.text() == "打开浏览器"
    assert desk.page._password.text == PASSWORD
    proxy.clear()
    desk.press_enter()
    desk.until(lambda: len(desk.rows) == 3, "in")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            http_answer(426, b'{"code":"client_too_old"}', server_id="a"),
            "本程序版本过旧，服务端不再接收。 请更新本程序；更新前仍可查看和办理，未发送的内容更新后自动发送。",
        ),
        (http_answer(200, b'{"magic":"x","v":9}', server_id="a"), "服务端的版本与本程序不一致，需要更新本程序。"),
        (http_answer(500, b"{}", server_id="a"), "服务端内部出错。"),
        (http_answer(200, b'{"token":"abc', server_id="a"), "服务端的应答中途断开，没有采用其中任何内容。"),
    ],
    ids=["too old", "other protocol", "broken", "cut"],
)
def test_an_answer_that_is_none_is_named(
    desk: Desk, staff: Staff, proxy: FaultProxy, answer: bytes, sentence: str
) -> None:
    proxy.answer_at_once("/session", answer)
    desk.sign_in(staff.registrar, PASSWORD)
    desk.shot("no-answer")
    assert desk.fault.startswith(sentence)
    assert desk.page._password.text == PASSWORD
    desk.press_enter()
    desk.until(lambda: len(desk.rows) == 3, "in")


def test_another_institutions_registrar_is_turned_away_and_nothing_is_mixed(
    office: Desk, staff: Staff, server: ServerHandle
) -> None:
    other = seed_hospital(server.service)
    office.program.sign_out()
    office.sign_in(other.logins[Role.REGISTRAR], PASSWORD)
    office.shot("other-institution")
    assert office.fault == "本机副本属于另一家医疗机构，您的账号不能使用。 请联系管理员。"
    office.at_work(staff.registrar, PASSWORD, 3)


def test_a_batch_cut_short_by_leaving_is_told_to_who_comes_back(office: Desk, staff: Staff) -> None:
    writing, go, page = office.program._runners["writing"], threading.Event(), office.office.list
    assert page is not None
    writing.submit(lambda: go.wait(PATIENCE_S), lambda _: None, lambda _: None)
    page.model.tick_all(on=True)
    click(page.batch_bar._agree)
    office.program.sign_out()
    go.set()
    office.at_work(staff.registrar, PASSWORD, 3)
    office.until(lambda: "上次批量同意 3 条时中途离开" in office.notices(), "what became of the batch")
    assert office.queue() == []
    office.program.sign_out()
    office.at_work(staff.registrar, PASSWORD, 3)
    assert "上次批量同意" not in office.notices()


def test_a_server_of_somebody_elses_opens_nothing(
    office: Desk, staff: Staff, server: ServerHandle, proxy: FaultProxy
) -> None:
    """It knows the id in every answer and lets in whoever asks, as the supervisor; the key of the copy is at hand."""
    office.program.sign_out()
    with server.service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(staff.supervisor)
    assert account is not None
    now = server.service.environment.now()
    session = Session("token", now + timedelta(hours=12), Caller(account, DeviceId("")).described())
    server_id = server.service.environment.identity().server_id
    proxy.answer_at_once("POST /api/v1/session", http_answer(200, msgspec.json.encode(session), server_id=server_id))
    office.sign_in("anybody", "any password")
    office.shot("unproven")
    assert office.fault.startswith("这个地址上的服务端未能证明它就是本机副本所属的服务端，副本没有打开。")
    assert office.is_shut
    office.at_work(staff.supervisor, PASSWORD, 3)


def test_a_second_program_on_the_same_folder_says_so(open_desk: OpenDesk, office: Desk, staff: Staff) -> None:
    second = open_desk("pc")
    second.sign_in(staff.registrar, PASSWORD)
    second.shot("twice")
    assert second.fault == "本程序已在本机打开。 请使用那个窗口，或先将其关闭。"
    assert second.fault_button.text() == "重试"
    second.close()
    office.agree(office.rows[0])
    office.until(lambda: not office.queue(), "the first one works on")


def test_a_second_start_shows_a_window_that_says_so(qapp: QApplication, desk: Desk) -> None:
    window = cannot_start("cache_in_use")
    window.show()
    words = desk.words()
    desk.shot("second-start", window)
    assert "本程序已在本机打开。" in words
    assert "请使用那个窗口，或先将其关闭。" in words
    window.close()
    window.deleteLater()


def test_what_is_not_filled_in_is_asked_for(desk: Desk) -> None:
    desk.press_enter()
    desk.shot("nothing-filled-in")
    assert "请填写账号。 请填写密码。" in desk.words()
