"""A rehearsal as the sync loop would report it, for the screens."""

from __future__ import annotations

from datetime import timedelta

from medreg_core.contract.v1.commands import Outcome
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync.forecast import Forecast, Rehearsed, foreseen
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from tests.desktop.cache.office import NOW


def conflicting(command_id: CommandId, current: Application) -> Forecast:
    """The applicant has edited meanwhile."""
    said = Outcome(
        id=command_id, kind=OutcomeKind.CONFLICT, code="version_conflict", by="applicant", at=NOW, current=current
    )
    return foreseen(command_id, said)


def failing(command_id: CommandId) -> Forecast:
    """A material is missing."""
    said = Outcome(id=command_id, kind=OutcomeKind.REJECTED, code="reason_missing")
    return foreseen(command_id, said)


def following(command_id: CommandId) -> Forecast:
    """It hangs on a decision that would not be taken."""
    return foreseen(command_id, Outcome(id=command_id, kind=OutcomeKind.REJECTED, code="dependency_failed"))


def rehearsed(*affected: Forecast, passes: int = 212, seconds: float = 25.0) -> SyncReport:
    """The report while the registrar may look."""
    total = passes + len(affected)
    told = Rehearsed(
        asked=total,
        total=total,
        passes=passes,
        affected=affected,
        sends_at=NOW + timedelta(seconds=seconds),
        holds_until=NOW + timedelta(minutes=5),
    )
    lamp = Lamp(LampKind.SENDING, len(affected), total=total, code="rehearsed")
    return SyncReport(lamp=lamp, synced_at=NOW, heard_at=NOW, unsent=total, rehearsed=told)
