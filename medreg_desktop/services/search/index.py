"""The tables of the search index and everything that writes them, inside the caller's transaction.

``worklist`` holds one row per application with all the list shows; ``worklist_text`` holds the tokens of the names as
an FTS5 table without content (a store of posting lists, ranked by nobody); ``worklist_change`` says which rows changed,
so that readers with columns in memory can follow. All are derived: they can be rebuilt at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.courtesy import courteous
from medreg_desktop.services.search.conditions import RowSync, fold_code
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.names import sort_key, tokens
from medreg_desktop.services.search.rows import (
    CATEGORIES,
    KINDS,
    LEVELS,
    PARTS,
    PERSON_COLUMNS,
    STATES,
    STATUS_COLUMNS,
    SYNCS,
    IndexRow,
    RowDerived,
    index_row,
)

__all__ = [
    "IndexRow", "RowDerived", "create", "delete_rows", "drop", "index_row", "is_current", "rebuild", "update_overlay",
    "write_rows",
]  # fmt: skip


CODE_INDEXES = {
    "id_number": "worklist_id_number",
    "id_tail": "worklist_id_tail",
    "qualification_code": "worklist_qualification_code",
    "practice_code": "worklist_practice_code",
    "phone": "worklist_phone",
    "form_key": "worklist_form_key",
}
"""Columns found by their beginning, with the index to use; ``id_tail`` is the end of the ID number backwards."""

SORT_INDEXES = {
    "name_sort": "worklist_name_sort",
    "submitted": "worklist_submitted",
    "deadline": "worklist_deadline",
}
"""Columns the list is walked in the order of, with the index to use."""

_TEXT = {
    *PERSON_COLUMNS, "scopes", "education", "department", "department_sort", "handler", "handler_sort",
    "form_number", "form_key", "claim_account", "claim_name",
}  # fmt: skip

_COLUMNS = (*PERSON_COLUMNS, *STATUS_COLUMNS)

_FTS_OPTIONS = "tokenize=ascii, detail=none, content='', contentless_delete=1"

TABLES = (
    "CREATE TABLE worklist (n INTEGER PRIMARY KEY, "
    + ", ".join(f"{column} {'TEXT' if column in _TEXT else 'INTEGER'} NOT NULL" for column in _COLUMNS)
    + ", UNIQUE (id)) STRICT",
    f"CREATE VIRTUAL TABLE worklist_text USING fts5(tokens, {_FTS_OPTIONS})",
    "CREATE VIRTUAL TABLE worklist_terms USING fts5vocab(worklist_text, row)",
    "CREATE TABLE worklist_change (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, name_changed INTEGER NOT NULL) STRICT",
    "CREATE TABLE worklist_stamp (stamp TEXT NOT NULL) STRICT",
)

INDEXES = tuple(
    f"CREATE INDEX {index} ON worklist ({column})" for column, index in {**CODE_INDEXES, **SORT_INDEXES}.items()
)

_ORDERS = [[member.value for member in order] for order in (KINDS, PARTS, STATES, CATEGORIES, LEVELS, SYNCS)]

_FOLDING = 2  # rises with each change of how names are folded, read aloud or split into tokens

STAMP = hashlib.sha256(repr((_FOLDING, TABLES, INDEXES, _ORDERS)).encode()).hexdigest()[:16]
"""Names the shape of the index, the order of the codes and the folding in it; another stamp in a file: rebuild."""

REBUILD = 0
"""``n`` of a change line that stands for all rows."""

KEPT_CHANGES = 20_000
"""Change lines kept for readers to follow; a reader further behind loads everything again."""

_BATCH = 500
_INSERT = f"INSERT INTO worklist (n, {', '.join(_COLUMNS)}) VALUES (?, {', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - constants
_UPDATE_PERSON = f"UPDATE worklist SET {', '.join(f'{c} = ?' for c in PERSON_COLUMNS)} WHERE n = ?"  # noqa: S608 - constants
_UPDATE_STATUS = f"UPDATE worklist SET {', '.join(f'{c} = ?' for c in STATUS_COLUMNS)} WHERE n = ?"  # noqa: S608 - constants
_INDEXED = tuple(i for i, c in enumerate(STATUS_COLUMNS) if c in CODE_INDEXES or c in SORT_INDEXES)
_UNINDEXED = tuple(i for i in range(len(STATUS_COLUMNS)) if i not in _INDEXED)
_UPDATE_UNINDEXED = f"UPDATE worklist SET {', '.join(f'{STATUS_COLUMNS[i]} = ?' for i in _UNINDEXED)} WHERE n = ?"  # noqa: S608 - constants
_indexed, _unindexed = itemgetter(*_INDEXED), itemgetter(*_UNINDEXED)
_KNOWN = f"SELECT n, {', '.join(_COLUMNS)} FROM worklist WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
_INSERT_TOKENS = "INSERT INTO worklist_text (rowid, tokens) VALUES (?, ?)"
_DELETE_TOKENS = "DELETE FROM worklist_text WHERE rowid = ?"
_NOTE_CHANGE = "INSERT INTO worklist_change (n, name_changed) VALUES (?, ?)"


def create(connection: Connection) -> None:
    """Create the empty index; an older one must be dropped first (:func:`drop`)."""
    for statement in (*TABLES, *INDEXES):
        connection.execute(statement)
    connection.execute("INSERT INTO worklist_stamp VALUES (?)", (STAMP,))
    _note_rebuild(connection)


def drop(connection: Connection) -> None:
    """Remove the index of any version, if there is one."""
    for table in ("worklist", "worklist_terms", "worklist_text", "worklist_change", "worklist_stamp"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def is_current(connection: Connection) -> bool:
    """Return whether the file holds an index of this very shape; if not, build it anew from the applications."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'worklist_stamp'").fetchone():
        return False
    return bool(connection.execute("SELECT 1 FROM worklist_stamp WHERE stamp = ?", (STAMP,)).fetchone())


