"""Random queries: every condition on or off, with values that occur, that nearly occur and that never do."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from medreg_core.domain.vocabulary import Category, ChangePart, Kind, Level, State
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
from tests.desktop.search.rows_of_work import DAY, DEPARTMENTS, EDUCATIONS, HANDLERS, SCOPES, Work

ODD_TEXTS = [
    "%", "_", "·", "王%", "' OR 1=1 --", '"', "*", "n0738b", "NEAR(a b)", "龙" * 300, "ｓｘｍ", "不存在", "(", "王 小",
    "x" * 300, "0", "zzzzzzzzz", "a-b", "\x00",
]  # fmt: skip


def any_text(r: random.Random, work: Work) -> str:
    """Return something typed: part of a name, of its pinyin, of a code, or something odd."""
    name = fold_name(work.application.person.name).split("\n")[0]
    all_tails = tails(fold_name(name)).split()
    choice = r.randrange(6)
    if choice <= 1 and name:
        start = r.randrange(len(name))
        return name[start : start + r.choice([1, 1, 2, 3])]
    if choice == 2 and all_tails:
        return r.choice(all_tails)[: r.randrange(1, 12)]
    if choice == 3:
        return work.application.person.id_number[-r.choice([4, 6, 2]) :]
    if choice == 4:
        return r.choice([work.application.person.phone, work.application.person.id_number[:8], "1101"])
    return r.choice(ODD_TEXTS)


def any_query(r: random.Random, works: list[Work], *, on: float = 0.12) -> Query:
    """Return a query; each condition is set with probability ``on``, around a row that exists."""
    near = r.choice(works)
    a = near.application

    def some(value: Any, others: list[Any]) -> tuple[Any, ...]:
        return tuple({value, *r.sample(others, r.randrange(min(3, len(others))))} - {None})

    values: dict[str, Callable[[], Any]] = {
        "text": lambda: " ".join(any_text(r, near) for _ in range(r.choice([1, 1, 2]))),
        "id_number": lambda: r.choice([a.person.id_number[-6:], a.person.id_number, a.person.id_number[:8], "4"]),
        "qualification_code": lambda: a.qualification.code[: r.choice([4, 27])] if a.qualification else "2020",
        "practice_code": lambda: a.practice_code[: r.choice([1, 15])] or "9",
        "phone": lambda: a.person.phone[: r.choice([2, 11])],
        "form_number": lambda: a.form.number if a.form else "990100-2026",
        "tab": lambda: r.choice(list(Tab)),
        "kinds": lambda: some(a.kind, list(Kind)),
        "parts": lambda: some(a.change_part, list(ChangePart)),
        "states": lambda: some(near.derived.shown_state, list(State)),
        "departments": lambda: some(a.request.department, [*DEPARTMENTS, "没有的科"]),
        "categories": lambda: some(a.request.category, list(Category)),
        "levels": lambda: some(a.request.level, list(Level)),
        "scopes": lambda: some(r.choice([*a.request.scopes, "none"]), SCOPES),
        "educations": lambda: some(a.person.education, [*EDUCATIONS, "99"]),
        "handler": lambda: r.choice([*HANDLERS, "无此人"]),
        "submitted_from": lambda: DAY + timedelta(r.randrange(-30, 30)),
        "submitted_to": lambda: DAY + timedelta(r.randrange(-30, 30)),
        "deadline_from": lambda: DAY + timedelta(r.randrange(40)),
        "deadline_to": lambda: DAY + timedelta(r.randrange(40)),
        "check": lambda: r.choice(list(CheckCondition)),
        "materials": lambda: r.choice(list(MaterialsCondition)),
        "sync": lambda: some(near.derived.sync, list(RowSync)),
    }
    conditions = {name: value() for name, value in values.items() if r.random() < on}
    return Query(**conditions, sort=Sort(r.choice(list(SortColumn)), r.random() < 0.5))
