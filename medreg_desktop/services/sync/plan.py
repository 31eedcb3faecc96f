"""What the engine does next when no exchange is running: one thing at a time, the registrar's decisions first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from medreg_desktop.services.sync import couriers, probing, rehearsing, removal, sending
from medreg_desktop.services.sync.batch import Selection, select
from medreg_desktop.services.sync.circuit import Circuit
from medreg_desktop.services.sync.effects import (
    AskDigest,
    Effect,
    GetBucket,
    GetChanges,
    GetSnapshot,
    MarkInFlight,
    ProbeCommands,
    ReadCopy,
    ReadQueue,
    RehearseCommands,
    SendCommands,
    SendHello,
    SendPing,
    Sleep,
)
from medreg_desktop.services.sync.events import Call, Moment
from medreg_desktop.services.sync.outbox_view import Actor, Position
from medreg_desktop.services.sync.report import Stage
from medreg_desktop.services.sync.state import Step, SyncState

LONG_POLL_S = 25
"""Proxies cut longer ones."""

LEASE_LOW = 50
LEASE_EVERY_S = 60.0
"""With fewer numbers or codes than :data:`LEASE_LOW`, hello asks for more, at most once a minute (``sync.md`` §5.7)."""

GREET_EVERY_S = 6 * 3600.0
"""Hello is repeated, so that lease, keys and the offline limit stay fresh in a program that is never closed."""

CLOCK_SET_S = 30.0
"""A wall clock that has gone so much more or less than the monotonic one was set; what it differs by is asked anew."""

UPDATE_EVERY_S = 300.0
"""While commands wait that the service does not know yet, hello asks whether it has been brought up to date."""


def plan(state: SyncState, at: Moment) -> Step:  # noqa: PLR0911 - a list
    """Return the next exchange, or a wait. Nothing is planned while one is running."""
    if state.stopped or state.busy is not None:
        return state, ()
    if not state.disk.is_due(at.mono):
        return state, (Sleep(state.disk.next_try),)
    if state.removal.stage is not Stage.NONE:
        return removal.plan(state, at)
    if state.position is None:
        return state, (ReadCopy(),)
    if state.actor is None:
        return state, (Sleep(None),)
    if state.sending.queue is None:
        return state, (ReadQueue(state.actor.account_id),)
    return _exchange(rehearsing.looked_over(state), state.actor, state.position, at)


def _exchange(state: SyncState, actor: Actor, position: Position, at: Moment) -> Step:
    state, handing_over = couriers.packed(state, actor, position, at)
    if handing_over:
        return state, handing_over
    if state.contact.blocked:
        return state, (Sleep(None),)
    if not actor.session:
        return _look_for_service(state, at)
    if _should_greet(state, at):
        return _call(state, state.receiving.circuit, Call.HELLO, (SendHello(position.epoch),), at)
    return _send(state, actor, position, at)


def _send(state: SyncState, actor: Actor, position: Position, at: Moment) -> Step:
    """Send what may leave, after what has to be asked about it first; else receive."""
    may_ask = state.sending.circuit.is_due(at.mono) and not state.sending.stopped_by
    state = rehearsing.begun(state) if may_ask else state
    queue = state.sending.queue or ()
    alone = [item.id for item in state.sending.suspects if item.alone]
    batch = select(queue, at.wall, state.sending.limit, alone, rehearsing.held(state, at), state.contact.protocol)
    if batch.overdue:
        return sending.overdue(state, batch.overdue)
    asking = _asking(state, actor, at) if may_ask else None
    if asking is not None:
        return asking
    if _may_send(state) and batch.ids and state.sending.circuit.is_due(at.mono):
        under_way = state.with_sending(ids=batch.ids, sender=actor.account_id)
        effects = (MarkInFlight(batch.ids), SendCommands(batch.ids, actor.account_id))
        return _call(under_way, state.sending.circuit, Call.COMMANDS, effects, at)
    return _receive(state, position, batch, at)


def _asking(state: SyncState, actor: Actor, at: Moment) -> Step | None:
    """Return the question to be put before anything is sent: a rehearsal, or whether commands are answered at all."""
    circuit, to_ask = state.sending.circuit, state.sending.rehearsal.to_ask
    if to_ask:
        return _call(state, circuit, Call.REHEARSAL, (RehearseCommands(to_ask[0], actor.account_id),), at)
    if probing.is_due(state, at):
        return _call(state, circuit, Call.PROBE, (ProbeCommands(actor.account_id),), at)
    return None


def _receive(state: SyncState, position: Position, batch: Selection, at: Moment) -> Step:  # noqa: PLR0911 - a list
    receiving = state.receiving
    wait_s = _until_commands(state, batch, at)
    if not receiving.circuit.is_due(at.mono):
        return state, (Sleep(min(receiving.circuit.next_try, at.mono + wait_s)),)
    if _clock_was_set(state, at):
        # Once only: a ping that fails must keep nobody from receiving.
        return _call(state.with_contact(clock_gap_s=None), receiving.circuit, Call.PING, (SendPing(),), at)
    if not position.cursor or receiving.resync:
        after = position.snapshot.after if position.snapshot else ""
        return _call(state, receiving.circuit, Call.SNAPSHOT, (GetSnapshot(after),), at)
    if receiving.held is not None:
        ask = AskDigest(receiving.held.cursor, receiving.held)
        return _call(state, receiving.circuit, Call.DIGEST, (ask,), at)
    if receiving.repair:
        return _call(state, receiving.circuit, Call.BUCKET, (GetBucket(receiving.repair[0]),), at)
    if receiving.caught_up and at.mono >= receiving.digest_from:
        return _call(state, receiving.circuit, Call.DIGEST, (AskDigest(position.cursor),), at)
    if not receiving.caught_up:
        return _call(state, receiving.circuit, Call.CHANGES, (GetChanges(position.cursor, 0),), at)
    if wait_s < 1:
        return state, (Sleep(at.mono + wait_s),)
    return _call(state, receiving.circuit, Call.CHANGES, (GetChanges(position.cursor, int(wait_s)),), at)


def _look_for_service(state: SyncState, at: Moment) -> Step:
    """Without a session only a ping can be sent: it tells "offline" from "please sign in"."""
    if state.contact.session_ended:
        return state, (Sleep(None),)
    if not state.receiving.circuit.is_due(at.mono):
        return state, (Sleep(state.receiving.circuit.next_try),)
    return _started(state, Call.PING, at), (SendPing(),)


def _call(state: SyncState, circuit: Circuit, call: Call, effects: tuple[Effect, ...], at: Moment) -> Step:
    """Start the exchange if its circuit lets it; an open circuit sends a ping first."""
    if not circuit.is_due(at.mono):
        return state.with_sending(ids=()), (Sleep(circuit.next_try),)
    if circuit.is_open:
        return _started(state.with_sending(ids=()), Call.PING, at), (SendPing(),)
    return _started(state, call, at), effects


def _started(state: SyncState, call: Call, at: Moment) -> SyncState:
    return replace(state, busy=call, asked_as=state.comings).with_contact(asked_mono=at.mono)


def _should_greet(state: SyncState, at: Moment) -> bool:
    """Say hello first of all; the renewal later on must never hold anything up, so it is left out in trouble."""
    if not state.contact.greeted or probing.wants_greeting(state, at):
        return True
    stock, contact = state.sending.stock, state.contact
    is_low = (runs_low(stock.form_numbers) and not contact.numbers_refused) or (
        runs_low(stock.codes) and not contact.codes_refused
    )
    waits_for_update = any(row.is_beyond(contact.protocol) for row in state.sending.queue or ())
    every_s = LEASE_EVERY_S if is_low else UPDATE_EVERY_S if waits_for_update else GREET_EVERY_S
    return at.mono - state.contact.greeted_mono > every_s and state.receiving.circuit.failures == 0


def _clock_was_set(state: SyncState, at: Moment) -> bool:
    gap_s = state.contact.clock_gap_s
    return gap_s is not None and abs(at.clock_gap_s - gap_s) > CLOCK_SET_S


def runs_low(left: int | None) -> bool:
    """Return whether more should be asked for."""
    return left is not None and left < LEASE_LOW


def _may_send(state: SyncState) -> bool:
    return not state.sending.paused and not state.sending.stopped_by


def _until_commands(state: SyncState, batch: Selection, at: Moment) -> float:
    """Return the seconds until commands need the wire again, at most one long poll."""
    if not _may_send(state):
        return float(LONG_POLL_S)
    waits = [float(LONG_POLL_S), rehearsing.wakes_in(state, at)]
    if batch.ids:
        waits.append(state.sending.circuit.next_try - at.mono)
    if batch.next_due is not None:
        waits.append(_seconds(batch.next_due, at.wall))
    # Never zero: a wait that has just ended is looked at again by the next tick, not in a tight loop.
    return max(0.05, min(waits))


def _seconds(due: datetime, now: datetime) -> float:
    return (due - now).total_seconds()
