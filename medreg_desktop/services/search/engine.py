"""The search of the work list: a page of rows, and how many rows there are.

Two ways give the same answers: the columns in memory (:mod:`columns`), once :meth:`SearchEngine.prepare` has loaded
them, and the indexes of the file (:mod:`router`) before that and wherever the columns cannot help.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from medreg_core.domain.vocabulary import State
from medreg_desktop.services.search import following, loading, router
from medreg_desktop.services.search.columns import Columns
from medreg_desktop.services.search.conditions import TAB_STATES, Query, Tab, normalise
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import sort_column, typed_filters
from medreg_desktop.services.search.recent import RecentRows
from medreg_desktop.services.search.router import Cursor, Found
from medreg_desktop.services.search.rows import STATES, WorklistRow
from medreg_desktop.services.search.slices import among, members, row_set
from medreg_desktop.services.search.typed import few, narrow, tested

PAGE_ROWS = 100
COUNT_CAP = 1000

_SOONER_READ = 50  # rows beyond a page that are sooner read and sorted than ordered by the columns
_PROGRESS_STEPS = 20_000  # of SQLite's machine between two looks at ``cancelled``: about a millisecond


class SearchInterrupted(Exception):
    """The question was dropped by :meth:`SearchEngine.interrupt`; its answer is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order, and where the next page begins; ``next`` is None on the last page."""

    rows: tuple[WorklistRow, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows; ``capped`` means at least so many (shown as 1000+)."""

    n: int
    capped: bool = False


def tab_counts(counts: Mapping[State, int]) -> dict[Tab, int]:
    """Return the number on each tab from the counts by state."""
    return {tab: sum(counts.get(state, 0) for state in states) for tab, states in TAB_STATES.items()}


