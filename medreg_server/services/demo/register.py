"""What the register holds of an applicant today: as before, or as an approved application has changed it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application, Registration, Request
from medreg_core.domain.vocabulary import Kind, Move, RegistrationState
from medreg_server.services.demo.contents import Content
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import Hospital

_ENTRIES: Final = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.TRANSFER_FROM_MILITARY})


def registered_after(
    application: Application, content: Content, hospital: Hospital, serials: PracticeSerials
) -> tuple[Registration | None, Hospital | None]:
    """Return the applicant's registration and the demo hospital where it is, both as of now."""
    approved = next((entry for entry in application.history if entry.move is Move.APPROVE), None)
    before = application.registration
    if approved is None:
        return before, content.registered_at
    if application.kind in _ENTRIES:
        code = serials.next_code(application.request.level, content.qualification.exam_category)
        return _newly_registered(application, code, china_date(approved.at)), hospital
    assert before is not None
    if application.kind is Kind.CHANGE:
        return _changed(before, application.request), hospital
    return _left(application.kind, before, hospital.institution.name), content.registered_at


def _newly_registered(application: Application, practice_code: str, on: date) -> Registration:
    request = application.request
    return Registration(
        practice_code=practice_code,
        state=RegistrationState.VALID,
        level=request.level,
        category=request.category,
        scopes=request.scopes,
        place=request.place,
        institution_name=request.institution_name,
        institution_code=request.institution_code,
        department=request.department,
        registered_on=on,
    )


def _changed(before: Registration, request: Request) -> Registration:
    return replace(
        before,
        category=request.category,
        scopes=request.scopes,
        place=request.place,
        institution_name=request.institution_name,
        institution_code=request.institution_code,
        department=request.department,
    )


def _left(kind: Kind, before: Registration, institution_name: str) -> Registration:
    match kind:
        case Kind.MULTI_SITE_FILING:
            return replace(before, sites=(*before.sites, institution_name))
        case Kind.MULTI_SITE_WITHDRAWAL:
            return replace(before, sites=tuple(site for site in before.sites if site != institution_name))
        case Kind.CANCELLATION:
            return replace(before, state=RegistrationState.CANCELLED)
        case Kind.DEPARTURE_FILING:
            return replace(before, state=RegistrationState.FILED)
        case Kind.TRANSFER_TO_MILITARY:
            return replace(before, state=RegistrationState.CHANGED_OUT)
        case _:
            return before
