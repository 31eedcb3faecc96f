"""What the register holds of an applicant today: as before, or as an approved application has changed it.

The rule is :mod:`medreg_core.domain.registrations`; a test holds the result against
:mod:`medreg_server.services.approvals`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application, InstitutionId, Registration
from medreg_core.domain.registrations import ENTERING, altered, entered, leaves_province
from medreg_core.domain.vocabulary import Kind, Move, RegistrationState
from medreg_server.services.demo.contents import Content
from medreg_server.services.demo.people import PracticeSerials
from medreg_server.services.demo.province import Hospital


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
    if application.kind in ENTERING:
        new = Held(entered(application.request, serials.next_code(*code_parts), on), hospital)
        return (new, *_left(before, content.registered_at))
    assert before is not None
    after = altered(application, before, on)
    if leaves_province(application, before):
        moved = replace(after, practice_code=serials.next_code(*code_parts), registered_on=on)
        return (Held(moved, hospital), *_left(before, content.registered_at))
    return (Held(after, hospital if application.kind is Kind.CHANGE else content.registered_at),)


def _left(before: Registration | None, hospital: Hospital | None) -> tuple[Held, ...]:
    return () if before is None else (Held(replace(before, state=RegistrationState.CHANGED_OUT), hospital),)
