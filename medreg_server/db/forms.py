"""The review forms the register has taken note of, one per accepted consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Integer, Select, bindparam, select, update

from medreg_core.domain.records import ApplicationId, DeviceId, InstitutionId
from medreg_server.db.scope import Scope, within
from medreg_server.db.tables import form
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class FormRecord:
    """A review form: which consent it stands for and what became of its paper."""

    number: str
    institution_id: InstitutionId
    application_id: ApplicationId
    device_id: DeviceId
    content_version: int
    digest: str
    code: str
    created_at: datetime
    voided_at: datetime | None = None
    printed: int = 0
    recalled: int = 0


_CHANGE: Final = update(form).where(form.c.number == bindparam("key"))
_VOID: Final = _CHANGE.where(form.c.voided_at.is_(None)).values(voided_at=bindparam("now"))
_COUNT_PRINTED: Final = _CHANGE.values(printed=form.c.printed + bindparam("copies", type_=Integer))
_COUNT_RECALLED: Final = _CHANGE.values(recalled=form.c.recalled + bindparam("copies", type_=Integer))


class Forms(Repository):
    """申请审核表 within one transaction."""

    def get(self, number: str, scope: Scope) -> FormRecord | None:
        """Return the form, or None when there is none in ``scope``."""
        row = self._connection.execute(_one(scope.limits), {"key": number, **scope.values}).one_or_none()
        if row is None:
            return None
        return FormRecord(
            number=row.number,
            institution_id=InstitutionId(row.institution_id),
            application_id=ApplicationId(row.application_id),
            device_id=DeviceId(row.device_id),
            content_version=row.content_version,
            digest=row.digest,
            code=row.code,
            created_at=row.created_at,
            voided_at=row.voided_at,
            printed=row.printed,
            recalled=row.recalled,
        )

    def add(self, new: FormRecord) -> None:
        """Store a form."""
        self._writes.insert(
            form,
            [
                {
                    "number": new.number,
                    "institution_id": new.institution_id,
                    "application_id": new.application_id,
                    "device_id": new.device_id,
                    "content_version": new.content_version,
                    "digest": new.digest,
                    "code": new.code,
                    "created_at": new.created_at,
                    "printed": 0,
                    "recalled": 0,
                }
            ],
        )

    def void(self, number: str, now: datetime) -> None:
        """Declare a form void; it stays known, so that a scan can say so."""
        self._connection.execute(_VOID, {"key": number, "now": now})

    def count_printed(self, number: str, copies: int) -> None:
        """Add copies that left a printer."""
        self._connection.execute(_COUNT_PRINTED, {"key": number, "copies": copies})

    def count_recalled(self, number: str, copies: int) -> None:
        """Add copies that are back in the office."""
        self._connection.execute(_COUNT_RECALLED, {"key": number, "copies": copies})


@cache
def _one(limits: tuple[str, ...]) -> Select[Any]:
    return select(form).where(form.c.number == bindparam("key"), within(form, limits))
