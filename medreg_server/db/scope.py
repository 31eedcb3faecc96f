"""The tenant filter: what a caller may see, said once.

Every repository that reads an institution-scoped table puts :func:`visible` into its ``where``; a row outside the scope
is answered exactly like a row that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, Table, and_, bindparam, false, true

from medreg_core.domain.records import InstitutionId, PhysicianId


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see. Limits add up; :data:`NOTHING` sees nothing, :data:`WHOLE_REGISTER` everything."""

    institution_id: InstitutionId | None = None
    physician_id: PhysicianId | None = None
    region: str | None = None  # prefix of the institution ids, which begin with their region code
    everything: bool = False

    @property
    def limits(self) -> tuple[str, ...]:
        """Names of what limits this scope: statements are built once for each combination, see :func:`within`."""
        if self.everything:
            return (_EVERYTHING,)
        return tuple(name for name in _LIMITS if getattr(self, name) is not None)

    @property
    def values(self) -> dict[str, str]:
        """Values for a statement that was built :func:`within` these limits."""
        found = {f"within_{name}": str(getattr(self, name)) for name in self.limits if name != _EVERYTHING}
        if self.region is not None and not self.everything:
            found["within_region"] = _escaped(self.region) + "%"
        return found


_EVERYTHING = "everything"
_LIMITS = ("institution_id", "physician_id", "region")
_ESCAPE = "/"


NOTHING = Scope()
WHOLE_REGISTER = Scope(everything=True)


def visible(table: Table, scope: Scope) -> ColumnElement[bool]:
    """Return the condition that keeps ``scope`` inside its own rows of ``table``."""
    return _within(table, scope.limits, scope.values)


def within(table: Table, limits: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition for every scope with these ``limits``; its values come with the execution.

    For statements that are built once: building one takes longer than SQLite takes to answer it.
    """
    return _within(table, limits, {})


def _within(table: Table, limits: tuple[str, ...], values: Mapping[str, str]) -> ColumnElement[bool]:
    if _EVERYTHING in limits:
        return true()
    conditions: list[ColumnElement[bool]] = []
    for limit in limits:
        name = f"within_{limit}"
        value = bindparam(name, values[name], type_=String) if name in values else bindparam(name, type_=String)
        column = table.c.institution_id if limit == "region" else table.c[limit]
        conditions.append(column.like(value, escape=_ESCAPE) if limit == "region" else column == value)
    return and_(*conditions) if conditions else false()


def _escaped(text: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, _ESCAPE + sign)
    return text
