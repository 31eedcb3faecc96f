"""At work while the service, or what stands between, misbehaves: the lamp says it, work goes on, nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from medreg_core.domain.vocabulary import Role, State
from medreg_server.db.scope import WHOLE_REGISTER
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.desktop.program.test_sign_in import PORTAL_PAGE, PORTAL_REDIRECT
from tests.helpers.fault_proxy import FaultProxy, cut_after, http_answer
from tests.helpers.program import Desk, click
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    ServerHandle,
    running_server,
    seed_applications,
    seed_hospital,
    sqlite_url,
)


def state_at(server: ServerHandle, application_id: str) -> State:
    """Return where the register holds the application."""
    with server.service.environment.database.read() as transaction:
        found = transaction.applications.get(application_id, WHOLE_REGISTER)  # type: ignore[arg-type] # ids are text
    assert found is not None
    return found.state


def end_session(desk: Desk, server: ServerHandle) -> None:
    """The server revokes the session; the program does not know."""
    token = desk.program.doorway.get()._link.token
    answer = requests.delete(f"{server.url}/api/v1/session", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code in {200, 204}


def test_an_ended_session_stops_nothing_but_sending(office: Desk, staff: Staff, server: ServerHandle) -> None:
    first, second = office.rows[:2]
    office.open_review(first)
    end_session(office, server)
    office.type(office.review.acts.opinion, "同意聘用，另附说明")
    office.until_lamp("请重新登录")
    office.until(lambda: office.draft_of(first) == "同意聘用，另附说明", "the draft")
    office.close_review()
    office.agree(second)
    office.until_lamp("请重新登录")
    office.shot("session-ended")
    assert len(office.queue()) == 1
    click(office.program.window.status_bar.lamp)
    office.unlock("wrong")
    assert office.fault == "账号或密码不对。 请检查大小写和输入法。"
    office.unlock(PASSWORD)
    office.until_lamp("已同步")
    assert state_at(server, second.id) is State.AGREED
    office.open_review(office.rows[[row.id for row in office.rows].index(first.id)])
    assert office.review.acts.opinion.text == "同意聘用，另附说明"
    office.close_review()


@pytest.mark.parametrize("answer", [PORTAL_PAGE, PORTAL_REDIRECT], ids=["html 200", "302"])
def test_a_portal_at_work_is_named_and_sending_goes_on_by_itself(
    office: Desk, server: ServerHandle, proxy: FaultProxy, answer: bytes
) -> None:
    row = office.rows[0]
    proxy.answer_at_once("HTTP/1.1", answer, times=999)
    office.agree(row)
    office.until_lamp("网络需要登录")
    office.program.window.show_screen("sync")
    office.until_says("网络要求先登录。")
    office.shot("portal-at-work")
    assert len(office.queue()) == 1
    proxy.clear()
    office.office.sync_now()
    office.until(lambda: not office.queue(), "sent")
    assert state_at(server, row.id) is State.AGREED


def test_a_program_too_old_keeps_what_it_may_not_send(office: Desk, server: ServerHandle, proxy: FaultProxy) -> None:
    row = office.rows[0]
    proxy.answer_at_once("/sync/commands", http_answer(426, server_id=server_id(office)), times=99)
    office.agree(row)
    office.until_lamp("1 项需要您处理")
    office.program.window.show_screen("sync")
    office.until_says("本程序版本过旧")
    office.shot("too-old-at-work")
    assert len(office.queue()) == 1
    proxy.clear()
    office.office.sync_now()
    office.until(lambda: not office.queue(), "sent after the update")


def server_id(desk: Desk) -> str:
    """Return the id this copy's server answers with."""
    return desk.program.doorway.get().gate.office.server_id


def test_a_service_of_another_protocol_is_named_while_the_first_copy_is_awaited(
    desk: Desk, staff: Staff, proxy: FaultProxy
) -> None:
    proxy.answer_at_once("/sync/hello", http_answer(200, b'{"v":9}', server_id="someone"), times=1)
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until(lambda: not desk.is_shut, "past the sign-in")
    desk.until(lambda: desk.program.window.cover.page is None or "另一个服务端" in desk.words(), "a sentence")
    desk.until(lambda: len(desk.rows) == 3, "the copy", 60)


