"""Writes that wait for the end of their transaction, to go to the database together.

A decision writes to seven tables, and to PostgreSQL every statement is a trip to another process. Writes whose answers
nobody waits for are noted and go as one statement, each a part of its ``WITH``. The parts see the same rows and none
sees another's, so two writes to one table never share a statement; and whoever asks the database anything first has
the noted writes carried out, so that a transaction always sees its own work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, insert, update
from sqlalchemy.sql.dml import Insert, Update

_KEY = "key"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A write without its values: what statements are built from, once."""

    table: Table
    columns: tuple[str, ...]
    changes: bool  # the row whose primary key is given; else it is a new row


class Writes:
    """The connection of one transaction, and what is still to be written through it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._noted: list[tuple[_Shape, Mapping[str, Any]]] = []

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note a new row; more than one go to the database at once, as many to a trip as it takes."""
        if len(rows) == 1:
            self._note(_Shape(table, tuple(rows[0]), changes=False), rows[0])
        elif rows:
            self.shown().execute(_insert(table), rows)

    def update(self, table: Table, key: object, values: Mapping[str, Any]) -> None:
        """Note new values for the row with the primary key ``key``."""
        self._note(_Shape(table, tuple(values), changes=True), {_KEY: key, **values})

    def _note(self, shape: _Shape, values: Mapping[str, Any]) -> None:
        if any(noted.table is shape.table for noted, _ in self._noted):
            self.carry_out()
        self._noted.append((shape, values))

    def carry_out(self) -> None:
        """Write everything noted so far."""
        noted = self._noted
        if not noted:
            return
        self._noted = []
        if self._connection.dialect.name == "postgresql":
            values = {f"{part}_{name}": value for part, (_, row) in enumerate(noted) for name, value in row.items()}
            self._connection.execute(_together(tuple(shape for shape, _ in noted)), values)
            return
        for shape, row in noted:
            self._connection.execute(_statement(shape, ""), row)

    def shown(self) -> Connection:
        """Return the connection with everything noted carried out: for statements that read."""
        self.carry_out()
        return self._connection

    def beside(self, table: Table) -> Connection:
        """Return the connection as it is, for a statement on ``table`` alone; noted writes to others keep waiting."""
        return self.shown() if any(noted.table is table for noted, _ in self._noted) else self._connection


class Repository:
    """Reads and writes some tables within one transaction."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes

    @property
    def _connection(self) -> Connection:
        return self._writes.shown()


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _statement(shape: _Shape, prefix: str) -> Insert | Update:
    values: dict[str, BindParameter[Any]] = {name: bindparam(prefix + name) for name in shape.columns}
    if not shape.changes:
        return insert(shape.table).values(values)
    (key,) = shape.table.primary_key
    # A name of its own would be taken for a column's value.
    return update(shape.table).where(key == bindparam(prefix + _KEY, type_=key.type)).values(values)


@cache
def _together(shapes: tuple[_Shape, ...]) -> Insert | Update:
    parts = [_statement(shape, f"{part}_") for part, shape in enumerate(shapes)]
    return parts[-1].add_cte(*(statement.cte(f"write_{part}") for part, statement in enumerate(parts[:-1])))
