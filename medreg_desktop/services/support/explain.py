"""Why a state is what it is: what is known of the lamp or of one decision, put together for the explain panel. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.events import Call
from medreg_desktop.services.sync.forecast import Forecast
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import SENTENCES
from medreg_desktop.services.transport.attempts import Attempt


class Topic(StrEnum):
    """Everything that can be asked 「为什么」."""

    NEEDS_YOU = "needs_you"
    BLOCKED = "blocked"  # the lamp's needs-you without an item: disk, update, another institution
    SIGN_IN = "sign_in"
    NETWORK_SIGN_IN = "network_sign_in"
    CLOCK = "clock"
    SERVER_SILENT = "server_silent"
    OFFLINE = "offline"
    SENDING = "sending"
    PAUSED = "paused"
    RECEIVING = "receiving"
    RESYNC = "resync"  # a new copy is fetched beside the old one
    REMOVALS_HELD = "removals_held"
    REHEARSAL = "rehearsal"
    SYNCED = "synced"
    ROW_SYNCED = "row_synced"
    ROW_WAITING = "row_waiting"
    ROW_HELD = "row_held"  # the rehearsal foresees trouble
    ROW_SENDING = "row_sending"
    ROW_DEFERRED = "row_deferred"
    ROW_CONFLICT = "row_conflict"
    ROW_REFUSED = "row_refused"
    ROW_LOST = "row_lost"  # accepted, and no longer held by a service that was restored from a backup
    ROW_QUARANTINED = "row_quarantined"
    ROW_ACCEPTED = "row_accepted"
    ROW_CLOSED = "row_closed"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the panel says. ``code`` is a fault code or empty; ``attempts`` the newest first."""

    topic: Topic
    since: datetime | None = None
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    next_try: datetime | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def request_id(self) -> str:
        """The service's id of the last exchange that it gave one: what its operator can find in his log."""
        return next((attempt.request_id for attempt in self.attempts if attempt.request_id), "")


_LAMP: Mapping[LampKind, Topic] = {kind: Topic(kind.value) for kind in LampKind}

_WAITING = frozenset({OutboxState.QUEUED, OutboxState.DEFERRED})


def of_lamp(report: SyncReport, diary: Diary) -> Explanation:
    """Explain the lamp."""
    lamp, topic = report.lamp, lamp_topic(report)
    change = diary.lamp_since(lamp)
    own = topic is Topic.NEEDS_YOU
    attempts = diary.log.of_call(Call.COMMANDS) if own else diary.log.latest()
    return Explanation(
        topic,
        lamp.since if lamp.kind is LampKind.OFFLINE and lamp.since else change.at if change else None,
        _known(lamp.code) or _known(report.resync_reason) or _trouble(lamp, attempts),
        _numbers(lamp),
        lamp.next_try_at or _earliest(report),
        attempts[::-1],
    )


def lamp_topic(report: SyncReport) -> Topic:
    """Return what the lamp speaks of; several states share its words "receiving" and "needs you"."""
    lamp = report.lamp
    if lamp.kind is LampKind.NEEDS_YOU and not report.needs_you:
        return Topic.BLOCKED
    if lamp.kind in (LampKind.SENDING, LampKind.SYNCED) and report.removals_held:
        return Topic.REMOVALS_HELD
    if lamp.kind is LampKind.SENDING and lamp.code == "paused":
        return Topic.PAUSED
    if lamp.kind is LampKind.SENDING and lamp.code == "receiving":
        return Topic.RESYNC if report.resync_reason else Topic.RECEIVING
    if lamp.kind is LampKind.SENDING and report.rehearsed is not None:
        return Topic.REHEARSAL
    return _LAMP[lamp.kind]


def of_command(row: OutboxRow, report: SyncReport, diary: Diary) -> Explanation:
    """Explain where one decision of the registrar stands."""
    foreseen = _foreseen(row, report)
    if foreseen is not None and report.rehearsed is not None:
        said, due = foreseen.said, report.rehearsed.holds_until
        return Explanation(Topic.ROW_HELD, row.saved_at, _known(said.code) if said else "", next_try=due)
    waits = row.state in _WAITING
    holds_all = report.sending.code or (report.lamp.code if report.lamp.kind is not LampKind.NEEDS_YOU else "")
    params = {**_numbers(report.lamp), **(row.outcome.params if row.outcome else {})}
    return Explanation(
        row_topic(row),
        row.deferred_since or row.settled_at or row.saved_at,
        _known(row.last_cause) or (_chained(row) or _known(holds_all) if waits else ""),
        params,
        _next_of(row, report) if waits else None,
        diary.log.of_command(row.command.id)[::-1],
    )


def of_settled(report: SyncReport, diary: Diary) -> Explanation:
    """Explain the word of an application on which nothing of the registrar waits."""
    return Explanation(Topic.ROW_SYNCED, report.synced_at, attempts=diary.log.of_call(Call.CHANGES)[::-1])


def row_topic(row: OutboxRow) -> Topic:
    """Return where a decision stands."""
    match row.state:
        case OutboxState.QUEUED:
            return Topic.ROW_WAITING
        case OutboxState.IN_FLIGHT:
            return Topic.ROW_SENDING
        case OutboxState.DEFERRED:
            return Topic.ROW_DEFERRED
        case OutboxState.QUARANTINED:
            return Topic.ROW_QUARANTINED
        case OutboxState.NEEDS_YOU:
            return _for_a_person(row)
        case OutboxState.DONE:
            accepted = row.outcome is not None and row.outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED)
            return Topic.ROW_ACCEPTED if accepted and not row.resolution else Topic.ROW_CLOSED


def _for_a_person(row: OutboxRow) -> Topic:
    if row.is_lost:
        return Topic.ROW_LOST
    conflict = row.outcome is not None and row.outcome.kind is OutcomeKind.CONFLICT
    return Topic.ROW_CONFLICT if conflict else Topic.ROW_REFUSED


def _foreseen(row: OutboxRow, report: SyncReport) -> Forecast | None:
    if row.state is not OutboxState.QUEUED or report.rehearsed is None or report.rehearsed.holds_until is None:
        return None
    return next((forecast for forecast in report.rehearsed.affected if forecast.id == row.command.id), None)


def _chained(row: OutboxRow) -> str:
    return "waits_for_command" if row.command.depends_on is not None else ""


def _next_of(row: OutboxRow, report: SyncReport) -> datetime | None:
    return row.next_try or report.sending.next_try_at or report.lamp.next_try_at


def _known(code: str) -> str:
    return code if code in SENTENCES else ""


def _trouble(lamp: Lamp, attempts: tuple[Attempt, ...]) -> str:
    """Return what the last exchange failed of, for a lamp that shows trouble without naming it."""
    calm = lamp.kind in (LampKind.SYNCED, LampKind.SENDING, LampKind.NEEDS_YOU)
    return "" if calm or not attempts else _known(attempts[-1].code)


def _numbers(lamp: Lamp) -> dict[str, str]:
    return {"minutes": str(abs(lamp.minutes_fast))}


def _earliest(report: SyncReport) -> datetime | None:
    sends_at = report.rehearsed.sends_at if report.rehearsed else None
    tries = (report.sending.next_try_at, report.receiving.next_try_at, sends_at)
    return min((at for at in tries if at is not None), default=None)
