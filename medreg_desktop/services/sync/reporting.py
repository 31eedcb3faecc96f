"""From the engine's state to what the screens show."""

from __future__ import annotations

from medreg_desktop.services.sync import rehearsing, removal
from medreg_desktop.services.sync.circuit import Circuit
from medreg_desktop.services.sync.lamp import Situation, lamp
from medreg_desktop.services.sync.outbox_view import FOR_A_PERSON, UNSENT, Position, RowState
from medreg_desktop.services.sync.report import SyncReport, Wait
from medreg_desktop.services.sync.state import SyncState


def report_of(state: SyncState) -> SyncReport:
    """Return the report of this state."""
    rows = state.sending.queue or ()
    told = state.told or SyncReport()
    known = state.sending.queue is not None
    # While the queue is being read again the last counts stand; the lamp knows that they are not certain.
    unsent = sum(1 for row in rows if row.state in UNSENT) if known else told.unsent
    apart = sum(1 for row in rows if row.state is RowState.QUARANTINED) if known else told.quarantined
    needs_you = sum(1 for row in rows if row.state in FOR_A_PERSON) if known else told.needs_you
    position, receiving, contact = state.position or Position(), state.receiving, state.contact
    rehearsed = rehearsing.report_of(state)
    beyond_service = sum(1 for row in rows if row.is_beyond(contact.protocol))
    begun, circuit = position.snapshot, _trouble_circuit(state, unsent - beyond_service)
    situation = Situation(
        needs_you=needs_you,
        unsent=unsent,
        sent=state.sending.sent,
        queue_known=known,
        session=state.actor is not None and state.actor.session,
        session_ended=contact.session_ended,
        blocked=removal.blocked_by(state) or contact.blocked or state.disk_code or state.sending.stopped_by,
        trouble=circuit.trouble,
        clock_offset_s=contact.clock_offset_s,
        offline_since=contact.offline_since,
        next_try_at=circuit.next_try_at,
        synced_at=receiving.synced_at,
        caught_up=receiving.caught_up and not receiving.resync,
        loaded=begun.count if begun else 0,
        to_load=begun.total if begun else 0,
        paused=state.sending.paused,
        beyond_service=beyond_service,
        would_need_you=rehearsed.needs_you if rehearsed else 0,
    )
    return SyncReport(
        lamp=lamp(situation),
        unsent=unsent,
        needs_you=needs_you,
        quarantined=apart,
        paused=state.sending.paused,
        synced_at=receiving.synced_at,
        heard_at=contact.heard_at,
        offline_until=contact.offline_until,
        clock_offset_s=contact.clock_offset_s,
        copy_changes=receiving.copy_changes,
        queue_changes=state.sending.queue_changes,
        copy_usable=bool(position.cursor) or (begun is not None and begun.count > 0),
        loaded=begun.count if begun else 0,
        to_load=begun.total if begun else 0,
        resync_reason=receiving.resync,
        sign_in_wanted=contact.session_ended,
        server_version=contact.server_version,
        repaired_buckets=receiving.repaired,
        anomalies=receiving.anomalies,
        sending=_wait(state.sending.circuit),
        receiving=_wait(receiving.circuit),
        removals_held=receiving.held is not None,
        form_numbers_left=state.sending.stock.form_numbers,
        removal=removal.report_of(state),
        epoch=position.epoch,
        seq=position.seq,
        guard=receiving.guard,
        rehearses=contact.rehearses,
        rehearsed=rehearsed,
        bundle=state.courier.note,
    )


def _wait(circuit: Circuit) -> Wait:
    trouble = circuit.trouble
    return Wait(circuit.failures, trouble.code, circuit.next_try_at) if trouble else Wait()


def _trouble_circuit(state: SyncState, waiting: int) -> Circuit:
    """Return the circuit that speaks for the service: that of the commands, as long as one waits for it.

    What is beyond the service does not: nothing of it leaves, so that circuit would never hear that the line is back.
    """
    in_trouble = state.sending.circuit.trouble is not None and waiting > 0
    return state.sending.circuit if in_trouble else state.receiving.circuit
