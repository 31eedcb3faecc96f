"""Writing the index: only what differs, tokens with the names, the stamp of its shape."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.search import index
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.rows import index_row
from tests.desktop.search.rows_of_work import Work


def changes(writer: Connection) -> int:
    return int(writer.execute("SELECT max(seq) FROM worklist_change").fetchone()[0])


def dump(writer: Connection) -> list[tuple[object, ...]]:
    return list(writer.execute("SELECT * FROM worklist ORDER BY id"))


def test_writing_the_same_rows_again_writes_nothing(writer: Connection, works: list[Work]) -> None:
    before = changes(writer)
    index.write_rows(writer, [index_row(work.application, work.derived) for work in works])
    assert changes(writer) == before


def test_the_last_of_two_rows_with_one_id_stands(writer: Connection, works: list[Work]) -> None:
    work = works[0]
    renamed = replace(work.application, person=replace(work.application.person, name="仇一帆"))
    index.write_rows(writer, [index_row(work.application, work.derived), index_row(renamed, work.derived)])
    name = writer.execute("SELECT name FROM worklist WHERE id = ?", (work.application.id,)).fetchone()
    assert name == ("仇一帆",)


def test_a_rebuilt_index_holds_the_same_rows_and_tokens(writer: Connection, works: list[Work]) -> None:
    before, terms = dump(writer), list(writer.execute("SELECT term, doc FROM worklist_terms"))
    index.rebuild(writer, (index_row(work.application, work.derived) for work in works))
    assert [row[1:] for row in dump(writer)] == [row[1:] for row in before]
    assert list(writer.execute("SELECT term, doc FROM worklist_terms")) == terms


def test_nothing_is_left_of_deleted_rows(writer: Connection, works: list[Work]) -> None:
    index.delete_rows(writer, [work.application.id for work in works] + [ApplicationId("unknown")])
    assert dump(writer) == []
    assert list(writer.execute("SELECT rowid FROM worklist_text WHERE worklist_text MATCH 'n0738b'")) == []


def test_an_overlay_changes_only_its_columns(writer: Connection, works: list[Work]) -> None:
    id_ = works[0].application.id
    before = writer.execute("SELECT * FROM worklist WHERE id <> ?", (id_,)).fetchall()
    index.update_overlay(writer, id_, State.AGREED, RowSync.WAITING, "查若溪")
    index.update_overlay(writer, ApplicationId("unknown"), State.AGREED, RowSync.WAITING)
    row = writer.execute("SELECT state, sync, handler FROM worklist WHERE id = ?", (id_,)).fetchone()
    assert row == (list(State).index(State.AGREED), list(RowSync).index(RowSync.WAITING), "查若溪")
    assert writer.execute("SELECT * FROM worklist WHERE id <> ?", (id_,)).fetchall() == before


def test_the_stamp_tells_an_index_of_another_shape(writer: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert index.is_current(writer)
    monkeypatch.setattr(index, "STAMP", "another")
    assert not index.is_current(writer)
    index.drop(writer)
    assert not index.is_current(writer)
    index.create(writer)
    assert index.is_current(writer)


def test_change_lines_do_not_grow_for_ever(
    writer: Connection, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "KEPT_CHANGES", 10)
    random_ = random.Random(3)
    for _ in range(30):
        work = random_.choice(works)
        derived = replace(work.derived, passed=random_.randrange(1000))
        index.write_rows(writer, [index_row(work.application, derived)])
    assert writer.execute("SELECT count(*) FROM worklist_change").fetchone()[0] <= 10


def test_a_rebuild_in_the_middle_can_be_taken_back(writer: Connection, works: list[Work]) -> None:
    before = dump(writer)

    def failing() -> object:
        yield index_row(works[0].application, works[0].derived)
        raise RuntimeError("power")

    writer.execute("BEGIN")
    with pytest.raises(RuntimeError):
        index.rebuild(writer, failing())  # type: ignore[arg-type]
    writer.execute("ROLLBACK")
    assert dump(writer) == before
