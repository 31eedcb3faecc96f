"""Which commands may leave now, in which order, and what an answer makes of each (``sync.md`` §5.6, §5.8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from medreg_core.contract.v1.commands import BATCH_BYTES, Outcome
from medreg_core.contract.v1.messages import PROTOCOL
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync.outbox_view import UNSENT, QueueRow, RowState, Settlement

ENVELOPE_BYTES = 16 * 1024
"""Room for what surrounds the commands in a batch, with the receipts of commands called back in between."""

LONGEST_ROW_WAIT = timedelta(hours=1)
"""A stored wait beyond this came from a clock that has jumped since; it is not obeyed."""

DEFERRED_WAIT = timedelta(seconds=60)
DEFERRED_BOUND = timedelta(hours=24)
"""A command the server defers for longer is shown to the registrar (not silently, ``sync.md`` §5.6)."""


BackOff = Callable[[], timedelta]
"""Says how long to wait when the server names no time itself."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The next batch, and when a command that must still wait is due (None: none waits for a time)."""

    ids: tuple[CommandId, ...] = ()
    next_due: datetime | None = None
    overdue: tuple[CommandId, ...] = ()  # deferred for longer than the bound


@dataclass(slots=True)
class _Draft:
    """A batch while it is being filled."""

    limit: int
    chosen: list[CommandId] = field(default_factory=list)
    size: int = ENVELOPE_BYTES
    last_of: dict[str, CommandId] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)

    def takes(self, row: QueueRow) -> bool:
        """Say whether the row still fits; the first always does, and the server says if it is too large."""
        return not self.chosen or (len(self.chosen) < self.limit and self.size + row.size <= BATCH_BYTES)

    def keeps_order(self, row: QueueRow, unanswered: Collection[CommandId]) -> bool:
        """Say whether everything this row must follow is answered or stands before it in this very batch."""
        if row.subject in self.blocked:
            return False
        if row.depends_on in unanswered and row.depends_on not in self.chosen:
            return False
        earlier = self.last_of.get(row.subject)
        # Two independent commands on one subject never share a batch: if the server had to put the first off, the
        # second would overtake it. A declared dependency is safe, the server holds it.
        return earlier is None or earlier == row.depends_on

    def add(self, row: QueueRow) -> None:
        self.chosen.append(row.id)
        self.size += row.size
        self.last_of[row.subject] = row.id


def select(
    rows: tuple[QueueRow, ...],
    now: datetime,
    limit: int,
    suspects: Collection[CommandId] = (),
    held: Collection[CommandId] = (),
    protocol: int = PROTOCOL,
) -> Selection:
    """Return the batch to send at ``now``: in counter order per subject, others never held up.

    ``suspects`` (commands on which the server failed before) go alone, and only when nothing else can go; ``held`` ones
    (the registrar may still look at them) do not go, nor what a service that speaks only ``protocol`` does not know.
    """
    unanswered = {row.id for row in rows if row.state is not RowState.NEEDS_YOU}
    draft = _Draft(limit)
    lone: CommandId | None = None
    waits: list[datetime] = []
    for row in sorted(rows, key=lambda row: row.counter):
        if row.state not in UNSENT:
            if row.state is RowState.QUARANTINED:
                draft.blocked.add(row.subject)
            continue
        due = due_at(row, now)
        if row.schema > protocol or row.id in held or not draft.keeps_order(row, unanswered):
            draft.blocked.add(row.subject)
        elif due > now:
            waits.append(due)
            draft.blocked.add(row.subject)
        elif row.id in suspects:
            lone = lone or row.id
            draft.blocked.add(row.subject)
        elif draft.takes(row):
            draft.add(row)
        else:
            draft.blocked.add(row.subject)
    ids = tuple(draft.chosen) or ((lone,) if lone else ())
    return Selection(ids, min(waits, default=None), _overdue(rows, now))


def due_at(row: QueueRow, now: datetime) -> datetime:
    """Return when the row may be sent again; ``now`` if at once."""
    if row.next_try is None or row.next_try <= now or row.next_try - now > LONGEST_ROW_WAIT:
        return now
    return row.next_try


def _overdue(rows: Iterable[QueueRow], now: datetime) -> tuple[CommandId, ...]:
    """Return what the service has put off for too long; what is due is asked once more before that is said of it."""
    return tuple(
        row.id
        for row in rows
        if row.state is RowState.DEFERRED
        and due_at(row, now) > now
        and row.waiting_since is not None
        and now - row.waiting_since >= DEFERRED_BOUND
    )


def settlement(outcome: Outcome, now: datetime, back_off: BackOff) -> Settlement:
    """Return what an answer makes of its command. ``back_off`` is asked only when the server names no wait itself."""
    told = timedelta(seconds=outcome.retry_after_s) if outcome.retry_after_s > 0 else None
    match outcome.kind:
        case OutcomeKind.ACCEPTED | OutcomeKind.SUPERSEDED:
            return Settlement(outcome.id, RowState.DONE, "", outcome)
        case OutcomeKind.REJECTED | OutcomeKind.CONFLICT:
            return Settlement(outcome.id, RowState.NEEDS_YOU, outcome.code or outcome.kind.value, outcome)
        case OutcomeKind.MISMATCH:
            return Settlement(outcome.id, RowState.QUARANTINED, outcome.code or outcome.kind.value, outcome)
        case OutcomeKind.DEFERRED:
            wait = min(told or DEFERRED_WAIT, LONGEST_ROW_WAIT)
            return Settlement(outcome.id, RowState.DEFERRED, "deferred", outcome, now + wait)
        case OutcomeKind.RETRY:
            wait = min(told or back_off(), LONGEST_ROW_WAIT)
            return Settlement(outcome.id, RowState.QUEUED, "server_retry", None, now + wait)
        case _ as unreachable:
            assert_never(unreachable)
