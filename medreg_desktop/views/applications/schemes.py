"""方案: sets of conditions under a name, kept in the encrypted copy. Knows no Qt.

A choice of 期限 is kept as the choice (≤ 12 working days), not as its days: a scheme means the same next month.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from medreg_desktop.services.search.conditions import Query, normalise
from medreg_desktop.views.applications.options import ConditionWords

MOST = 9
"""As many as there are keys, Ctrl+1…9."""


class Scheme(msgspec.Struct, frozen=True):
    """One saved set of conditions, with its tab and order; ``deadline`` is the choice of 期限, if one was made."""

    name: str
    query: Query
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the title row shows: the scheme in use, its key, and whether the conditions differ from it by now."""

    name: str = ""
    number: int = 0
    changed: bool = False


class SchemeBook:
    """The registrar's schemes in order. ``keep`` stores the text that ``stored`` brings back the next time.

    A stored text that cannot be read (written by a newer program, or damaged) counts as no schemes and is replaced
    only when one is saved.
    """

    def __init__(self, words: ConditionWords, stored: str, keep: Callable[[str], None]) -> None:
        self._words, self._keep = words, keep
        self._schemes = _read(stored)
        self._current = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of their keys."""
        return tuple(scheme.name for scheme in self._schemes)

    @property
    def is_full(self) -> bool:
        """Whether another name has no key any more."""
        return len(self._schemes) >= MOST

    def chosen(self, query: Query) -> Chosen:
        """Return what to show while these conditions are in force."""
        if self._current not in self.names:
            return Chosen()
        position = self.names.index(self._current)
        saved = self._query(self._schemes[position])
        return Chosen(self._current, position + 1, changed=normalise(saved) != normalise(query))

    def use(self, number: int) -> Query | None:
        """Return the conditions of the n-th scheme (from 1); None when there is none."""
        if not 1 <= number <= len(self._schemes):
            return None
        scheme = self._schemes[number - 1]
        self._current = scheme.name
        return self._query(scheme)

    def save(self, name: str, query: Query) -> bool:
        """Keep conditions under a name; an old scheme of that name is replaced. False when no name or no room."""
        name = " ".join(name.split())
        if not name or (self.is_full and name not in self.names):
            return False
        scheme = self._scheme(name, query)
        if name in self.names:
            self._write([scheme if each.name == name else each for each in self._schemes])
        else:
            self._write([*self._schemes, scheme])
        self._current = name
        return True

    def rename(self, name: str, new: str) -> bool:
        """Give a scheme another name; False when that is empty or taken."""
        new = " ".join(new.split())
        if not new or (new in self.names and new != name):
            return False
        self._write([msgspec.structs.replace(each, name=new) if each.name == name else each for each in self._schemes])
        self._current = new if self._current == name else self._current
        return True

    def delete(self, name: str) -> Callable[[], None]:
        """Forget a scheme; the answer puts it back where it was."""
        before, current = self._schemes, self._current
        self._write([each for each in self._schemes if each.name != name])

        def undo() -> None:
            self._write(before)
            self._current = current

        return undo

    def _scheme(self, name: str, query: Query) -> Scheme:
        choice = self._words.deadline_key(query.deadline_from, query.deadline_to)
        if choice and (query.deadline_from or query.deadline_to):
            return Scheme(name, replace(query, deadline_from=None, deadline_to=None), choice)
        return Scheme(name, query)

    def _query(self, scheme: Scheme) -> Query:
        days = self._words.deadline_range(scheme.deadline) if scheme.deadline else None
        if days is None:
            return scheme.query
        return replace(scheme.query, deadline_from=days[0], deadline_to=days[1])

    def _write(self, schemes: list[Scheme]) -> None:
        self._schemes = schemes
        self._keep(msgspec.json.encode(schemes).decode())


def _read(stored: str) -> list[Scheme]:
    if not stored:
        return []
    try:
        return msgspec.json.decode(stored, type=list[Scheme])[:MOST]
    except msgspec.DecodeError:  # ValidationError is one
        return []
