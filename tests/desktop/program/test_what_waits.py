"""How many decisions wait is said in three places, and all three say the same at every moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from medreg_desktop.services.cache import applications, outbox_moves
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.search.conditions import Query, RowSync, Tab
from medreg_desktop.services.search.engine import SearchInterrupted
from medreg_desktop.services.support.readiness import Fact
from medreg_desktop.views.applications.state import Total
from medreg_desktop.views.diagnosis.view import DiagnosisPanel
from medreg_desktop.views.sync_center.view import SyncCenterView
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.program import PATIENCE_S, Desk


class Said:
    """What status bar, page and offline verdict say, noted each time the window around the page is renewed."""

    def __init__(self, desk: Desk) -> None:
        desk.office.show_offline("applications")
        desk.program.window.show_screen("applications")
        panel = desk.program.window.findChild(DiagnosisPanel)
        assert desk.office.center is not None
        assert isinstance(panel, DiagnosisPanel)
        self.center: SyncCenterView = desk.office.center
        self._panel, self._desk = panel, desk
        self.unsent: list[tuple[int, int, int]] = []
        self.needs_you: list[tuple[int, int, int]] = []
        desk.office.shell_changed.connect(lambda _state: self._note())

    def _verdict(self, fact: Fact) -> int:
        shown = self._panel.offline._shown
        assert shown is not None
        return int(next(line.value or 0 for line in shown.lines if line.fact is fact))

    def _note(self) -> None:
        state, numbers = self._desk.program.window.state, self.center.numbers
        waiting = state.counts["sync"].n
        self.unsent.append((state.waiting, int(numbers._unsent._count.text()), self._verdict(Fact.UNSENT)))
        self.needs_you.append((waiting, int(numbers._needs_you._count.text()), self._verdict(Fact.NEEDS_YOU)))


@pytest.fixture
def said(office: Desk, proxy: FaultProxy) -> Said:
    proxy.cut_all()
    office.until_lamp("离线")
    return Said(office)


def agreed_offline(office: Desk, said: Said) -> None:
    """Decide while sending is paused, so that it is certain that the decision never left."""
    said.center.pause_wanted.emit(True)
    office.agree(office.rows[0])
    office.until(lambda: said.unsent and said.unsent[-1] == (1, 1, 1), "one that waits, said everywhere")


def test_the_three_say_the_same_from_the_first_moment(office: Desk, said: Said) -> None:
    agreed_offline(office, said)
    assert set(said.unsent) <= {(0, 0, 0), (1, 1, 1)}


def test_taking_back_in_the_sync_centre_is_known_everywhere_at_once(office: Desk, said: Said) -> None:
    agreed_offline(office, said)
    assert said.center._presenter is not None
    said.center._presenter.cancel(office.queue()[0].command.id)
    office.until(lambda: said.unsent[-1] == (0, 0, 0), "nothing that waits")
    assert set(said.unsent) <= {(0, 0, 0), (1, 1, 1)}
    office.until(lambda: office.office._report.unsent == 0, "the loop's knowledge")


def test_what_only_changes_in_the_outbox_is_read_again(office: Desk, said: Said) -> None:
    """As when an answer says no: nothing comes with the feed, and the page must not go on showing it as waiting."""
    agreed_offline(office, said)
    doorway, command_id = office.program.doorway.get(), office.queue()[0].command.id
    doorway.store.write(lambda conn: outbox_moves.quarantine(conn, command_id, "poison"))
    assert doorway.loop is not None
    doorway.loop.command_saved()
    office.until(lambda: said.needs_you[-1] == (1, 1, 1), "one that needs the registrar, said everywhere")
    assert set(said.needs_you) <= {(0, 0, 0), (1, 1, 1)}


def test_what_still_waits_is_not_shown_as_under_way_once_the_line_broke(office: Desk, said: Said) -> None:
    """As sync writes it: as many wait as before, in another state."""
    agreed_offline(office, said)
    doorway, command = office.program.doorway.get(), office.queue()[0].command

    def writes(work: Callable[[Connection], None], shown: RowSync) -> None:
        def both(conn: Connection) -> None:
            work(conn)
            applications.refresh(conn, [command.application_id])

        doorway.store.write(both)
        assert doorway.loop is not None
        doorway.loop.command_saved()
        office.until(lambda: office.rows[0].sync is shown, shown.value)

    writes(lambda conn: outbox_moves.set_in_flight(conn, [command.id]), RowSync.SENDING)
    writes(lambda conn: outbox_moves.back_off(conn, [command.id], "server_unreachable", None), RowSync.WAITING)


def counting(office: Desk, monkeypatch: pytest.MonkeyPatch, count: Callable[[], int]) -> None:
    """Let ``count`` say how many wait for the institution, once everything rests; the list counts as before."""
    shown = office.office
    office.until(lambda: not (shown._settle.isActive() or shown._house.reading.pending), "rest")
    real = shown._worklist.count
    asked = Query(tab=Tab.SUBMITTED)
    monkeypatch.setattr(shown._worklist, "count", lambda query: Total(count()) if query == asked else real(query))


def test_a_count_dropped_by_a_key_typed_meanwhile_is_asked_for_again(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def interrupted_once() -> int:
        asked.append(True)
        if len(asked) == 1:
            raise SearchInterrupted
        return 77

    counting(office, monkeypatch, interrupted_once)
    office.office.read_soon()
    office.until(lambda: office.office._counted_last.waiting == 77, "the count")


def test_an_older_count_does_not_replace_a_newer(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    go, numbers = threading.Event(), iter((1, 2))

    def overtaken() -> int:
        number = next(numbers)
        assert number == 2 or go.wait(PATIENCE_S)
        return number

    counting(office, monkeypatch, overtaken)
    office.office._count()
    office.office._count()
    office.until(lambda: office.office._counted_last.waiting == 2, "the newer count")
    go.set()
    office.until(lambda: not office.office._house.reading.pending, "the older count")
    assert office.office._counted_last.waiting == 2
