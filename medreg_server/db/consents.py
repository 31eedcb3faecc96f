"""What the register knows that decides whether a consent can be taken, read in one trip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, and_, bindparam, exists, func, not_, or_, select

from medreg_core.domain.forms import FormNumber
from medreg_core.domain.records import Application, DeviceId, Institution, Registration
from medreg_server.db.applications import IN_PROGRESS
from medreg_server.db.codec import to_institution, to_registration
from medreg_server.db.tables import form, form_lease, institution, practice_registration
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand around an application at the moment somebody agrees to it."""

    institution: Institution
    other_pending: int  # other applications of the physician in progress, at whatever institution
    registrations: tuple[Registration, ...]  # the physician's, in no order
    number_free: bool  # the form number is leased to the very device that sends it, and on no form yet
    number_expires_at: datetime | None  # when the lease ended or ends; None: never


_INSTITUTION: Final = select(institution.c.body).where(institution.c.id == bindparam("institution"))
_HELD: Final = select(func.aggregate_strings(practice_registration.c.body, "\n")).where(
    practice_registration.c.physician_id == bindparam("physician")
)
"""All of them as one text: JSON has no line break of its own."""

_USED: Final = select(form.c.number).where(form.c.number == bindparam("number"))
_LEASE: Final = select(form_lease.c.expires_at).where(
    form_lease.c.region == bindparam("region"),
    form_lease.c.year == bindparam("year"),
    form_lease.c.first <= bindparam("serial"),
    form_lease.c.last >= bindparam("serial"),
    form_lease.c.institution_id == bindparam("institution"),
    form_lease.c.device_id == bindparam("device"),
    or_(form_lease.c.burnt_at.is_(None), bindparam("burnt_too", type_=Boolean)),
)
_STANDING: Final = select(
    _INSTITUTION.scalar_subquery().label("institution"),
    IN_PROGRESS.scalar_subquery().label("pending"),
    _HELD.scalar_subquery().label("held"),
    and_(exists(_LEASE), not_(exists(_USED))).label("free"),
    _LEASE.scalar_subquery().label("expires_at"),
)
_NONE: Final = FormNumber("", 0, 0)


class Consents(Repository):
    """Reads what consents depend on, within one transaction."""

    def standing(
        self, application: Application, number: FormNumber | None, device_id: DeviceId, *, burnt_too: bool = False
    ) -> Standing:
        """Return how things stand around ``application`` when ``device_id`` sends a consent with form ``number``.

        ``burnt_too`` lets a number of a burnt lease count: a supervisor has confirmed that it stood on paper before.
        """
        known = number or _NONE
        asked = {
            "institution": application.institution_id,
            "physician": application.physician_id,
            "other_than": application.id,
            "number": str(number),
            "region": known.region,
            "year": known.year,
            "serial": known.serial,
            "device": device_id,
            "burnt_too": burnt_too,
        }
        row = self._connection.execute(_STANDING, asked).one()
        return Standing(
            institution=to_institution(row.institution),
            other_pending=row.pending,
            registrations=tuple(to_registration(body) for body in row.held.split("\n")) if row.held else (),
            number_free=bool(row.free),
            number_expires_at=row.expires_at,
        )
