"""The dry run of a queue that gathered while it could not be sent (``sync.md`` §3; ADR 023).

What gathers is rehearsed before it leaves. If all of it passes it leaves at once; else the registrar has a short time
to look, then what passes leaves by itself, and after a longer one the rest too: the register's answer decides it, and
nothing is silently held. A rehearsal that cannot be had is given up; it never keeps a decision.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from medreg_core.contract.v1.commands import BATCH_BYTES, BATCH_COMMANDS
from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync.batch import ENVELOPE_BYTES
from medreg_desktop.services.sync.events import Failed, Moment, RehearsalAnswered
from medreg_desktop.services.sync.forecast import AFFECTED, Prospect, Rehearsed, foreseen
from medreg_desktop.services.sync.outbox_view import UNSENT, QueueRow, RowState
from medreg_desktop.services.sync.state import Rehearsal, SyncState
from medreg_desktop.services.transport.trouble import TroubleKind

TRIES = 3
"""Failures of a rehearsal, while the service answers other calls, after which the queue is sent without it."""

HOLD = timedelta(minutes=5)
"""How long a command that would need the registrar waits for him before the register is asked in earnest."""

_PATIENT = frozenset(
    {
        TroubleKind.LINK,
        TroubleKind.SERVER,
        TroubleKind.TOLD,
        TroubleKind.PORTAL,
        TroubleKind.CLOCK,
        TroubleKind.UNTRUSTED,
    }
)
"""Troubles that may be over with the outage; any other one ends the rehearsal at once."""


_UNREACHABLE = frozenset({TroubleKind.LINK, TroubleKind.PORTAL, TroubleKind.CLOCK, TroubleKind.UNTRUSTED})
"""Troubles of sending that say that the service was not there. Its own errors may be one command's."""


def looked_over(state: SyncState) -> SyncState:
    """Note whether commands gather that cannot be sent; with an empty outbox everything about it is over."""
    rehearsal, rows = state.sending.rehearsal, state.sending.queue or ()
    if not any(row.state in UNSENT for row in rows):
        return _with(state, Rehearsal())
    return _with(state, replace(rehearsal, gathered=rehearsal.gathered or _cannot_send(state)))


def begun(state: SyncState) -> SyncState:
    """Begin the rehearsal of what gathered, or of what the registrar asked for; called when it could leave.

    What an older service answers would not be understood: nothing is asked of it, and the queue is sent as it is.
    """
    if not state.contact.rehearses:
        return _given_up(state)
    rehearsal, rows = state.sending.rehearsal, state.sending.queue or ()
    fresh = tuple(row for row in _rehearsable(state, rows) if row.id not in rehearsal.seen)
    least = state.habits.rehearse_from
    by_itself = rehearsal.gathered and not state.sending.paused and 0 < least <= len(fresh)
    if rehearsal.to_ask or not fresh or not (rehearsal.wanted or by_itself):
        return state
    seen = rehearsal.seen | {row.id for row in fresh}
    return _with(state, replace(rehearsal, wanted=False, to_ask=batches(fresh), seen=seen, shown_at=None))


def held(state: SyncState, at: Moment) -> frozenset[CommandId]:
    """Return the commands that do not leave at ``at``: they are being rehearsed, or the registrar may still look."""
    rehearsal = state.sending.rehearsal
    if rehearsal.to_ask:
        return rehearsal.seen
    if rehearsal.shown_at is None or at.mono >= rehearsal.holds_until:
        return frozenset()
    waits = at.mono < rehearsal.sends_at
    return frozenset(f.id for f in rehearsal.forecasts if waits or f.prospect in AFFECTED)


def wakes_in(state: SyncState, at: Moment) -> float:
    """Return the seconds until :func:`held` lets something go; infinite if it holds nothing."""
    rehearsal = state.sending.rehearsal
    if rehearsal.to_ask:
        return max(0.0, state.sending.circuit.next_try - at.mono)
    ends = (rehearsal.sends_at, rehearsal.holds_until) if held(state, at) else ()
    return min((end - at.mono for end in ends if end > at.mono), default=float("inf"))


def asked_for(state: SyncState) -> SyncState:
    """The registrar wants to see what would become of all that waits."""
    return _with(state, Rehearsal(wanted=True, gathered=state.sending.rehearsal.gathered))


def released(state: SyncState, at: Moment, *, all_of_it: bool) -> SyncState:
    """The registrar sends what passes, or all of it, without waiting any longer."""
    rehearsal = state.sending.rehearsal
    if rehearsal.shown_at is None:
        return state
    holds_until = min(at.mono, rehearsal.holds_until) if all_of_it else rehearsal.holds_until
    return _with(state, replace(rehearsal, sends_at=min(at.mono, rehearsal.sends_at), holds_until=holds_until))


