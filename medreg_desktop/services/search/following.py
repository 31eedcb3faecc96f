"""Keeps the columns in memory level with the file, by the lines in which its writers say what changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from medreg_desktop.services.search.columns import CHOICES, NUMBERS, Columns
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.index import REBUILD
from medreg_desktop.services.search.names import tokens
from medreg_desktop.services.search.rows import PROBLEMS
from medreg_desktop.services.search.slices import row_set

_READ = (*NUMBERS, *CHOICES, "scopes")


def last_change(connection: Connection) -> int:
    """Return the number of the last change line."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM worklist_change").fetchone()[0])


def follow(connection: Connection, columns: Columns) -> Columns | None:
    """Return the columns level with the file as the caller's read transaction sees it; None if all must be loaded."""
    last = last_change(connection)
    if last == columns.seq:
        return columns
    if not columns.may_follow(last - columns.seq):
        return None
    lines = connection.execute(
        "SELECT seq, n, name_changed FROM worklist_change WHERE seq > ? ORDER BY seq", (columns.seq,)
    ).fetchall()
    followable = lines and lines[0][0] == columns.seq + 1 and all(n != REBUILD for _, n, _ in lines)
    if not followable:
        return None
    level = _changed(connection, columns, sorted({n for _, n, _ in lines}))
    renamed = sorted({n for _, n, name_changed in lines if name_changed})
    return replace(level, seq=last, common=_renamed(connection, columns.common, renamed))


def _renamed(connection: Connection, common: Mapping[str, int], numbers: Sequence[int]) -> Mapping[str, int]:
    """Return the sets of common tokens with the names of the given rows read anew."""
    if not numbers:
        return common
    touched = row_set(numbers)
    statement = "SELECT n, folded, tails FROM worklist WHERE n IN (SELECT value FROM json_each(?))"
    held: dict[str, list[int]] = {token: [] for token in common}
    for n, folded, tails in connection.execute(statement, (json.dumps(numbers),)).fetchall():
        for token in held.keys() & set(tokens(folded, tails).split()):
            held[token].append(n)
    return {token: (rows ^ (rows & touched)) | row_set(held[token]) for token, rows in common.items()}


def _changed(connection: Connection, columns: Columns, numbers: Sequence[int]) -> Columns:
    """Return the columns with the given rows read anew; rows that are gone are taken out."""
    listed = json.dumps(numbers)
    found = connection.execute(
        f"SELECT n, {', '.join(_READ)} FROM worklist WHERE n IN (SELECT value FROM json_each(?)) ORDER BY n",  # noqa: S608 - constants
        (listed,),
    ).fetchall()
    touched = row_set(numbers)
    there = [row[0] for row in found]
    values = {name: [row[1 + i] for row in found] for i, name in enumerate(_READ)}
    values["part"] = [value + 1 for value in values["part"]]
    values["unknown"] = [value % PROBLEMS for value in values["checks"]]
    codes = {name: _extended(columns.codes[name], values[name]) for name in CHOICES}
    return replace(
        columns,
        rows=(columns.rows ^ (columns.rows & touched)) | row_set(there),
        numbers={
            name: column.replaced(touched, zip(there, values[name], strict=True))
            for name, column in columns.numbers.items()
        },
        choices={
            name: column.replaced(touched, [(n, codes[name][v]) for n, v in zip(there, values[name], strict=True)])
            for name, column in columns.choices.items()
        },
        codes=codes,
        scopes=_scopes(columns.scopes, touched, list(zip(there, values["scopes"], strict=True))),
        loose=columns.loose | touched,
    )


def _extended(codes: Mapping[str, int], texts: Iterable[str]) -> Mapping[str, int]:
    new = dict(codes)
    for text in texts:
        new.setdefault(text, len(new) + 1)
    return new


def _scopes(scopes: Mapping[str, int], touched: int, rows: Sequence[tuple[int, str]]) -> Mapping[str, int]:
    held: dict[str, list[int]] = {}
    for n, text in rows:
        for scope in text.split():
            held.setdefault(scope, []).append(n)
    return {
        scope: (scopes.get(scope, 0) ^ (scopes.get(scope, 0) & touched)) | row_set(held.get(scope, []))
        for scope in {**scopes, **dict.fromkeys(held, 0)}
    }
