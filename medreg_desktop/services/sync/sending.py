"""What the engine does about commands: answers, failures, and the search for one that the server cannot stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from medreg_core.contract.v1.commands import BATCH_COMMANDS, Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import CommandId
from medreg_desktop.services.sync.batch import BackOff, settlement
from medreg_desktop.services.sync.circuit import OPENS_AT, back_off_s
from medreg_desktop.services.sync.effects import Settle
from medreg_desktop.services.sync.events import Failed, Moment, OutcomesArrived
from medreg_desktop.services.sync.outbox_view import Position, RowState, Settlement
from medreg_desktop.services.sync.state import POISON_AT, Step, Suspect, SyncState
from medreg_desktop.services.transport.trouble import TroubleKind

SHRINK = 10
"""A batch the server fails on is cut to a tenth: 100, 10, 1."""

ANSWERED = frozenset({RowState.DONE, RowState.NEEDS_YOU})

UNCOUNTED = frozenset({TroubleKind.SIGN_IN, TroubleKind.TOLD, TroubleKind.ENVELOPE, TroubleKind.TOO_OLD})
"""Troubles that say nothing about the commands: no attempt is counted."""


def outcomes_arrived(state: SyncState, event: OutcomesArrived) -> Step:
    """Close the commands in flight by their answers; one without an answer goes again."""
    state, chance = state.chance()
    attempts = {row.id: row.attempts for row in state.sending.queue or ()}
    answers = {outcome.id: outcome for outcome in event.outcomes}
    settlements = tuple(
        replace(
            _answered(answers.get(command), command, event.at.wall, _waiter(attempts.get(command, 0), chance)),
            epoch=event.epoch,
        )
        for command in state.sending.ids
    )
    again = [item.id for item in settlements if item.state is RowState.QUEUED]
    if len(again) == len(settlements):
        state, settlements = _nothing_passed(state, settlements, answers, event.at)
    else:
        passed = [item.id for item in settlements if item.state is not RowState.QUEUED]
        state = _others_passed(_charge(state, again, event.at, alone=False), passed)
        state = state.with_sending(
            circuit=state.sending.circuit.passed(), limit=min(BATCH_COMMANDS, state.sending.limit * SHRINK)
        )
    is_ours = state.actor is not None and state.actor.account_id == state.sending.sender
    answered = sum(1 for item in settlements if item.state in ANSWERED and is_ours)
    state = _landed(state).with_sending(sent=state.sending.sent + answered)
    position = state.position or Position()
    if event.epoch not in {"", position.epoch} or any(outcome.seq > position.seq for outcome in event.outcomes):
        state = state.with_receiving(
            caught_up=False
        )  # the feed is known to hold more: no long poll before it is fetched
    return _set_apart(state, settlements)


def commands_failed(state: SyncState, event: Failed) -> Step:
    """Put the commands of a failed request back, each class of trouble in its own way; none is ever dropped."""
    ids, trouble = state.sending.ids, event.trouble
    back = tuple(
        Settlement(command, RowState.QUEUED, trouble.code, counted=trouble.kind not in UNCOUNTED) for command in ids
    )
    state = _landed(state)
    match trouble.kind:
        case TroubleKind.ENVELOPE:
            return _envelope(state, ids, back, event)
        case TroubleKind.SERVER:
            return _server_failed(state, ids, back, event)
        case TroubleKind.SIGN_IN:
            return session_over(state), (Settle(back),)
        case TroubleKind.REFUSED | TroubleKind.TOO_OLD:
            return state.with_sending(stopped_by=trouble.code), (Settle(back),)
        case (
            TroubleKind.LINK
            | TroubleKind.TOLD
            | TroubleKind.PORTAL
            | TroubleKind.CLOCK
            | TroubleKind.UNTRUSTED
            | TroubleKind.RESYNC
            | TroubleKind.OTHER_VERSION
        ):
            return _circuit_failed(state, event), (Settle(back),)
        case _ as unreachable:
            assert_never(unreachable)


def given_up(state: SyncState) -> Step:
    """The request was broken off on our own wish: whether it arrived is unknown, the same ids go again."""
    back = tuple(Settlement(command, RowState.QUEUED, "", counted=False) for command in state.sending.ids)
    return _landed(state), ((Settle(back),) if back else ())


def overdue(state: SyncState, ids: tuple[CommandId, ...]) -> Step:
    """Show the registrar what the server has put off for a day."""
    shown = tuple(Settlement(command, RowState.QUARANTINED, "deferred_too_long", counted=False) for command in ids)
    return state.with_sending(queue=None), (Settle(shown),)


def _answered(outcome: Outcome | None, command: CommandId, now: datetime, back_off: BackOff) -> Settlement:
    if outcome is None:
        return Settlement(command, RowState.QUEUED, "unanswered", None, now + back_off())
    return settlement(outcome, now, back_off)


def _waiter(attempts: int, chance: float) -> BackOff:
    return lambda: timedelta(seconds=back_off_s(attempts + 1, chance))


def _landed(state: SyncState) -> SyncState:
    """The request is over: read the queue again, so that what is true is only what is on the disk.

    Whoever read it meanwhile saw the commands under way: it has changed, though the rows may be those of before.
    """
    return state.with_sending(ids=(), sender=None, queue=None, shown=None)


def session_over(state: SyncState) -> SyncState:
    """Nothing is sent before somebody has signed in again; no attempt is counted (``sync.md`` §5.8)."""
    actor = replace(state.actor, session=False) if state.actor else None
    return replace(state, actor=actor).with_contact(session_ended=True, greeted=False)


def _circuit_failed(state: SyncState, event: Failed) -> SyncState:
    state, chance = state.chance()
    return state.with_sending(circuit=state.sending.circuit.failed(event.trouble, event.at, chance))


def _envelope(state: SyncState, ids: tuple[CommandId, ...], back: tuple[Settlement, ...], event: Failed) -> Step:
    """413 or 400: half the batch at once; a single command that cannot be taken is set apart."""
    if len(ids) > 1:
        return state.with_sending(limit=len(ids) // 2), (Settle(back),)
    apart = tuple(Settlement(command, RowState.QUARANTINED, event.trouble.code) for command in ids)
    return state.with_sending(limit=BATCH_COMMANDS), (Settle(apart),)


def _server_failed(state: SyncState, ids: tuple[CommandId, ...], back: tuple[Settlement, ...], event: Failed) -> Step:
    """5xx: shrink until one command stands alone; that one is charged and waits by itself, the others go on."""
    if len(ids) > 1:
        first = state.sending.circuit.failures == 0
        shrunk = state.with_sending(limit=max(1, min(state.sending.limit, len(ids)) // SHRINK))
        # The first failure may be this batch's own fault and is looked into at once; from then on the ladder holds.
        return (shrunk if first else _circuit_failed(shrunk, event)), (Settle(back),)
    before = [item for item in state.sending.suspects if item.id in ids]
    known = any(item.others_passed for item in before)
    server_lives = state.receiving.circuit.failures == 0
    if server_lives:
        state = _charge(state, ids, event.at, alone=True)
    if not (known and server_lives):
        state = _circuit_failed(state, event)
    if before and _is_outage(state):  # a suspect goes a second time when all others have been tried alone
        return _acquit(state), (Settle(back),)
    wait = _own_wait(state, ids, event.at)
    return _set_apart(state, tuple(replace(item, next_try=wait) for item in back))


def _own_wait(state: SyncState, ids: tuple[CommandId, ...], at: Moment) -> datetime:
    failures = max((item.failures for item in state.sending.suspects if item.id in ids), default=1)
    return at.wall + timedelta(seconds=back_off_s(failures, 1.0))


def _nothing_passed(
    state: SyncState, settlements: tuple[Settlement, ...], answers: dict[CommandId, Outcome], at: Moment
) -> tuple[SyncState, tuple[Settlement, ...]]:
    """Count what the service said it tripped over, and wait longer each time: it names the same few seconds for ever.

    A service that trips over everything is told from a command that nobody can stand by the probe.
    """
    tripped = {i for i, outcome in answers.items() if outcome.code == FaultCode.SERVER_ERROR}
    state = _charge(state, [item.id for item in settlements if item.id in tripped], at, alone=False)
    waits = {item.id: _own_wait(state, (item.id,), at) for item in settlements if item.id in tripped}
    return state, tuple(
        replace(item, next_try=max(item.next_try or at.wall, waits[item.id])) if item.id in waits else item
        for item in settlements
    )


def _charge(state: SyncState, ids: Iterable[CommandId], at: Moment, *, alone: bool) -> SyncState:
    """Count a failure of the server against each of these commands."""
    known = {item.id: item for item in state.sending.suspects}
    for command in ids:
        before = known.get(command, Suspect(command, since=at.mono))
        failures, alone_ = before.failures + 1, before.alone or alone
        known[command] = replace(before, failures=failures, alone=alone_, failed_at=at.mono)
    return state.with_sending(suspects=tuple(known.values()))


def _others_passed(state: SyncState, passed: Iterable[CommandId]) -> SyncState:
    gone = set(passed)
    rest = (item for item in state.sending.suspects if item.id not in gone)
    return state.with_sending(suspects=tuple(replace(item, others_passed=True) for item in rest))


def _is_outage(state: SyncState) -> bool:
    """Several different commands failed alone and none passed in between: it is the server, not a command."""
    unproven = [item for item in state.sending.suspects if not item.others_passed]
    return len(unproven) >= 2 and state.sending.circuit.failures >= OPENS_AT


def _acquit(state: SyncState) -> SyncState:
    kept = tuple(item for item in state.sending.suspects if item.others_passed)
    return state.with_sending(suspects=kept, limit=BATCH_COMMANDS)


def _set_apart(state: SyncState, settlements: tuple[Settlement, ...]) -> Step:
    """Write the settlements, with proven poison set apart instead of queued again."""
    proven = {item.id for item in state.sending.suspects if item.failures >= POISON_AT and item.others_passed}
    written = tuple(
        Settlement(item.id, RowState.QUARANTINED, "poison")
        if item.id in proven and item.state is RowState.QUEUED
        else item
        for item in settlements
    )
    kept = tuple(item for item in state.sending.suspects if item.id not in proven)
    return state.with_sending(suspects=kept), (Settle(written),)
