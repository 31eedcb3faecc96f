"""What a registrar may type and do, on a real encrypted file."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlcipher3.dbapi2 import ProgrammingError

from medreg_desktop.services.cache.connection import fault_of
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.search import engine as engine_module
from medreg_desktop.services.search import index, loading, recent
from medreg_desktop.services.search.conditions import Query, Sort, SortColumn
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.engine import SearchEngine, SearchInterrupted
from tests.desktop.search.rows_of_work import Work, any_derived, any_work


def put(writer: Connection, *names: str) -> None:
    """Write applications of the given names."""
    random_ = random.Random(1)
    rows = []
    for number, name in enumerate(names):
        work = any_work(random_, 10_000 + number)
        person = replace(work.application.person, name=name)
        rows.append(index.index_row(replace(work.application, person=person), any_derived(random_)))
    index.write_rows(writer, rows)


def found(engine: SearchEngine, text: str) -> set[str]:
    return {row.name for row in engine.page(Query(text=text)).rows}


@pytest.fixture(params=["file", "memory"])
def ready(request: pytest.FixtureRequest, engine: SearchEngine, writer: Connection) -> SearchEngine:
    """An engine before and after its columns are loaded; loaded while the list was still empty."""
    if request.param == "memory":
        engine.prepare()
    return engine


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sxm", {"单小明"}),
        ("dxm", {"单小明"}),
        ("单", {"单小明", "单于晴"}),
        ("小明", {"单小明"}),
        ("xiaom", {"单小明"}),
        ("chan", {"单于晴", "单小明"}),
        ("单 晴", {"单于晴"}),
        ("ｓｈａｎ", {"单小明", "单于晴"}),
        ("%", {"100%纯"}),
        ("_", {"下_划"}),
        ("\\", set()),
        ("𠅤", {"𠅤安"}),
        ("买买提阿不都", {"买买提·阿不都"}),
        ("提・阿", {"买买提·阿不都"}),
        ("·", {"买买提·阿不都"}),
        ("<b>", {"<b>李</b>"}),
        ("' OR '1'='1", set()),
        ('"', set()),
        ("小明 OR 单", set()),
        ("*", set()),
        ("NOT", set()),
        ("龙" * 300, set()),
        ("", {"单小明", "单于晴", "100%纯", "下_划", "𠅤安", "买买提·阿不都", "<b>李</b>"}),
    ],
)
def test_what_is_typed_finds_what_is_meant(ready: SearchEngine, writer: Connection, text: str, names: set[str]) -> None:
    put(writer, "单小明", "单于晴", "100%纯", "下_划", "𠅤安", "买买提·阿不都", "<b>李</b>")
    assert found(ready, text) == names
    assert ready.exact_count(Query(text=text)) == len(names)


def test_a_name_of_300_characters_is_found_by_any_part(ready: SearchEngine, writer: Connection) -> None:
    name = "".join(chr(0x4E00 + i) for i in range(300))
    put(writer, name)
    assert found(ready, name) == found(ready, name[100:250]) == found(ready, name[299]) == {name}


def test_what_is_typed_is_never_run(ready: SearchEngine, writer: Connection, works: list[Work]) -> None:
    for payload in ("'; DROP TABLE worklist; --", "x') UNION SELECT 1 --", '") OR 1=1 --', "worklist_text:a", "\x00"):
        for query in (Query(text=payload), Query(phone=payload), Query(handler=payload), Query(departments=(payload,))):
            ready.page(query)
    assert ready.exact_count(Query()) == len(works)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a running question after every few steps, so that even a small list is caught in the middle."""
    monkeypatch.setattr(engine_module, "_PROGRESS_STEPS", 5)


@pytest.mark.usefixtures("watched")
def test_a_running_count_is_dropped(connect: Callable[[], Connection], writer: Connection, works: list[Work]) -> None:
    engine = SearchEngine(connect)
    asked = threading.Event()

    def drop() -> bool:
        asked.set()
        return True

    with pytest.raises(SearchInterrupted):
        engine.exact_count(Query(text="王"), drop)
    assert asked.is_set()
    assert engine.exact_count(Query()) == len(works)
    engine.close()


@pytest.mark.usefixtures("watched")
def test_another_thread_may_interrupt(connect: Callable[[], Connection], writer: Connection, works: list[Work]) -> None:
    engine, calls = SearchEngine(connect), []

    def interrupt_from_elsewhere() -> bool:
        if not calls:
            other = threading.Thread(target=engine.interrupt)
            other.start()
            other.join()
        calls.append(1)
        return False

    with pytest.raises(SearchInterrupted):
        engine.exact_count(Query(text="王"), interrupt_from_elsewhere)
    assert engine.exact_count(Query()) == len(works)
    engine.close()


def test_preparing_stops_when_asked(engine: SearchEngine, writer: Connection, works: list[Work]) -> None:
    engine.prepare(lambda: True)
    assert engine.exact_count(Query()) == len(works)


def test_preparing_twice_reads_once(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.prepare()
    monkeypatch.setattr(loading, "load", None)
    engine.prepare()
    assert engine.exact_count(Query()) == len(works)


def test_questions_are_answered_while_columns_load(
    connect: Callable[[], Connection], writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, answers = SearchEngine(connect), []
    completed = loading.completed

    def asking(*arguments: object) -> object:
        answers.append(engine.exact_count(Query()))
        return completed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "completed", asking)
    engine.prepare()
    assert answers == [len(works)]
    engine.close()


def test_an_engine_answers_again_after_it_was_closed(
    engine: SearchEngine, writer: Connection, works: list[Work]
) -> None:
    engine.prepare()
    engine.close()
    assert engine.exact_count(Query()) == len(works)


def test_what_is_loading_while_the_engine_closes_is_thrown_away(
    connect: Callable[[], Connection], writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Connection] = []

    def counted() -> Connection:
        opened.append(connect())
        return opened[-1]

    engine, completed = SearchEngine(counted), loading.completed

    def closing(*arguments: object) -> object:
        engine.close()
        return completed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "completed", closing)
    engine.exact_count(Query())
    engine.prepare()
    assert len(opened) == 2
    for connection in opened:
        with pytest.raises(ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


@pytest.mark.parametrize("prepared", [False, True])
def test_damage_is_told_as_a_known_fault(
    connect: Callable[[], Connection], writer: Connection, works: list[Work], tmp_path: Path, prepared: bool
) -> None:
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / "cache.db"
    pages = file.read_bytes()
    engine = SearchEngine(connect, fault_of)
    if prepared:
        engine.prepare()
        engine.close()
    file.write_bytes(pages[:8192] + bytes(len(pages) - 8192))
    for question in (engine.page, engine.capped_count, engine.exact_count, engine.state_counts):
        with pytest.raises(KnownFault, match="cache_damaged"):
            question(Query())
    with pytest.raises(KnownFault, match="cache_damaged"):
        engine.prepare()
    engine.close()


def test_rows_kept_from_earlier_pages_show_what_changed_since(
    engine: SearchEngine, writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "MOST_ROWS", 40)
    engine.prepare()
    for column in (SortColumn.NAME, SortColumn.DEPARTMENT, SortColumn.MATERIALS):
        query = Query(sort=Sort(column))
        shown = engine.page(query).rows
        row = shown[50]
        index.update_overlay(writer, row.id, row.state, row.sync, f"查{column}")
        again = engine.page(query).rows
        assert again[50] == row._replace(handler=f"查{column}")
        assert again[:50] + again[51:] == shown[:50] + shown[51:]
