"""What an approved application makes of a practice registration (``domain.md`` §3.4 for the kinds, §7.3 for the code).

Pure: who allots the practice code and where the result is kept is the register's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from medreg_core.domain.records import Application, Institution, Qualification, Registration, Request
from medreg_core.domain.regions import province_of
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


_HELD_HERE: Final = frozenset(
    {Kind.ASSISTANT_UPGRADE, Kind.CANCELLATION, Kind.DEPARTURE_FILING, Kind.TRANSFER_TO_MILITARY}
)
"""Kinds about the registration at the institution applied to; so are changes of category and of scope."""


def concerned(application: Application, institution: Institution, held: Iterable[Registration]) -> Registration | None:
    """Return which of a physician's registrations an application to ``institution`` is about, None if none is held.

    A physician may hold one in each province. Asked when the applicant submits, at the consent and at the approval:
    another answer than before means that the register has changed under the application.
    """
    in_order = sorted(held, key=standing_order)
    valid = (entry for entry in in_order if entry.state is RegistrationState.VALID)
    meant = (entry for entry in valid if _is_meant(application, institution, entry))
    return next(meant, in_order[0] if in_order else None)


def _is_meant(application: Application, institution: Institution, held: Registration) -> bool:
    """Return whether a valid registration stands where one of this kind must stand."""
    is_near = province_of(held.place) == province_of(institution.region)
    match application.kind, application.change_part:
        case Kind.CHANGE, ChangePart.PLACE:
            return not is_near or held.place != application.request.place
        case Kind.CHANGE, ChangePart.CATEGORY | ChangePart.SCOPE:
            return held.institution_name == institution.name
        case kind, _ if kind in _HELD_HERE:
            return held.institution_name == institution.name
        case Kind.MULTI_SITE_WITHDRAWAL, _:
            return institution.name in held.sites
        case _:
            return is_near


def concerned_qualification(request: Request, held: Sequence[Qualification]) -> Qualification | None:
    """Return which of a physician's qualifications a request rests on: of its level and category, else the first."""
    wanted = (request.level, request.category)
    fitting = (entry for entry in held if (entry.level, entry.category) == wanted)
    return next(fitting, held[0] if held else None)


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
        written = {field: getattr(request, field) for field in _CHANGED[part]}
        return replace(current, **written, sites=() if ends_filings(application) else current.sites)
    return _with_sites(application.kind, request.institution_name, current)


def ends_filings(application: Application) -> bool:
    """Whether filings elsewhere end: a new main institution or place is a new registration (13号令 Art. 20)."""
    return application.kind is Kind.CHANGE and application.change_part in (
        ChangePart.PLACE,
        ChangePart.MAIN_INSTITUTION,
    )


def moves_institution(application: Application) -> bool:
    """Whether the approval registers the physician with the institution applied to."""
    return application.kind in ENTERING or ends_filings(application)


def needs_new_code(application: Application) -> bool:
    """Whether the approval gives a new practice code, which is made from the qualification."""
    held = application.registration
    return application.kind in ENTERING or (held is not None and leaves_province(application, held))


def is_assistant(application: Application) -> bool:
    """Whether the rules for 执业助理医师 apply.

    Who registers is what the request says: an assistant who has become a physician registers anew where he moves. All
    else is done to a registration that is held, whatever level the applicant writes.
    """
    held = application.registration
    if application.kind in ENTERING or held is None:
        return application.request.level is Level.ASSISTANT
    return Level.ASSISTANT in (held.level, application.request.level)


def takes_the_place_of(application: Application, held: Registration) -> bool:
    """Whether the registration an entering kind gives ends the one held: a physician is no assistant any more."""
    rises = held.level is Level.ASSISTANT and application.request.level is Level.PHYSICIAN
    is_valid = held.state is RegistrationState.VALID
    return application.kind is Kind.ASSISTANT_UPGRADE or (application.kind in ENTERING and is_valid and rises)


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
