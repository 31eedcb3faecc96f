"""Turns at what takes all the memory or processor it is given: who waits for one holds no thread meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_server.services.faults import ServiceFault

_COME_BACK_S: Final = 5


class BoundedTurns:
    """So many at once, first come, first served; who comes when too many wait already is sent away at once.

    Lives on the event loop: counting needs no lock there.
    """

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._places = at_once + most_waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it for the block. Raises ServiceFault BUSY with the wait."""
        if self._places == 0:
            raise ServiceFault(FaultCode.BUSY, wait_s=str(_COME_BACK_S))
        self._places -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._places += 1
