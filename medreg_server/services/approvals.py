"""What an approval does to the practice registration (``domain.md`` §7.3 for the code, §3.4 for the kinds)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.records import Application, Institution, InstitutionId, Registration
from medreg_core.domain.vocabulary import ChangePart, Kind, RegistrationState
from medreg_server.db.physicians import Registered
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.faults import ServiceFault

_ENDING: dict[Kind, RegistrationState] = {
    Kind.TRANSFER_TO_MILITARY: RegistrationState.CHANGED_OUT,
    Kind.CANCELLATION: RegistrationState.CANCELLED,
    Kind.DEPARTURE_FILING: RegistrationState.FILED,
}
_ENTERING = frozenset({Kind.REGISTRATION, Kind.ASSISTANT_UPGRADE, Kind.TRANSFER_FROM_MILITARY})


def registered(
    transaction: WriteTransaction, application: Application, institution: Institution, today: date
) -> Registration:
    """Write what the register holds after the approval, and return it.

    Raises ServiceFault BAD_REQUEST naming what the application lacks for its kind.
    """
    current = _current(transaction, application)
    if application.kind in _ENTERING:
        new = _entered(transaction, application, institution, today)
        if application.kind is Kind.ASSISTANT_UPGRADE and current is not None:
            _save(transaction, application, replace(current, state=RegistrationState.CHANGED_OUT), None)
        return _save(transaction, application, new, institution)
    if current is None:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="registration")
    if application.kind in _ENDING:
        ended = replace(current, state=_ENDING[application.kind], practising_until=today)
        return _save(transaction, application, ended, institution)
    if application.kind is Kind.CHANGE:
        return _changed(transaction, application, institution, current, today)
    return _save(transaction, application, _with_sites(application, current), None)


def _current(transaction: WriteTransaction, application: Application) -> Registration | None:
    """Return the registration the application is about, as the register holds it now."""
    held = [entry.registration for entry in transaction.physicians.registrations_of(application.physician_id)]
    named = application.registration.practice_code if application.registration else None
    exact = [entry for entry in held if entry.practice_code == named]
    return exact[0] if exact else (held[0] if held else None)


def _entered(
    transaction: WriteTransaction, application: Application, institution: Institution, today: date
) -> Registration:
    request, qualification = application.request, application.qualification
    if qualification is None:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="qualification")
    return Registration(
        practice_code=_new_code(transaction, application, institution),
        state=RegistrationState.VALID,
        level=request.level,
        category=request.category,
        scopes=request.scopes,
        place=request.place,
        institution_name=request.institution_name,
        institution_code=request.institution_code,
        department=request.department,
        registered_on=today,
    )


def _new_code(transaction: WriteTransaction, application: Application, institution: Institution) -> str:
    """Allocate the next practice code. Serials count per level, category and region, and are never given twice."""
    if application.qualification is None:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="qualification")
    level, exam_category = application.request.level, application.qualification.exam_category
    serial = transaction.physicians.next_practice_serial(f"{level.value}{exam_category}{institution.region}")
    return make_practice_code(level, exam_category, institution.region, serial)


def _changed(
    transaction: WriteTransaction,
    application: Application,
    institution: Institution,
    current: Registration,
    today: date,
) -> Registration:
    """A change writes what was asked for; only another province's register gives another code."""
    request = application.request
    changed = replace(
        current,
        category=request.category,
        scopes=request.scopes,
        place=request.place,
        institution_name=request.institution_name,
        institution_code=request.institution_code,
        department=request.department,
    )
    moves_away = application.change_part is ChangePart.PLACE and current.place[:2] != request.place[:2]
    if moves_away:
        _save(transaction, application, replace(current, state=RegistrationState.CHANGED_OUT), None)
        code = _new_code(transaction, application, institution)
        changed = replace(changed, practice_code=code, registered_on=today)
    return _save(transaction, application, changed, institution)


def _with_sites(application: Application, current: Registration) -> Registration:
    """Return the registration with its 多执业机构 as approved; the main institution stays."""
    site = application.request.institution_name
    others = tuple(name for name in current.sites if name != site)
    match application.kind:
        case Kind.MULTI_SITE_FILING:
            return replace(current, sites=(*others, site))
        case Kind.MULTI_SITE_WITHDRAWAL:
            return replace(current, sites=others)
        case _:  # MULTI_PLACE_WITHDRAWAL ends them all
            return replace(current, sites=())


def _save(
    transaction: WriteTransaction, application: Application, new: Registration, institution: Institution | None
) -> Registration:
    """Write a registration; without ``institution`` it stays where it is registered now."""
    institution_id = institution.id if institution else _place_of(transaction, application, new.practice_code)
    transaction.physicians.save_registration(Registered(application.physician_id, institution_id, new))
    return new


def _place_of(transaction: WriteTransaction, application: Application, practice_code: str) -> InstitutionId | None:
    held = transaction.physicians.registrations_of(application.physician_id)
    return next((entry.institution_id for entry in held if entry.registration.practice_code == practice_code), None)
