"""What the screen shows over the server's row: the effect of commands the feed has not brought back yet.

The cache holds only what the server said (``sync.md`` §4). A command's effect is shown from the moment it is saved
until the feed has passed the position that contains it, so an own accepted decision is never un-shown in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from medreg_core.contract.v1.commands import Agree
from medreg_core.domain.records import Application, ApplicationId
from medreg_core.domain.states import rule_for
from medreg_core.domain.vocabulary import CommandKind, Move, OutcomeKind, State
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.sync_state import Viewer
from medreg_desktop.services.search.conditions import RowSync

MOVES = {
    CommandKind.AGREE: Move.AGREE,
    CommandKind.RETURN: Move.RETURN,
    CommandKind.REFUSE: Move.REFUSE,
    CommandKind.WITHDRAW_CONSENT: Move.WITHDRAW_CONSENT,
}
"""The move each command asks for; prints and recalls move nothing."""

_WORDS = (
    (OutboxState.NEEDS_YOU, RowSync.NEEDS_YOU),
    (OutboxState.QUARANTINED, RowSync.QUARANTINED),
    (OutboxState.IN_FLIGHT, RowSync.SENDING),
    (OutboxState.DEFERRED, RowSync.DEFERRED),
    (OutboxState.QUEUED, RowSync.WAITING),
)
"""By precedence: what needs the registrar comes first."""

_EFFECTIVE = frozenset({OutboxState.QUEUED, OutboxState.IN_FLIGHT, OutboxState.DEFERRED, OutboxState.QUARANTINED})

_TAKEN = frozenset({OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED})
"""The register shows the decision: this registrar's, or the same one by a colleague."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The shown state and sync word; ``decision`` is the command shown, None if the server's row stands alone."""

    state: State
    sync: RowSync
    version: int  # the row's once the shown commands are carried out: the base of the next one
    seen_at: datetime | None  # when that version came about; None where only the service will know
    decision: OutboxRow | None = None

    @property
    def form_number(self) -> str:
        """The number this device gave, while the server's row does not carry one."""
        if self.decision is None or is_superseded(self.decision):
            return ""
        body = self.decision.command.body
        return body.form_number if isinstance(body, Agree) else ""

    def handler(self, viewer: str, application: Application) -> str:
        """Return who decided what is shown; ``viewer`` is the registrar's own name."""
        if self.decision is None:
            return application.decided_by
        outcome = self.decision.outcome
        return outcome.by if outcome is not None and is_superseded(self.decision) else viewer


def of(application: Application, rows: Sequence[OutboxRow], epoch: str, seq: int) -> Overlay:
    """Return what to show for the server's row under the registrar's commands on it, in the order they were made."""
    if not rows:  # nearly all applications of a copy
        return Overlay(application.state, RowSync.SYNCED, application.version, application.moved_at)
    state, version, seen_at, decision = application.state, application.version, application.moved_at, None
    for row in rows:
        move = MOVES.get(row.kind)
        if move is None or not is_effective(row, epoch, seq) or _is_behind(row, application, epoch):
            continue
        rule = rule_for(state, move)
        if rule is not None:
            state, decision = rule.target, row
            taken = row.outcome is not None and row.outcome.kind in _TAKEN
            version = row.outcome.version if row.outcome is not None and taken else version + 1
            # Also of a colleague's step: without it a restored register would take what hangs on it for its own.
            seen_at = row.outcome.at if row.outcome is not None and taken else None
    return Overlay(state, sync_word(rows), version, seen_at, decision)


def is_superseded(row: OutboxRow) -> bool:
    """Return whether a colleague's decision, the same one, stands in the register instead of this command."""
    return row.outcome is not None and row.outcome.kind is OutcomeKind.SUPERSEDED


def is_effective(row: OutboxRow, epoch: str, seq: int) -> bool:
    """Return whether the command's effect is to be shown although the server's row does not have it yet."""
    if row.state in _EFFECTIVE:
        return not row.is_corrected
    if row.outcome is None or row.resolution is not Resolution.NONE or row.state is not OutboxState.DONE:
        return False
    if row.outcome.kind not in _TAKEN:
        return False
    # Of another epoch: the register was restored, and the copy does not hold its rows yet. Once it does, the snapshot
    # forgets what counted in older epochs.
    return row.seq > (seq if row.epoch == epoch else 0)


def _is_behind(row: OutboxRow, application: Application, epoch: str) -> bool:
    """Return whether the row holds the decision, although the feed is not there: it came with another answer."""
    is_taken = row.state is OutboxState.DONE and row.epoch == epoch
    return is_taken and row.outcome is not None and row.outcome.version <= application.version


def sync_word(rows: Iterable[OutboxRow]) -> RowSync:
    """Return the word of the row's sync column."""
    found = {row.state for row in rows}
    return next((word for state, word in _WORDS if state in found), RowSync.SYNCED)


def commands_on(
    conn: Connection, viewer: Viewer, ids: Iterable[str] | None = None
) -> dict[ApplicationId, list[OutboxRow]]:
    """Return the registrar's commands on applications where any may still show: on all, or on ``ids``."""
    wanted = (
        "SELECT DISTINCT application_id FROM outbox"
        " WHERE actor = ? AND (state <> 'done' OR seq > ? OR (seq > 0 AND epoch <> ?))"
    )
    shown = (viewer.actor, viewer.seq, viewer.epoch)
    if ids is None:
        found = conn.execute(wanted, shown).fetchall()
    else:
        some = wanted + " AND application_id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        found = conn.execute(some, (*shown, json.dumps(list(ids)))).fetchall()
    return {ApplicationId(i): outbox.of_application(conn, ApplicationId(i), viewer.actor) for (i,) in found}