class SearchEngine:
    """Answers queries on connections of its own.

    One thread at a time asks (a lock makes others wait); :meth:`interrupt` may be called from any thread at any time,
    and :meth:`prepare` from another thread beside the questions. ``connect`` must return a connection in autocommit
    mode (``isolation_level=None``) that other threads may use than the one that opened it.
    """

    def __init__(
        self, connect: Callable[[], Connection], fault_of: Callable[[Exception], Exception | None] = lambda _: None
    ) -> None:
        """``fault_of`` names what an error of the driver means to the user: that is raised then. None: a bug."""
        self._connect, self._fault_of = connect, fault_of
        self._recent = RecentRows()  # touched by questions only, which ask one at a time
        self._connection: Connection | None = None
        self._asking = threading.Lock()
        self._exchanging = threading.Lock()  # held for moments only, where connection or columns are exchanged
        self._closings = 0
        self._columns: Columns | None = None

    def page(self, query: Query, after: Cursor | None = None, limit: int = PAGE_ROWS) -> Page:
        """Return up to ``limit`` rows after ``after``, which is the ``next`` of a page of the same query.

        Raises SearchInterrupted, as all questions do.
        """
        asked = normalise(query)
        with self._reading() as (connection, known):
            found = _found(connection, known, self._recent, asked, after, limit + 1)
        if len(found.rows) <= limit:
            return Page(found.rows, None)
        return Page(found.rows[:limit], found.cursor(limit - 1))

    def capped_count(self, query: Query, cap: int = COUNT_CAP) -> Count:
        """Return how many rows meet the query, ``cap`` at most: the number shown at once."""
        asked = normalise(query)
        with self._reading() as (connection, known):
            n = _rows(connection, known, asked).bit_count() if known else router.count(connection, asked, cap + 1)
        return Count(min(n, cap), n > cap)

    def exact_count(self, query: Query, cancelled: Callable[[], bool] = lambda: False) -> int:
        """Return how many rows meet the query; ``cancelled`` is asked meanwhile and drops the question."""
        asked = normalise(query)
        with self._reading(cancelled) as (connection, known):
            return _rows(connection, known, asked).bit_count() if known else router.count(connection, asked)

    def state_counts(self, query: Query) -> dict[State, int]:
        """Return how many rows are in each state, the tab left aside; :func:`tab_counts` sums them up for the tabs."""
        asked = replace(normalise(query), tab=None)
        with self._reading() as (connection, known):
            if known:
                counts = known.count_by_state(_rows(connection, known, asked))
            else:
                counts = router.counts_by_state(connection, asked)
        return {state: counts.get(code, 0) for code, state in enumerate(STATES)}

    def prepare(self, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Load the columns into memory, unless they are there; call it after the first paint and when changes are in.

        Reads the whole table once, seconds for a million rows; questions are answered meanwhile, from the file.
        Returns whether anything had to be loaded.
        """
        if self._columns is not None and self._columns.complete():
            return False
        closings, connection = self._closings, self._connect()
        try:
            connection.execute("BEGIN")
            loaded = loading.load(connection)
            self._publish(loaded, closings)
            complete = loading.completed(connection, loaded, cancelled)
            if complete is not None:
                self._publish(complete, closings)
            connection.rollback()
        except BaseException as error:
            connection.close()
            self._raise_meant(error)
            raise
        self._ask_on(connection, closings)
        return True

    def _publish(self, loaded: Columns, closings: int) -> None:
        with self._exchanging:
            if self._closings == closings:
                self._columns = loaded

    def _ask_on(self, warm: Connection, closings: int) -> None:
        """Ask on ``warm`` from now on, whose page cache holds what was loaded; unless all was closed meanwhile."""
        with self._asking, self._exchanging:
            unused: Connection | None = warm
            if self._closings == closings:
                unused, self._connection = self._connection, warm
        if unused is not None:
            unused.close()

    def interrupt(self) -> None:
        """Drop the question that is being answered, if there is one; whoever asked gets SearchInterrupted."""
        with self._exchanging:
            if self._connection is not None:
                self._connection.interrupt()

    def close(self) -> None:
        """Give file and memory up; a question being answered is dropped first, what is loading is thrown away."""
        self.interrupt()
        with self._asking, self._exchanging:
            self._closings += 1
            unused, self._connection, self._columns = self._connection, None, None
            self._recent = RecentRows()
        if unused is not None:
            unused.close()

    @contextmanager
    def _reading(self, cancelled: Callable[[], bool] | None = None) -> Iterator[tuple[Connection, Columns | None]]:
        """Hold one read transaction, and the columns level with what it sees."""
        with self._asking:
            if self._connection is None:
                self._connection = self._connect()
            connection = self._connection
            try:
                if cancelled is not None:
                    connection.set_progress_handler(cancelled, _PROGRESS_STEPS)
                connection.execute("BEGIN")
                yield connection, self._level(connection)
            except Exception as error:
                self._raise_meant(error)
                raise
            finally:
                if cancelled is not None:
                    connection.set_progress_handler(None, _PROGRESS_STEPS)
                connection.rollback()

    def _raise_meant(self, error: BaseException) -> None:
        """Raise what an error of the driver means; return if it means nothing known."""
        if getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT":
            raise SearchInterrupted from error
        meant = self._fault_of(error) if isinstance(error, Exception) else None
        if meant is not None:
            raise meant from error

    def _level(self, connection: Connection) -> Columns | None:
        known = self._columns
        if known is None:
            return None
        level = following.follow(connection, known)
        with self._exchanging:
            if self._columns is known:  # else prepare() has just brought newer ones: keep those for the next question
                self._columns = level
        return level


def _found(
    connection: Connection, known: Columns | None, recent: RecentRows, query: Query, after: Cursor | None, limit: int
) -> Found:
    order = known.order(sort_column(query.sort.column)) if known else None
    if known is None or order is None or not order.goes_on(after):
        return router.page(connection, query, after, limit)
    typed = typed_filters(query)
    candidates = few(connection, typed, known.common)
    if candidates is None:
        rows = narrow(connection, known.meeting(query), typed, known.common)
        first = order.first(rows, after, limit, descending=query.sort.descending)
        return recent.page(connection, known.seq, list(members(first)), query.sort, after, limit)
    numbers, chosen = candidates.numbers, known.meeting(query)
    if chosen is not known.rows:
        numbers = among(chosen, numbers)
    if candidates.untested:
        numbers = tested(connection, numbers, candidates.untested)
    if len(numbers) > limit + _SOONER_READ:
        numbers = list(members(order.first(row_set(numbers), after, limit, descending=query.sort.descending)))
    return recent.page(connection, known.seq, numbers, query.sort, after, limit)


def _rows(connection: Connection, known: Columns, query: Query) -> int:
    return narrow(connection, known.meeting(query), typed_filters(query), known.common)
