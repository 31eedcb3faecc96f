"""What a rehearsal says of the queue before it is sent (``sync.md`` §3): advice on the screen, never an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind


class Prospect(StrEnum):
    """What would become of a command if it were sent now."""

    PASSES = "passes"
    NEEDS_YOU = "needs_you"
    FOLLOWS = "follows"  # it hangs on one that needs a person, and stops with it
    UNKNOWN = "unknown"  # the service could not say; sent as usual


AFFECTED = frozenset({Prospect.NEEDS_YOU, Prospect.FOLLOWS})

_WAITS = frozenset({FaultCode.DEPENDENCY_FAILED.value, FaultCode.WAITS_FOR_COMMAND.value})


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is foreseen for one command. ``said`` is the rehearsed answer, None where there was none."""

    id: CommandId
    prospect: Prospect
    said: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal as the screen shows it. ``sends_at``: when what passes goes by itself, None once it may go."""

    asked: int
    total: int
    passes: int = 0
    unknown: int = 0
    affected: tuple[Forecast, ...] = ()
    sends_at: datetime | None = None
    holds_until: datetime | None = None  # when the affected go too, for the register to decide

    @property
    def is_running(self) -> bool:
        """Whether answers are still awaited."""
        return self.asked < self.total

    @property
    def needs_you(self) -> int:
        """How many commands need the registrar; what only follows them is not counted."""
        return sum(1 for forecast in self.affected if forecast.prospect is Prospect.NEEDS_YOU)


def foreseen(command: CommandId, said: Outcome | None) -> Forecast:
    """Sort a rehearsed answer."""
    if said is None or said.kind in {OutcomeKind.RETRY, OutcomeKind.DEFERRED}:
        return Forecast(command, Prospect.UNKNOWN, said)
    if said.kind in {OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED}:
        return Forecast(command, Prospect.PASSES, said)
    return Forecast(command, Prospect.FOLLOWS if follows(said) else Prospect.NEEDS_YOU, said)


def follows(said: Outcome) -> bool:
    """Return whether a command would stop only because of the one it hangs on."""
    return said.kind is OutcomeKind.REJECTED and said.code in _WAITS
