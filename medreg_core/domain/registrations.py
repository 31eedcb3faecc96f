"""What an approved application makes of a practice registration (``domain.md`` §3.4 for the kinds, §7.3 for the code).

Pure: who allots the practice code and where the result is kept is the register's affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from medreg_core.domain.records import Application, Registration, Request
from medreg_core.domain.vocabulary import ChangePart, Kind, Level, RegistrationState

ENTERING: Final = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.TRANSFER_FROM_MILITARY})
"""Kinds whose approval gives a new registration; all others alter one that is held."""

ENDING: Final = {
    Kind.TRANSFER_TO_MILITARY: RegistrationState.CHANGED_OUT,
    Kind.CANCELLATION: RegistrationState.CANCELLED,
    Kind.DEPARTURE_FILING: RegistrationState.FILED,
}
"""Kinds whose approval ends the registration, and the state it ends in."""

_CHANGED: Final = {
    ChangePart.PLACE: ("place", "institution_name", "institution_code", "department"),
    ChangePart.MAIN_INSTITUTION: ("institution_name", "institution_code", "department"),
    ChangePart.CATEGORY: ("category", "scopes", "department"),
    ChangePart.SCOPE: ("scopes", "department"),
}
"""What each part of a change writes. Nothing else: the rest of the request was written when it stood otherwise."""


def standing_order(registration: Registration) -> tuple[bool, int, str]:
    """Sort key of one physician's registrations: valid ones first, the newest first."""
    is_over = registration.state is not RegistrationState.VALID
    return (is_over, -registration.registered_on.toordinal(), registration.practice_code)


def concerned(held: Iterable[Registration]) -> Registration | None:
    """Return which of a physician's registrations an application is about, or None when there is none.

    Asked when the applicant submits, at the consent and at the approval: another answer than before means that the
    register has changed under the application.
    """
    return next(iter(sorted(held, key=standing_order)), None)


def entered(request: Request, practice_code: str, approved_on: date) -> Registration:
    """Return the registration that a request of an entering kind gives."""
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
        registered_on=approved_on,
    )


def altered(application: Application, current: Registration, approved_on: date) -> Registration:
    """Return the held registration as an application of any other kind leaves it, under the code it has."""
    request = application.request
    if application.kind in ENDING:
        return replace(current, state=ENDING[application.kind], practising_until=approved_on)
    if application.kind is Kind.CHANGE:
        part = application.change_part or ChangePart.PLACE
        return replace(current, **{field: getattr(request, field) for field in _CHANGED[part]})
    return _with_sites(application.kind, request.institution_name, current)


def moves_institution(application: Application) -> bool:
    """Whether the approval registers the physician with the institution applied to."""
    return application.kind in ENTERING or application.change_part in (ChangePart.PLACE, ChangePart.MAIN_INSTITUTION)


def is_assistant(application: Application) -> bool:
    """Whether the rules for 执业助理医师 apply.

    Who registers is what the request says: an assistant who has become a physician registers anew where he moves. All
    else is done to a registration that is held, whatever level the applicant writes.
    """
    held = application.registration
    if application.kind in ENTERING or held is None:
        return application.request.level is Level.ASSISTANT
    return Level.ASSISTANT in (held.level, application.request.level)


def leaves_province(application: Application, current: Registration) -> bool:
    """Whether the change takes the physician to another province, whose register gives another practice code."""
    to_place = application.kind is Kind.CHANGE and application.change_part is ChangePart.PLACE
    return to_place and current.place[:2] != application.request.place[:2]


def _with_sites(kind: Kind, site: str, current: Registration) -> Registration:
    """Return the registration with its 多执业机构 as approved; the main institution stays."""
    others = tuple(name for name in current.sites if name != site)
    match kind:
        case Kind.MULTI_SITE_FILING:
            return replace(current, sites=(*others, site))
        case Kind.MULTI_SITE_WITHDRAWAL:
            return replace(current, sites=others)
        case _:  # MULTI_PLACE_WITHDRAWAL ends them all
            return replace(current, sites=())
