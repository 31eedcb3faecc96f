"""The institutions: like the applications, written here only, so that their own office always hears of a change."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, insert, select, update

from medreg_core.contract.v1.feed import EntityKind, Op
from medreg_core.domain.records import Institution, InstitutionId
from medreg_server.db.codec import to_body, to_institution
from medreg_server.db.feed import Feed, Pending
from medreg_server.db.tables import institution
from medreg_server.db.writes import Repository, Writes

_BODY: Final = select(institution.c.body).where(institution.c.id == bindparam("key"))


class Institutions(Repository):
    """医疗机构 within one transaction."""

    def __init__(self, writes: Writes, feed: Feed) -> None:
        super().__init__(writes)
        self._feed = feed

    def get(self, institution_id: InstitutionId) -> Institution | None:
        """Return the institution, or None."""
        body = self._connection.execute(_BODY, {"key": institution_id}).scalar()
        return None if body is None else to_institution(body)

    def by_code(self, code: str) -> Institution | None:
        """Return the institution with this 机构登记号, or None."""
        body = self._connection.execute(select(institution.c.body).where(institution.c.code == code)).scalar()
        return None if body is None else to_institution(body)

    def all(self) -> list[Institution]:
        """Return every institution, in order of id."""
        rows = self._connection.execute(select(institution.c.body).order_by(institution.c.id))
        return [to_institution(row.body) for row in rows]

    def add(self, new: Institution) -> None:
        """Insert an institution and open its feed."""
        if not new.id.startswith(new.region):
            raise ValueError("an institution's id begins with its region code")
        self._connection.execute(insert(institution).values(_row(new)))
        self._feed.open(new.id)
        self._note(new)

    def save(self, changed: Institution) -> None:
        """Write a changed institution; the caller has raised its version."""
        self._connection.execute(update(institution).where(institution.c.id == changed.id).values(_row(changed)))
        self._note(changed)

    def _note(self, changed: Institution) -> None:
        self._feed.changed(Pending(changed.id, EntityKind.INSTITUTION, changed.id, changed.version, Op.UPSERT))


def _row(entry: Institution) -> dict[str, object]:
    return {
        "id": entry.id,
        "region": entry.region,
        "name": entry.name,
        "code": entry.code,
        "version": entry.version,
        "body": to_body(entry),
    }
