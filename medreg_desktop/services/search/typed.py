"""The rows that meet what is typed, read from the indexes of the file and from the sets of common tokens in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import Filter, Way, having, joined
from medreg_desktop.services.search.router import listed, numbers_of
from medreg_desktop.services.search.slices import members, row_set

FEW = 300
"""Rows that are sooner tested one by one than an index is read for them."""


def all_common(condition: Filter, common: Mapping[str, int]) -> bool:
    """Return whether the rows of a condition are known without reading."""
    return all(way.tokens and all(token in common for token in way.tokens) for way in condition.ways)


def narrow(connection: Connection, rows: int, conditions: Sequence[Filter], common: Mapping[str, int]) -> int:
    """Return the members of ``rows`` that meet every typed condition; ``common`` maps tokens to their rows."""
    for i, condition in enumerate(conditions):
        if rows.bit_count() <= FEW:
            return _tested(connection, rows, conditions[i:])
        found = 0
        for way in condition.ways:
            candidates = rows & _candidates(connection, way, common)
            found |= candidates if way.exact else _tested(connection, candidates, [condition])
        rows = found
    return rows


def _candidates(connection: Connection, way: Way, common: Mapping[str, int]) -> int:
    rare = tuple(token for token in way.tokens if token not in common)
    known = [common[token] for token in way.tokens if token in common]
    if rare or not known:
        source = having(rare) if rare else way.source
        known.append(row_set(numbers_of(connection, source)))
    rows = known[0]
    for each in known[1:]:
        rows &= each
    return rows


def _tested(connection: Connection, rows: int, conditions: Sequence[Filter]) -> int:
    if not rows:
        return 0
    where, these = joined(conditions), listed(members(rows))
    statement = f"SELECT worklist.n AS n FROM {these.text} WHERE {where.text}"  # noqa: S608 - values are bound
    return row_set([n for (n,) in connection.execute(statement, (*these.values, *where.values)).fetchall()])
