"""The sync thread as the program runs it: woken by a decision, broken off at once, up again after a bug."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.loop import SyncLoop
from medreg_desktop.services.sync.report import SyncReport
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.conftest import OpenPc
from tests.sync.office import Pc

PATIENCE_S = 60.0


class Watcher:
    """Collects the reports of the sync thread and waits for one."""

    def __init__(self, pc: Pc) -> None:
        self._changed = threading.Condition()
        self._reports: list[SyncReport] = []
        self.bugs: list[Exception] = []
        pc.driver._on_report = self._collect

    def _collect(self, report: SyncReport) -> None:
        with self._changed:
            self._reports.append(report)
            self._changed.notify_all()

    def wait_for(self, kind: LampKind, unsent: int = 0) -> SyncReport:
        def is_there() -> bool:
            return bool(self._reports) and (self._reports[-1].lamp.kind, self._reports[-1].unsent) == (kind, unsent)

        with self._changed:
            assert self._changed.wait_for(is_there, PATIENCE_S), self._reports[-1:]
            return self._reports[-1]


@pytest.fixture
def running(open_pc: OpenPc, hospital: Hospital) -> Iterator[tuple[Pc, SyncLoop, Watcher]]:
    pc = open_pc("pc")
    watcher = Watcher(pc)
    loop = SyncLoop(pc.driver, pc.transport.link.closing.set, watcher.bugs.append)
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    loop.start()
    yield pc, loop, watcher
    assert loop.stop()


def test_a_decision_breaks_the_long_poll_and_is_sent(
    server: ServerHandle, hospital: Hospital, running: tuple[Pc, SyncLoop, Watcher], proxy: FaultProxy
) -> None:
    pc, loop, watcher = running
    (application,) = seed_applications(server.service, hospital.institution)
    loop.sync_now()
    watcher.wait_for(LampKind.SYNCED)
    proxy.wait_for("wait=25")
    pc.agree(application.id)
    proxy.wait_for("/sync/commands")
    watcher.wait_for(LampKind.SYNCED)
    assert [row.outcome is not None for row in pc.rows()] == [True]


def test_a_colleagues_change_arrives_through_the_long_poll(
    server: ServerHandle, hospital: Hospital, running: tuple[Pc, SyncLoop, Watcher], open_pc: OpenPc
) -> None:
    pc, _, watcher = running
    (application,) = seed_applications(server.service, hospital.institution)
    colleague = open_pc("other", hospital.logins[Role.SUPERVISOR])
    colleague.until_quiet()
    watcher.wait_for(LampKind.SYNCED)
    seen = threading.Event()
    collect = pc.driver._on_report

    def look(report: SyncReport) -> None:
        collect(report)
        if pc.applications().get(application.id) == 2:
            seen.set()

    pc.driver._on_report = look
    colleague.refuse(application.id)
    colleague.until_quiet()
    assert seen.wait(PATIENCE_S)


def test_the_network_going_and_coming(
    server: ServerHandle, hospital: Hospital, running: tuple[Pc, SyncLoop, Watcher], proxy: FaultProxy
) -> None:
    _, loop, watcher = running
    watcher.wait_for(LampKind.SYNCED)
    proxy.cut_all()
    report = watcher.wait_for(LampKind.OFFLINE)
    assert report.lamp.since is not None
    proxy.restore()
    loop.network_changed()
    watcher.wait_for(LampKind.SYNCED)


@pytest.mark.logs("the stumble itself")
def test_a_bug_does_not_end_sync(
    hospital: Hospital, running: tuple[Pc, SyncLoop, Watcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    pc, loop, watcher = running
    monkeypatch.setattr("medreg_desktop.services.sync.loop.AFTER_A_BUG_S", 0.01)
    watcher.wait_for(LampKind.SYNCED)
    queue = pc.driver._worker._copy.queue
    broken = [ZeroDivisionError("a bug")]

    def stumble(account_id: object) -> object:
        if broken:
            raise broken.pop()
        return queue(account_id)  # type: ignore[arg-type]

    monkeypatch.setattr(pc.driver._worker._copy, "queue", stumble)
    loop.command_saved()
    with watcher._changed:
        assert watcher._changed.wait_for(lambda: bool(watcher.bugs), PATIENCE_S)
    loop.sync_now()
    watcher.wait_for(LampKind.SYNCED)
    assert [type(bug) for bug in watcher.bugs] == [ZeroDivisionError]
