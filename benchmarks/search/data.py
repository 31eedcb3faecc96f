"""The rows and the questions of the benchmark: the demo province's applications, with a seeded overlay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from medreg_core.domain.records import Application
from medreg_core.domain.states import OPEN
from medreg_core.domain.tables import load_tables
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.search.conditions import (
    CheckCondition,
    MaterialsCondition,
    Query,
    RowSync,
    Sort,
    SortColumn,
    Tab,
)
from medreg_desktop.services.search.names import fold_name, tails
from medreg_desktop.services.search.rows import IndexRow, RowDerived, index_row
from medreg_server.services.demo.worklist import worklist_applications

TODAY = date(2026, 11, 23)
_HANDLERS = ("张三", "李四", "王五", "赵六", "")
_TABLES = Path(__file__).parents[2] / "medreg_core" / "tables"


def rows(count: int, seed: int, keep: Callable[[Application], None]) -> Iterator[IndexRow]:
    """Yield the rows of ``count`` applications; every one is also shown to ``keep``, which may sample it."""
    tables = load_tables(lambda name: (_TABLES / name).read_text("utf-8"))
    random = Random(seed)
    for application in worklist_applications(count, seed, tables=tables, today=TODAY):
        keep(application)
        yield index_row(application, _derived(application, random))


def _derived(application: Application, random: Random) -> RowDerived:
    is_open = application.state in OPEN
    need = 4 + random.randrange(3)
    return RowDerived(
        shown_state=application.state,
        sync=random.choices(list(RowSync), (970, 12, 4, 4, 6, 4))[0] if is_open else RowSync.SYNCED,
        passed=9,
        failed=int(random.random() < 0.08),
        unknown=int(random.random() < 0.12),
        have=need - int(random.random() < 0.07),
        need=need,
        deadline=TODAY + timedelta(random.randrange(-3, 30)) if is_open else None,
        handler=_HANDLERS[random.randrange(5)] if application.state is not State.SUBMITTED else "",
    )


def _part(name: str, length: int, random: Random) -> str:
    folded = fold_name(name).split("\n")[0]
    start = random.randrange(max(1, len(folded) - length + 1))
    return folded[start : start + length]


def _initials(name: str, length: int) -> str:
    shortest = min(tails(fold_name(name)).split(), key=lambda tail: (-min(len(tail), 3) if len(tail) < 5 else 9, tail))
    return shortest[:length]


def _pinyin(name: str) -> str:
    return tails(fold_name(name)).split(" ", 2)[1]


Maker = Callable[[Application, Random], Query]


def _days(random: Random) -> dict[str, Any]:
    first = TODAY - timedelta(random.randrange(30, 400))
    return {"submitted_from": first, "submitted_to": first + timedelta(random.randrange(7, 90))}


CLASSES: dict[str, Maker] = {
    "name, whole": lambda a, r: Query(text=a.person.name),
    "name, 1 character": lambda a, r: Query(text=_part(a.person.name, 1, r)),
    "name, 2 characters": lambda a, r: Query(text=_part(a.person.name, 2, r)),
    "1 letter": lambda a, r: Query(text=_pinyin(a.person.name)[:1]),
    "initials, 2 letters": lambda a, r: Query(text=_initials(a.person.name, 2)),
    "initials, 3 letters": lambda a, r: Query(text=_initials(a.person.name, 3)),
    "pinyin, beginning": lambda a, r: Query(text=_pinyin(a.person.name)[: r.choice([3, 4, 5, 6, 7])]),
    "pinyin, whole": lambda a, r: Query(text=_pinyin(a.person.name)),
    "ID, last 6": lambda a, r: Query(id_number=a.person.id_number[-6:]),
    "ID, whole": lambda a, r: Query(id_number=a.person.id_number),
    "qualification code": lambda a, r: Query(qualification_code=a.qualification.code if a.qualification else "x"),
    "mobile": lambda a, r: Query(phone=a.person.phone),
    "state + dates": lambda a, r: Query(states=(a.state,), **_days(r)),
    "department + state + level": lambda a, r: Query(
        departments=(a.request.department,), states=(a.state,), levels=(a.request.level,)
    ),
    "2 characters + department + state": lambda a, r: Query(
        text=_part(a.person.name, 2, r), departments=(a.request.department,), states=(a.state,)
    ),
    "initials + level + category + dates": lambda a, r: Query(
        text=_initials(a.person.name, 2), levels=(a.request.level,), categories=(a.request.category,), **_days(r)
    ),
    "1 character + scope + education": lambda a, r: Query(
        text=_part(a.person.name, 1, r), scopes=a.request.scopes[:1], educations=(a.person.education,)
    ),
    "open, deadline in 12 days": lambda a, r: Query(tab=Tab.OPEN, deadline_to=TODAY + timedelta(12)),
    "failed or missing, by department": lambda a, r: Query(
        check=CheckCondition.FAILED, materials=MaterialsCondition.MISSING, sort=Sort(SortColumn.DEPARTMENT)
    ),
    "one state by name": lambda a, r: Query(states=(a.state,), sort=Sort(SortColumn.NAME)),
    "everything by name, backwards": lambda a, r: Query(sort=Sort(SortColumn.NAME, descending=True)),
}
"""What a registrar asks, from an application that exists."""
