"""Pages of the feed against the copy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.digest import bucket_of, bucket_sums
from medreg_core.contract.v1.messages import MAGIC, BucketRows, Change, Op
from medreg_core.domain.vocabulary import State
from medreg_desktop.services.cache import feed as feed_module
from medreg_desktop.services.cache import sync_state, synced
from medreg_desktop.services.cache.feed import Feed, FeedBroken, MassRemoval
from medreg_desktop.services.cache.store import CacheStore
from tests.desktop.cache.office import application, body, page, read, removal, upsert


def test_a_page_brings_rows_position_and_search_rows_together(store: CacheStore, feed: Feed) -> None:
    applied = feed.apply_page(page(0, [upsert(1, application(1)), upsert(2, application(2))]))
    assert applied.changed == (application(1).id, application(2).id)
    assert store.write(lambda conn: synced.find(conn, application(1).id)) == application(1)
    state = store.write(sync_state.read)
    assert (state.seq, state.cursor) == (2, "cursor-2")
    assert read(store, "SELECT count(*) FROM worklist") == [(2,)]
