"""The sync engine: ``step(state, event) -> (state, effects)``, a pure function (``sync.md`` §4).

One exchange runs at a time. An event is absorbed first, then the next thing to do is planned, then the report renewed.
The desktop's driver and the simulator run this very function; clock, network, disk and random are theirs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Welcome
from medreg_core.domain.records import AccountId
from medreg_desktop.services.sync import couriers, outages, probing, receiving, rehearsing, removal, sending
from medreg_desktop.services.sync.effects import Effect, Hasten, KeepWelcome, Tell
from medreg_desktop.services.sync.events import (
    AnswersBrought,
    Asked,
    Broken,
    BucketArrived,
    BundleWanted,
    BundleWritten,
    Call,
    CommandSaved,
    CopyDestroyed,
    CopyRead,
    DeviceRefused,
    DigestAnswered,
    DiskFailed,
    Event,
    Failed,
    HelloAnswered,
    LeaveTaken,
    Moment,
    NetworkChanged,
    OutcomesArrived,
    PageArrived,
    PendingRead,
    PongArrived,
    ProbeAnswered,
    QueueRead,
    RehearsalAnswered,
    RemovalsHeld,
    RemovalsJudged,
    RescueAnswered,
    SignedIn,
    SignedOut,
    SnapshotBlock,
    SnapshotEnded,
    SnapshotOpened,
    Stopped,
    Tick,
    WipeAnswered,
    WipeConfirmed,
    Wish,
)
from medreg_desktop.services.sync.outbox_view import UNSENT, Position, Stock
from medreg_desktop.services.sync.plan import plan, runs_low
from medreg_desktop.services.sync.reporting import report_of
from medreg_desktop.services.sync.state import Habits, Sending, Step, SyncState
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

_QUESTIONS = frozenset({Call.REHEARSAL, Call.PROBE})
"""Calls about commands that carry none out."""

_PERSONAL = frozenset({TroubleKind.SIGN_IN, TroubleKind.REFUSED, TroubleKind.TOO_OLD})
"""Troubles that say something of who asked: of his session, his rights, the program he greeted with."""

REACHED = frozenset({TroubleKind.SIGN_IN, TroubleKind.REFUSED, TroubleKind.TOO_OLD, TroubleKind.RESYNC})
"""Troubles that prove that our service was reached."""


def begin(seed: int, habits: Habits | None = None) -> SyncState:
    """Return the state of a program that has just started; ``seed`` feeds the jitter."""
    return SyncState(seed=seed, habits=habits or Habits())


def again(state: SyncState) -> SyncState:
    """Return the state of a fresh start with the same person signed in."""
    sending = Sending(paused=state.sending.paused)
    gone = removal.again(state.removal)
    return SyncState(seed=state.seed, actor=state.actor, sending=sending, removal=gone, habits=state.habits)


def step(state: SyncState, event: Event) -> tuple[SyncState, tuple[Effect, ...]]:
    """Absorb one event and return the next state with what to do now, in order."""
    contact = state.contact
    state, done = _absorb(state, event)
    if removal.leaves_a_copy(state):
        state, noted = outages.noticed(contact, state, event)
        done = (*done, *noted)
    state, planned = plan(state, event.at)
    report = report_of(state)
    if report == state.told:
        return state, (*done, *planned)
    # Told before anything that may take long, so that the screen never waits for the network.
    return replace(state, told=report), (*done, Tell(report), *planned)


def _absorb(state: SyncState, event: Event) -> Step:  # noqa: C901, PLR0911, PLR0912 - one line per event
    match event:
        case Tick():
            return state, ()
        case CopyRead(position=position):
            state = replace(state, position=position, disk_code="", disk=state.disk.passed())
            return removal.position_read(state, position), ()
        case QueueRead():
            return _queue_read(state, event), ()
        case SignedIn() | SignedOut():
            return _actor_changed(state, event), ()
        case CommandSaved():
            return state.with_sending(queue=None), ()
        case Asked(wish=wish):
            return _asked(state, wish, event.at)
        case NetworkChanged(at=at):
            return _network_changed(state, at), ()
        case BundleWanted():
            return couriers.wanted(state, event), ()
        case BundleWritten():
            return couriers.written(state, event)
        case AnswersBrought():
            return couriers.answers_brought(state, event)
        case Stopped():
            return replace(state, stopped=True), ()
        case DiskFailed():
            return couriers.disturbed(_disk_failed(state, event), event.code, event.at), ()
        case RemovalsHeld():
            return receiving.removals_held(state, event), ()
        case RemovalsJudged():
            return receiving.removals_judged(state, event), ()
        case DeviceRefused():
            return removal.refused(state), ()
        case PendingRead():
            return removal.pending_read(state, event), ()
        case LeaveTaken():
            return removal.leave_taken(state, event), ()
        case CopyDestroyed():
            return removal.copy_destroyed(state), ()
        case Broken(call=call):
            return _broken(state, call)
        case Failed():
            return _failed(state, event)
        case _:
            return _answered(_heard(state, event.at), event)


def _answered(state: SyncState, event: Event) -> Step:  # noqa: C901, PLR0911, PLR0912 - one line per event
    match event:
        case HelloAnswered():
            return _greeted(state, event)
        case PongArrived(at=at, pong=pong):
            return _pong(_clock(state, at, pong.server_time), at), ()
        case SnapshotOpened():
            return receiving.snapshot_opened(state, event)
        case SnapshotBlock():
            return receiving.snapshot_block(state, event)
        case SnapshotEnded():
            return receiving.snapshot_ended(state, event)
        case PageArrived():
            return receiving.page_arrived(state, event)
        case OutcomesArrived(at=at, server_time=server_time):
            return sending.outcomes_arrived(replace(_clock(state, at, server_time), busy=None), event)
        case RehearsalAnswered(at=at, server_time=server_time):
            return rehearsing.answered(replace(_clock(state, at, server_time), busy=None), event), ()
        case ProbeAnswered(at=at, server_time=server_time):
            return probing.answered(replace(_clock(state, at, server_time), busy=None), event), ()
        case DigestAnswered():
            return receiving.digest_answered(state, event)
        case BucketArrived():
            return receiving.bucket_arrived(state, event)
        case WipeAnswered():
            return removal.wipe_answered(state, event)
        case RescueAnswered():
            return removal.rescue_answered(state, event), ()
        case WipeConfirmed():
            return removal.confirmed(state)
        case Tick() | CopyRead() | QueueRead() | SignedIn() | SignedOut() | CommandSaved() | Asked():
            raise AssertionError(event)  # absorbed before
        case BundleWanted() | BundleWritten() | AnswersBrought():
            raise AssertionError(event)  # absorbed before
        case NetworkChanged() | Stopped() | DiskFailed() | RemovalsHeld() | RemovalsJudged() | Broken() | Failed():
            raise AssertionError(event)  # absorbed before
        case DeviceRefused() | PendingRead() | LeaveTaken() | CopyDestroyed():
            raise AssertionError(event)  # absorbed before
        case _ as unreachable:
            assert_never(unreachable)


def _queue_read(state: SyncState, event: QueueRead) -> SyncState:
    """Take the rows; a drained outbox ends the count of "n of m"."""
    unsent = any(row.state in UNSENT for row in event.rows)
    state = replace(state, disk_code="", disk=state.disk.passed())
    return state.with_sending(
        queue=event.rows,
        shown=event.rows,
        queue_changes=state.sending.queue_changes + (event.rows != state.sending.shown),
        sent=state.sending.sent if unsent else 0,
        stock=event.stock,
    )


def _actor_changed(state: SyncState, event: SignedIn | SignedOut) -> SyncState:
    """Another person, another outbox. The copy stays: it belongs to the office.

    The answer to what is under way is still waited for, whoever sits here when it comes: else it would be asked twice.
    """
    actor = event.actor if isinstance(event, SignedIn) else None
    before = state.sending
    contact = replace(state.contact, greeted=False, session_ended=False, blocked="")
    fresh = replace(
        state,
        actor=actor,
        comings=state.comings + 1,
        contact=contact,
        courier=replace(state.courier, folder=""),
        sending=Sending(queue_changes=before.queue_changes, paused=before.paused, ids=before.ids, sender=before.sender),
    )
    return fresh.with_receiving(circuit=state.receiving.circuit.forced(event.at.mono), caught_up=False)


def _asked(state: SyncState, wish: Wish, at: Moment) -> Step:
    match wish:
        case Wish.PAUSE:
            return state.with_sending(paused=True), ()
        case Wish.RESUME:
            return state.with_sending(paused=False), ()
        case Wish.REHEARSE:
            return rehearsing.asked_for(state), ()
        case Wish.SEND | Wish.SEND_ALL:
            return rehearsing.released(state, at, all_of_it=wish is Wish.SEND_ALL), ()
        case Wish.NOW:
            state = rehearsing.released(state, at, all_of_it=False)
            state = _every_circuit_forced(state, at).with_contact(blocked="", greeted=False)
            state = state.with_sending(queue=None, stopped_by="")
            if state.actor is None or not removal.leaves_a_copy(state):
                return state, ()  # a copy that is destroyed holds nothing that waits
            return state, (Hasten(state.actor.account_id),)
        case _ as unreachable:
            assert_never(unreachable)


def _every_circuit_forced(state: SyncState, at: Moment) -> SyncState:
    state = removal.hastened(state, at).with_sending(circuit=state.sending.circuit.forced(at.mono))
    state = state.with_receiving(circuit=state.receiving.circuit.forced(at.mono), caught_up=False, digest_from=at.mono)
    return replace(state, disk=state.disk.forced(at.mono))


def _network_changed(state: SyncState, at: Moment) -> SyncState:
    state = removal.hastened(state, at).with_sending(circuit=state.sending.circuit.hastened(at.mono))
    return state.with_receiving(circuit=state.receiving.circuit.hastened(at.mono), caught_up=False)


def _disk_failed(state: SyncState, event: DiskFailed) -> SyncState:
    """What is on the disk is the truth: forget everything that was believed of it and read it again, after a wait."""
    state, chance = state.chance()
    disk = state.disk.failed(Trouble(TroubleKind.SERVER, event.code), event.at, chance)
    state = replace(state, busy=None, position=None, disk=disk, disk_code=event.code)
    state = state.with_sending(queue=None, shown=None, ids=()).with_receiving(caught_up=False, repair=())
    # A welcome that is not on the disk greets nobody: the copy would know no keys, and could prove no order later on.
    state = state.with_contact(greeted=state.contact.greeted and not event.lost_welcome)
    return replace(state, removal=removal.again(state.removal))


def _broken(state: SyncState, call: Call) -> Step:
    state = replace(state, busy=None)
    return sending.given_up(state) if call is Call.COMMANDS else (state, ())


def _failed(state: SyncState, event: Failed) -> Step:
    """Sort a failure by the class of its call; what it says about the service as a whole is noted first."""
    kind = event.trouble.kind
    state = replace(state, busy=None)
    if kind in REACHED:
        state = _heard(state, event.at)
    elif state.contact.offline_since is None:
        state = state.with_contact(offline_since=event.at.wall)
    if event.call in removal.CALLS:
        return removal.failed(state, event)
    if kind in _PERSONAL and state.asked_as != state.comings and event.trouble.code != removal.REVOKED:
        return _broken(state, event.call)  # it was said to somebody who has left, or to a session that has ended
    return _sorted(state, event)


def _sorted(state: SyncState, event: Failed) -> Step:
    kind = event.trouble.kind
    is_over = kind is TroubleKind.SIGN_IN and state.actor is not None
    if event.trouble.code == removal.REVOKED:
        is_over = not removal.knows_the_service(state)  # at sign-in the computer is set up anew: nothing is lost
        state = state if is_over else removal.refused(state)
    if event.call is Call.COMMANDS:
        return sending.commands_failed(state, event)
    if is_over:
        return sending.session_over(state), ()
    if event.call in _QUESTIONS:
        return _question_failed(state, event), ()
    if kind is TroubleKind.TOO_OLD:
        return _too_old(state, event)
    return receiving.receiving_failed(state, event)


def _question_failed(state: SyncState, event: Failed) -> SyncState:
    if event.trouble.kind in {TroubleKind.REFUSED, TroubleKind.TOO_OLD}:
        return state.with_sending(stopped_by=event.trouble.code)
    return rehearsing.failed(state, event) if event.call is Call.REHEARSAL else probing.failed(state, event)


def _too_old(state: SyncState, event: Failed) -> Step:
    """426: sending pauses until the program is updated, reading goes on as far as the service lets it.

    A copy that was never greeted knows nobody's keys: it could not prove an order to leave, and reads nothing yet.
    """
    state = state.with_sending(stopped_by=event.trouble.code)
    if event.call is Call.HELLO and removal.knows_the_service(state):
        return state.with_contact(greeted=True, greeted_mono=event.at.mono), ()
    return receiving.receiving_failed(state, event)


def _greeted(state: SyncState, event: HelloAnswered) -> Step:
    """Take the welcome, unless this copy belongs to another institution: then nothing is mixed, a person must act."""
    welcome, position = event.welcome, state.position or Position()
    state = replace(_clock(state, event.at, welcome.server_time), busy=None)
    if position.institution_id and position.institution_id != welcome.institution.id:
        return state.with_contact(blocked="wrong_institution"), ()
    state = replace(
        state,
        position=replace(
            position,
            server_id=welcome.server_id,
            institution_id=welcome.institution.id,
            courier_key=welcome.courier_key,
        ),
    )
    state = state.with_receiving(circuit=state.receiving.circuit.passed(), digest_from=event.at.mono)
    stock = state.sending.stock
    state = state.with_contact(
        greeted=state.asked_as == state.comings or _is_of(state, welcome.account.id),
        greeted_mono=event.at.mono,
        blocked="",
        epoch=welcome.epoch,
        protocol=welcome.protocol,
        numbers_refused=welcome.lease is None and runs_low(stock.form_numbers or 0),
        codes_refused=welcome.code_lease is None and runs_low(stock.codes or 0),
        offline_until=welcome.offline_until,
        server_version=welcome.server_version,
    )
    # Who is greeted is not too old, whoever said so: some proxy in between, or the service before it was set right.
    stopped_by = "" if state.sending.stopped_by == FaultCode.CLIENT_TOO_OLD else state.sending.stopped_by
    state = state.with_sending(stock=_filled(stock, welcome), stopped_by=stopped_by)
    return state, (KeepWelcome(welcome, event.at),)


def _is_of(state: SyncState, account_id: AccountId) -> bool:
    """Return whether this is who sits here. A colleague is greeted himself: he may get the numbers another may not."""
    return state.actor is not None and state.actor.account_id == account_id


def _filled(stock: Stock, welcome: Welcome) -> Stock:
    """Return the stock with what hello brought."""
    numbers = welcome.lease.size if welcome.lease is not None else 0
    codes = len(welcome.code_lease.codes) if welcome.code_lease is not None else 0
    return replace(stock, form_numbers=(stock.form_numbers or 0) + numbers, codes=(stock.codes or 0) + codes)


def _pong(state: SyncState, at: Moment) -> SyncState:
    """Our server is there: end the waits. Without a session the only thing left is to ask for one."""
    state = replace(state, busy=None)
    state = state.with_sending(circuit=state.sending.circuit.answered(at.mono))
    state = state.with_receiving(circuit=state.receiving.circuit.answered(at.mono))
    if state.actor is not None and not state.actor.session:
        state = state.with_contact(session_ended=True)
        state = state.with_receiving(circuit=state.receiving.circuit.passed())
    return state


def _heard(state: SyncState, at: Moment) -> SyncState:
    return state.with_contact(heard_at=at.wall, offline_since=None)


def _clock(state: SyncState, at: Moment, server_time: datetime) -> SyncState:
    """Compare the clocks in the middle of the exchange; a long poll is no measure, so only short ones come here."""
    half = timedelta(seconds=max(0.0, at.mono - state.contact.asked_mono) / 2)
    offset = (at.wall - half - server_time).total_seconds()
    return state.with_contact(clock_offset_s=offset, clock_gap_s=at.clock_gap_s)
