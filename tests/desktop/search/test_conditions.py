"""The query as a value: normal form, chips, removal."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest

from medreg_core.domain.vocabulary import Kind, State
from medreg_desktop.services.search.conditions import (
    TAB_STATES,
    ActiveCondition,
    Query,
    Sort,
    SortColumn,
    Tab,
    active_conditions,
    normalise,
    states_asked,
    without,
    without_all,
)
from medreg_desktop.services.search.engine import tab_counts
from tests.desktop.search.questions import any_query
from tests.desktop.search.rows_of_work import any_work

WORKS = [any_work(random.Random(1), number) for number in range(20)]


def test_equal_questions_become_equal_values() -> None:
    wide = Query(
        text="　ＳＸＭ ", id_number="1101 0519x", form_number="990100－2026－0001", kinds=(Kind.CHANGE, Kind.CHANGE)
    )
    plain = Query(text="sxm", id_number="11010519X", form_number="99010020260001", kinds=(Kind.CHANGE,))
    assert normalise(wide) == plain
    assert normalise(plain) == plain


def test_every_condition_has_a_chip_and_can_be_removed() -> None:
    random_ = random.Random(2)
    for _ in range(300):
        query = normalise(any_query(random_, WORKS, on=0.4))
        chips = active_conditions(query)
        assert len({chip.code for chip in chips}) == len(chips)
        for chip in chips:
            query = without(query, chip.code)
        assert query == without_all(query)


def test_nobody_as_handler_is_a_condition() -> None:
    assert active_conditions(Query(handler="")) == (ActiveCondition("handler", ""),)
    assert active_conditions(Query()) == ()


@pytest.mark.parametrize("code", ["tab", "sort", "nothing"])
def test_what_is_no_condition_cannot_be_removed(code: str) -> None:
    with pytest.raises(ValueError, match=code):
        without(Query(), code)


def test_the_conditions_of_the_screen_are_all_there() -> None:
    names = {field.name for field in fields(Query)}
    assert names >= {
        "text", "kinds", "deadline_from", "deadline_to", "departments", "handler", "categories", "scopes", "levels",
        "educations", "submitted_from", "submitted_to", "id_number", "qualification_code", "practice_code",
        "form_number", "check", "materials", "sync", "phone", "states",
    }  # fmt: skip


def test_tabs_cover_every_state_but_the_draft() -> None:
    covered = set().union(*TAB_STATES.values())
    assert covered == set(State) - {State.DRAFT}
    assert not TAB_STATES[Tab.OPEN] & TAB_STATES[Tab.DONE]
    ones = dict.fromkeys(State, 1)
    assert tab_counts(ones) == {tab: len(states) for tab, states in TAB_STATES.items()}


def test_tab_and_states_meet() -> None:
    assert states_asked(Query()) is None
    assert states_asked(Query(tab=Tab.SUBMITTED)) == {State.SUBMITTED}
    assert states_asked(Query(states=(State.DENIED,))) == {State.DENIED}
    assert states_asked(Query(tab=Tab.OPEN, states=(State.DENIED, State.AGREED))) == {State.AGREED}


def test_the_default_order_is_the_deadline() -> None:
    assert Query().sort == Sort(SortColumn.DEADLINE, descending=False)