def test_a_hello_of_another_version_is_said_on_the_waiting_page(desk: Desk, staff: Staff, proxy: FaultProxy) -> None:
    desk.sign_in(staff.registrar, "wrong")  # the server's id is in the answer's header
    probe = requests.get(f"{proxy.url}/api/v1/ping?nonce=0", timeout=10)
    answer = http_answer(200, b'{"v":9}', server_id=probe.headers["X-MedReg-Server"])
    proxy.answer_at_once("/sync/hello", answer, times=99)
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until_says("服务端的版本与本程序不一致，需要更新本程序。")
    desk.shot("other-version-waiting")
    assert "会自动重试。" in desk.words()
    assert "返回登录" in desk.words()
    proxy.clear()
    desk.until(lambda: len(desk.rows) == 3, "the copy", 60)


def test_a_snapshot_that_breaks_off_is_said_and_resumed(
    desk: Desk, staff: Staff, hospital: Hospital, server: ServerHandle, proxy: FaultProxy
) -> None:
    seed_applications(server.service, hospital.institution, 300)
    proxy.rule("/sync/snapshot", cut_after(3000), times=1000)  # until the words were seen; chance may make tries quick
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until_says("服务端的应答中途断开")
    desk.shot("snapshot-cut")
    assert "会自动重试。" in desk.words()
    assert "请重试" not in desk.words()
    proxy.clear()
    desk.office.sync_now()
    desk.until_lamp("已同步")
    desk.until_says("共 303 条")


def test_a_copy_not_begun_is_never_shown_as_an_empty_list(
    open_desk: OpenDesk, staff: Staff, hospital: Hospital, server: ServerHandle, proxy: FaultProxy
) -> None:
    """The institution is known from the first hello; without rows, a list would say that nobody applied."""
    seed_applications(server.service, hospital.institution, 300)
    proxy.rule("/sync/snapshot", cut_after(3000), times=1000)
    desk = open_desk()
    desk.sign_in(staff.registrar, PASSWORD)
    desk.until_says("服务端的应答中途断开")
    desk.close()
    again = open_desk()
    again.sign_in(staff.registrar, PASSWORD)
    assert "这里没有待办的申请。" not in again.words()
    again.until_says("服务端的应答中途断开")
    proxy.clear()
    again.until_says("共 303 条")


def test_a_page_of_changes_that_breaks_off_changes_nothing(
    office: Desk, hospital: Hospital, server: ServerHandle, proxy: FaultProxy
) -> None:
    proxy.rule("/sync/changes", cut_after(150), times=2)
    seed_applications(server.service, hospital.institution, 2)
    office.until(lambda: len(office.rows) == 5, "the new ones", 60)
    office.until_lamp("已同步")


@pytest.mark.parametrize(("days", "words"), [(1, "本机时钟慢 1440 分钟"), (-1, "本机时钟快 1440 分钟")])
def test_a_clock_wrong_by_a_day_is_said_and_refuses_nothing(
    tmp_path: Path, open_desk: OpenDesk, days: int, words: str
) -> None:
    def now() -> datetime:
        return datetime.now(UTC) + timedelta(days=days)  # noqa: TID251 - this is the service's clock

    (tmp_path / "far").mkdir()
    with running_server(sqlite_url(tmp_path), tmp_path / "far", now, long_poll_seconds=2) as server:
        hospital = seed_hospital(server.service)
        (made,) = seed_applications(server.service, hospital.institution)
        desk = open_desk(url=server.url)
        desk.at_work(hospital.logins[Role.REGISTRAR], PASSWORD)
        desk.until_lamp(words)
        desk.agree(desk.rows[0])
        desk.until(lambda: not desk.queue(), "sent all the same")
        assert state_at(server, made.id) is State.AGREED
        desk.program.window.show_screen("sync")
        desk.until_says("请校正日期和时间")
        desk.shot(f"clock-{days}")
        desk.close()
