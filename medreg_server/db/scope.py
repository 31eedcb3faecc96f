"""The tenant filter: what a caller may see, said once.

Every repository that reads an institution-scoped table puts :func:`visible` into its ``where``; a row outside the scope
is answered exactly like a row that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, false, true

from medreg_core.domain.records import InstitutionId, PhysicianId


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see. Limits add up; :data:`NOTHING` sees nothing, :data:`WHOLE_REGISTER` everything."""

    institution_id: InstitutionId | None = None
    physician_id: PhysicianId | None = None
    region: str | None = None  # prefix of the institution ids, which begin with their region code
    everything: bool = False


NOTHING = Scope()
WHOLE_REGISTER = Scope(everything=True)


def visible(table: Table, scope: Scope) -> ColumnElement[bool]:
    """Return the condition that keeps ``scope`` inside its own rows of ``table``."""
    if scope.everything:
        return true()
    limits: list[ColumnElement[bool]] = []
    if scope.institution_id is not None:
        limits.append(table.c.institution_id == scope.institution_id)
    if scope.physician_id is not None:
        limits.append(table.c.physician_id == scope.physician_id)
    if scope.region is not None:
        limits.append(table.c.institution_id.startswith(scope.region, autoescape=True))
    return and_(*limits) if limits else false()
