"""What the work list shows, as one immutable value, and what it needs from the services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.ports import Progress
from medreg_desktop.services.search.conditions import ActiveCondition, Query, Tab
from medreg_desktop.services.search.rows import WorklistRow


class Act(StrEnum):
    """What the last cell of a row offers."""

    REVIEW = "review"  # 办理业务
    RESOLVE = "resolve"  # 办理冲突
    VIEW = "view"  # 查看
    CLAIMED = "claimed"  # 某某处理中


class Reason(StrEnum):
    """Why a ticked row cannot be agreed in a batch."""

    NOT_WAITING = "not_waiting"
    CHANGED = "changed"  # since it was ticked: nobody has looked at what it is now
    CHECKS_FAILED = "checks_failed"
    MATERIALS_MISSING = "materials_missing"
    CLAIMED = "claimed"
    UNANSWERED = "unanswered"


class Empty(StrEnum):
    """Which of the three empty lists is shown (``look.md`` §6); each has its own next step."""

    NOTHING_YET = "nothing_yet"
    NO_MATCH = "no_match"
    NOT_LOADED = "not_loaded"


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows meet the conditions; ``capped`` shows as 1000+ until the exact number is there."""

    n: int
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Ineligible:
    """One ticked row that the batch leaves out, with every reason."""

    row: WorklistRow
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """The bar over ticked rows: the button carries the number it will really do."""

    ticked: int
    eligible: tuple[ApplicationId, ...]
    ineligible: tuple[Ineligible, ...]


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the view renders."""

    query: Query
    chips: tuple[ActiveCondition, ...] = ()
    tabs: Mapping[Tab, int] | None = None
    rows: tuple[WorklistRow, ...] = ()
    more: bool = False
    total: Total | None = None
    batch: Batch | None = None
    progress: Progress | None = None
    empty: Empty | None = None
    fault: str = ""
    fresh: bool = True  # the rows shown meet the conditions shown


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a batch is to agree to, and the version in which it was ticked."""

    id: ApplicationId
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What a batch did, for the notice: how many, and who was left out and why, in words."""

    done: int
    left: tuple[tuple[str, str], ...]  # name, reasons
    cancelled: bool


class ListPage(Protocol):
    """One page of rows and where the next begins."""

    @property
    def rows(self) -> tuple[WorklistRow, ...]:
        """The rows, in order."""
        ...

    @property
    def next(self) -> object | None:
        """What to ask the next page with; None at the end."""
        ...


class Worklist(Protocol):
    """The search engine, asked from the search thread only."""

    def page(self, query: Query, after: object | None = None, limit: int = 100) -> ListPage:
        """Return the next rows of the query."""
        ...

    def count(self, query: Query) -> Total:
        """Return the capped count."""
        ...

    def exact(self, query: Query) -> Total | None:
        """Return the exact count; None when interrupted."""
        ...

    def tabs(self, query: Query) -> Mapping[Tab, int]:
        """Return the count of each tab under the other conditions."""
        ...

    def interrupt(self) -> None:
        """Stop whatever the search thread is counting; may be called from any thread."""
        ...


class Batches(Protocol):
    """The review service's batch, asked from the writer thread only."""

    def agree(
        self, ticked: Sequence[Ticked], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> BatchDone:
        """Agree in order to each that the rules allow and that still is in the version in which it was ticked."""
        ...


class Exports(Protocol):
    """Takes rows out as a file, or notes that they leave; asked from the writer thread only."""

    def write(
        self, path: Path, titles: Sequence[str], rows: Sequence[Sequence[str]], conditions: Sequence[str]
    ) -> None:
        """Write the rows as shown; ``conditions`` are the codes of those in force. Raises KnownFault."""
        ...

    def note_copied(self, rows: int, conditions: Sequence[str]) -> None:
        """Note how many rows are about to leave by the clipboard. Raises KnownFault."""
        ...


class View(Protocol):
    """What the presenter asks of the window."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def open_review(self, application_id: ApplicationId, order: tuple[ApplicationId, ...]) -> None:
        """Open 审核窗口 on the row; ``order`` is the list that next and previous walk."""
        ...

    def open_conflict(self, application_id: ApplicationId) -> None:
        """Show the row's conflict in 同步中心."""
        ...

    def print_forms(self, ids: tuple[ApplicationId, ...]) -> None:
        """Preview the forms of ``ids`` as one document."""
        ...

    def copied(self, text: str, rows: int) -> None:
        """Put the text on the clipboard and tell how many rows it holds."""
        ...

    def exported(self, path: Path, rows: int) -> None:
        """Tell where the file is and how many rows it holds."""
        ...

    def batch_progressed(self, done: int, total: int) -> None:
        """Hear from the writer thread how far the batch is; hands it to the window's thread."""
        ...

    def batch_done(self, done: BatchDone) -> None:
        """Tell what the batch did."""
        ...
