"""The end of the program: it waits for what is written, never for a service that does not answer."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.lazy_doorway import LazyDoorway
from medreg_desktop.services.transport.attempts import INTERRUPTED, AttemptLog
from medreg_desktop.services.transport.trouble import Interrupted
from medreg_desktop.ui.tasks import TaskRunner
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.program import PATIENCE_S, Desk
from tests.helpers.server import PASSWORD


class Silent:
    """A service that takes every connection and never says a word."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def is_asked(self) -> bool:
        return bool(select.select([self._listener], [], [], 0)[0])


@pytest.fixture
def silent() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Silent(listener)


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Each exchange by its name and how it ended; the log itself is emptied at the end of the program."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(
        AttemptLog, "record", lambda _self, attempt, _commands=(): found.append((attempt.call, attempt.code))
    )
    return found


def test_the_end_does_not_wait_for_a_sign_in_at_a_silent_service(
    open_desk: OpenDesk, staff: Staff, silent: Silent, ended: list[tuple[str, str]]
) -> None:
    desk = open_desk("pc", silent.url)
    desk.type(desk.page._account, staff.registrar)
    desk.type(desk.page._password, PASSWORD)
    QTest.keyClick(desk.page._password.editor, Qt.Key.Key_Return)
    desk.until(silent.is_asked, "the request")
    desk.close()
    assert ended == [("sign_in", INTERRUPTED)]


def test_a_sign_in_that_begins_while_the_program_ends_is_broken_off_too(
    tmp_path: Path, silent: Silent, ended: list[tuple[str, str]]
) -> None:
    """Pressed while the modules were still being loaded, and the window closed before they were there."""
    doorway = LazyDoorway(lambda: Doorway(tmp_path, None, lambda _report: None, ""), "")
    doorway.break_off()
    with pytest.raises(Interrupted):
        doorway.sign_in(silent.url, "registrar", PASSWORD, "")
    doorway.get().close()
    assert ended == [("sign_in", INTERRUPTED)]


def test_a_claim_is_given_back_by_a_program_that_ends_over_an_open_review(
    office: Desk, proxy: FaultProxy, ended: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague would else be told for a quarter of an hour that somebody has it open."""
    parting, wait = threading.Event(), TaskRunner.wait

    def part(runner: TaskRunner, _at_most_s: float) -> None:
        parting.set()
        wait(runner, PATIENCE_S)

    monkeypatch.setattr(TaskRunner, "wait", part)
    office.open_review(office.rows[0])
    office.until(lambda: ("claim", "") in ended, "the claim taken")
    proxy.rule("/claims", lambda: lambda content: content if parting.wait(PATIENCE_S) else None)
    office.close()
    assert [code for call, code in ended if call == "claim"] == ["", ""]