def rebuild(connection: Connection, rows: Iterable[IndexRow]) -> None:
    """Replace the whole index by ``rows``, B-trees after the rows: three times faster than writing them one by one.

    Readers keep what they see until the caller commits. ``rows`` may come from a generator over the same connection.
    """
    drop(connection)
    for statement in TABLES:
        connection.execute(statement)
    first = 1
    for batch in _batches(rows):
        _insert(connection, first, batch)
        first += len(batch)
    for statement in INDEXES:
        connection.execute(statement)
    connection.execute("INSERT INTO worklist_text (worklist_text) VALUES ('optimize')")
    connection.execute("INSERT INTO worklist_stamp VALUES (?)", (STAMP,))
    _note_rebuild(connection)


def _note_rebuild(connection: Connection) -> None:
    """Start the change lines above every number an older index has used: the schema's version rises with each table."""
    version = connection.execute("PRAGMA schema_version").fetchone()[0]
    connection.execute("INSERT INTO worklist_change VALUES (?, ?, 1)", (version << 32, REBUILD))


def write_rows(connection: Connection, rows: Iterable[IndexRow]) -> None:
    """Insert or update rows by application id, writing only what differs; unchanged rows cost one read."""
    for batch in _batches(rows):
        latest = {row.person[0]: row for row in batch}
        ids = json.dumps(list(latest))
        known = {values[1]: values for values in connection.execute(_KNOWN, (ids,)).fetchall()}
        _update(connection, [(known[i], row) for i, row in latest.items() if i in known])
        first = (connection.execute("SELECT max(n) FROM worklist").fetchone()[0] or 0) + 1
        new = [row for i, row in latest.items() if i not in known]
        _insert(connection, first, new)
        connection.executemany(_NOTE_CHANGE, [(first + i, 1) for i in range(len(new))])
    _forget_old_changes(connection)


