"""What 同步中心 shows, as one immutable value, and what it needs from the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.cache.papers import PaperToRecall
from medreg_desktop.services.printing.recall_list import RecallList
from medreg_desktop.services.review.deciding import Receipt
from medreg_desktop.services.review.outbox_desk import Conflict, OutboxItem
from medreg_desktop.services.review.paper_desk import PaperLine
from medreg_desktop.services.review.quarantine_desk import HandOver, Reason, SetApart
from medreg_desktop.services.review.reconcile_desk import Reconciliation
from medreg_desktop.services.review.sheet import ReviewSheet
from medreg_desktop.services.sync.forecast import Rehearsed, follows
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.transport.attempts import Attempt

_NOBODY_ANSWERS = frozenset({LampKind.OFFLINE, LampKind.SERVER_SILENT, LampKind.NETWORK_SIGN_IN, LampKind.SIGN_IN})

ANSWERED_SHOWN = 100
"""Answers listed, the newest."""

_EPOCH = datetime.fromtimestamp(0, UTC)


class Group(StrEnum):
    """The tabs over the outbox."""

    OPEN = "open"  # 未完成
    NEEDS_YOU = "needs_you"  # 需处理
    ANSWERED = "answered"  # 已答复
    RECONCILE = "reconcile"  # 对账


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the view renders."""

    group: Group = Group.OPEN
    items: tuple[OutboxItem, ...] = ()
    answered: tuple[OutboxItem, ...] = ()
    papers: tuple[PaperLine, ...] = ()
    counts: OutboxCounts | None = None
    current: Conflict | None = None
    set_apart: SetApart | None = None  # what hangs on the current item, if it is in quarantine
    reconciled: Reconciliation | None = None  # read when its tab is shown
    gives_up: bool = False  # the reason for giving it up is being asked
    recalling: PaperLine | None = None  # of which it is being asked how many copies are back
    report: SyncReport | None = None
    problem: str = ""
    now: datetime = _EPOCH  # which day's moments need no date

    @property
    def waiting(self) -> tuple[OutboxItem, ...]:
        """The items that need the registrar, in order."""
        return tuple(item for item in self.items if item.can_drop)

    @property
    def foreseen(self) -> tuple[OutboxItem, ...]:
        """The items that would need the registrar if they were sent now, with what the rehearsal says of them."""
        return tuple(item for item in self._rehearsed if item.foreseen is not None and not follows(item.foreseen))

    @property
    def following(self) -> tuple[OutboxItem, ...]:
        """The items that would stop with one of those: nobody has to look at them."""
        return tuple(item for item in self._rehearsed if item.foreseen is not None and follows(item.foreseen))

    @property
    def _rehearsed(self) -> tuple[OutboxItem, ...]:
        rehearsed = self.report.rehearsed if self.report else None
        said = {forecast.id: forecast.said for forecast in rehearsed.affected} if rehearsed else {}
        ids = (item.row.command.id for item in self.items)
        pairs = zip(self.items, (said.get(i) for i in ids), strict=True)
        return tuple(replace(item, foreseen=outcome) for item, outcome in pairs if outcome and not item.can_drop)

    @property
    def is_answered(self) -> bool:
        """Whether the service answers, as far as is known: the lamp may speak of what needs the registrar instead."""
        told = self.report
        if told is None or told.lamp.kind in _NOBODY_ANSWERS:
            return False
        return not (told.sending.failures or told.receiving.failures)

    @property
    def rehearsal(self) -> Rehearsed | None:
        """The rehearsal to tell of; one that has begun is none while nobody answers."""
        told = self.report.rehearsed if self.report else None
        if told is not None and told.is_running and not self.is_answered:
            return None
        return told

    @property
    def to_look_at(self) -> tuple[OutboxItem, ...]:
        """What F2 walks: the items that need the registrar, then those that would."""
        return self.waiting + self.foreseen

    @property
    def shown(self) -> tuple[OutboxItem, ...]:
        """The rows of the current tab; those that need the registrar first."""
        if self.group is Group.ANSWERED:
            return self.answered
        first = self.to_look_at + (() if self.group is Group.NEEDS_YOU else self.following)
        ids = {item.row.command.id for item in first}
        rest = () if self.group is Group.NEEDS_YOU else tuple(i for i in self.items if i.row.command.id not in ids)
        return first + rest

    @property
    def open_count(self) -> int:
        """How many wait for something; of a very long queue the list shows only the first."""
        return max(len(self.items), self.counts.unsent + self.counts.need_you if self.counts else 0)

    @property
    def outstanding(self) -> tuple[PaperLine, ...]:
        """Papers of which copies are still about."""
        return tuple(line for line in self.papers if line.paper.outstanding)


