"""The feed: what an institution's copy must learn, in the order of commits (``sync.md`` §5.2, §5.5).

The log names *what* changed; the row itself says what it is now, so a page joins the two. A page may therefore show a
row newer than its place in the log; the later entry repeats it, which a receiver that compares versions ignores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Integer, Row, Select, bindparam, delete, func, insert, select, true, union_all, update

from medreg_core.contract.v1.feed import Change, EntityKind, Op
from medreg_core.domain.records import InstitutionId
from medreg_server.db.server_state import Identity
from medreg_server.db.tables import application, change_log, feed_head, institution, server_state
from medreg_server.db.writes import Repository, Writes


@dataclass(frozen=True, slots=True)
class Pending:
    """A change made in the running transaction that has no number yet."""

    institution_id: InstitutionId
    kind: EntityKind
    entity_id: str
    version: int
    op: Op


@dataclass(frozen=True, slots=True)
class Bounds:
    """The newest number of a feed, the number up to which its log was pruned, and whose numbers they are."""

    head: int
    floor: int
    identity: Identity


_ADVANCE: Final = (
    update(feed_head)
    .where(feed_head.c.institution_id == bindparam("key"))
    .values(head=feed_head.c.head + bindparam("count"))
    .returning(feed_head.c.head)
)
_ALL_BOUNDS: Final = select(feed_head, server_state.c.server_id, server_state.c.epoch).join_from(
    feed_head, server_state, true()
)
_BOUNDS: Final = _ALL_BOUNDS.where(feed_head.c.institution_id == bindparam("key"))
_SOME_BOUNDS: Final = _ALL_BOUNDS.where(feed_head.c.institution_id.in_(bindparam("keys", expanding=True)))


class Feed(Repository):
    """Reads and numbers the change log within one transaction."""

    def __init__(self, writes: Writes) -> None:
        super().__init__(writes)
        self._pending: list[Pending] = []
        self._floors: dict[InstitutionId, int] = {}

    def changed(self, change: Pending) -> None:
        """Note a change; it is numbered by :meth:`number`, last in the transaction."""
        self._pending.append(change)

    def number(self, at: datetime) -> dict[InstitutionId, int]:
        """Take the numbers for all noted changes, write the log, return the new head of each institution touched.

        The counter row is locked from here to the commit and nothing else is awaited in between, so per institution the
        order of numbers is the order of commits. Institutions go in sorted order, so that no two transactions wait for
        each other.
        """
        groups: dict[InstitutionId, list[Pending]] = defaultdict(list)
        for change in self._pending:
            groups[change.institution_id].append(change)
        self._pending.clear()
        heads: dict[InstitutionId, int] = {}
        rows: list[dict[str, object]] = []
        for institution_id in sorted(groups):
            group = groups[institution_id]
            head = self._advance(institution_id, len(group))
            heads[institution_id] = head
            first = head - len(group) + 1
            rows.extend(_log_row(change, first + index, at) for index, change in enumerate(group))
        self._writes.insert(change_log, rows)
        for institution_id, floor in sorted(self._floors.items()):
            self._cut(institution_id, floor)
        self._floors.clear()
        return heads

    def _advance(self, institution_id: InstitutionId, count: int) -> int:
        advanced = self._writes.beside(feed_head).execute(_ADVANCE, {"key": institution_id, "count": count})
        return int(advanced.scalar_one())

    def open(self, institution_id: InstitutionId) -> None:
        """Start the feed of a new institution."""
        self._connection.execute(insert(feed_head).values(institution_id=institution_id, head=0, floor=0))

    def bounds(self, institution_id: InstitutionId) -> Bounds:
        """Return where the feed stands."""
        return _bounds(self._connection.execute(_BOUNDS, {"key": institution_id}).one())

    def bounds_of(self, institutions: Sequence[InstitutionId]) -> dict[InstitutionId, Bounds]:
        """Return where several feeds stand, at one moment: what waiting readers are compared with."""
        rows = self._connection.execute(_SOME_BOUNDS, {"keys": institutions})
        return {InstitutionId(row.institution_id): _bounds(row) for row in rows}

    def page(self, institution_id: InstitutionId, after: int, limit: int) -> tuple[int, tuple[Change, ...]]:
        """Return the last number read and the changes after ``after``, each row once, as it stands now."""
        asked = {"institution": institution_id, "after": after, "most": limit}
        rows = self._connection.execute(_PAGE, asked).all()
        if not rows:
            return after, ()
        newest = {row.entity_id: row for row in rows}
        kept = sorted(newest.values(), key=lambda row: int(row.seq))
        return int(rows[-1].seq), tuple(_change(row) for row in kept)

    def prune(self, institution_id: InstitutionId, before: datetime) -> int:
        """Forget the log older than ``before``; a cursor below the new floor must resync. Return the new floor.

        It is cut in :meth:`number`, behind the audit: transactions that took the two in another order would wait for
        each other.
        """
        floor = self._connection.execute(
            select(func.max(change_log.c.seq)).where(
                change_log.c.institution_id == institution_id, change_log.c.at < before
            )
        ).scalar()
        if floor is None:
            return self.bounds(institution_id).floor
        self._floors[institution_id] = int(floor)
        return int(floor)

    def _cut(self, institution_id: InstitutionId, floor: int) -> None:
        self._connection.execute(
            delete(change_log).where(change_log.c.institution_id == institution_id, change_log.c.seq <= floor)
        )
        # Another who pruned meanwhile may have cut more.
        lower = (feed_head.c.institution_id == institution_id, feed_head.c.floor < floor)
        self._connection.execute(update(feed_head).where(*lower).values(floor=floor))

    def versions(self, institution_id: InstitutionId) -> Iterator[tuple[str, int]]:
        """Yield (id, version) of every row in the institution's scope, for the digest (``sync.md`` §5.12)."""
        asked = {"institution": institution_id}
        with self._connection.execute(_VERSIONS, asked, execution_options={"yield_per": 5_000}) as rows:
            for row in rows:
                yield row.id, row.version


