"""The server's own look at an application before it takes a consent: clients' checks are comfort, this one decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application
from medreg_core.domain.registrations import concerned
from medreg_core.domain.rules import ReviewContext, check, may_agree
from medreg_server.db.consents import Standing
from medreg_server.services.environment import Environment

_CODES: Final = {
    "state": FaultCode.STATE_CONFLICT,
    "check_failed": FaultCode.CHECK_FAILED,
    "material_missing": FaultCode.MATERIAL_MISSING,
    "original_unseen": FaultCode.MATERIAL_MISSING,
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """The first thing that stands in the way of a consent."""

    code: FaultCode
    params: dict[str, str]


_MOVED: Final = Obstacle(FaultCode.CHECK_FAILED, {"check": "registration_moved"})
"""Another approval came in between: what he asks for, and what the rules say of it, rests on what is no more."""


def first_blocker(environment: Environment, application: Application, standing: Standing) -> Obstacle | None:
    """Return what stands in the way of agreeing to ``application``, its checklist filled in, or None."""
    if concerned(application, standing.institution, standing.registrations) != application.registration:
        return _MOVED
    tables = environment.tables
    known = replace(application, other_pending=standing.other_pending)
    context = ReviewContext(
        today=environment.today(),
        tables=tables,
        calendar=tables.calendar,
        institution=standing.institution,
        online=True,
    )
    blockers = may_agree(known, check(known, context), tables)
    return Obstacle(_CODES[blockers[0].code], dict(blockers[0].params)) if blockers else None
