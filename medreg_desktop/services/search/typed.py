"""The rows that meet what is typed, as sets; the long posting lists of common words are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from medreg_desktop.services.search.conditions import Query
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.filters import Filter, Sql, joined, typed_filters
from medreg_desktop.services.search.router import numbered
from medreg_desktop.services.search.slices import members, row_set

_FEW = 500  # rows that are sooner tested one by one than a posting list is read
_KEPT_FROM = 1000  # members of a set worth keeping: reading it again costs a millisecond or more
_KEPT_SETS = 256


class TypedRows:
    """Narrows a set of rows by the typed conditions. It belongs to one state of the names."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Sql, int] = OrderedDict()

    def narrow(self, connection: Connection, rows: int, query: Query) -> int:
        """Return the members of ``rows`` that meet every typed condition of a normalised query."""
        unread = []
        for each in typed_filters(query):
            if each.test in self._kept:
                self._kept.move_to_end(each.test)
                rows &= self._kept[each.test]
            else:
                unread.append(each)
        for i, each in enumerate(unread):
            if rows.bit_count() <= _FEW:
                return _tested(connection, rows, unread[i:])
            rows &= self._read(connection, each)
            if not each.exact:
                rows = _tested(connection, rows, [each])
        return rows

    def _read(self, connection: Connection, condition: Filter) -> int:
        assert condition.source is not None, "every typed condition has an index"
        numbers = [n for (n,) in connection.execute(condition.source.text, condition.source.values).fetchall()]
        found = row_set(numbers)
        if condition.names_only and condition.exact and len(numbers) >= _KEPT_FROM:
            self._kept[condition.test] = found
            if len(self._kept) > _KEPT_SETS:
                self._kept.popitem(last=False)
        return found


def _tested(connection: Connection, rows: int, conditions: Sequence[Filter]) -> int:
    if not rows:
        return 0
    where, listed = joined(conditions), numbered(members(rows))
    statement = f"SELECT worklist.n FROM {listed.text} WHERE {where.text}"  # noqa: S608 - values are bound
    return row_set([n for (n,) in connection.execute(statement, (*listed.values, *where.values)).fetchall()])
