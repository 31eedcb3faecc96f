"""Wakes feed readers that wait: at once for commits of this process, within a second for those of others."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from medreg_core.domain.records import InstitutionId
from medreg_server.db.feed import Bounds
from medreg_server.db.transaction import Database, DatabaseBusy
from medreg_server.services.cursors import Cursor

_log: Final = logging.getLogger(__name__)
_POLL_S: Final = 1.0


class Reader:
    """One who reads on from a cursor. Lives on the event loop, for one request."""

    def __init__(self, position: Cursor) -> None:
        self._position = position
        self._news = asyncio.Event()

    def committed(self, head: int) -> None:
        """Hear of a commit of this process."""
        if head > self._position.seq:
            self._news.set()

    def found(self, bounds: Bounds) -> None:
        """Hear where the feed stands; in another epoch its numbers mean nothing beside the cursor's."""
        if bounds.identity.epoch != self._position.epoch:
            self._news.set()
        self.committed(bounds.head)

    async def wait(self, timeout_s: float) -> None:
        """Return when the feed stands beyond the cursor or in another epoch, or after ``timeout_s`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()


class FeedWatch:
    """Lets any number of readers wait for feeds to advance, with one query a second for all of them together.

    Nothing is kept of a feed that nobody reads: what was heard of the numbers of one epoch would tell lies in the
    next. A waiting reader holds no transaction and no thread. Lives on the event loop; :meth:`advanced` comes from
    any thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: defaultdict[InstitutionId, set[Reader]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Bind to the running loop and begin to listen; called once at start-up."""
        self._loop = asyncio.get_running_loop()
        self._database.watch(self.advanced)
        self._poller = self._loop.create_task(self._poll())

    async def stop(self) -> None:
        """End the polling; called at shutdown."""
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    def advanced(self, heads: Mapping[InstitutionId, int]) -> None:
        """Tell readers of new heads, from whatever thread committed them."""
        if heads and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, dict(heads))

    @contextmanager
    def reader(self, position: Cursor) -> Iterator[Reader]:
        """Listen for what comes after ``position``, from here on: also while the reader looks for himself, first."""
        readers, reader = self._readers[position.institution_id], Reader(position)
        readers.add(reader)
        try:
            yield reader
        finally:
            readers.remove(reader)
            if not readers:
                del self._readers[position.institution_id]

    def _tell(self, heads: Mapping[InstitutionId, int]) -> None:
        for institution_id, head in heads.items():
            for reader in self._readers.get(institution_id, ()):
                reader.committed(head)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            if self._readers:
                await self._look()

    async def _look(self) -> None:
        """Compare all readers with where their feeds stand; whatever goes wrong, the next second tries again."""
        try:
            found = await asyncio.to_thread(self._read_bounds, list(self._readers))
        except DatabaseBusy:
            return
        except Exception:  # noqa: BLE001 - nobody would begin the listening anew before the service restarts
            _log.exception("the feeds could not be looked at")
            return
        for institution_id, bounds in found.items():
            for reader in self._readers.get(institution_id, ()):
                reader.found(bounds)

    def _read_bounds(self, read: list[InstitutionId]) -> dict[InstitutionId, Bounds]:
        with self._database.glance() as transaction:
            return transaction.feed.bounds_of(read)
