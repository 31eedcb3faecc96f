"""方案: kept, renamed, deleted, and the same in meaning next month."""

from __future__ import annotations

from datetime import date

import pytest

from medreg_core.domain.vocabulary import Category, Kind
from medreg_desktop.services.search.conditions import CheckCondition, Query, RowSync, Sort, SortColumn, Tab
from medreg_desktop.views.applications.options import ConditionWords
from medreg_desktop.views.applications.schemes import MOST, Chosen, SchemeBook
from tests.desktop.review.office import HOSPITAL, tables

TODAY, LATER = date(2026, 11, 23), date(2026, 12, 1)


class Stored:
    """The settings' text, and the book as another session opens it."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def keep(self, text: str) -> None:
        self.text = text

    def book(self, today: date = TODAY) -> SchemeBook:
        return SchemeBook(words(today), self.text, self.keep)


def words(today: date = TODAY) -> ConditionWords:
    return ConditionWords(tables(), HOSPITAL, (), lambda: today)


FULL = Query(
    text="单", tab=Tab.SUBMITTED, kinds=(Kind.CHANGE, Kind.REGISTRATION), categories=(Category.CLINICAL,), handler="",
    submitted_from=date(2026, 11, 2), check=CheckCondition.FAILED,
    sync=(RowSync.WAITING,), sort=Sort(SortColumn.NAME, descending=True),
)  # fmt: skip


def test_every_condition_comes_back_in_another_session() -> None:
    stored = Stored()
    assert stored.book().save("  年底前   到期 ", FULL)
    book = stored.book()
    assert book.names == ("年底前 到期",)
    assert book.use(1) == FULL
    assert book.chosen(FULL) == Chosen("年底前 到期", 1, changed=False)
    assert book.chosen(Query(tab=Tab.OPEN)).changed


def test_a_choice_of_deadline_means_the_same_next_month() -> None:
    stored = Stored()
    first, last = words().deadline_range("12") or (None, None)
    stored.book().save("十二天", Query(deadline_from=first, deadline_to=last))
    query = stored.book(LATER).use(1)
    assert query is not None
    assert (query.deadline_from, query.deadline_to) == words(LATER).deadline_range("12")
    assert query.deadline_to != last


def test_free_days_stay_the_days_they_are() -> None:
    stored = Stored()
    query = Query(deadline_from=date(2026, 11, 24), deadline_to=date(2026, 11, 26))
    stored.book().save("三天", query)
    assert stored.book(LATER).use(1) == query


def test_the_same_name_replaces_and_another_adds() -> None:
    book = Stored().book()
    book.save("甲", Query(text="1"))
    book.save("乙", Query(text="2"))
    book.save("甲", Query(text="3"))
    assert book.names == ("甲", "乙")
    assert book.use(1) == Query(text="3")


def test_nine_have_keys_and_a_tenth_is_not_taken() -> None:
    book = Stored().book()
    assert all(book.save(str(n), Query(text=str(n))) for n in range(MOST))
    assert not book.save("还有", Query(text="x"))
    assert book.save("0", Query(text="y"))
    assert book.use(MOST + 1) is None
    assert book.use(0) is None


@pytest.mark.parametrize(("new", "done"), [("丙", True), ("甲", True), ("乙", False), ("  ", False)])
def test_a_name_is_given_once(new: str, done: bool) -> None:
    book = Stored().book()
    book.save("乙", Query(text="2"))
    book.save("甲", Query(text="1"))
    assert book.rename("甲", new) is done
    assert book.chosen(Query(text="1")).name == (new if done else "甲")


def test_deleting_can_be_undone_in_its_place() -> None:
    stored = Stored()
    book = stored.book()
    for name in "甲乙丙":
        book.save(name, Query(text=name))
    book.use(2)
    undo = book.delete("乙")
    assert stored.book().names == ("甲", "丙")
    assert book.chosen(Query()) == Chosen()
    undo()
    assert stored.book().names == ("甲", "乙", "丙")
    assert book.chosen(Query(text="乙")) == Chosen("乙", 2)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '[{"name": 3}]', "null", '[{"name": "a", "query": {"kinds": ["?"]}}]']
)
def test_what_cannot_be_read_is_no_scheme_and_is_left_alone(text: str) -> None:
    stored = Stored(text)
    assert stored.book().names == ()
    assert stored.text == text


def test_nothing_is_saved_without_a_name() -> None:
    stored = Stored()
    assert not stored.book().save("   ", FULL)
    assert stored.text == ""
