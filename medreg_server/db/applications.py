"""The applications: the only writer of their table, so that no change can miss the feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from sqlalchemy import Integer, Select, bindparam, func, select

from medreg_core.contract.v1.feed import EntityKind, Op
from medreg_core.domain.records import Application, ApplicationId, InstitutionId, PhysicianId
from medreg_core.domain.states import OPEN
from medreg_core.domain.vocabulary import State
from medreg_server.db.codec import to_application, to_body
from medreg_server.db.feed import Feed, Pending
from medreg_server.db.scope import Scope, visible, within
from medreg_server.db.tables import application
from medreg_server.db.writes import Repository, Writes

IN_PROGRESS: Final = (
    select(func.count())
    .select_from(application)
    .where(
        application.c.physician_id == bindparam("physician"),
        application.c.in_progress,
        application.c.id != bindparam("other_than"),
    )
)
"""How many other applications of a physician are in progress."""

_ROW: Final = select(application.c.id, application.c.version, application.c.body)
_SNAPSHOT: Final = (
    _ROW.where(application.c.institution_id == bindparam("institution"), application.c.in_progress == bindparam("open"))
    .order_by(application.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)
_SNAPSHOT_ON: Final = _SNAPSHOT.where(application.c.id < bindparam("before"))


class Applications(Repository):
    """业务申请 within one transaction."""

    def __init__(self, writes: Writes, feed: Feed) -> None:
        super().__init__(writes)
        self._feed = feed

    def get(self, application_id: ApplicationId, scope: Scope) -> Application | None:
        """Return the application, or None when there is none in ``scope``."""
        body = self._connection.execute(_one(scope.limits), {"key": application_id, **scope.values}).scalar()
        return None if body is None else to_application(body)

    def lock(self, application_id: ApplicationId, scope: Scope) -> Application | None:
        """Return the application with its row locked to the end of the transaction."""
        body = self._connection.execute(_locked(scope.limits), {"key": application_id, **scope.values}).scalar()
        return None if body is None else to_application(body)

    def add(self, applications: Iterable[Application]) -> None:
        """Insert new applications, any number in one statement."""
        rows = []
        for entry in applications:
            rows.append(_row(entry))
            self._note(entry)
        self._writes.insert(application, rows)

    def save(self, changed: Application) -> None:
        """Write an application that was read with :meth:`lock` in this transaction."""
        row = _row(changed)
        self._writes.update(application, row.pop("id"), row)
        self._note(changed)

    def _note(self, changed: Application) -> None:
        self._feed.changed(
            Pending(changed.institution_id, EntityKind.APPLICATION, changed.id, changed.version, Op.UPSERT)
        )

    def page(self, scope: Scope, states: Sequence[State], after: str, limit: int) -> list[Application]:
        """Return applications of ``scope`` in ``states`` (empty: any) with an id beyond ``after``, in order of id."""
        query = select(application.c.body).where(visible(application, scope), application.c.id > after)
        if states:
            query = query.where(application.c.state.in_([state.value for state in states]))
        rows = self._connection.execute(query.order_by(application.c.id).limit(limit))
        return [to_application(row.body) for row in rows]

    def snapshot_rows(
        self, institution_id: InstitutionId, *, in_progress: bool, before: str, limit: int
    ) -> list[tuple[str, int, str]]:
        """Return (id, version, body) below the id ``before``, newest first; empty: from the newest."""
        asked = {"institution": institution_id, "open": in_progress, "before": before, "most": limit}
        rows = self._connection.execute(_SNAPSHOT_ON if before else _SNAPSHOT, asked)
        return [(row.id, row.version, row.body) for row in rows]

    def rows(self, ids: Sequence[str], scope: Scope) -> list[tuple[str, int, str]]:
        """Return (id, version, body) of the rows named."""
        rows = self._connection.execute(_named(scope.limits), {"keys": ids, **scope.values})
        return [(row.id, row.version, row.body) for row in rows]

    def count(self, scope: Scope) -> int:
        """Return how many applications ``scope`` holds."""
        return int(self._connection.execute(_count(scope.limits), scope.values).scalar_one())

    def in_progress_of(self, physician_id: PhysicianId, other_than: ApplicationId) -> int:
        """Return how many other applications of the physician are in progress, at whatever institution."""
        asked = {"physician": physician_id, "other_than": other_than}
        return int(self._connection.execute(IN_PROGRESS, asked).scalar_one())


@cache
def _one(limits: tuple[str, ...]) -> Select[str]:
    return select(application.c.body).where(application.c.id == bindparam("key"), within(application, limits))


@cache
def _locked(limits: tuple[str, ...]) -> Select[str]:
    return _one(limits).with_for_update()


@cache
def _named(limits: tuple[str, ...]) -> Select[str, int, str]:
    return _ROW.where(application.c.id.in_(bindparam("keys", expanding=True)), within(application, limits))


@cache
def _count(limits: tuple[str, ...]) -> Select[int]:
    return select(func.count()).select_from(application).where(within(application, limits))


def _row(entry: Application) -> dict[str, object]:
    return {
        "id": entry.id,
        "institution_id": entry.institution_id,
        "physician_id": entry.physician_id,
        "kind": entry.kind.value,
        "state": entry.state.value,
        "in_progress": entry.state in OPEN,
        "version": entry.version,
        "content_version": entry.content_version,
        "submitted_at": entry.submitted_at,
        "body": to_body(entry),
    }