def stands_out(item: OutboxItem) -> bool:
    """Return whether the registrar is wanted: now, or if it were sent."""
    return item.can_drop or (item.foreseen is not None and not follows(item.foreseen))


class Outbox(Protocol):
    """The outbox desk of the review service."""

    def counts(self) -> OutboxCounts:
        """Return what waits."""
        ...

    def items(self) -> list[OutboxItem]:
        """Return the registrar's open commands."""
        ...

    def answered(self, limit: int) -> list[OutboxItem]:
        """Return the newest closed ones."""
        ...

    def retry(self, ids: Sequence[CommandId] = ()) -> None:
        """Make commands due at once."""
        ...

    def cancel(self, command_id: CommandId) -> Receipt:
        """Take back a decision that never left this device."""
        ...

    def drop(self, command_id: CommandId) -> None:
        """Give up a command the server did not take."""
        ...

    def conflict(self, command_id: CommandId, foreseen: Outcome | None = None) -> Conflict:
        """Return both versions; ``foreseen`` is the answer a rehearsal gave, where there is none yet."""
        ...

    def review_again(self, command_id: CommandId) -> ReviewSheet:
        """Put the application as it is now on the desk, with the words of the refused decision."""
        ...


class Papers(Protocol):
    """The paper desk of the review service."""

    def papers_to_recall(self) -> list[PaperLine]:
        """Return void forms that were printed."""
        ...

    def record_recall(self, paper: PaperToRecall, copies: int) -> None:
        """Record that copies are back."""
        ...


class Quarantine(Protocol):
    """The quarantine desk of the review service."""

    def look(self, command_id: CommandId) -> SetApart:
        """Return what hangs on a command that is set apart."""
        ...

    def hand_over(self, command_id: CommandId, attempts: Sequence[Attempt]) -> HandOver:
        """Return the reference for support."""
        ...

    def give_up(self, command_id: CommandId, reason: Reason) -> SetApart:
        """Close the command with a reason."""
        ...


class Reconciling(Protocol):
    """The reconcile desk of the review service."""

    def read(self) -> Reconciliation:
        """Return the batches of the office."""
        ...


class RecallPrinter(Protocol):
    """Prints 收回清单."""

    def print(self, page: RecallList) -> bytes:
        """Print the page and return b"", or return it as a PDF when there is no printer."""
        ...


class Attempts(Protocol):
    """The log of the transport."""

    def of_command(self, command_id: str) -> tuple[Attempt, ...]:
        """Return the last attempts that carried a command."""
        ...


@dataclass(frozen=True, slots=True)
class CenterServices:
    """What the page works with."""

    outbox: Outbox
    papers: Papers
    quarantine: Quarantine
    attempts: Attempts
    reconciling: Reconciling
    recall_printer: RecallPrinter
    registrar: str  # whose name stands on the lists


class View(Protocol):
    """What the presenter asks of the page."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def open_review(self, application_id: ApplicationId) -> None:
        """Open 审核窗口."""
        ...

    def sync_now(self) -> None:
        """Ask the sync loop to try at once."""
        ...

    def tell(self, text: str) -> None:
        """Say in a notice what was done."""
        ...

    def tell_counts(self, counts: OutboxCounts) -> None:
        """Tell the shell what waits, as it is shown now."""
        ...

    def tell_saved(self) -> None:
        """Tell the shell that something was written."""
        ...

    def offer_file(self, name: str, content: bytes) -> None:
        """Ask where the file shall be saved, and save it."""
        ...
