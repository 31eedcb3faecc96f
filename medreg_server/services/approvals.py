"""An approval written into the register: the practice code it gives, the registrations it opens, alters and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.codes.practice_code import make_practice_code
from medreg_core.domain.records import Application, Institution, InstitutionId, Registration
from medreg_core.domain.registrations import (
    ENTERING,
    altered,
    concerned,
    entered,
    leaves_province,
    moves_institution,
    takes_the_place_of,
)
from medreg_core.domain.vocabulary import Level, RegistrationState, State
from medreg_server.db.physicians import Registered
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.faults import ServiceFault


def registered(
    transaction: WriteTransaction, application: Application, institution: Institution, today: date
) -> Registration:
    """Write what the register holds after the approval, and return it.

    Raises ServiceFault STATE_CONFLICT when the registration is not what the institution agreed to any more,
    BAD_REQUEST naming what the application lacks for its kind.
    """
    # Another approval for the same physician waits from here on: it must not alter what this one has read.
    transaction.physicians.lock(application.physician_id)
    current = _current(transaction, application, institution)
    if application.kind in ENTERING:
        code = _new_code(transaction, application, institution, application.request.level)
        new = entered(application.request, code, today)
        if current is not None and takes_the_place_of(application, current):
            _leave(transaction, application, current)
        return _add(transaction, application, new, institution)
    if current is None:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="registration")
    new = altered(application, current, today)
    if leaves_province(application, current):
        _leave(transaction, application, current)
        code = _new_code(transaction, application, institution, current.level)
        return _add(transaction, application, replace(new, practice_code=code, registered_on=today), institution)
    return _save(transaction, application, new, institution if moves_institution(application) else None)


def _current(transaction: WriteTransaction, application: Application, institution: Institution) -> Registration | None:
    """Return the registration the application is about. Raises ServiceFault STATE_CONFLICT when that has changed."""
    held = transaction.physicians.registrations_of(application.physician_id)
    current = concerned(application, institution, (entry.registration for entry in held))
    if current != application.registration:
        raise ServiceFault(FaultCode.STATE_CONFLICT, state=State.ACCEPTED.value, where="registration")
    return current


def _new_code(transaction: WriteTransaction, application: Application, institution: Institution, level: Level) -> str:
    """Allocate the next practice code. Serials count per level, category and region, and are never given twice.

    One that somebody holds already, as from a register that was taken over, is passed by.
    """
    if application.qualification is None:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="qualification")
    exam_category = application.qualification.exam_category
    while True:
        serial = transaction.physicians.next_practice_serial(f"{level.value}{exam_category}{institution.region}")
        code = make_practice_code(level, exam_category, institution.region, serial)
        if not transaction.physicians.holds(code):
            return code


def _leave(transaction: WriteTransaction, application: Application, current: Registration) -> None:
    _save(transaction, application, replace(current, state=RegistrationState.CHANGED_OUT), None)


def _add(
    transaction: WriteTransaction, application: Application, new: Registration, institution: Institution
) -> Registration:
    """Write a registration under a code just given; it fails where somebody holds that code already."""
    transaction.physicians.add_registrations([Registered(application.physician_id, institution.id, new)])
    return new


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
