"""What 审核窗口 shows, as one immutable value, and what it needs from the services."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Protocol

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_core.domain.vocabulary import CommandKind
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.faults import KnownFault, Problem
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.sheet import ReviewSheet


class Passing(Enum):
    """What the fault shown is over with."""

    NOTHING = auto()  # the next decision
    READ = auto()
    KEPT = auto()


class Asking(StrEnum):
    """Which sheet has taken the place of the action bar."""

    NOTHING = ""
    RETURN = "return"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the view renders."""

    sheet: ReviewSheet | None = None
    position: int = 0
    total: int = 0
    opinion: str = ""
    phrases: tuple[str, ...] = ()
    asking: Asking = Asking.NOTHING
    reason: str = ""
    reason_phrases: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    fault: str = ""
    only_differences: bool = False
    go_on: bool = True
    reveal: bool = False
    is_saving: bool = False
    gone: bool = False

    @property
    def may_agree(self) -> bool:
        """Whether 同意 is alive."""
        return self.sheet is not None and self.sheet.may_agree and not self.is_saving and not self.gone

    def may(self, kind: CommandKind) -> bool:
        """Whether a move is offered at all."""
        return self.sheet is not None and kind in self.sheet.moves and not self.is_saving and not self.gone


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision made in this window; it can be taken back from its notice after the window went on."""

    sheet: ReviewSheet  # as it was read
    kind: CommandKind
    command_id: CommandId | None


class Reviews(Protocol):
    """The review service, asked from the writer thread only."""

    def open(self, application_id: ApplicationId) -> ReviewSheet:
        """Return the sheet of one application."""
        ...

    def save_draft(self, application_id: ApplicationId, draft: Draft) -> None:
        """Keep what was typed."""
        ...

    def decide(self, application_id: ApplicationId, decision: Decision) -> Receipt:
        """Save a decision; durable when it returns."""
        ...

    def withdraw(self, application_id: ApplicationId, reason: str = "") -> Receipt:
        """Take the shown decision back."""
        ...


class Claims(Protocol):
    """Soft claims, asked from a background thread; they help colleagues and decide nothing."""

    def take(self, application_id: ApplicationId) -> None:
        """Say that this registrar has the application open."""
        ...

    def release(self, application_id: ApplicationId) -> None:
        """Say that he has closed it."""
        ...


class View(Protocol):
    """What the presenter asks of the window."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def decided(self, decided: Decided) -> None:
        """Tell that a decision was saved; offers to take it back."""
        ...

    def not_decided(self, sheet: ReviewSheet, kind: CommandKind, problems: tuple[Problem, ...]) -> None:
        """Tell that a decision on an application no longer shown could not be saved, and why."""
        ...

    def taken_back(self, sheet: ReviewSheet) -> None:
        """Tell that a decision was taken back."""
        ...

    def not_taken_back(self, sheet: ReviewSheet, problems: tuple[Problem, ...]) -> None:
        """Tell that a decision of an application no longer shown could not be taken back, and why."""
        ...

    def preview(self, application_id: ApplicationId) -> None:
        """Open 打印预览."""
        ...

    def leave(self) -> None:
        """Close the window: nothing is left to review."""
        ...


def reasons_of(error: Exception) -> tuple[Problem, ...]:
    """Return why something was not done, for a notice. Raises a bug on."""
    if isinstance(error, Refused):
        return error.reasons
    if isinstance(error, KnownFault):
        return (Problem(error.code, params=error.params),)
    raise error
