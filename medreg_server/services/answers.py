"""Why an institution's command cannot be carried out, as the outcome it gets (``sync.md`` §5.6, decision matrix)."""

from __future__ import annotations

from datetime import datetime

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application, HistoryEntry
from medreg_core.domain.states import rule_for
from medreg_core.domain.vocabulary import Move, OutcomeKind, Role

_DECISIONS = frozenset({Move.AGREE, Move.RETURN, Move.REFUSE})
_UNDOING = frozenset({Move.WITHDRAW_CONSENT, Move.RESUBMIT})


class Stopped(Exception):
    """Ends the handling of a command with an outcome; nothing of the command itself has been written by then."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


def rejected(command: Command, code: FaultCode, **params: str) -> Stopped:
    """Return a final refusal: the command can never be carried out as it is."""
    return Stopped(Outcome(id=command.id, kind=OutcomeKind.REJECTED, code=code, params=params))


def stale(command: Command, move: Move, application: Application) -> Stopped:
    """Return what happened to the application since the version that the registrar read.

    The same decision, still standing, closes the command (superseded). Anything else needs a person (conflict): a
    colleague decided otherwise, the applicant edited or withdrew, the commission went on, or the row is another one.
    """
    since = _since(command, application.history)
    standing = _standing(since, move)
    if standing is not None and standing.move is move:
        return Stopped(_told(command, application, OutcomeKind.SUPERSEDED, FaultCode.ALREADY_DECIDED, standing))
    if standing is not None:
        return Stopped(_told(command, application, OutcomeKind.CONFLICT, FaultCode.ALREADY_DECIDED, standing))
    last = since[-1] if since else None
    code = FaultCode.STATE_CONFLICT if rule_for(application.state, move) is None else FaultCode.VERSION_CONFLICT
    return Stopped(_told(command, application, OutcomeKind.CONFLICT, code, last))


def _since(command: Command, history: tuple[HistoryEntry, ...]) -> list[HistoryEntry]:
    """Return the steps made behind the author's back: behind the one he saw, unless a restore has taken that."""
    for place, entry in enumerate(history, start=1):
        if entry.version == command.base_version and entry.at == command.seen_at:
            return list(history[place:])
    return [entry for entry in history if _is_since(entry, command)]


def _is_since(entry: HistoryEntry, command: Command) -> bool:
    """Return whether the step was made behind the author's back, perhaps under a lower number after a restore."""
    return entry.version > command.base_version or (command.seen_at is not None and entry.at > command.seen_at)


def _standing(since: list[HistoryEntry], move: Move) -> HistoryEntry | None:
    """Return the institution's decision among ``since`` that nothing has undone, or None.

    Withdrawing the consent is itself a decision when that is what was asked for.
    """
    found: HistoryEntry | None = None
    for entry in since:
        if entry.move in _DECISIONS or entry.move is move:
            found = entry
        elif entry.move in _UNDOING:
            found = None
    return found


def _told(
    command: Command, application: Application, kind: OutcomeKind, code: FaultCode, entry: HistoryEntry | None
) -> Outcome:
    return Outcome(
        id=command.id,
        kind=kind,
        code=code,
        params={"state": application.state.value},
        version=application.version,
        by=_who(entry),
        at=None if entry is None else entry.at,
        current=application if kind is OutcomeKind.CONFLICT else None,
    )


def _who(entry: HistoryEntry | None) -> str:
    if entry is None:
        return ""
    if entry.role is Role.PHYSICIAN:
        return "applicant"
    return "commission" if entry.role is Role.COMMISSION else entry.actor


def accepted(command: Command, version: int, at: datetime) -> Outcome:
    """Return the answer to a command that took effect; its feed position is filled in when that is known."""
    return Outcome(id=command.id, kind=OutcomeKind.ACCEPTED, version=version, at=at)
