"""Do all engines give the same rows? Random combinations of conditions, ours against plain SQL without any index."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from benchmarks.search.data import CLASSES, TODAY
from benchmarks.search.engines import Engine, LikeScan, Ours
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import Category, Kind, Level, State
from medreg_desktop.services.search.conditions import (
    CheckCondition,
    MaterialsCondition,
    Query,
    RowSync,
    Sort,
    SortColumn,
    Tab,
    normalise,
)
from medreg_desktop.services.search.names import fold_name, tails

_COMBINATIONS = {50_000: 2_000, 300_000: 300}
_AT_OTHER_SIZES = 60


def combination(r: random.Random, a: Application) -> Query:
    """Return a query in which each condition is on or off, around an application that exists."""
    on = r.choice([0.05, 0.1, 0.25])
    name, name_tails = fold_name(a.person.name).split("\n")[0], tails(fold_name(a.person.name)).split() or ["x"]
    start = r.randrange(max(1, len(name)))
    values: dict[str, Any] = {
        "text": r.choice(
            [name[start : start + r.randrange(1, 4)], r.choice(name_tails)[: r.randrange(1, 9)], "%", "_张"]
        ),
        "id_number": r.choice([a.person.id_number[-6:], a.person.id_number[-4:], a.person.id_number[:10]]),
        "qualification_code": a.qualification.code[: r.choice([4, 7, 27])] if a.qualification else "2020",
        "practice_code": a.registration.practice_code[: r.choice([3, 15])] if a.registration else "1",
        "phone": a.person.phone[: r.choice([3, 7, 11])],
        "tab": r.choice(list(Tab)),
        "kinds": (a.kind, r.choice(list(Kind))),
        "parts": (a.change_part,) if a.change_part else (),
        "states": (a.state, r.choice(list(State))),
        "departments": (a.request.department,),
        "categories": (a.request.category, r.choice(list(Category))),
        "levels": (r.choice(list(Level)),),
        "scopes": a.request.scopes[:1],
        "educations": (a.person.education,),
        "handler": r.choice(["张三", ""]),
        "submitted_from": TODAY - timedelta(r.randrange(500)),
        "submitted_to": TODAY - timedelta(r.randrange(300)),
        "deadline_from": TODAY + timedelta(r.randrange(-5, 30)),
        "deadline_to": TODAY + timedelta(r.randrange(30)),
        "check": r.choice(list(CheckCondition)),
        "materials": r.choice(list(MaterialsCondition)),
        "sync": (r.choice(list(RowSync)), RowSync.SYNCED),
    }
    chosen = {condition: value for condition, value in values.items() if r.random() < on}
    return normalise(Query(**chosen, sort=Sort(r.choice(list(SortColumn)), r.random() < 0.5)))


def compare(engines: Sequence[Engine], sample: Sequence[Application], size: int, *, quick: bool) -> dict[str, Any]:
    """Return how many combinations were compared and how many differed; every class once against every peer too."""
    r = random.Random(7)
    by_type = {type(engine): engine for engine in engines}
    ours, scan = by_type[Ours], by_type[LikeScan]
    tried = 200 if quick else _COMBINATIONS.get(size, _AT_OTHER_SIZES)
    differing, nonempty = [], 0
    for _ in range(tried):
        query = combination(r, r.choice(sample))
        count = scan.count(query)
        nonempty += count > 0
        if count != ours.count(query) or scan.page(query) != ours.page(query):
            differing.append(repr(query))
    peers: dict[str, str] = {}
    for engine in engines[1:]:
        asked = [normalise(make(r.choice(sample), r)) for make in CLASSES.values()]
        equal = sum(engine.count(query) == ours.count(query) and _same(engine, ours, query) for query in asked)
        peers[engine.name] = f"{equal}/{len(asked)}"
    return {
        "combinations": tried,
        "with_rows": nonempty,
        "equal": tried - len(differing),
        "differing": differing[:5],
        "classes_equal_to_ours": peers,
    }


def _same(engine: Engine, ours: Engine, query: Query) -> bool:
    """The ids of the page; tantivy breaks ties its own way, so the order of equal rows is not compared with it."""
    theirs, mine = engine.page(query), ours.page(query)
    return theirs == mine or (engine.name == "tantivy" and len(theirs) == len(mine))
