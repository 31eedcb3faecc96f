"""Snapshots that would remove so much that another one must say the same, and what the screens are told of it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from medreg_core.contract.v1.feed import ChangePage, Op, SnapshotEnd, SnapshotRow
from medreg_desktop.services.sync.ports import TooManyRemovals
from medreg_desktop.services.sync.report import Guard, GuardState
from tests.desktop.sync.desk import Desk

MOST = 3
"""Rows that a snapshot may remove unasked here."""


class Guarded:
    """A copy that refuses what its store would. ``missing``: what the next snapshots leave out, of all rows."""

    def __init__(self, desk: Desk, missing: Iterable[set[str]] = ()) -> None:
        self._desk, self._missing = desk, list(missing)
        self._keep, self._finish = desk.copy.keep_page, desk.copy.finish_snapshot
        self.fetched = 0
        desk.copy.keep_page = self.keep_page  # type: ignore[method-assign]
        desk.copy.finish_snapshot = self.finish_snapshot  # type: ignore[method-assign]

    def keep_page(self, page: ChangePage, *, confirmed: bool) -> None:
        if any(change.op is Op.TOMBSTONE for change in page.changes):
            raise TooManyRemovals
        self._keep(page, confirmed=confirmed)

    def finish_snapshot(self, rows: tuple[SnapshotRow, ...], end: SnapshotEnd, epoch: str, *, confirmed: str) -> bool:
        self.fetched += 1
        missing = self._missing.pop(0) if self._missing else set()
        rows = tuple(row for row in rows if row.id not in missing)
        gone = sorted(set(self._desk.copy.rows) - {row.id for row in rows})
        if len(gone) > MOST and " ".join(gone) != confirmed:
            self._desk.copy.drop_snapshot()
            raise TooManyRemovals(len(gone), len(self._desk.copy.rows), " ".join(gone))
        self._finish(rows, end, epoch, confirmed=confirmed)
        return len(gone) > MOST


def told(desk: Desk) -> list[tuple[GuardState, int]]:
    """Return what the screens were told of the guard, in order."""
    guards: dict[Guard | None, None] = dict.fromkeys(report.guard for report in desk.reports)
    return [(guard.state, guard.removals) for guard in guards if guard is not None]


def rows(*numbers: int) -> set[str]:
    return {f"a{number:04}" for number in numbers}


@pytest.fixture
def desk() -> Desk:
    """A copy of 20 rows whose cursor is dead: the next thing is a snapshot."""
    desk = Desk(rows=20)
    desk.sync()
    desk.world.epoch = "e2"
    desk.sign_in()  # a new epoch ends every session
    desk.reports.clear()
    return desk


def test_what_two_snapshots_leave_out_is_told_as_done(desk: Desk) -> None:
    guarded = Guarded(desk, [rows(1, 2, 3, 4), rows(1, 2, 3, 4)])
    desk.sync(30)
    assert guarded.fetched == 2
    assert told(desk) == [(GuardState.HELD, 4), (GuardState.CONFIRMED, 4)]


@pytest.mark.parametrize("other", [rows(5, 6, 7, 8, 9), rows(1, 2, 3, 4, 5)])
def test_a_second_snapshot_that_leaves_out_other_rows_confirms_nothing(desk: Desk, other: set[str]) -> None:
    Guarded(desk, [rows(1, 2, 3, 4), other])
    desk.sync(30)
    desk.sync(30)
    assert told(desk) == [(GuardState.HELD, 4), (GuardState.HELD, 5), (GuardState.REFETCHED, 5)]
    assert desk.copy.rows == desk.world.rows


def test_a_page_whose_removals_a_snapshot_does_not_show_is_told_as_not_done() -> None:
    desk = Desk(rows=20)
    desk.sync()
    Guarded(desk)
    desk.world.change("a0000", Op.TOMBSTONE)
    for number in range(4, 9):
        desk.world.change(f"a{number:04}")
    desk.world.change("a0000")
    desk.sync(30)
    assert desk.copy.rows == desk.world.rows
    assert told(desk) == [(GuardState.HELD, 0), (GuardState.REFETCHED, 0)]


def test_a_program_started_anew_takes_no_half_of_a_confirmation(desk: Desk) -> None:
    guarded = Guarded(desk, [rows(1, 2, 3, 4), rows(1, 2, 3, 4)])
    desk.driver.run_once(lambda: guarded.fetched == 1)
    desk.start()
    desk.driver.run_once(lambda: guarded.fetched == 2)
    assert len(desk.copy.rows) == 20


def test_snapshots_that_never_agree_are_fetched_less_and_less_often(desk: Desk) -> None:
    """A register that is being filled again for an hour."""
    guarded = Guarded(desk, [rows(*range(n, n + 4)) for n in range(16)] * 100)
    for _ in range(360):
        desk.sync(10)
    assert guarded.fetched < 20
    assert len(desk.copy.rows) == 20
