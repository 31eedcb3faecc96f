"""Decides what the work list shows: conditions to rows, ticks to a batch. Knows no Qt; runs on the window's thread.

A search runs in three steps on the search thread, each painted when it is there: the first page, then the capped count
and the tabs, then the exact count. A newer search makes the older one's answers late, and late answers are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TypeVar

from medreg_core.domain.records import AccountId, ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock, Handle, Progress, Runner
from medreg_desktop.services.search.conditions import (
    Query,
    RowSync,
    Sort,
    SortColumn,
    Tab,
    active_conditions,
    normalise,
    without,
    without_all,
)
from medreg_desktop.services.search.engine import SearchInterrupted
from medreg_desktop.services.search.rows import WorklistRow
from medreg_desktop.views.applications.state import (
    Act,
    Batch,
    BatchDone,
    Batches,
    Empty,
    Exports,
    Ineligible,
    ListPage,
    Reason,
    ScreenState,
    Ticked,
    Total,
    View,
    Worklist,
)
from medreg_desktop.views.applications.words import reason_words

T = TypeVar("T")

PAGE = 100
ORDER_LIMIT = 1000
"""Most rows that next and previous in 审核窗口 walk through."""


class ApplicationsPresenter:
    """Owned by the view; one per window. ``may_decide`` is the registrar's right, for comfort: the server decides.

    ``note_batch`` keeps how many rows the batch under way has, 0 once it was told what it did: whoever leaves
    meanwhile, or loses power, is told when he comes back.
    """

    def __init__(
        self,
        view: View,
        worklist: Worklist,
        batches: Batches,
        searching: Runner,
        writing: Runner,
        clock: Clock,
        account: AccountId,
        *,
        may_decide: bool,
        exports: Exports | None = None,
        note_batch: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        self._view, self._worklist, self._batches = view, worklist, batches
        self._searching, self._writing, self._clock = searching, writing, clock
        self._account, self._may_decide, self._exports = account, may_decide, exports
        self._note_batch = note_batch
        self._state = ScreenState(Query(tab=Tab.OPEN), fresh=False)
        self._is_closed = False
        self._ticked: dict[ApplicationId, WorklistRow] = {}
        self._seen: dict[ApplicationId, int] = {}  # in which version each was ticked
        self._next: object | None = None
        self._handles: list[Handle] = []
        self._generation = 0
        self._loading_more = False
        self._stop = Event()

    # -- conditions -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Show the list for the first time."""
        self._search(self._state.query)

    def change(self, query: Query) -> None:
        """Take conditions as they are typed: results follow each keystroke."""
        if normalise(query) != normalise(self._state.query):
            self._search(query)

    def remove(self, code: str) -> None:
        """Remove one condition by its chip."""
        self._search(without(self._state.query, code))

    def remove_all(self) -> None:
        """Remove every condition; tab and order stay."""
        self._search(without_all(self._state.query))

    def choose_tab(self, tab: Tab) -> None:
        """Show another group of states."""
        self._search(replace(self._state.query, tab=tab))

    def sort_by(self, column: SortColumn) -> None:
        """Order by a column; the same column again turns the order round."""
        sort = self._state.query.sort
        self._search(
            replace(self._state.query, sort=Sort(column, descending=sort.column == column and not sort.descending))
        )

    def refresh(self) -> None:
        """Read the same rows again; ticks, and as many rows as were loaded, stay."""
        self._search(self._state.query, limit=max(PAGE, len(self._state.rows)))

    def load_more(self) -> None:
        """Read the next page when the table nears its end."""
        if self._next is None or self._loading_more:
            return
        self._loading_more = True
        query, after, generation = self._state.query, self._next, self._generation

        def show(page: ListPage) -> None:
            self._loading_more = False
            if generation == self._generation:
                self._next = page.next
                self._render(rows=self._state.rows + page.rows, more=page.next is not None)

        self._submit(lambda: self._worklist.page(query, after, PAGE), show)

    # -- rows -------------------------------------------------------------------------------------------------------

    def act_of(self, row: WorklistRow) -> Act:
        """Return what the row's last cell offers."""
        if row.sync in (RowSync.NEEDS_YOU, RowSync.QUARANTINED):
            return Act.RESOLVE
        if self._claimed_by_other(row):
            return Act.CLAIMED
        return Act.REVIEW if row.state == State.SUBMITTED and self._may_decide else Act.VIEW

    def can_tick(self, row: WorklistRow) -> bool:
        """Return whether the row's tick box is alive."""
        return not self._claimed_by_other(row)

    def activate(self, row: WorklistRow) -> None:
        """Do what the row offers: Enter, double click, or its button.

        While the rows are still those of other conditions nothing is opened: it would be somebody else.
        """
        if not self._state.fresh:
            return
        if self.act_of(row) is Act.RESOLVE:
            self._view.open_conflict(row.id)
            return
        query = self._state.query

        def show(page: ListPage) -> None:
            order = tuple(other.id for other in page.rows)
            self._view.open_review(row.id, order if row.id in order else (row.id,))

        self._ask(lambda: self._worklist.page(query, None, ORDER_LIMIT), show)

    def tick(self, rows: Iterable[WorklistRow]) -> None:
        """Take over which rows are ticked; the table keeps the ticks, the presenter judges them."""
        self._ticked = {row.id: row for row in rows}
        self._seen = {row: self._seen.get(row, self._ticked[row].version) for row in self._ticked}
        self._render(batch=self._batch())

    # -- batch ------------------------------------------------------------------------------------------------------

    def agree_batch(self) -> None:
        """Agree to the ticked rows that may be agreed; the others are listed with their reasons."""
        batch = self._state.batch
        if batch is None or not batch.eligible or self._state.progress is not None:
            return
        self._stop.clear()
        self._render(progress=Progress(0, len(batch.eligible)))
        self._note_batch(len(batch.eligible))
        left = tuple((item.row.name, reason_words(item)) for item in batch.ineligible)
        ticked = tuple(Ticked(row, self._ticked[row].name, self._seen[row]) for row in batch.eligible)
        self._writing.submit(
            lambda: self._batches.agree(ticked, self._view.batch_progressed, self._stop.is_set),
            lambda done: self._batch_finished(done, left),
            self._batch_failed,
        )

    def cancel_batch(self) -> None:
        """Stop the batch after the row it is at."""
        self._stop.set()

    def show_progress(self, done: int, total: int) -> None:
        """Show how far the batch is; the view calls this on the window's thread."""
        if self._state.progress is not None:
            self._render(progress=Progress(done, total))

    def print_ticked(self) -> None:
        """Preview the forms of the ticked rows, or of nothing when none is ticked."""
        if self._ticked:
            self._view.print_forms(tuple(self._ticked))

    def export(self, path: Path, columns: Sequence[tuple[str, Callable[[WorklistRow], str]]]) -> None:
        """Take the ticked rows out as a file, or, when none is ticked, every row that meets the conditions."""
        exports, ticked, query = self._exports, tuple(self._ticked.values()), self._state.query
        if exports is None:
            return
        titles = [title for title, _ in columns]
        conditions = [condition.code for condition in active_conditions(query)]

        def gather() -> list[tuple[str, ...]]:
            return [tuple(text(row) for _, text in columns) for row in ticked or self._all_rows(query)]

        def write(rows: list[tuple[str, ...]]) -> None:
            self._writing.submit(
                lambda: exports.write(path, titles, rows, conditions),
                lambda _nothing: self._view.exported(path, len(rows)),
                self._failed,
            )

        self._ask(gather, write)

    def copy(self, text: str, rows: int) -> None:
        """Let ticked rows out by the clipboard, once it is noted; only whoever may take the list out as a file."""
        exports, conditions = self._exports, [condition.code for condition in active_conditions(self._state.query)]
        if exports is not None:
            self._writing.submit(
                lambda: exports.note_copied(rows, conditions),
                lambda _nothing: self._view.copied(text, rows),
                self._failed,
            )

    def close(self) -> None:
        """Drop everything under way; the batch stops after its row."""
        self._stop.set()
        self._is_closed = True
        self._worklist.interrupt()
        for handle in self._handles:
            handle.cancel()

    @property
    def may_export(self) -> bool:
        """Whether rows can be taken out as a file."""
        return self._exports is not None

    # -- inside -----------------------------------------------------------------------------------------------------

    def _batch_finished(self, done: BatchDone, left: tuple[tuple[str, str], ...]) -> None:
        self._render(progress=None)
        self._view.batch_done(replace(done, left=left + done.left))
        self._note_batch(0)
        self.refresh()

    def _batch_failed(self, error: Exception) -> None:
        self._render(progress=None)
        self._note_batch(0)
        self._failed(error)
        self.refresh()

    def _search(self, query: Query, limit: int = PAGE) -> None:
        self._generation += 1
        self._worklist.interrupt()
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
        self._loading_more = False
        fresh = self._state.fresh and query == self._state.query
        self._render(query=query, chips=active_conditions(query), fresh=fresh)
        self._submit(lambda: self._worklist.page(query, None, limit), self._show_page)
        self._submit(lambda: self._worklist.count(query), lambda total: self._show_total(query, total))
        self._submit(lambda: self._worklist.tabs(query), lambda tabs: self._render(tabs=tabs))

    def _show_page(self, page: ListPage) -> None:
        self._next = page.next
        empty = None
        if not page.rows:
            empty = Empty.NO_MATCH if active_conditions(self._state.query) else Empty.NOTHING_YET
        self._render(rows=page.rows, more=page.next is not None, fresh=True, empty=empty, fault="")

    def _show_total(self, query: Query, total: Total) -> None:
        self._render(total=total)
        if total.capped:
            self._submit(lambda: self._worklist.exact(query), self._show_exact)

    def _show_exact(self, total: Total | None) -> None:
        if total is not None:
            self._render(total=total)

    def _all_rows(self, query: Query) -> Iterator[WorklistRow]:
        after: object | None = None
        while True:
            page = self._worklist.page(query, after, ORDER_LIMIT)
            yield from page.rows
            if (after := page.next) is None:
                return

    def _ask(self, work: Callable[[], T], show: Callable[[T], None]) -> None:
        """Ask what is not part of a search: a newer search neither drops it nor, interrupting it, ends it."""

        def failed(error: Exception) -> None:
            if isinstance(error, SearchInterrupted) and not self._is_closed:
                self._ask(work, show)
            else:
                self._failed(error)

        self._searching.submit(work, show, failed)

    def _submit(self, work: Callable[[], T], show: Callable[[T], None]) -> None:
        generation = self._generation

        def arrived(answer: T) -> None:
            if generation == self._generation:
                show(answer)

        self._handles.append(self._searching.submit(work, arrived, self._failed))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, SearchInterrupted):
            return  # its answer is not wanted any more
        if not isinstance(error, KnownFault):
            raise error
        self._loading_more = False
        self._render(fault=error.code)

    def _batch(self) -> Batch | None:
        if not self._ticked:
            return None
        judged = [(row, self._reasons(row)) for row in self._ticked.values()]
        return Batch(
            len(judged),
            tuple(row.id for row, reasons in judged if not reasons),
            tuple(Ineligible(row, reasons) for row, reasons in judged if reasons),
        )

    def _reasons(self, row: WorklistRow) -> tuple[Reason, ...]:
        judged = (
            (Reason.NOT_WAITING, row.state != State.SUBMITTED or not self._may_decide),
            (Reason.CHANGED, row.version != self._seen[row.id]),
            (Reason.CHECKS_FAILED, row.failed > 0),
            (Reason.MATERIALS_MISSING, row.have < row.need),
            (Reason.CLAIMED, self._claimed_by_other(row)),
            (Reason.UNANSWERED, row.sync is not RowSync.SYNCED),
        )
        return tuple(reason for reason, holds in judged if holds)

    def _claimed_by_other(self, row: WorklistRow) -> bool:
        claimed = row.claim_account not in ("", self._account)
        return claimed and row.claim_until is not None and row.claim_until > self._clock.now()

    def _render(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are ScreenState's own fields
        if not self._is_closed:
            self._view.show_state(self._state)
