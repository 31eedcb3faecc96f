"""The rows that meet what is typed, read from the indexes of the file and from the sets of common tokens in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import Filter, Way, any_of, having, joined
from medreg_desktop.services.search.router import listed, numbers_of
from medreg_desktop.services.search.slices import members, row_set

FEW = 300
"""Rows that are sooner tested one by one than an index is read for them."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The few rows, ascending, that can meet what is typed; those conditions are left that each must be tested for."""

    numbers: list[int]
    untested: list[Filter]


def few(connection: Connection, conditions: Sequence[Filter], common: Mapping[str, int]) -> Candidates | None:
    """Return the candidates of the first condition that has few; None if every one has more, or is in memory."""
    for condition in conditions:
        if any(_is_common(way, common) for way in condition.ways):
            continue
        sources = any_of((way.source for way in condition.ways), " UNION ALL ")
        statement = f"{sources.text} LIMIT {FEW + 1}"
        found = connection.execute(statement, sources.values).fetchall()
        if len(found) <= FEW:
            exact = all(way.exact for way in condition.ways)
            untested = [each for each in conditions if each is not condition or not exact]
            return Candidates(sorted({n for (n,) in found}), untested)
    return None


def _is_common(way: Way, common: Mapping[str, int]) -> bool:
    """Return whether the candidates of a way are known without reading."""
    return bool(way.tokens) and all(token in common for token in way.tokens)


def narrow(connection: Connection, rows: int, conditions: Sequence[Filter], common: Mapping[str, int]) -> int:
    """Return the members of ``rows`` that meet every typed condition; ``common`` maps tokens to their rows."""
    for i, condition in enumerate(conditions):
        if rows.bit_count() <= FEW:
            return row_set(tested(connection, list(members(rows)), conditions[i:]))
        found = 0
        for way in condition.ways:
            candidates = rows & _candidates(connection, way, common)
            if not way.exact:
                candidates = row_set(tested(connection, list(members(candidates)), [condition]))
            found |= candidates
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


def tested(connection: Connection, numbers: Sequence[int], conditions: Sequence[Filter]) -> list[int]:
    """Return those of the given rows that meet every condition."""
    if not numbers:
        return []
    where, these = joined(conditions), listed(numbers)
    statement = f"SELECT worklist.n AS n FROM {these.text} WHERE {where.text}"  # noqa: S608 - values are bound
    return [n for (n,) in connection.execute(statement, (*these.values, *where.values)).fetchall()]
