"""Reads the columns of the work list into memory, in one read transaction of the caller.

Read in small runs: the loading thread must not keep the interpreter from painting.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from medreg_desktop.services.courtesy import courteous
from medreg_desktop.services.search.columns import CHOICES, FEW_TEXTS, MANY_TEXTS, NUMBERS, Columns
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import having
from medreg_desktop.services.search.following import last_change
from medreg_desktop.services.search.index import CODE_INDEXES, SORT_INDEXES
from medreg_desktop.services.search.router import most_candidates, numbers_of
from medreg_desktop.services.search.rows import PROBLEMS
from medreg_desktop.services.search.slices import Slices, row_set
from medreg_desktop.services.search.typed import FEW

_CHUNK = 5_000
_READ = (*NUMBERS, *dict.fromkeys((*CHOICES, *FEW_TEXTS)))


def load(connection: Connection) -> Columns:
    """Read all columns but the ranks; the caller holds a read transaction. 1.5 s for a million rows."""
    seq = last_change(connection)
    size = connection.execute("SELECT coalesce(max(n), 0) FROM worklist").fetchone()[0] + 1
    draft = _Draft(size)
    cursor = connection.execute(f"SELECT n, {', '.join(_READ)} FROM worklist ORDER BY n")  # noqa: S608 - constants
    for chunk in _chunks(cursor):
        draft.add(chunk)
    return draft.columns(seq)


def _chunks(cursor: Any) -> Iterator[list[Sequence[Any]]]:
    return courteous(iter(lambda: cursor.fetchmany(_CHUNK), []))


class _Draft:
    """The columns while they are read: one array per column, indexed by row number. Texts are coded as they come."""

    def __init__(self, size: int) -> None:
        self._values = {name: array("I", bytes(4 * size)) for name in ("present", "unknown", *_READ)}
        self._codes: dict[str, dict[str, int]] = {name: {} for name in (*CHOICES, *FEW_TEXTS)}

    def add(self, chunk: Sequence[Sequence[Any]]) -> None:
        """Take over a run of rows, ascending by number."""
        numbers, *columns = zip(*chunk, strict=True)
        read: dict[str, Sequence[Any]] = dict(zip(_READ, columns, strict=True))
        read["part"] = [part + 1 for part in read["part"]]
        read["unknown"] = [checks % PROBLEMS for checks in read["checks"]]
        read["present"] = [1] * len(numbers)
        for name, codes in self._codes.items():
            read[name] = [codes.setdefault(text, len(codes) + 1) for text in read[name]]
        for name, values in read.items():
            self._put(name, numbers, values)

    def _put(self, name: str, numbers: Sequence[int], values: Sequence[int]) -> None:
        target = self._values[name]
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            target[numbers[0] : numbers[-1] + 1] = array("I", values)
            return
        for n, value in zip(numbers, values, strict=True):
            target[n] = value

    def columns(self, seq: int) -> Columns:
        """Return what was read."""
        present = Slices.of(self._values["present"]).bits
        choices = {name: Slices.of(self._values[name]) for name in CHOICES}
        return Columns(
            seq=seq,
            rows=present[0] if present else 0,
            numbers={name: Slices.of(self._values[name]) for name in (*NUMBERS, "unknown")},
            choices=choices,
            codes={name: self._codes[name] for name in CHOICES},
            scopes=self._scopes(),
            ranks={name: self._ranks(name) for name in FEW_TEXTS},
        )

    def _scopes(self) -> Mapping[str, int]:
        coded, found = Slices.of(self._values["scopes"]), dict[str, int]()
        everything = (1 << len(self._values["scopes"])) - 1
        for text, code in self._codes["scopes"].items():
            rows = coded.equal(everything, code)
            for scope in text.split():
                found[scope] = found.get(scope, 0) | rows
        return found

    def _ranks(self, name: str) -> Slices:
        codes = self._codes[name]
        ranks = [0] * (len(codes) + 1)
        for rank, text in enumerate(sorted(codes), 1):
            ranks[codes[text]] = rank
        return Slices.of(array("I", map(ranks.__getitem__, self._values[name])))


def completed(connection: Connection, columns: Columns, cancelled: Callable[[], bool]) -> Columns | None:
    """Return the columns with common tokens and the ranks of every order, read in the same transaction as they were.

    ``cancelled`` is asked between the parts; None when it said so.
    """
    columns = replace(columns, common=_common(connection, columns.rows.bit_length()))
    ranks: dict[str, Slices] = {}
    size = columns.rows.bit_length()
    for column in MANY_TEXTS:
        if cancelled():
            return None
        ranks[column] = _ranks(connection, column, size)
    return replace(columns, ranks={**columns.ranks, **ranks})


def most_read(size: int) -> int:
    """Return the longest posting list that is read for a question; tokens of more names are kept in memory.

    One name in a hundred, so that the sets take about as many bytes a row at every size; above a million rows,
    where that becomes many, what the router would read.
    """
    return max(FEW, min(most_candidates(size), size // 100))


def _common(connection: Connection, size: int) -> Mapping[str, int]:
    """Return the rows of every token whose posting list is longer than would be read."""
    terms = connection.execute("SELECT term FROM worklist_terms WHERE doc > ?", (most_read(size),)).fetchall()
    return {term: row_set(numbers_of(connection, having((term,)))) for (term,) in terms}


def _ranks(connection: Connection, column: str, size: int) -> Slices:
    index = {**CODE_INDEXES, **SORT_INDEXES}[column]
    cursor = connection.execute(f"SELECT n, {column} FROM worklist INDEXED BY {index} ORDER BY {column}")  # noqa: S608 - constants
    ranks, rank, last = array("I", bytes(4 * size)), 0, None
    for chunk in _chunks(cursor):
        for n, text in chunk:
            if text != last:
                rank, last = rank + 1, text
            ranks[n] = rank
    return Slices.of(ranks)
