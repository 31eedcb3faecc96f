"""What the register holds of an applicant today: as before, or as an approved application has changed it.

Says the same as :mod:`medreg_server.services.approvals`, without a database: a test holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application, InstitutionId, Registration, Request
from medreg_core.domain.vocabulary import ChangePart, Kind, Move, RegistrationState
from medreg_server.services.demo.contents import Content
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import Hospital

_ENTERING: Final = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.TRANSFER_FROM_MILITARY})
_ENDING: Final = {
    Kind.CANCELLATION: RegistrationState.CANCELLED,
    Kind.DEPARTURE_FILING: RegistrationState.FILED,
    Kind.TRANSFER_TO_MILITARY: RegistrationState.CHANGED_OUT,
}


@dataclass(frozen=True, slots=True)
class Held:
    """A practice registration and the hospital of the demo where it is, if it is at one."""

    registration: Registration
    hospital: Hospital | None

    @property
    def institution_id(self) -> InstitutionId | None:
        """The institution in the register, None for one that is not connected to it."""
        return None if self.hospital is None else self.hospital.institution.id


def approved_on(application: Application) -> date | None:
    """Return the day of 准予, or None before it."""
    return next((china_date(entry.at) for entry in application.history if entry.move is Move.APPROVE), None)


def held_now(
    application: Application, content: Content, hospital: Hospital, serials: PracticeSerials
) -> tuple[Held, ...]:
    """Return the applicant's registrations as of now, the one that counts first."""
    before = application.registration
    on = approved_on(application)
    if on is None:
        return () if before is None else (Held(before, content.registered_at),)
    code_parts = (application.request.level, content.qualification.exam_category)
    if application.kind in _ENTERING:
        new = Held(_entered(application.request, serials.next_code(*code_parts), on), hospital)
        return (new, *_ended(before, content.registered_at))
    assert before is not None
    if application.kind is not Kind.CHANGE:
        return (Held(_altered(application.kind, before, hospital.institution.name, on), content.registered_at),)
    changed = _changed(before, application.request)
    if application.change_part is ChangePart.PLACE:
        moved = replace(changed, practice_code=serials.next_code(*code_parts), registered_on=on)
        return (Held(moved, hospital), *_ended(before, content.registered_at))
    return (Held(changed, hospital),)


def _ended(before: Registration | None, hospital: Hospital | None) -> tuple[Held, ...]:
    return () if before is None else (Held(replace(before, state=RegistrationState.CHANGED_OUT), hospital),)


def _entered(request: Request, practice_code: str, on: date) -> Registration:
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


def _altered(kind: Kind, before: Registration, institution_name: str, on: date) -> Registration:
    if kind in _ENDING:
        return replace(before, state=_ENDING[kind], practising_until=on)
    if kind is Kind.MULTI_PLACE_WITHDRAWAL:
        return replace(before, sites=())
    others = tuple(site for site in before.sites if site != institution_name)
    return replace(before, sites=(*others, institution_name) if kind is Kind.MULTI_SITE_FILING else others)
