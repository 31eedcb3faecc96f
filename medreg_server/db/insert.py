"""INSERT that tolerates an existing row; the two engines spell it in their own dialect modules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert


def insert_if_absent(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert ``row`` unless its key exists, waiting for a writer of the same key; return whether it was inserted."""
    return connection.execute(_if_absent(connection.dialect.name, table), row).first() is not None


@cache
def _if_absent(engine: str, table: Table) -> ReturningInsert[Any]:
    key = next(iter(table.primary_key))
    if engine == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing().returning(key)
    return sqlite.insert(table).on_conflict_do_nothing().returning(key)


def upsert(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert ``row`` or replace the columns of the row with the same primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    if connection.dialect.name == "postgresql":
        connection.execute(postgresql.insert(table).values(row).on_conflict_do_update(index_elements=keys, set_=rest))
    else:
        connection.execute(sqlite.insert(table).values(row).on_conflict_do_update(index_elements=keys, set_=rest))
