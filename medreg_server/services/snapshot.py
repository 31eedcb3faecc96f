"""The first copy of an institution's rows: resumable, constant memory, no long transaction (``sync.md`` §5.4).

Pages are fuzzy: each is read in its own transaction, and rows may change in between. The cursor at the end points to
the head noted before the first page, so replaying the feed from there repairs whatever was missed, moved or read early.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from medreg_core.contract.v1.digest import row_hash
from medreg_core.contract.v1.feed import (
    MARK_EVERY,
    EntityKind,
    SnapshotEnd,
    SnapshotHead,
    SnapshotLine,
    SnapshotMark,
    SnapshotRow,
)
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import InstitutionId
from medreg_server.db.codec import to_body
from medreg_server.db.scope import Scope
from medreg_server.db.transaction import ReadTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.cursors import Cursor, Resume, open_resume, seal
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault

_PAGE_ROWS: Final = 1_000
_MASK: Final = (1 << 64) - 1

_INSTITUTION, _OPEN, _CLOSED, _DONE = range(4)
"""Order of a snapshot: the institution itself, what can be worked on, the rest; newest first."""

Row = tuple[str, int, str]


class SnapshotDesk:
    """Streams snapshots."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def begin(self, after: str, caller: Caller) -> Iterator[bytes]:
        """Return the lines of a snapshot from ``after`` (empty: from the start), each ending in a newline.

        Raises ServiceFault RESYNC or BAD_REQUEST at once, before the first line.
        """
        institution_id = caller.institution_id
        with self._environment.database.read() as transaction:
            bounds = transaction.feed.bounds(institution_id)
            total = transaction.applications.count(Scope(institution_id=institution_id)) + 1
        identity = bounds.identity
        if after:
            resume = open_resume(self._environment.keys, after, identity.epoch, institution_id)
        else:
            resume = Resume(identity.epoch, institution_id, bounds.head, _INSTITUTION, "", 0, 0)
        first = SnapshotHead(
            magic=MAGIC, server_id=identity.server_id, epoch=identity.epoch, total=total, done=resume.count
        )
        return self._lines(first, resume, caller)

    def _lines(self, first: SnapshotHead, resume: Resume, caller: Caller) -> Iterator[bytes]:
        yield _line(first)
        while resume.phase != _DONE:
            page = self._page(resume, caller)
            if page is None:
                return  # without an end line: the client asks again, and is told
            kind, rows, position = page
            for row in rows:
                resume = _after(resume, row)
                yield _line(SnapshotRow(kind=kind, id=row[0], version=row[1], body=msgspec.Raw(row[2].encode())))
                if resume.count % MARK_EVERY == 0:
                    yield _line(self._mark(resume))
            resume = msgspec.structs.replace(resume, phase=position.phase, before=position.before)
        yield _line(self._end(resume))

    def _page(self, resume: Resume, caller: Caller) -> tuple[EntityKind, list[Row], Resume] | None:
        """Return one page of rows and where the next one begins; None when its caller is shut out meanwhile."""
        with self._environment.database.read() as transaction:
            try:
                caller.check_admitted(transaction)
            except ServiceFault:
                return None
            if resume.phase == _INSTITUTION:
                rows = _institution_rows(transaction, resume.institution_id)
                return EntityKind.INSTITUTION, rows, msgspec.structs.replace(resume, phase=_OPEN, before="")
            rows = transaction.applications.snapshot_rows(
                resume.institution_id, in_progress=resume.phase == _OPEN, before=resume.before, limit=_PAGE_ROWS
            )
        if len(rows) < _PAGE_ROWS:
            return EntityKind.APPLICATION, rows, msgspec.structs.replace(resume, phase=resume.phase + 1, before="")
        return EntityKind.APPLICATION, rows, msgspec.structs.replace(resume, before=rows[-1][0])

    def _mark(self, resume: Resume) -> SnapshotMark:
        return SnapshotMark(after=seal(self._environment.keys, resume), count=resume.count, digest=_hex(resume.digest))

    def _end(self, resume: Resume) -> SnapshotEnd:
        cursor = Cursor(resume.epoch, resume.institution_id, resume.seq)
        return SnapshotEnd(
            count=resume.count,
            digest=_hex(resume.digest),
            cursor=seal(self._environment.keys, cursor),
            seq=resume.seq,
        )


def _institution_rows(transaction: ReadTransaction, institution_id: InstitutionId) -> list[Row]:
    institution = transaction.institutions.get(institution_id)
    return [] if institution is None else [(institution.id, institution.version, to_body(institution))]


def _after(resume: Resume, row: Row) -> Resume:
    row_id, version, _ = row
    # The institution is one row: resuming behind it means the next phase from its start.
    phase, before = (_OPEN, "") if resume.phase == _INSTITUTION else (resume.phase, row_id)
    digest = (resume.digest + row_hash(row_id, version)) & _MASK
    return msgspec.structs.replace(resume, phase=phase, before=before, count=resume.count + 1, digest=digest)


def _line(line: SnapshotLine) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _hex(digest: int) -> str:
    return f"{digest:016x}"
