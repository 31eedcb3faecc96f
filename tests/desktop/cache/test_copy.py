"""The copy as the sync engine has it: how many rows a run of pages removed, and what a whole copy has settled of it."""

from __future__ import annotations

import msgspec
import pytest

from medreg_core.contract.v1.feed import ChangePage, SnapshotEnd, SnapshotHead, SnapshotRow
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import Application
from medreg_desktop.services.cache.feed import Feed
from medreg_desktop.services.cache.snapshot import digest_over
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.ports import TooManyRemovals
from tests.desktop.cache.office import EPOCH, application, body, judge, page, removal, upsert


def test_a_page_is_not_held_for_what_a_whole_copy_has_settled(store: CacheStore, feed: Feed) -> None:
    """Found by seed 33 of 60 steps: behind the snapshot the next page was held, and all was fetched once more."""
    rows = [application(n) for n in range(1, 201)]
    feed.apply_page(page(0, [upsert(n, row) for n, row in enumerate(rows, 1)]))
    copy = CacheCopy(store, judge)
    copy.keep_page(_removing(200, rows[:40]), confirmed=False)
    with pytest.raises(TooManyRemovals):
        copy.keep_page(_removing(240, rows[40:60]), confirmed=False)
    _fetch_all(copy, rows[60:], seq=260)
    copy.keep_page(_removing(260, rows[60:80]), confirmed=False)


def _removing(after: int, rows: list[Application]) -> ChangePage:
    """Return a page that removes rows, with another behind it."""
    changes = [removal(seq, row.id) for seq, row in enumerate(rows, after + 1)]
    return msgspec.structs.replace(page(after, changes), more=True)


def _fetch_all(copy: CacheCopy, rows: list[Application], seq: int) -> None:
    copy.begin_snapshot(SnapshotHead(MAGIC, "server", EPOCH, len(rows), 0))
    sent = tuple(SnapshotRow("application", row.id, row.version, body(row)) for row in rows)
    end = SnapshotEnd(len(rows), digest_over("", [(row.id, row.version) for row in rows]), f"cursor-{seq}", seq)
    copy.finish_snapshot(sent, end, EPOCH, confirmed="")
