"""What the exam centre's lists are compared with: qualifications already here, and whose they could be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, update

from medreg_core.domain.records import PhysicianId
from medreg_server.db.tables import physician, qualification
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class HeldResult:
    """A qualification as the register holds it; without a physician it waits for one to sign up."""

    code: str
    name: str
    id_number: str
    admission_number: str
    physician_id: PhysicianId | None


@dataclass(frozen=True, slots=True)
class Owner:
    """A physician by whose name and ID number a result may be matched."""

    physician_id: PhysicianId
    name: str


class ExamResults(Repository):
    """Exam results within one transaction. New ones are inserted by :class:`.physicians.Physicians`."""

    def held(self, codes: Collection[str]) -> dict[str, HeldResult]:
        """Return the qualifications with these codes that are here already, by code."""
        columns = (
            qualification.c.code,
            qualification.c.name,
            qualification.c.id_number,
            qualification.c.admission_number,
            qualification.c.physician_id,
        )
        rows = self._connection.execute(select(*columns).where(qualification.c.code.in_(codes)))
        return {
            row.code: HeldResult(
                row.code,
                row.name,
                row.id_number,
                row.admission_number,
                None if row.physician_id is None else PhysicianId(row.physician_id),
            )
            for row in rows
        }

    def owners(self, id_numbers: Collection[str]) -> dict[str, Owner]:
        """Return the physicians with these ID numbers, by ID number."""
        rows = self._connection.execute(
            select(physician.c.id_number, physician.c.id, physician.c.name).where(physician.c.id_number.in_(id_numbers))
        )
        return {row.id_number: Owner(PhysicianId(row.id), row.name) for row in rows}

    def complete(self, code: str, physician_id: PhysicianId | None, admission_number: str) -> None:
        """Write what a later list adds to a result: whose it is, and its 准考证号."""
        self._connection.execute(
            update(qualification)
            .where(qualification.c.code == code)
            .values(physician_id=physician_id, admission_number=admission_number)
        )
