"""The server's rows in the cache: read by everybody, written only by the feed and the snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from medreg_core.contract.v1.feed import Change, EntityKind, SnapshotRow
from medreg_core.domain.records import AccountId, Application, ApplicationId, Institution
from medreg_desktop.services.cache import overlay, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.cache.sync_state import Viewer
from medreg_desktop.services.courtesy import courteous
from medreg_desktop.services.search import index
from medreg_desktop.services.search.rows import IndexRow, RowDerived, index_row

decode_application = msgspec.json.Decoder(Application).decode

_NOBODY = Viewer(AccountId(""), "", "", 0)  # has no commands: a row is shown as the register has it


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What the list shows of the rules' verdict; counted once when a row arrives, not each time it is drawn."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    have: int = 0
    need: int = 0
    deadline: date | None = None
    deadline_unpublished: bool = False


Judge = Callable[[Application, Institution | None], ReviewFacts]
"""Applies the rules of review for the office's institution (None before hello); given by the composition root."""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A row as the wire brought it: the body in the bytes it came in, which SQLite is told to take for text.

    It is read as bytes, too: what a later version of the service adds need not even be text.
    """

    kind: str
    id: str
    version: int
    body: bytes

    @classmethod
    def of(cls, row: Change | SnapshotRow) -> ServerRow:
        """Return the row of a page of changes or of a snapshot."""
        return cls(row.kind, row.id, row.version, bytes(row.body))


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of the wire, read and judged; of a kind that is not an application only the bytes.

    The application itself is let go at once: a page of them alive at a time costs twice as long to read.
    """

    row: ServerRow
    facts: ReviewFacts = ReviewFacts()
    form: tuple[str, int] = ("", 0)  # number, and whether it is void
    searchable: IndexRow | None = None  # as the list shows it where no command of the registrar's shows


def judged(rows: Iterable[ServerRow], judge: Judge, institution: Institution | None) -> list[Judged]:
    """Read and judge rows: most of the work of a page, done before the transaction, so that no decision waits for it.

    Of a row that comes twice the last counts.
    """
    latest = {(row.kind, row.id): row for row in rows}.values()
    return [_judged(row, judge, institution) for row in courteous(latest)]


def _judged(row: ServerRow, judge: Judge, institution: Institution | None) -> Judged:
    if row.kind != EntityKind.APPLICATION:
        return Judged(row)
    application = decode_application(row.body)
    facts = judge(application, institution)
    return Judged(row, facts, _form_columns(application), _index_row(application, facts, (), _NOBODY))


def encode_application(application: Application) -> bytes:
    """Return an application as the wire carries it."""
    return msgspec.json.encode(application)


def find(conn: Connection, application_id: ApplicationId) -> Application | None:
    """Return the server's row of an application, or None."""
    row = conn.execute("SELECT CAST(body AS BLOB) FROM application WHERE id = ?", (application_id,)).fetchone()
    return None if row is None else decode_application(row[0])


def count(conn: Connection) -> int:
    """Return how many applications the copy holds."""
    return int(conn.execute("SELECT count(*) FROM application").fetchall()[0][0])


def keys(conn: Connection) -> list[tuple[str, str, int]]:
    """Return kind, id and version of every row."""
    statement = "SELECT 'application', id, version FROM application UNION ALL SELECT kind, id, version FROM entity"
    return [(kind, i, version) for kind, i, version in conn.execute(statement)]