def _page() -> Select[Any]:
    log = (
        select(change_log)
        .where(change_log.c.institution_id == bindparam("institution"), change_log.c.seq > bindparam("after"))
        .order_by(change_log.c.seq)
        .limit(bindparam("most", type_=Integer))
        .subquery("log")
    )
    applications = log.outerjoin(
        application,
        (log.c.kind == EntityKind.APPLICATION.value)
        & (application.c.id == log.c.entity_id)
        & (application.c.institution_id == bindparam("institution")),
    )
    both = applications.outerjoin(
        institution, (log.c.kind == EntityKind.INSTITUTION.value) & (institution.c.id == log.c.entity_id)
    )
    return (
        select(
            log.c.seq,
            log.c.kind,
            log.c.entity_id,
            log.c.version,
            log.c.op,
            func.coalesce(application.c.version, institution.c.version).label("row_version"),
            func.coalesce(application.c.body, institution.c.body).label("body"),
        )
        .select_from(both)
        .order_by(log.c.seq)
    )


_PAGE: Final = _page()


def _versions() -> Select[tuple[str, int]]:
    scope = union_all(
        select(institution.c.id, institution.c.version).where(institution.c.id == bindparam("institution")),
        select(application.c.id, application.c.version).where(application.c.institution_id == bindparam("institution")),
    ).subquery()
    return select(scope.c.id, scope.c.version)


_VERSIONS: Final = _versions()


def _bounds(row: Row[*tuple[Any, ...]]) -> Bounds:
    return Bounds(row.head, row.floor, Identity(row.server_id, row.epoch))


def _log_row(change: Pending, seq: int, at: datetime) -> dict[str, object]:
    return {
        "institution_id": change.institution_id,
        "seq": seq,
        "kind": change.kind.value,
        "entity_id": change.entity_id,
        "version": change.version,
        "op": change.op.value,
        "at": at,
    }


def _change(row: Row[*tuple[Any, ...]]) -> Change:
    if row.op != Op.UPSERT:
        return Change(seq=row.seq, kind=row.kind, id=row.entity_id, version=row.version, op=Op(row.op))
    if row.body is None:  # it left the scope after this entry was written; the later entry says so again
        return Change(seq=row.seq, kind=row.kind, id=row.entity_id, version=row.version, op=Op.LEFT_SCOPE)
    return Change(
        seq=row.seq,
        kind=row.kind,
        id=row.entity_id,
        version=row.row_version,
        op=Op.UPSERT,
        body=msgspec.Raw(row.body.encode()),
    )