def answered(state: SyncState, event: RehearsalAnswered) -> SyncState:
    """Keep what was said of one batch; after the last the registrar has his time, if there is something to look at."""
    rehearsal = state.sending.rehearsal
    if not rehearsal.to_ask:
        return state
    said = {outcome.id: outcome for outcome in event.outcomes}
    forecasts = tuple(foreseen(command, said.get(command)) for command in rehearsal.to_ask[0])
    rehearsal = replace(rehearsal, to_ask=rehearsal.to_ask[1:], forecasts=rehearsal.forecasts + forecasts, failures=0)
    state = _with(state.with_sending(circuit=state.sending.circuit.passed()), rehearsal)
    return state if rehearsal.to_ask else _shown(state, event.at)


def failed(state: SyncState, event: Failed) -> SyncState:
    """A rehearsal did not come back: again when the line is better, and not at all when only it fails."""
    rehearsal = state.sending.rehearsal
    kind = event.trouble.kind
    if kind not in _PATIENT:
        return _given_up(state)
    state, chance = state.chance()
    state = state.with_sending(circuit=state.sending.circuit.failed(event.trouble, event.at, chance))
    if state.receiving.circuit.failures:
        return state
    state = _with(state, replace(rehearsal, failures=rehearsal.failures + 1))
    return _given_up(state) if rehearsal.failures + 1 >= TRIES else state


def report_of(state: SyncState) -> Rehearsed | None:
    """Return what the screen shows; commands that have left the queue since are not counted any more."""
    rehearsal, rows = state.sending.rehearsal, state.sending.queue
    told = state.told.rehearsed if state.told else None
    if rows is None:
        return told
    waiting = {row.id for row in rows if row.state in UNSENT}
    total = len(waiting & rehearsal.seen)
    if not total or (rehearsal.shown_at is None and not rehearsal.to_ask):
        return None
    found = [forecast for forecast in rehearsal.forecasts if forecast.id in waiting]
    return Rehearsed(
        asked=len(found),
        total=total,
        passes=sum(1 for forecast in found if forecast.prospect is Prospect.PASSES),
        unknown=sum(1 for forecast in found if forecast.prospect is Prospect.UNKNOWN),
        affected=tuple(forecast for forecast in found if forecast.prospect in AFFECTED),
        sends_at=_wall(rehearsal, rehearsal.sends_at),
        holds_until=_wall(rehearsal, rehearsal.holds_until),
    )


def batches(rows: tuple[QueueRow, ...]) -> tuple[tuple[CommandId, ...], ...]:
    """Return the rows in requests: all commands on one subject together, in order, so that each sees the last."""
    groups: dict[str, list[QueueRow]] = {}
    for row in sorted(rows, key=lambda row: row.counter):
        groups.setdefault(row.subject, []).append(row)
    made: list[list[QueueRow]] = [[]]
    for group in chain.from_iterable(_split(group) for group in groups.values()):
        if not _fits(made[-1] + group):
            made.append([])
        made[-1] += group
    return tuple(tuple(row.id for row in batch) for batch in made if batch)


def _split(group: list[QueueRow]) -> list[list[QueueRow]]:
    """Return a group in pieces that fit a request; nearly always one."""
    return [group] if _fits(group) else [[row] for row in group]


def _fits(rows: list[QueueRow]) -> bool:
    return len(rows) <= BATCH_COMMANDS and ENVELOPE_BYTES + sum(row.size for row in rows) <= BATCH_BYTES


def _rehearsable(state: SyncState, rows: tuple[QueueRow, ...]) -> tuple[QueueRow, ...]:
    """Return what would leave: not what is on its way, stands behind a command set apart, or is beyond the service."""
    suspects = {suspect.id for suspect in state.sending.suspects}
    apart = {row.subject for row in rows if row.state is RowState.QUARANTINED or row.id in suspects}
    protocol = state.contact.protocol
    return tuple(
        row for row in rows if row.state is RowState.QUEUED and row.subject not in apart and row.schema <= protocol
    )


def _cannot_send(state: SyncState) -> bool:
    trouble = state.sending.circuit.trouble
    unreachable = trouble is not None and trouble.kind in _UNREACHABLE
    offline = unreachable or state.receiving.circuit.failures > 0 or not state.contact.greeted
    return offline or state.actor is None or not state.actor.session or state.sending.paused


def _shown(state: SyncState, at: Moment) -> SyncState:
    rehearsal = state.sending.rehearsal
    affected = any(forecast.prospect in AFFECTED for forecast in rehearsal.forecasts)
    sends_at = at.mono + state.habits.look_s if affected else at.mono
    holds_until = at.mono + HOLD.total_seconds() if affected else at.mono
    return _with(state, replace(rehearsal, shown_at=at, sends_at=sends_at, holds_until=holds_until))


def _given_up(state: SyncState) -> SyncState:
    rehearsal = state.sending.rehearsal
    return _with(state, Rehearsal(gathered=rehearsal.gathered, seen=rehearsal.seen))


def _with(state: SyncState, rehearsal: Rehearsal) -> SyncState:
    return state if rehearsal == state.sending.rehearsal else state.with_sending(rehearsal=rehearsal)


def _wall(rehearsal: Rehearsal, mono: float) -> datetime | None:
    """Return a moment of the monotonic clock as the screen counts down to it."""
    shown = rehearsal.shown_at
    return shown.wall + timedelta(seconds=mono - shown.mono) if shown else None
