"""One step of the state machine on a stored application: new state, version, history row, audit row, feed change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application, ApplicationId, HistoryEntry
from medreg_core.domain.states import Rule, rule_for
from medreg_core.domain.vocabulary import Move, Role
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id


@dataclass(frozen=True, slots=True)
class Step:
    """A move that somebody wants to make, at a moment, with words where the rule asks for them."""

    move: Move
    caller: Caller
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The row that somebody had before him: its version, and when that came about where his program says so."""

    version: int
    at: datetime | None = None

    def is_row(self, application: Application) -> bool:
        """Return whether it is this row: after a restore another one may bear the same version."""
        return self.version == application.version and self.at in (None, application.moved_at)


def find(transaction: WriteTransaction, application_id: ApplicationId, caller: Caller, seen: Seen) -> Application:
    """Return the caller's application with its row locked. Raises ServiceFault NOT_FOUND or VERSION_CONFLICT."""
    application = transaction.applications.lock(application_id, caller.scope) if is_id(application_id) else None
    if application is None:
        raise ServiceFault(FaultCode.NOT_FOUND)
    if not seen.is_row(application):
        raise ServiceFault(FaultCode.VERSION_CONFLICT, version=str(application.version))
    return application


def allowed(application: Application, step: Step) -> Rule:
    """Return the rule for the step. Raises ServiceFault NOT_ALLOWED, STATE_CONFLICT or REASON_MISSING."""
    rule = rule_for(application.state, step.move)
    if rule is None:
        raise ServiceFault(FaultCode.STATE_CONFLICT, state=application.state.value)
    if step.caller.account.role not in rule.roles:
        raise ServiceFault(FaultCode.NOT_ALLOWED)
    if rule.needs_reason and not step.reason.strip():
        raise ServiceFault(FaultCode.REASON_MISSING)
    return rule


def moved(application: Application, rule: Rule, step: Step) -> Application:
    """Return the application after the step, with the new versions and its history row."""
    role = step.caller.account.role
    version = application.version + 1
    entry = HistoryEntry(
        at=step.at,
        role=role,
        # The applicant's name stands in the record already; history keeps names of those who acted on it.
        actor="" if role is Role.PHYSICIAN else step.caller.account.name,
        move=step.move,
        version=version,
        reason=step.reason,
    )
    return replace(
        application,
        state=rule.target,
        version=version,
        content_version=application.content_version + rule.new_content,
        history=(*application.history, entry),
        claim=None,
    )


def store(transaction: WriteTransaction, application: Application, step: Step, **detail: str) -> None:
    """Write the application after the step, with its audit row in the chain of its institution."""
    transaction.applications.save(application)
    transaction.record(
        step.caller.event(
            f"application.{step.move.value}",
            application.id,
            chain=application.institution_id,
            version=str(application.version),
            **detail,
        )
    )
