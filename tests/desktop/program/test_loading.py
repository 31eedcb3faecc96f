"""While the rows of a snapshot come in: the list follows, and nothing reads them all again and again beside it."""

from __future__ import annotations

from dataclasses import replace

from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from tests.helpers.program import Desk


def loading(report: SyncReport, rows: int) -> SyncReport:
    """Return the report of a mark of the stream."""
    lamp = Lamp(LampKind.SENDING, done=rows, total=1_000, code="receiving")
    return replace(report, lamp=lamp, loaded=rows, to_load=1_000, copy_changes=report.copy_changes + 1)


def at_rest(office: Desk) -> SyncReport:
    """End the real sync, whose reports would come between, wait until nothing is under way; return its last report."""
    desk, loop = office.office, office.program.doorway.get().loop
    assert loop is not None
    loop.stop()
    office.until(lambda: not (desk._settle.isActive() or desk._house.background.pending), "rest")
    return desk._report


def test_the_search_is_made_ready_once_the_rows_are_in(office: Desk) -> None:
    synced, desk = at_rest(office), office.office
    desk.engine.close()  # as after the first rows: nothing is in memory yet
    report = synced
    for rows in (250, 500):
        report = loading(report, rows)
        desk.take_report(report)
        office.until(lambda: not desk._settle.isActive(), "the list")
        office.until(lambda: not desk._house.searching.pending, "its rows")
        assert desk.engine._columns is None
        assert len(office.rows) == 3
    desk.take_report(replace(synced, copy_changes=report.copy_changes + 1))
    office.until(lambda: desk.engine._columns is not None, "the search made ready")


def test_a_stream_that_breaks_off_makes_the_search_ready_for_what_is_there(office: Desk) -> None:
    synced, desk = at_rest(office), office.office
    desk.engine.close()
    report = loading(synced, 250)
    desk.take_report(report)
    desk.take_report(replace(report, lamp=Lamp(LampKind.OFFLINE)))
    office.until(lambda: desk.engine._columns is not None, "the search made ready")


def test_a_decision_made_meanwhile_is_shown_without_waiting_for_the_stream(office: Desk) -> None:
    desk = office.office
    desk.take_report(loading(at_rest(office), 250))
    slow = desk._settle.interval()
    desk.read_soon()
    assert desk._settle.interval() < slow
    desk.take_report(loading(desk._report, 500))
    assert desk._settle.interval() < slow
