"""Another network: what waited for the next try goes at once (``sync.md`` §5.8)."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Signal

from medreg_core.domain.vocabulary import State
from medreg_desktop.services.sync import circuit
from medreg_desktop.ui import network
from tests.desktop.program.conftest import OpenDesk, Staff
from tests.desktop.program.test_service import state_at
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.server import PASSWORD, ServerHandle


class FakeSystem(QObject):
    reachabilityChanged = Signal(object)
    transportMediumChanged = Signal(object)


def test_a_change_of_network_ends_the_wait_for_the_next_try(
    open_desk: OpenDesk, staff: Staff, server: ServerHandle, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = FakeSystem()
    monkeypatch.setattr(network, "system_network", lambda: system)
    monkeypatch.setattr(circuit, "back_off_s", lambda *_: 3_600.0)
    office = open_desk()
    office.at_work(staff.registrar, PASSWORD, 3)
    proxy.cut_all()
    row = office.rows[0]
    office.agree(row)
    office.until(lambda: office.office._report.sending.failures, "a try that failed")
    proxy.restore()
    system.reachabilityChanged.emit(None)
    office.until(lambda: state_at(server, row.id) is State.AGREED, "the decision at the service")
