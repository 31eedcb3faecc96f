"""The work list's decisions, without Qt: which rows, which ticks, which batch, and what a late answer may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from medreg_core.domain.records import AccountId, ApplicationId
from medreg_core.domain.vocabulary import Category, Kind, Level, State
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Progress
from medreg_desktop.services.search.conditions import Query, RowSync, Sort, SortColumn, Tab
from medreg_desktop.services.search.engine import SearchInterrupted
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.services.texts.translator import trn
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.state import Act, BatchDone, Empty, Reason, ScreenState, Ticked, Total
from tests.helpers.runners import ImmediateRunner, ManualRunner

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
ME, OTHER = AccountId("me"), AccountId("other")
THREE = Total(3)


def row(n: int, **changes: object) -> WorklistRow:
    base = WorklistRow(
        n=n, id=ApplicationId(f"a{n}"), name=f"示例{n}", id_number="11010519491231002X", kind=Kind.REGISTRATION,
        part=None, state=State.SUBMITTED, sync=RowSync.SYNCED, category=Category.CLINICAL, level=Level.PHYSICIAN,
        scopes=("01",), education="20", department="内科", handler="", submitted_on=date(2026, 11, 2),
        deadline=date(2026, 11, 30), deadline_unpublished=False, passed=11, failed=0, unknown=0, have=6, need=6,
        phone="", qualification_code="", practice_code="", form_number="", claim_account="", claim_name="",
        claim_until=None, version=1,
    )  # fmt: skip
    return base._replace(**changes)  # type: ignore[arg-type]


@dataclass
class Page:
    rows: tuple[WorklistRow, ...]
    next: object | None = None


@dataclass
class FakeWorklist:
    rows: list[WorklistRow] = field(default_factory=list)
    total: Total = THREE
    asked: list[tuple[Query, object | None]] = field(default_factory=list)
    interrupted: int = 0
    fault: KnownFault | None = None

    def page(self, query: Query, after: object | None = None, limit: int = 100) -> Page:
        if self.fault:
            raise self.fault
        self.asked.append((query, after))
        start = int(after) if isinstance(after, int) else 0
        end = start + limit
        return Page(tuple(self.rows[start:end]), end if end < len(self.rows) else None)

    def count(self, query: Query) -> Total:
        return self.total

    def exact(self, query: Query) -> Total | None:
        return Total(4321)

    def tabs(self, query: Query) -> Mapping[Tab, int]:
        return dict.fromkeys(Tab, 1)

    def interrupt(self) -> None:
        self.interrupted += 1


@dataclass
class FakeBatches:
    agreed: list[ApplicationId] = field(default_factory=list)

    def agree(
        self, ticked: Sequence[Ticked], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> BatchDone:
        for one in ticked:
            if cancelled():
                return BatchDone(len(self.agreed), (), cancelled=True)
            self.agreed.append(one.id)
            progress(len(self.agreed), len(ticked))
        return BatchDone(len(self.agreed), (), cancelled=False)


@dataclass
class FakeView:
    states: list[ScreenState] = field(default_factory=list)
    opened: list[tuple[ApplicationId, tuple[ApplicationId, ...]]] = field(default_factory=list)
    conflicts: list[ApplicationId] = field(default_factory=list)
    printed: list[tuple[ApplicationId, ...]] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    done: list[BatchDone] = field(default_factory=list)
    files: list[tuple[Path, int]] = field(default_factory=list)

    @property
    def state(self) -> ScreenState:
        return self.states[-1]

    def show_state(self, state: ScreenState) -> None:
        self.states.append(state)

    def open_review(self, application_id: ApplicationId, order: tuple[ApplicationId, ...]) -> None:
        self.opened.append((application_id, order))

    def open_conflict(self, application_id: ApplicationId) -> None:
        self.conflicts.append(application_id)

    def print_forms(self, ids: tuple[ApplicationId, ...]) -> None:
        self.printed.append(ids)

    def exported(self, path: Path, rows: int) -> None:
        self.files.append((path, rows))

    def batch_progressed(self, done: int, total: int) -> None:
        self.progress.append((done, total))

    def batch_done(self, done: BatchDone) -> None:
        self.done.append(done)


class Clock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Bench:
    view: FakeView
    worklist: FakeWorklist
    batches: FakeBatches
    searching: ManualRunner
    presenter: ApplicationsPresenter
    noted: list[int]


def bench(rows: Sequence[WorklistRow] = (), *, may_decide: bool = True, total: Total = THREE) -> Bench:
    view, worklist, batches, searching = FakeView(), FakeWorklist(list(rows), total), FakeBatches(), ManualRunner()
    noted: list[int] = []
    presenter = ApplicationsPresenter(
        view, worklist, batches, searching, ImmediateRunner(), Clock(), ME, may_decide=may_decide,
        note_batch=noted.append,
    )  # fmt: skip
    presenter.start()
    searching.release_all()
    return Bench(view, worklist, batches, searching, presenter, noted)


def test_first_list_shows_rows_total_and_tabs() -> None:
    b = bench([row(1), row(2)])
    assert [r.n for r in b.view.state.rows] == [1, 2]
    assert b.view.state.total == Total(3)
    assert b.view.state.tabs is not None
    assert b.view.state.fresh


def test_capped_total_is_replaced_by_the_exact_one() -> None:
    b = bench([row(1)], total=Total(1000, capped=True))
    assert b.view.state.total == Total(4321)
    assert Total(1000, capped=True) in [state.total for state in b.view.states]


def test_a_late_page_of_an_older_search_changes_nothing() -> None:
    b = bench([row(1)])
    b.presenter.change(Query(text="单", tab=Tab.OPEN))
    late = b.searching.queue.pop(0)
    b.worklist.rows = [row(9)]
    b.presenter.change(Query(text="单小", tab=Tab.OPEN))
    b.searching.release_all()
    late.cancelled = False  # even an answer that slipped past cancel
    b.worklist.rows = [row(5)]
    late.release()
    assert [r.n for r in b.view.state.rows] == [9]
    assert b.worklist.interrupted >= 2


def test_equal_conditions_do_not_search_again() -> None:
    b = bench([row(1)])
    before = len(b.worklist.asked)
    b.presenter.change(Query(text="  ", tab=Tab.OPEN))
    b.searching.release_all()
    assert len(b.worklist.asked) == before


def test_chips_are_exactly_the_active_conditions() -> None:
    b = bench()
    b.presenter.change(Query(text="单", kinds=(Kind.CHANGE,), tab=Tab.OPEN))
    b.searching.release_all()
    assert [chip.code for chip in b.view.state.chips] == ["text", "kinds"]
    b.presenter.remove("kinds")
    assert [chip.code for chip in b.view.state.chips] == ["text"]
    b.presenter.remove_all()
    assert b.view.state.chips == ()
    assert b.view.state.query.tab is Tab.OPEN


def test_an_empty_list_says_which_kind_of_empty() -> None:
    b = bench()
    assert b.view.state.empty is Empty.NOTHING_YET
    b.presenter.change(Query(text="单", tab=Tab.OPEN))
    b.searching.release_all()
    assert b.view.state.empty is Empty.NO_MATCH


def test_sorting_the_same_column_again_turns_it_round() -> None:
    b = bench([row(1)])
    b.presenter.sort_by(SortColumn.NAME)
    assert b.view.state.query.sort == Sort(SortColumn.NAME)
    b.presenter.sort_by(SortColumn.NAME)
    assert b.view.state.query.sort == Sort(SortColumn.NAME, descending=True)


def test_pages_follow_each_other_once() -> None:
    b = bench([row(n) for n in range(250)])
    b.presenter.load_more()
    b.presenter.load_more()
    b.searching.release_all()
    b.presenter.load_more()
    b.searching.release_all()
    assert [r.n for r in b.view.state.rows] == list(range(250))
    assert not b.view.state.more


def test_refresh_keeps_as_many_rows() -> None:
    b = bench([row(n) for n in range(250)])
    b.presenter.load_more()
    b.searching.release_all()
    b.presenter.refresh()
    b.searching.release_all()
    assert len(b.view.state.rows) == 200


CLAIMED = {"claim_account": OTHER, "claim_name": "李四", "claim_until": NOW + timedelta(minutes=5)}


@pytest.mark.parametrize(
    ("changes", "act"),
    [
        ({}, Act.REVIEW),
        ({"state": State.AGREED}, Act.VIEW),
        ({"sync": RowSync.NEEDS_YOU}, Act.RESOLVE),
        ({"sync": RowSync.QUARANTINED, "state": State.AGREED}, Act.RESOLVE),
        (CLAIMED, Act.CLAIMED),
        ({**CLAIMED, "claim_account": ME}, Act.REVIEW),
        ({**CLAIMED, "claim_until": NOW - timedelta(seconds=1)}, Act.REVIEW),
    ],
)
def test_what_a_row_offers(changes: dict[str, object], act: Act) -> None:
    assert bench().presenter.act_of(row(1, **changes)) is act


def test_a_reader_may_only_view() -> None:
    b = bench([row(1)], may_decide=False)
    assert b.presenter.act_of(row(1)) is Act.VIEW
    b.presenter.tick([row(1)])
    assert b.view.state.batch is not None
    assert b.view.state.batch.eligible == ()


def test_opening_a_row_hands_over_the_order_of_the_list() -> None:
    b = bench([row(1), row(2), row(3)])
    b.presenter.activate(row(2))
    b.searching.release_all()
    assert b.view.opened == [("a2", ("a1", "a2", "a3"))]


def test_a_row_that_needs_you_opens_its_conflict() -> None:
    b = bench([row(1, sync=RowSync.NEEDS_YOU)])
    b.presenter.activate(b.view.state.rows[0])
    assert b.view.conflicts == ["a1"]


def test_batch_splits_the_ticked_rows_with_every_reason() -> None:
    b = bench([row(1), row(2, failed=1, have=5), row(3, state=State.ACCEPTED), row(4, sync=RowSync.WAITING)])
    b.presenter.tick(b.view.state.rows)
    batch = b.view.state.batch
    assert batch is not None
    assert batch.eligible == ("a1",)
    assert {item.row.n: item.reasons for item in batch.ineligible} == {
        2: (Reason.CHECKS_FAILED, Reason.MATERIALS_MISSING),
        3: (Reason.NOT_WAITING,),
        4: (Reason.UNANSWERED,),
    }


def test_only_a_row_that_a_colleague_holds_cannot_be_ticked() -> None:
    b = bench()
    assert not b.presenter.can_tick(row(3, **CLAIMED))
    assert b.presenter.can_tick(row(3, failed=1))


def test_no_tick_no_bar() -> None:
    b = bench([row(1)])
    b.presenter.tick(b.view.state.rows)
    b.presenter.tick([])
    assert b.view.state.batch is None


def test_batch_agrees_reports_and_reloads() -> None:
    b = bench([row(1), row(2), row(3, failed=1)])
    b.presenter.tick(b.view.state.rows)
    b.presenter.agree_batch()
    b.searching.release_all()
    assert b.batches.agreed == ["a1", "a2"]
    assert b.view.progress == [(1, 2), (2, 2)]
    assert b.noted == [2, 0]
    assert b.view.done == [BatchDone(2, (("示例3", trn("{n} check failed", "{n} checks failed", 1)),), cancelled=False)]
    assert b.view.state.progress is None
    assert Progress(0, 2) in [state.progress for state in b.view.states]


def test_batch_can_be_cancelled_after_a_row() -> None:
    b = bench([row(1), row(2)])
    b.presenter.tick(b.view.state.rows)
    b.view.batch_progressed = lambda done, total: b.presenter.cancel_batch()  # type: ignore[method-assign]
    b.presenter.agree_batch()
    assert b.batches.agreed == ["a1"]
    assert b.view.done[0].cancelled


def test_a_fault_is_shown_and_the_conditions_stay() -> None:
    b = bench([row(1)])
    b.worklist.fault = KnownFault("cache_locked")
    b.presenter.change(Query(text="单", tab=Tab.OPEN))
    b.searching.queue.pop(0).release()
    assert b.view.state.fault == "cache_locked"
    assert b.view.state.query.text == "单"


def test_print_asks_for_the_ticked_rows() -> None:
    b = bench([row(1), row(2)])
    b.presenter.print_ticked()
    assert b.view.printed == []
    b.presenter.tick(b.view.state.rows[1:])
    b.presenter.print_ticked()
    assert b.view.printed == [("a2",)]


def test_close_stops_everything() -> None:
    b = bench([row(1)])
    b.presenter.change(Query(text="单", tab=Tab.OPEN))
    b.presenter.close()
    before = len(b.view.states)
    b.searching.release_all()
    assert len(b.view.states) == before


def test_a_press_that_a_newer_search_interrupts_is_asked_again() -> None:
    b = bench([row(1), row(2)])
    b.presenter.activate(row(2))
    asked = b.searching.queue.pop()
    asked.on_error(SearchInterrupted())
    b.searching.release_all()
    assert b.view.opened == [("a2", ("a1", "a2"))]


def test_nothing_opens_while_the_rows_are_those_of_other_conditions() -> None:
    b = bench([row(1)])
    b.presenter.change(Query(text="单", tab=Tab.OPEN))
    b.presenter.activate(row(1))
    b.searching.release_all()
    assert b.view.opened == []
    b.presenter.refresh()  # the same conditions: the rows stay good while they are read again
    b.presenter.activate(row(1))
    b.searching.release_all()
    assert b.view.opened == [("a1", ("a1",))]
