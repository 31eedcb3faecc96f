"""Physicians, their qualifications and practice registrations: the national part of the register, in no tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import bindparam, insert, select, update

from medreg_core.domain.records import InstitutionId, Person, PhysicianId, Qualification, Registration
from medreg_core.domain.registrations import standing_order
from medreg_core.domain.vocabulary import RegistrationState
from medreg_server.db.codec import to_body, to_person, to_qualification, to_registration
from medreg_server.db.insert import insert_if_absent, upsert
from medreg_server.db.tables import physician, practice_registration, practice_serial, qualification
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Registered:
    """A practice registration with whose it is and, when connected here, at which institution."""

    physician_id: PhysicianId
    institution_id: InstitutionId | None
    registration: Registration


NOT_BEGUN: Final = ""
"""Where a restore has let the serials of prefixes begin that have no counter yet."""

_BODY: Final = select(physician.c.body).where(physician.c.id == bindparam("key"))
_LOCK: Final = select(physician.c.id).where(physician.c.id == bindparam("key")).with_for_update(key_share=True)
"""Who locks him waits for others who do, and nobody who writes a row that belongs to him waits for them."""

_REGISTERED_AT: Final = select(practice_registration.c.practice_code).where(
    practice_registration.c.physician_id == bindparam("physician"),
    practice_registration.c.institution_id == bindparam("institution"),
    practice_registration.c.state == RegistrationState.VALID.value,
)


class Physicians(Repository):
    """医师, 医师资格 and 执业注册 within one transaction."""

    def add(self, persons: Iterable[tuple[PhysicianId, Person]]) -> None:
        """Insert new physicians, any number in one statement."""
        rows = [{"id": key, **_person_row(person)} for key, person in persons]
        if rows:
            self._connection.execute(insert(physician), rows)

    def save(self, physician_id: PhysicianId, person: Person) -> None:
        """Write a physician's personal data."""
        self._connection.execute(update(physician).where(physician.c.id == physician_id).values(_person_row(person)))

    def get(self, physician_id: PhysicianId) -> Person | None:
        """Return the physician's personal data, or None."""
        body = self._connection.execute(_BODY, {"key": physician_id}).scalar()
        return None if body is None else to_person(body)

    def lock(self, physician_id: PhysicianId) -> bool:
        """Lock the physician's row to the end of the transaction; return False when there is none."""
        return self._connection.execute(_LOCK, {"key": physician_id}).first() is not None

    def is_registered_at(self, physician_id: PhysicianId, institution_id: InstitutionId) -> bool:
        """Return whether the physician has a valid practice registration with this institution as the main one."""
        asked = {"physician": physician_id, "institution": institution_id}
        return self._connection.execute(_REGISTERED_AT, asked).first() is not None

    def by_id_number(self, id_number: str) -> tuple[PhysicianId, Person] | None:
        """Return the physician with this ID number, or None."""
        row = self._connection.execute(
            select(physician.c.id, physician.c.body).where(physician.c.id_number == id_number)
        ).one_or_none()
        return None if row is None else (PhysicianId(row.id), to_person(row.body))

    def add_qualifications(
        self,
        entries: Iterable[tuple[PhysicianId | None, Qualification]],
        admission_numbers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Insert qualifications; those not matched to a physician yet have none.

        ``admission_numbers`` gives the 准考证号 by qualification code, where the exam centre told it.
        """
        rows = [
            {
                "physician_id": owner,
                "code": entry.code,
                "id_number": entry.id_number,
                "name": entry.name,
                "level": entry.level.value,
                "category": entry.category.value,
                "obtained_on": entry.obtained_on,
                "admission_number": admission_numbers.get(entry.code, ""),
                "body": to_body(entry),
            }
            for owner, entry in entries
        ]
        if rows:
            self._connection.execute(insert(qualification), rows)

    def qualifications_of(self, physician_id: PhysicianId) -> list[Qualification]:
        """Return the physician's qualifications, the highest and then the newest first."""
        rows = self._connection.execute(
            select(qualification.c.body)
            .where(qualification.c.physician_id == physician_id)
            .order_by(qualification.c.level, qualification.c.obtained_on.desc())
        )
        return [to_qualification(row.body) for row in rows]

    def add_registrations(self, entries: Iterable[Registered]) -> None:
        """Insert practice registrations, any number in one statement."""
        rows = [_registration_row(entry) for entry in entries]
        if rows:
            self._connection.execute(insert(practice_registration), rows)

    def save_registration(self, entry: Registered) -> None:
        """Insert or replace the practice registration with this practice code, whoever's it is.

        One under a code just given is added: were the code another's, his registration must not be overwritten.
        """
        upsert(self._connection, practice_registration, _registration_row(entry))

    def registrations_of(self, physician_id: PhysicianId) -> list[Registered]:
        """Return the physician's registrations: valid ones first, the newest first."""
        rows = self._connection.execute(
            select(practice_registration).where(practice_registration.c.physician_id == physician_id)
        )
        found = [
            Registered(
                PhysicianId(row.physician_id),
                None if row.institution_id is None else InstitutionId(row.institution_id),
                to_registration(row.body),
            )
            for row in rows
        ]
        return sorted(found, key=lambda entry: standing_order(entry.registration))

    def holds(self, practice_code: str) -> bool:
        """Return whether some registration has this practice code."""
        found = select(practice_registration.c.practice_code).where(
            practice_registration.c.practice_code == practice_code
        )
        return self._connection.execute(found).first() is not None

    def next_practice_serial(self, prefix: str) -> int:
        """Return the next serial of practice codes with ``prefix``; the counter stays locked to the commit."""
        self._begin_practice_serials(prefix)
        taken = self._connection.execute(
            update(practice_serial)
            .where(practice_serial.c.prefix == prefix)
            .values(last=practice_serial.c.last + 1)
            .returning(practice_serial.c.last)
        )
        return int(taken.scalar_one())

    def continue_practice_serials(self, last: Mapping[str, int]) -> None:
        """Let the serials of each prefix go on after ``last``, for codes that were not issued one by one."""
        for prefix, serial in last.items():
            upsert(self._connection, practice_serial, {"prefix": prefix, "last": serial})

    def practice_serials(self) -> dict[str, int]:
        """Return the last serial given of each prefix, and under :data:`NOT_BEGUN` where all others begin."""
        rows = self._connection.execute(select(practice_serial).order_by(practice_serial.c.prefix))
        return {row.prefix: row.last for row in rows}

    def raise_practice_serials(self, known: Mapping[str, int]) -> None:
        """Put no counter below where it is known to have stood."""
        for prefix, last in known.items():
            self._begin_practice_serials(prefix)
            lower = update(practice_serial).where(practice_serial.c.prefix == prefix, practice_serial.c.last < last)
            self._connection.execute(lower.values(last=last))

    def skip_practice_serials(self, count: int) -> None:
        """Leave ``count`` serials of every prefix out, of those not begun too: a backup was restored (ADR 018)."""
        insert_if_absent(self._connection, practice_serial, {"prefix": NOT_BEGUN, "last": 0})
        self._connection.execute(update(practice_serial).values(last=practice_serial.c.last + count))

    def _begin_practice_serials(self, prefix: str) -> None:
        begun = self._connection.execute(select(practice_serial.c.last).where(practice_serial.c.prefix == NOT_BEGUN))
        insert_if_absent(self._connection, practice_serial, {"prefix": prefix, "last": begun.scalar() or 0})


def _person_row(person: Person) -> dict[str, object]:
    return {"id_number": person.id_number, "name": person.name, "body": to_body(person)}


def _registration_row(entry: Registered) -> dict[str, object]:
    registration = entry.registration
    return {
        "practice_code": registration.practice_code,
        "physician_id": entry.physician_id,
        "institution_id": entry.institution_id,
        "state": registration.state.value,
        "level": registration.level.value,
        "registered_on": registration.registered_on,
        "body": to_body(registration),
    }
