"""Wakes feed readers that wait: at once for commits of this process, within a second for those of others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from medreg_core.domain.records import InstitutionId
from medreg_server.db.transaction import Database, DatabaseBusy

_POLL_S: Final = 1.0


class FeedWatch:
    """Lets any number of coroutines wait for feeds to advance, with one query a second for all of them together.

    A waiting reader holds no transaction and no thread. Lives on the event loop; :meth:`advanced` comes from any
    thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heads: dict[InstitutionId, int] = {}
        self._waiting: dict[InstitutionId, int] = {}
        self._change = asyncio.Condition()
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
        """Tell waiting readers of new heads, from whatever thread committed them."""
        if heads and self._loop is not None and not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._spread(dict(heads)), self._loop)

    async def wait(self, institution_id: InstitutionId, after: int, timeout_s: float) -> None:
        """Return when the feed is beyond ``after``, or after ``timeout_s`` seconds."""
        self._waiting[institution_id] = self._waiting.get(institution_id, 0) + 1
        try:
            async with asyncio.timeout(timeout_s), self._change:
                await self._change.wait_for(lambda: self._heads.get(institution_id, 0) > after)
        except TimeoutError:
            return
        finally:
            self._waiting[institution_id] -= 1
            if not self._waiting[institution_id]:
                del self._waiting[institution_id]

    async def _spread(self, heads: Mapping[InstitutionId, int]) -> None:
        async with self._change:
            for institution_id, head in heads.items():
                self._heads[institution_id] = max(head, self._heads.get(institution_id, 0))
            self._change.notify_all()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            waiting = list(self._waiting)
            if waiting:
                with suppress(DatabaseBusy):  # the next second tries again
                    await self._spread(await asyncio.to_thread(self._read_heads, waiting))

    def _read_heads(self, waiting: list[InstitutionId]) -> dict[InstitutionId, int]:
        with self._database.read() as transaction:
            return transaction.feed.heads(waiting)
