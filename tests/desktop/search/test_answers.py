"""Every way of answering gives what a plain-Python filter gives: rows, order and counts, also after changes."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from medreg_core.domain.vocabulary import State
from medreg_desktop.services.search import columns, index, loading, typed
from medreg_desktop.services.search.conditions import Query, RowSync, Sort, SortColumn
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.engine import Page, SearchEngine
from tests.desktop.search.oracle import answer
from tests.desktop.search.questions import any_query
from tests.desktop.search.rows_of_work import Work, any_derived, any_name, any_work

QUESTIONS = 40


def stored(connection: Connection, works: list[Work]) -> dict[int, Work]:
    """Return the rows by their number in the index."""
    by_id = {work.application.id: work for work in works}
    return {n: by_id[id_] for n, id_ in connection.execute("SELECT n, id FROM worklist")}


def all_pages(engine: SearchEngine, query: Query, limit: int) -> list[int]:
    """Page through to the end."""
    page = engine.page(query, None, limit)
    numbers = [row.n for row in page.rows]
    while page.next is not None:
        page = engine.page(query, page.next, limit)
        assert page.rows, "a cursor promised rows"
        numbers += [row.n for row in page.rows]
    return numbers


def check(engine: SearchEngine, query: Query, rows: dict[int, Work], limit: int = 7) -> None:
    """Compare the first page, the counts and the tabs with the oracle."""
    expected = answer(query, rows)
    page = engine.page(query, None, limit)
    assert [row.n for row in page.rows] == expected[:limit], query
    assert (page.next is None) == (len(expected) <= limit)
    assert engine.exact_count(query) == len(expected), query
    assert engine.capped_count(query, 5).n == min(5, len(expected))
    states = Counter(rows[n].derived.shown_state for n in answer(replace(query, tab=None), rows))
    assert {state: n for state, n in engine.state_counts(query).items() if n} == dict(states)


@pytest.mark.parametrize("prepared", [False, True], ids=["file", "memory"])
@pytest.mark.parametrize("on", [0.04, 0.12, 0.3])
def test_answers_equal_a_plain_filter(
    engine: SearchEngine, writer: Connection, works: list[Work], prepared: bool, on: float
) -> None:
    if prepared:
        engine.prepare()
    rows = stored(writer, works)
    random_ = random.Random(f"{prepared}{on}")
    for _ in range(QUESTIONS):
        check(engine, any_query(random_, works, on=on), rows)


@pytest.mark.parametrize("prepared", [False, True], ids=["file", "memory"])
@pytest.mark.parametrize("column", list(SortColumn))
def test_paging_gives_every_row_once_under_ties(
    engine: SearchEngine, writer: Connection, works: list[Work], prepared: bool, column: SortColumn
) -> None:
    if prepared:
        engine.prepare()
    rows = stored(writer, works)
    for descending in (False, True):
        query = Query(sort=Sort(column, descending))
        assert all_pages(engine, query, 97) == answer(query, rows)


def test_common_and_rare_ways_of_reading_words_agree(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "FEW", 3)
    monkeypatch.setattr(loading, "FEW", 3)
    monkeypatch.setattr(loading, "most_candidates", lambda size: size // 50)
    engine.prepare()
    rows, random_ = stored(writer, works), random.Random(3)
    for _ in range(QUESTIONS):
        check(engine, replace(any_query(random_, works, on=0.03), text=f"{random_.choice('王小伟sx')}"), rows)
        check(engine, any_query(random_, works, on=0.1), rows)


def change_some(writer: Connection, works: list[Work], random_: random.Random) -> list[Work]:
    """Write new, changed and removed rows and overlays; return what the index must hold now."""
    works = list(works)
    for _ in range(random_.randrange(1, 8)):
        i = random_.randrange(len(works))
        work = works[i]
        match random_.randrange(4):
            case 0:
                works.append(any_work(random_, random_.randrange(10**6, 10**9)))
                work = works[-1]
                index.write_rows(writer, [index.index_row(work.application, work.derived)])
            case 1:
                person = replace(work.application.person, name=any_name(random_))
                works[i] = Work(replace(work.application, person=person), any_derived(random_))
                index.write_rows(writer, [index.index_row(works[i].application, works[i].derived)])
            case 2:
                index.delete_rows(writer, [work.application.id])
                works.pop(i)
            case _:
                derived = replace(work.derived, shown_state=State.AGREED, sync=RowSync.WAITING, handler="王五")
                works[i] = replace(work, derived=derived)
                index.update_overlay(writer, work.application.id, State.AGREED, RowSync.WAITING, "王五")
    return works


def test_changes_are_followed_without_loading_again(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.prepare()
    monkeypatch.setattr(loading, "load", None)
    random_ = random.Random(11)
    for _ in range(30):
        works = change_some(writer, works, random_)
        rows = stored(writer, works)
        for _ in range(4):
            query = any_query(random_, works, on=0.06)
            check(engine, query, rows)
            assert all_pages(engine, query, 50) == answer(query, rows)


@pytest.mark.parametrize("prepared", [False, True], ids=["file", "memory"])
def test_a_rebuilt_index_is_seen(engine: SearchEngine, writer: Connection, works: list[Work], prepared: bool) -> None:
    if prepared:
        engine.prepare()
    fewer = works[:40]
    writer.execute("BEGIN")
    index.rebuild(writer, (index.index_row(work.application, work.derived) for work in fewer))
    writer.execute("COMMIT")
    rows = stored(writer, fewer)
    check(engine, Query(), rows)
    engine.prepare()
    check(engine, Query(sort=Sort(SortColumn.NAME)), rows)


def test_readers_far_behind_load_again(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.prepare()
    monkeypatch.setattr(index, "KEPT_CHANGES", 2)
    random_ = random.Random(5)
    for _ in range(5):
        works = change_some(writer, works, random_)
    rows = stored(writer, works)
    check(engine, Query(), rows)
    engine.prepare()
    check(engine, Query(), rows)


def test_an_order_by_text_survives_many_changes(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.prepare()
    monkeypatch.setattr(columns, "MOST_LOOSE", 3)
    random_ = random.Random(8)
    for _ in range(6):
        works = change_some(writer, works, random_)
        check(engine, Query(sort=Sort(SortColumn.NAME)), stored(writer, works))
    engine.prepare()
    check(engine, Query(sort=Sort(SortColumn.NAME)), stored(writer, works))


def test_what_changes_by_the_thousand_is_not_followed_row_by_row(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MOST_LOOSE", 5)
    engine.prepare()
    more, random_ = list(works), random.Random(9)
    for expected in (True, False):
        new = [any_work(random_, random_.randrange(10**6, 10**9)) for _ in range(3)]
        index.write_rows(writer, [index.index_row(work.application, work.derived) for work in new])
        more += new
        check(engine, Query(sort=Sort(SortColumn.NAME)), stored(writer, more))
        assert (engine._columns is not None) is expected
    assert engine.prepare()
    check(engine, Query(sort=Sort(SortColumn.NAME)), stored(writer, more))


def test_an_empty_list_gives_an_empty_page(engine: SearchEngine, writer: Connection) -> None:
    for _ in range(2):
        assert engine.page(Query()) == Page((), None)
        assert engine.exact_count(Query(text="王")) == 0
        engine.prepare()


def test_an_index_made_anew_is_never_taken_for_the_old_one(
    engine: SearchEngine, writer: Connection, works: list[Work]
) -> None:
    engine.prepare()
    lines = writer.execute("SELECT count(*) FROM worklist_change").fetchone()[0]
    index.drop(writer)
    index.create(writer)
    for _ in range(lines - 1):
        writer.execute("INSERT INTO worklist_change (n, name_changed) VALUES (1, 0)")
    assert engine.page(Query()) == Page((), None)
