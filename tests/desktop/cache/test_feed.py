"""Pages of the feed against the copy: what they bring, what is refused, and random ones against a plain dictionary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as with_other

from medreg_core.contract.v1.digest import bucket_of, bucket_sums
from medreg_core.contract.v1.feed import BucketRows, Change, Op
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import ReviewForm
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache import decided, sync_state, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.feed import Digest, Feed, FeedBroken, MassRemoval
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.search import index
from tests.desktop.cache.office import (
    EPOCH,
    KEY,
    NOW,
    StillClock,
    application,
    body,
    judge,
    page,
    read,
    removal,
    upsert,
)


def test_a_page_brings_rows_position_and_search_rows_together(store: CacheStore, feed: Feed) -> None:
    applied = feed.apply_page(page(0, [upsert(1, application(1)), upsert(2, application(2))]))
    assert applied.changed == (application(1).id, application(2).id)
    assert store.read(lambda conn: synced.find(conn, application(1).id)) == application(1)
    state = store.read(sync_state.read)
    assert (state.seq, state.cursor) == (2, "cursor-2")
    assert read(store, "SELECT count(*) FROM worklist") == [(2,)]


def test_an_older_version_never_overwrites_a_newer_one(store: CacheStore, feed: Feed) -> None:
    newer = application(1, version=5, state=State.RETURNED)
    feed.apply_page(page(0, [upsert(1, newer)]))
    feed.apply_page(page(1, [upsert(2, application(1, version=4))]))
    assert store.read(lambda conn: synced.find(conn, newer.id)) == newer


def test_deleted_and_recreated_in_one_page_ends_recreated(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [upsert(1, application(1))]))
    feed.apply_page(page(1, [removal(2, application(1).id), upsert(3, application(1, version=2))]))
    assert read(store, "SELECT version FROM application") == [(2,)]


def test_a_change_of_the_form_is_kept_beside_the_body(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [upsert(1, application(1))]))
    form = ReviewForm("990100-2026-000001-X", "0" * 32, "code", voided=True)
    feed.apply_page(page(1, [upsert(2, application(1, version=2, form=form))]))
    assert read(store, "SELECT form_number, form_voided FROM application") == [(form.number, 1)]


def test_rows_of_unknown_kinds_are_kept_raw(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [Change(1, "telescope", "t1", 3, Op.UPSERT, body(application(1)))]))
    assert read(store, "SELECT kind, id, version FROM entity") == [("telescope", "t1", 3)]


def test_bytes_of_the_wire_are_text_to_the_database(store: CacheStore, feed: Feed) -> None:
    telescope = Change(1, "telescope", "t1", 1, Op.UPSERT, body(application(1)))
    feed.apply_page(page(0, [telescope, upsert(2, application(1)), upsert(3, application(2))]))
    feed.apply_page(page(3, [upsert(4, application(1, version=2))]))
    kinds = "SELECT typeof(body) FROM application UNION SELECT typeof(body) FROM entity"
    assert read(store, kinds) == [("text",)]  # a BLOB would be taken for SQLite's own binary JSON
    assert read(store, "SELECT json_extract(body, '$.version') FROM application ORDER BY n") == [(2,), (1,)]


def test_what_this_program_does_not_know_of_a_row_keeps_nobody_from_reading_it(store: CacheStore, feed: Feed) -> None:
    row = application(1, decided_at=NOW)
    garbled = msgspec.Raw(bytes(body(row))[:-1] + b',"later":"\xff"}')
    feed.apply_page(page(0, [with_other(upsert(1, row), body=garbled)]))
    assert store.read(lambda conn: synced.find(conn, row.id)) == row
    assert store.read(lambda conn: decided.in_register(conn, NOW)) == [row]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (page(0, [], epoch="other"), "epoch"),
        (page(1, [upsert(2, application(2))]), "gap"),
        (page(0, [upsert(2, application(2)), upsert(1, application(1))], last=2), "order"),
        (page(0, [upsert(3, application(1))], last=2), "order"),
    ],
)
def test_a_page_that_does_not_continue_the_copy_changes_nothing(
    store: CacheStore, feed: Feed, wrong: object, reason: str
) -> None:
    with pytest.raises(FeedBroken) as broken:
        feed.apply_page(wrong)  # type: ignore[arg-type]
    assert broken.value.reason == reason
    assert store.read(synced.count) == 0
    assert store.read(sync_state.read).seq == 0


def _filled(feed: Feed, count: int) -> int:
    feed.apply_page(page(0, [upsert(n, application(n)) for n in range(1, count + 1)]))
    return count


def test_a_mass_removal_is_held_until_confirmed(store: CacheStore, feed: Feed) -> None:
    seq = _filled(feed, 100)
    removing = page(seq, [removal(seq + n, application(n).id) for n in range(1, 52)])
    with pytest.raises(MassRemoval) as held:
        feed.apply_page(removing)
    assert (held.value.removals, held.value.total) == (51, 100)
    assert store.read(synced.count) == 100
    expected = feed.digest_with(removing)
    feed.apply_page(removing, removals_confirmed=True)
    assert feed.digest() == expected
    assert store.read(synced.count) == 49


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 6])
def test_a_digest_read_in_slices_is_the_digest_of_all_rows(
    store: CacheStore, feed: Feed, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medreg_desktop.services.cache.feed._SLICE", 2)
    telescope = Change(1, "telescope", "t1", 3, Op.UPSERT, body(application(1)))
    feed.apply_page(page(0, [telescope, *(upsert(1 + n, application(n, version=n)) for n in range(1, count + 1))]))
    rows = [("t1", 3), *((application(n).id, n) for n in range(1, count + 1))]
    assert feed.digest() == Digest(count + 1, tuple(bucket_sums(rows)))


def test_a_decision_gets_its_turn_between_the_slices_of_a_digest(
    store: CacheStore, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medreg_desktop.services.cache.feed._SLICE", 2)
    expected = (_filled(feed, 9), feed.digest())
    done: list[str] = []
    real = synced.versions_behind

    def read(conn: Connection, position: int, limit: int) -> tuple[int | None, list[tuple[str, int]]]:
        done.append("slice")
        if len(done) == 1:  # somebody presses 同意 while the first slice is read
            store._writer.submit(store._transaction, lambda _conn: done.append("decision"))
        return real(conn, position, limit)

    monkeypatch.setattr(synced, "versions_behind", read)
    assert (9, feed.digest()) == expected
    assert done.index("decision") < len(done) - 1


def test_removals_of_earlier_pages_of_the_run_count(feed: Feed) -> None:
    seq = _filled(feed, 100)
    with pytest.raises(MassRemoval):
        feed.apply_page(page(seq, [removal(seq + 1, application(1).id)]), removed_before=50)


def test_fifty_rows_may_always_go_and_unknown_ones_do_not_count(store: CacheStore, feed: Feed) -> None:
    seq = _filled(feed, 50)
    gone = [removal(seq + n, application(n).id, Op.LEFT_SCOPE) for n in range(1, 80)]
    assert feed.apply_page(page(seq, gone)).removed == 50
    assert read(store, "SELECT count(*) FROM worklist") == [(0,)]


def test_a_bucket_is_made_equal_to_the_servers(store: CacheStore, feed: Feed) -> None:
    _filled(feed, 60)
    bucket = bucket_of(application(7).id)
    mine = [n for n in range(1, 61) if bucket_of(application(n).id) == bucket]
    truth = [application(n, version=9) for n in mine if n != 7]
    rows = tuple(replaced_seq for replaced_seq in (upsert(0, row) for row in truth))
    feed.repair_bucket(BucketRows(magic=MAGIC, bucket=bucket, rows=rows))
    left = {i: v for _, i, v in store.read(synced.keys)}
    assert application(7).id not in left
    assert all(left[row.id] == 9 for row in truth)
    assert len(left) == 59
    assert store.read(sync_state.read).seq == 60


def test_repair_brings_an_older_version_back_if_the_server_says_so(store: CacheStore, feed: Feed) -> None:
    feed.apply_page(page(0, [upsert(1, application(1, version=8))]))
    rows = (upsert(0, application(1, version=7)),)
    feed.repair_bucket(BucketRows(magic=MAGIC, bucket=bucket_of(application(1).id), rows=rows))
    assert read(store, "SELECT version FROM application") == [(7,)]


def test_an_index_of_another_shape_is_rebuilt_once(store: CacheStore, feed: Feed) -> None:
    _filled(feed, 3)
    store.write(index.drop)
    assert feed.rebuild_index_if_needed()
    assert not feed.rebuild_index_if_needed()
    assert read(store, "SELECT count(*) FROM worklist") == [(3,)]


_changes = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["upsert", "stale", "remove"]), st.sampled_from(list(State))),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=st.lists(_changes, min_size=1, max_size=6))
def test_any_pages_leave_what_a_dictionary_says(tmp_path_factory: pytest.TempPathFactory, pages: list) -> None:
    store = CacheStore.open(tmp_path_factory.mktemp("feed") / "cache.db", KEY, StillClock())
    try:
        store.write(lambda conn: sync_state.write(conn, epoch=EPOCH, seq="0"))
        expected: dict[str, tuple[int, State]] = {}
        version = dict.fromkeys(range(1, 13), 0)
        feed, seq = Feed(store, judge), 0
        for changes in pages:
            rows, after, last_of = [], seq, dict[int, tuple[int, State] | None]()
            for number, what, state in changes:
                seq += 1
                version[number] += what == "upsert"
                at = max(1, version[number] - (what == "stale"))
                gone = what == "remove"
                row = application(number, version=at, state=state)
                rows.append(removal(seq, row.id) if gone else upsert(seq, row))
                last_of[number] = None if gone else (at, state)
            feed.apply_page(page(after, rows, last=seq), removals_confirmed=True)
            for number, content in last_of.items():
                key = application(number).id
                if content is None:
                    expected.pop(key, None)
                elif key not in expected or content[0] >= expected[key][0]:
                    expected[key] = content
        stored = {i: (version, synced.decode_application(text).state) for i, version, text in _rows(store)}
        assert stored == expected
        assert _searchable(store) == {key: state for key, (_, state) in expected.items()}
        assert feed.digest().buckets == tuple(bucket_sums([(k, v) for k, (v, _) in expected.items()]))
    finally:
        store.close()


def _rows(store: CacheStore) -> list[tuple]:
    return read(store, "SELECT id, version, body FROM application")


def _searchable(store: CacheStore) -> dict[str, State]:
    return {i: list(State)[state] for i, state in read(store, "SELECT id, state FROM worklist")}


def test_nothing_of_a_page_survives_a_failure_inside_it(store: CacheStore, path: Path) -> None:
    def failing(entity, institution):  # type: ignore[no-untyped-def]
        raise RuntimeError(entity.id)

    with pytest.raises(RuntimeError):
        Feed(store, failing).apply_page(page(0, [upsert(1, application(1))]))
    assert store.read(synced.count) == 0
    assert store.read(sync_state.read) == replace(store.read(sync_state.read), seq=0, cursor="cursor-0")