def existing(conn: Connection, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of the rows (kind, id) that the copy holds."""
    ids = json.dumps([i for _, i in wanted])
    applications = {
        i for (i,) in conn.execute("SELECT id FROM application WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    }
    others = set(
        conn.execute("SELECT kind, id FROM entity WHERE id IN (SELECT value FROM json_each(?))", (ids,)).fetchall()
    )
    return [key for key in wanted if key in others or (key[0] == EntityKind.APPLICATION and key[1] in applications)]


def index_is_current(conn: Connection) -> bool:
    """Return whether the search index has the shape this program reads."""
    return index.is_current(conn)


def versions_behind(conn: Connection, position: int, limit: int) -> tuple[int | None, list[tuple[str, int]]]:
    """Return the position reached, and id and version of the next rows behind ``position``: what the digest covers.

    None is reached once the last rows are among them; applications come first, all other kinds in one piece.
    """
    found = conn.execute(
        "SELECT n, id, version FROM application WHERE n > ? ORDER BY n LIMIT ?", (position, limit)
    ).fetchall()
    rows = [(i, version) for _, i, version in found]
    if len(found) == limit:
        return found[-1][0], rows
    return None, rows + [(i, version) for i, version in conn.execute("SELECT id, version FROM entity")]


def put(conn: Connection, rows: Sequence[Judged], *, even_older: bool = False) -> list[ApplicationId]:
    """Insert or update rows that are not older than the copy's, with their searchable rows; return the applications.

    ``even_older`` takes the server's word against a newer copy: after a restore from a backup versions run again.
    """
    for item in rows:
        if item.searchable is None:
            _put_entity(conn, item.row, even_older=even_older)
    return _put_applications(conn, rows, even_older=even_older)


def remove(conn: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Remove rows by kind and id; an unknown one is no error. Outbox, drafts and prints on them stay."""
    pairs = list(keys)
    ids = [ApplicationId(i) for kind, i in pairs if kind == EntityKind.APPLICATION]
    conn.executemany("DELETE FROM application WHERE id = ?", [(i,) for i in ids])
    conn.executemany("DELETE FROM entity WHERE kind = ? AND id = ?", pairs)
    index.delete_rows(conn, ids)


def rebuild_index(conn: Connection, judge: Judge) -> None:
    """Make the search index anew from the rows, for a program whose index has another shape."""
    institution = sync_state.institution(conn)
    stored = conn.execute("SELECT id, version, CAST(body AS BLOB) FROM application ORDER BY n")
    rows = (ServerRow(EntityKind.APPLICATION, i, version, body) for i, version, body in courteous(stored))
    index.rebuild(conn, _index_rows(conn, (_judged(row, judge, institution) for row in rows)))


def rows_behind(conn: Connection, position: int, limit: int) -> tuple[int, list[ServerRow]]:
    """Return the next applications behind a position in the copy, and the position they reach."""
    found = conn.execute(
        "SELECT n, id, version, CAST(body AS BLOB) FROM application WHERE n > ? ORDER BY n LIMIT ?", (position, limit)
    ).fetchall()
    rows = [ServerRow(EntityKind.APPLICATION, i, version, body) for _, i, version, body in found]
    return (found[-1][0] if found else position), rows


def index_again(conn: Connection, rows: Sequence[Judged]) -> None:
    """Write the searchable rows of unchanged applications with a new verdict; a row changed meanwhile has its own."""
    stored = _stored(conn, [item.row.id for item in rows])
    same = [item for item in rows if item.row.id in stored and stored[item.row.id][0] == item.row.version]
    index.write_rows(conn, _index_rows(conn, same, [item.row.id for item in same]))


def _put_entity(conn: Connection, row: ServerRow, *, even_older: bool) -> None:
    conn.execute(
        "INSERT INTO entity(kind, id, version, body) VALUES(?, ?, ?, CAST(? AS TEXT)) ON CONFLICT(kind, id) DO UPDATE"
        " SET version = excluded.version, body = excluded.body WHERE excluded.version >= version OR ?",
        (row.kind, row.id, row.version, row.body, even_older),
    )


def _put_applications(conn: Connection, rows: Sequence[Judged], *, even_older: bool) -> list[ApplicationId]:
    stored = _stored(conn, [item.row.id for item in rows if item.searchable is not None])
    newer = [item for item in rows if item.searchable and (even_older or _is_newer(item.row, stored))]
    inserts, updates, forms = [], [], []
    for item in newer:
        row, form = item.row, item.form
        if row.id not in stored:
            inserts.append((row.id, row.version, *form, row.body))
            continue
        updates.append((row.version, row.body, row.id))
        # Only columns that changed are named: SQLite rewrites every index a SET names (performance.md §3).
        if form != stored[row.id][1:]:
            forms.append((*form, row.id))
    conn.executemany(
        "INSERT INTO application(id, version, form_number, form_voided, body) VALUES(?, ?, ?, ?, CAST(? AS TEXT))",
        courteous(inserts),
    )
    conn.executemany("UPDATE application SET version = ?, body = CAST(? AS TEXT) WHERE id = ?", courteous(updates))
    conn.executemany("UPDATE application SET form_number = ?, form_voided = ? WHERE id = ?", forms)
    index.write_rows(conn, _index_rows(conn, newer, [item.row.id for item in newer]))
    return [ApplicationId(item.row.id) for item in newer]


def _stored(conn: Connection, ids: list[str]) -> dict[str, tuple[int, str, int]]:
    """Return version, form number and whether the form is void of the rows the copy holds."""
    found = conn.execute(
        "SELECT id, version, form_number, form_voided FROM application WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    return {i: (version, number, voided) for i, version, number, voided in found}


def _is_newer(row: ServerRow, stored: dict[str, tuple[int, str, int]]) -> bool:
    return row.id not in stored or row.version >= stored[row.id][0]


def _form_columns(application: Application) -> tuple[str, int]:
    form = application.form
    return (form.number, int(form.voided)) if form is not None else ("", 0)


def _index_rows(conn: Connection, rows: Iterable[Judged], ids: Iterable[str] | None = None) -> Iterator[IndexRow]:
    viewer = sync_state.viewer(conn)
    commands = overlay.commands_on(conn, viewer, ids)
    for item in rows:
        if item.searchable is None:
            continue
        if on_it := commands.get(ApplicationId(item.row.id)):
            yield _index_row(decode_application(item.row.body), item.facts, on_it, viewer)
        else:  # nearly all of them
            yield item.searchable


def _index_row(application: Application, facts: ReviewFacts, commands: Sequence[OutboxRow], viewer: Viewer) -> IndexRow:
    shown = overlay.of(application, commands, viewer.epoch, viewer.seq)
    return index_row(application, _derived(facts, shown, shown.handler(viewer.name, application)))


def _derived(facts: ReviewFacts, shown: overlay.Overlay, handler: str) -> RowDerived:
    return RowDerived(
        shown_state=shown.state,
        sync=shown.sync,
        passed=facts.passed,
        failed=facts.failed,
        unknown=facts.unknown,
        have=facts.have,
        need=facts.need,
        deadline=facts.deadline,
        deadline_unpublished=facts.deadline_unpublished,
        handler=handler,
        form_number=shown.form_number,
    )