def _insert(connection: Connection, first: int, rows: Sequence[IndexRow]) -> None:
    numbered = list(enumerate(rows, first))
    connection.executemany(_INSERT, ((n, *row.person, *row.status) for n, row in courteous(numbered)))
    connection.executemany(_INSERT_TOKENS, ((n, _tokens(row.person)) for n, row in courteous(numbered)))


def _tokens(person: Sequence[str]) -> str:
    return tokens(person[_FOLDED], person[_TAILS])


_FOLDED, _TAILS = PERSON_COLUMNS.index("folded"), PERSON_COLUMNS.index("tails")


def _update(connection: Connection, pairs: Sequence[tuple[Sequence[Any], IndexRow]]) -> None:
    """Write what differs between the stored values (n first) and the new row."""
    split = 1 + len(PERSON_COLUMNS)
    persons, statuses, unindexed, names, changes = [], [], [], [], []
    for stored, row in courteous(pairs):
        n, person, status = stored[0], stored[1:split], stored[split:]
        if person == row.person and status == row.status:
            continue
        if person != row.person:
            persons.append((*row.person, n))
        # Only columns that changed are named: SQLite rewrites every index a SET names (performance.md §3).
        if _indexed(status) != _indexed(row.status):
            statuses.append((*row.status, n))
        elif status != row.status:
            unindexed.append((*_unindexed(row.status), n))
        name_changed = person != row.person and _tokens(person) != _tokens(row.person)
        if name_changed:
            names.append((n, _tokens(row.person)))
        changes.append((n, int(name_changed)))
    connection.executemany(_UPDATE_PERSON, persons)
    connection.executemany(_UPDATE_STATUS, courteous(statuses))
    connection.executemany(_UPDATE_UNINDEXED, courteous(unindexed))
    connection.executemany(_DELETE_TOKENS, [(n,) for n, _ in names])
    connection.executemany(_INSERT_TOKENS, names)
    connection.executemany(_NOTE_CHANGE, changes)


def update_overlay(
    connection: Connection,
    application_id: ApplicationId,
    state: State,
    sync: RowSync,
    handler: str | None = None,
    form_number: str | None = None,
) -> None:
    """Show another state, row sync and (unless None) handler and number on one row; an unknown id is ignored."""
    row = connection.execute("SELECT n, handler, form_number FROM worklist WHERE id = ?", (application_id,)).fetchone()
    if row is None:
        return
    name = row[1] if handler is None else handler
    connection.execute(
        "UPDATE worklist SET state = ?, sync = ?, handler = ?, handler_sort = ? WHERE n = ?",
        (STATES.index(state), SYNCS.index(sync), name, sort_key(name), row[0]),
    )
    if form_number is not None and form_number != row[2]:  # else its index is left alone
        connection.execute(
            "UPDATE worklist SET form_number = ?, form_key = ? WHERE n = ?",
            (form_number, fold_code(form_number), row[0]),
        )
    connection.execute(_NOTE_CHANGE, (row[0], 0))


def delete_rows(connection: Connection, application_ids: Iterable[ApplicationId]) -> None:
    """Remove rows by application id; unknown ids are ignored."""
    ids = json.dumps(list(application_ids))
    found = connection.execute("SELECT n FROM worklist WHERE id IN (SELECT value FROM json_each(?))", (ids,)).fetchall()
    connection.executemany("DELETE FROM worklist WHERE n = ?", found)
    connection.executemany(_DELETE_TOKENS, found)
    connection.executemany(_NOTE_CHANGE, [(n, 1) for (n,) in found])
    _forget_old_changes(connection)


def _forget_old_changes(connection: Connection) -> None:
    connection.execute(
        "DELETE FROM worklist_change WHERE seq <= (SELECT max(seq) FROM worklist_change) - ?", (KEPT_CHANGES,)
    )


def _batches(rows: Iterable[IndexRow]) -> Iterator[list[IndexRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
