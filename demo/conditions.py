"""Asks every condition through the fields of the real window and compares the rows with a plain filter in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache.synced import find
from medreg_desktop.services.search.conditions import Query
from medreg_desktop.services.search.rows import RowDerived, WorklistRow
from medreg_desktop.ui.widgets.choice import ChoiceField
from medreg_desktop.ui.widgets.date import DateField
from medreg_desktop.ui.widgets.field import TextField
from tests.desktop.search.oracle import answer
from tests.desktop.search.rows_of_work import Work

COMBINATIONS = 10


def check_conditions(office: Any, settle_list: Callable[[], None]) -> list[dict[str, object]]:
    """Return one line for each question: its name, how many rows, whether they are exactly the filter's, in order."""
    asker = _Asker(office, settle_list)
    stored = asker.everything()
    values = dict(_values(stored, office._house.today()))
    lines = [asker.ask(name, {name: value}, stored) for name, value in values.items()]
    rng = Random(20261123)
    for number in range(COMBINATIONS):
        chosen = rng.sample(sorted(values), rng.randint(2, 4))
        lines.append(
            asker.ask(f"combination {number + 1}: {' + '.join(chosen)}", {n: values[n] for n in chosen}, stored)
        )
    asker.clear()
    return lines


class _Asker:
    def __init__(self, office: Any, settle_list: Callable[[], None]) -> None:
        self._office, self._settle_list = office, settle_list
        self._page = office.list
        self._grid = self._page.conditions

    def everything(self) -> dict[int, Work]:
        """Return all rows of the copy, read one by one without the search."""
        self._page._presenter.change(Query())
        rows = self._rows()
        store = self._office._house.doorway.store

        def read(conn: Any) -> dict[int, Work]:
            return {row.n: Work(find(conn, row.id), _derived(row)) for row in rows}

        return store.read(read)

    def ask(self, name: str, conditions: dict[str, Any], stored: dict[int, Work]) -> dict[str, object]:
        """Fill the fields in, wait for the rows, compare."""
        self.clear()
        for code, value in conditions.items():
            self._fill(code, value)
            self._settle_list()
        query = self._page._state.query
        found = [row.n for row in self._rows()]
        wanted = answer(query, stored)
        total = self._page._state.total
        chips = len(self._page.chips.chips)
        return {
            "name": name,
            "rows": len(found),
            "equal": found == wanted,
            "total": total is not None and (total.n == len(wanted) or total.capped),
            "chips": chips,
        }

    def clear(self) -> None:
        """Remove all conditions and show every state."""
        self._page._presenter.change(Query())
        self._settle_list()

    def _fill(self, code: str, value: Any) -> None:
        field = self._grid.fields[code]
        if isinstance(field, DateField):
            field.set_text(value.isoformat())
            field._settle()
        elif isinstance(field, ChoiceField):
            field.set_values(value)
            field.chosen.emit(field.values)
        elif isinstance(field, TextField):
            field.set_text(value)

    def _rows(self) -> list[WorklistRow]:
        self._page._presenter.refresh()
        self._settle_list()
        while self._page._state.more:
            self._page._presenter.load_more()
            self._settle_list()
        return list(self._page._state.rows)


def _derived(row: WorklistRow) -> RowDerived:
    return RowDerived(
        row.state, row.sync, row.passed, row.failed, row.unknown, row.have, row.need, row.deadline,
        row.deadline_unpublished, row.handler, row.form_number,
    )  # fmt: skip


def _values(stored: dict[int, Work], today: date) -> Iterator[tuple[str, Any]]:
    """Yield a value that some rows meet for every field of the grid, and several kinds of text."""
    works = list(stored.values())
    some = next(w for w in works if w.application.registration and w.application.qualification)
    yield "text", some.application.person.name[:1]
    yield "kinds", ("registration", "change")
    yield "deadline", ("10",)
    yield "departments", (some.application.request.department,)
    yield "handler", ("",)
    yield "categories", ("clinical", "chinese")
    yield "scopes", some.application.request.scopes[:1]
    yield "levels", ("2",)
    yield "educations", (some.application.person.education,)
    yield "submitted_from", today - timedelta(days=12)
    yield "submitted_to", today - timedelta(days=6)
    yield "id_number", some.application.person.id_number[-6:]
    yield "qualification_code", some.application.qualification.code
    yield "practice_code", some.application.registration.practice_code
    yield "form_number", next(w.derived.form_number for w in works if w.derived.form_number)
    yield "check", ("failed",)
    yield "materials", ("missing",)
    yield "phone", some.application.person.phone
    yield "states", (State.SUPPLEMENT.value, State.RETURNED.value)
    yield "parts", ("scope",)
    yield "sync", ("synced",)
    yield "deadline_from", today
    yield "deadline_to", today + timedelta(days=7)
