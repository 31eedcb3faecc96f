"""Snapshots: first filling, resumption, replacement of a copy that holds work, and servers put back from a backup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import current_thread
from typing import TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.commands import Command, Outcome, RecordPrint
from medreg_core.contract.v1.feed import SnapshotEnd, SnapshotMark, SnapshotRow
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application, CommandId, HistoryEntry
from medreg_core.domain.vocabulary import FormState, Move, OutcomeKind, Role, State
from medreg_desktop.services.cache import applications, commands, drafts, outbox, sync_state, synced
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.feed import Feed, FeedBroken, MassRemoval
from medreg_desktop.services.cache.outbox import LOST_BY_SERVER, OutboxState, Resolution
from medreg_desktop.services.cache.snapshot import Snapshot, digest_over
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.search import index
from tests.desktop.cache.office import (
    EPOCH,
    KEY,
    NOW,
    WANG,
    StillClock,
    agree,
    application,
    body,
    judge,
    page,
    read,
    upsert,
)

T = TypeVar("T")


class Stream:
    """Rows with the marks and the end line the server would send."""

    def __init__(self, rows: list[Application]) -> None:
        self.rows = [SnapshotRow("application", row.id, row.version, body(row)) for row in rows]

    def block(self, start: int, end: int) -> tuple[list[SnapshotRow], SnapshotMark]:
        return self.rows[start:end], SnapshotMark(f"after-{end}", end, self._digest(end))

    def end(self, seq: int = 7) -> SnapshotEnd:
        return SnapshotEnd(len(self.rows), self._digest(len(self.rows)), "cursor-end", seq)

    def _digest(self, end: int) -> str:
        return digest_over("", [(row.id, row.version) for row in self.rows[:end]])


@pytest.fixture
def empty(tmp_path: Path, clock: StillClock):  # type: ignore[no-untyped-def]
    opened = CacheStore.open(tmp_path / "empty.db", KEY, clock)
    yield opened
    opened.close()


def test_an_empty_copy_can_be_searched_from_the_first_block_on(empty: CacheStore) -> None:
    stream, snapshot = Stream([application(n) for n in range(1, 6)]), Snapshot(empty, judge)
    assert snapshot.begin(EPOCH, total=5) == ""
    snapshot.add(*stream.block(0, 2))
    assert read(empty, "SELECT count(*) FROM worklist") == [(2,)]
    done = snapshot.finish(stream.rows[2:], stream.end())
    state = empty.read(sync_state.read)
    assert (done.rows, state.epoch, state.cursor, state.seq, state.snapshot_after) == (5, EPOCH, "cursor-end", 7, "")
    assert read(empty, "SELECT count(*) FROM worklist") == [(5,)]


def test_a_restart_goes_on_at_the_last_mark(tmp_path: Path, clock: StillClock) -> None:
    stream, path = Stream([application(n) for n in range(1, 6)]), tmp_path / "cache.db"
    store = CacheStore.open(path, KEY, clock)
    Snapshot(store, judge).begin(EPOCH)
    Snapshot(store, judge).add(*stream.block(0, 3))
    store.close()
    store = CacheStore.open(path, KEY, clock)
    snapshot = Snapshot(store, judge)
    assert snapshot.begin(EPOCH) == "after-3"
    assert store.read(sync_state.read).snapshot_rows == 3
    snapshot.finish(stream.rows[3:], stream.end())
    assert store.read(synced.count) == 5
    store.close()


def test_every_row_gives_way_to_the_window_when_judged_and_when_written(
    empty: CacheStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def seen(rows: Iterable[T]) -> Iterator[T]:
        for row in rows:
            threads.append(current_thread().name)
            yield row

    for module in (synced, index):
        monkeypatch.setattr(module, "courteous", seen)
    stream, snapshot = Stream([application(n) for n in range(1, 6)]), Snapshot(empty, judge)
    snapshot.begin(EPOCH)
    snapshot.add(*stream.block(0, 5))
    assert sorted(Counter(threads).values()) == [5, 15], "judged; written as a row, for the list, and for the search"


def test_what_a_first_snapshot_brings_is_not_judged_a_second_time_that_day(empty: CacheStore) -> None:
    stream, snapshot = Stream([application(n) for n in range(1, 4)]), Snapshot(empty, judge)
    snapshot.begin(EPOCH)
    snapshot.add(*stream.block(0, 2))
    today, feed = china_date(NOW), Feed(empty, judge)
    assert feed.judge_again_if_due(today) == 0
    snapshot.finish(stream.rows[2:], stream.end())
    assert feed.judge_again_if_due(today) == 0
    assert feed.judge_again_if_due(today + timedelta(days=1)) == 3


def test_a_snapshot_beside_a_copy_says_nothing_of_the_verdicts_there(empty: CacheStore) -> None:
    first = Snapshot(empty, judge)
    first.begin(EPOCH)
    first.finish(Stream([application(1)]).rows, Stream([application(1)]).end())
    empty.write(lambda conn: sync_state.write(conn, judged="another day"))
    Snapshot(empty, judge).begin("after")
    assert Feed(empty, judge).judge_again_if_due(china_date(NOW)) == 1


def test_another_epoch_starts_from_the_first_row(empty: CacheStore) -> None:
    snapshot = Snapshot(empty, judge)
    snapshot.begin("before")
    snapshot.add(*Stream([application(1)]).block(0, 1))
    assert snapshot.begin("after") == ""
    assert empty.read(synced.count) == 0


@pytest.mark.parametrize("harm", ["lost", "other_version", "doubled"])
def test_a_block_that_is_not_what_its_mark_covers_is_not_stored(empty: CacheStore, harm: str) -> None:
    stream, snapshot = Stream([application(n) for n in range(1, 4)]), Snapshot(empty, judge)
    rows, mark = stream.block(0, 3)
    broken = {
        "lost": rows[:-1],
        "doubled": [*rows, rows[0]],
        "other_version": [*rows[:-1], msgspec.structs.replace(rows[-1], version=9)],
    }[harm]
    snapshot.begin(EPOCH)
    with pytest.raises(FeedBroken):
        snapshot.add(broken, mark)
    with pytest.raises(FeedBroken):
        snapshot.finish(broken, stream.end())
    assert empty.read(synced.count) == 0


def test_a_row_that_moved_while_the_server_read_may_come_twice(empty: CacheStore) -> None:
    stream, snapshot = Stream([application(1), application(2), application(1, version=2)]), Snapshot(empty, judge)
    snapshot.begin(EPOCH)
    snapshot.finish(stream.rows, stream.end())
    assert sorted(read(empty, "SELECT version FROM application")) == [(1,), (2,)]


def test_a_copy_with_work_stays_whole_until_the_new_rows_are_complete(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [upsert(n, application(n)) for n in range(1, 4)]))
    store.write(lambda conn: drafts.save(conn, application(1).id, WANG, Draft(content_version=1, opinion="x"), NOW))
    stream, snapshot = Stream([application(2, version=2, state=State.RETURNED), application(9)]), Snapshot(store, judge)
    snapshot.begin("epoch-2")
    snapshot.add(*stream.block(0, 1))
    assert store.read(sync_state.read).epoch == EPOCH
    assert read(store, "SELECT count(*), max(version) FROM application") == [(3, 1)]
    done = snapshot.finish(stream.rows[1:], stream.end())
    assert (done.removed, store.read(sync_state.read).epoch) == (2, "epoch-2")
    assert {i for _, i, _ in store.read(synced.keys)} == {application(2).id, application(9).id}
    assert read(store, "SELECT count(*) FROM worklist") == [(2,)]
    assert read(store, "SELECT count(*) FROM snapshot_row") == [(0,)]
    assert store.read(lambda conn: drafts.find(conn, application(1).id, WANG)) is not None


def test_a_snapshot_that_would_empty_the_copy_is_held(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [upsert(n, application(n)) for n in range(1, 61)]))
    stream, snapshot = Stream([application(1)]), Snapshot(store, judge)
    snapshot.begin("epoch-2")
    with pytest.raises(MassRemoval) as held:
        snapshot.finish(stream.rows, stream.end())
    assert store.read(synced.count) == 60
    snapshot.abandon()
    snapshot.begin("epoch-2")
    done = snapshot.finish(stream.rows, stream.end(), removals_confirmed=held.value.which)
    assert (done.removed, done.confirmed) == (59, True)


def test_two_snapshots_that_would_remove_other_rows_confirm_nothing(store: CacheStore, feed: Feed) -> None:
    """The second of a register that is still being filled holds other rows than the first, as many or fewer."""
    feed.apply_page(page(0, [upsert(n, application(n)) for n in range(1, 61)]))
    snapshot, which = Snapshot(store, judge), ""
    for n in (1, 2):
        stream = Stream([application(n)])
        snapshot.begin("epoch-2")
        with pytest.raises(MassRemoval) as held:
            snapshot.finish(stream.rows, stream.end(), removals_confirmed=which)
        snapshot.abandon()
        which = held.value.which
    assert store.read(synced.count) == 60
    stream = Stream([application(n) for n in range(1, 61)])
    snapshot.begin("epoch-2")
    for number in range(0, 60, 10):
        snapshot.add(*stream.block(number, number + 10))
    done = snapshot.finish([], stream.end(), removals_confirmed=which)
    assert (done.removed, done.confirmed) == (0, False)


def test_decisions_a_restored_server_forgot_ask_for_the_registrar(store: CacheStore, feed: Feed) -> None:
    """Also of one that has the number of the step, and in whose history it does not stand."""
    kept, lost, other = application(1), application(2), application(3)
    feed.apply_page(page(0, [upsert(1, kept), upsert(2, lost), upsert(3, other)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    for number, entity in ((1, kept), (2, lost), (3, other)):
        store.write(lambda conn, n=number, e=entity: commands.save(conn, agree(e, f"{n:032d}"), WANG, NOW))
        answer = Outcome(id=CommandId(f"{number:032d}"), kind=OutcomeKind.ACCEPTED, version=2, seq=3 + number, at=NOW)
        store.write(lambda conn, a=answer: commands.settle(conn, a, NOW))
    consent = HistoryEntry(NOW, Role.REGISTRAR, "王", Move.AGREE, 2)
    stream = Stream(
        [application(1, version=2, state=State.AGREED, history=(consent,)), lost, application(3, version=3)]
    )
    snapshot = Snapshot(store, judge)
    snapshot.begin("epoch-2")
    assert snapshot.finish(stream.rows, stream.end(seq=1)).lost_by_server == 2
    for number in (2, 3):
        row = store.read(lambda conn, n=number: outbox.row_of(conn, CommandId(f"{n:032d}")))
        assert (row.state, row.last_cause) == (OutboxState.NEEDS_YOU, LOST_BY_SERVER)
    shown = store.read(lambda conn: applications.get(conn, lost.id))
    assert shown is not None
    assert shown.shown_state is State.SUBMITTED


def test_a_snapshot_that_holds_what_was_called_lost_takes_the_word_back(store: CacheStore, feed: Feed) -> None:
    """A cache gave a snapshot of before the decision; the register's own comes after it. Its paper goes with it."""
    decided = application(1)
    feed.apply_page(page(0, [upsert(1, decided)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    command_id, print_id = CommandId(f"{1:032d}"), CommandId(f"{2:032d}")
    for command in (agree(decided, command_id), _printed(decided, print_id, command_id)):
        store.write(lambda conn, made=command: commands.save(conn, made, WANG, NOW))
        answer = Outcome(id=command.id, kind=OutcomeKind.ACCEPTED, version=2, seq=3, at=NOW)
        store.write(lambda conn, said=answer: commands.settle(conn, said, NOW))
    stale, snapshot = Stream([decided]), Snapshot(store, judge)
    snapshot.begin("epoch-2")
    assert snapshot.finish(stale.rows, stale.end(seq=1)).lost_by_server == 2
    consent = HistoryEntry(NOW, Role.REGISTRAR, "王", Move.AGREE, 2)
    own = Stream([application(1, version=2, state=State.AGREED, history=(consent,))])
    snapshot.begin("epoch-3")
    assert snapshot.finish(own.rows, own.end(seq=3)).lost_by_server == 0
    rows = store.read(lambda conn: [outbox.row_of(conn, each) for each in (command_id, print_id)])
    assert [row.state for row in rows] == [OutboxState.QUEUED] * 2, "their keys ask the register what it holds"


def _printed(entity: Application, command_id: CommandId, consent_id: CommandId) -> Command:
    printed = RecordPrint(
        form_number="990100-2026-000001-X",
        digest="d",
        form_state=FormState.AGREED,
        printed_at=NOW,
        copies=1,
        reprint=0,
    )
    return Command(
        id=command_id,
        application_id=entity.id,
        base_version=entity.version,
        made_at=NOW,
        body=printed,
        depends_on=consent_id,
    )


def test_what_a_restored_register_was_seen_to_hold_is_not_asked_about_again(store: CacheStore, feed: Feed) -> None:
    """Found by seed 221496: the application left the institution later on, and the decision was sent once more."""
    decided, other = application(1), application(2)
    feed.apply_page(page(0, [upsert(1, decided), upsert(2, other)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    command_id = CommandId(f"{1:032d}")
    store.write(lambda conn: commands.save(conn, agree(decided, command_id), WANG, NOW))
    answer = Outcome(id=command_id, kind=OutcomeKind.ACCEPTED, version=2, seq=3, at=NOW)
    store.write(lambda conn: commands.settle(conn, answer, NOW))
    consent = HistoryEntry(NOW, Role.REGISTRAR, "王", Move.AGREE, 2)
    agreed = application(1, version=2, state=State.AGREED, history=(consent,))
    for epoch, rows in (("epoch-2", [agreed, other]), ("epoch-2", [other])):
        stream, snapshot = Stream(rows), Snapshot(store, judge)
        snapshot.begin(epoch)
        snapshot.finish(stream.rows, stream.end(seq=1))
        assert store.read(lambda conn: outbox.row_of(conn, command_id)).state is OutboxState.DONE
    stream = Stream([other])
    Snapshot(store, judge).begin("epoch-3")
    Snapshot(store, judge).finish(stream.rows, stream.end(seq=1))
    row = store.read(lambda conn: outbox.row_of(conn, command_id))
    assert row.state is OutboxState.QUEUED, "the next restore may have lost it, and the rows cannot tell"


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        (OutcomeKind.SUPERSEDED, Resolution.NONE),
        (OutcomeKind.CONFLICT, Resolution.DROPPED),
        (OutcomeKind.CONFLICT, Resolution.REPLACED),
    ],
)
@pytest.mark.parametrize("later", [True, False], ids=["with a page", "with the whole"])
@pytest.mark.parametrize(
    ("made_at", "state"), [(NOW, OutboxState.DONE), (NOW + timedelta(hours=1), OutboxState.QUEUED)]
)
def test_what_was_refused_before_a_restore_is_asked_about_where_its_step_was_made_since(
    store: CacheStore,
    feed: Feed,
    kind: OutcomeKind,
    way: Resolution,
    later: bool,
    made_at: datetime,
    state: OutboxState,
) -> None:
    """Found by seeds 303578 and 316723: a courier's file was carried again, and the consent took effect after all."""
    waiting = application(1)
    feed.apply_page(page(0, [upsert(1, waiting)]))
    store.write(lambda conn: applications.switch_actor(conn, WANG, "王"))
    command_id, print_id = CommandId(f"{1:032d}"), CommandId(f"{2:032d}")
    for command in (agree(waiting, command_id), _printed(waiting, print_id, command_id)):
        store.write(lambda conn, made=command: commands.save(conn, made, WANG, NOW))
    refusal = Outcome(id=command_id, kind=kind, code="already_decided", version=2, seq=3, by="李", at=NOW)
    store.write(lambda conn: commands.settle(conn, refusal, NOW))
    if kind is OutcomeKind.CONFLICT:
        store.write(lambda conn: commands.close(conn, command_id, way, NOW))
    consent = HistoryEntry(made_at, Role.REGISTRAR, "王", Move.AGREE, 2)
    agreed = application(1, version=2, state=State.AGREED, history=(consent,))
    stream, snapshot = Stream([waiting if later else agreed]), Snapshot(store, judge)
    snapshot.begin("epoch-2")
    snapshot.finish(stream.rows, stream.end(seq=1))
    if later:
        feed.apply_page(msgspec.structs.replace(page(1, [upsert(2, agreed)]), epoch="epoch-2"))
    rows = store.read(lambda conn: [outbox.row_of(conn, each) for each in (command_id, print_id)])
    assert [row.state for row in rows] == [state, state]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(st.integers(1, 20), st.tuples(st.integers(1, 3), st.sampled_from(list(State))), min_size=1),
    after=st.dictionaries(st.integers(1, 20), st.tuples(st.integers(1, 3), st.sampled_from(list(State)))),
)
def test_whatever_the_copy_held_a_snapshot_makes_it_the_servers(
    tmp_path_factory: pytest.TempPathFactory, before: dict, after: dict
) -> None:
    store = CacheStore.open(tmp_path_factory.mktemp("snapshot") / "cache.db", KEY, StillClock())
    try:
        store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0", cursor="c"))
        old = [application(n, version=v, state=s) for n, (v, s) in before.items()]
        new = [application(n, version=v, state=s) for n, (v, s) in after.items()]
        Feed(store, judge).apply_page(page(0, [upsert(i, row) for i, row in enumerate(old, 1)]))
        stream, snapshot = Stream(new), Snapshot(store, judge)
        snapshot.begin("epoch-2")
        snapshot.finish(stream.rows, stream.end())
        held = {synced.decode_application(text) for (text,) in read(store, "SELECT body FROM application")}
        assert held == set(new)
        assert dict(read(store, "SELECT id, version FROM worklist")) == {row.id: row.version for row in new}
    finally:
        store.close()
