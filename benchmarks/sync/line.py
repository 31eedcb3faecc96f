"""A line of known latency and bandwidth between an office and the service, that can be cut."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_CHUNK = 16 * 1024


@dataclass
class Line:
    """Forwards ``port`` to ``target``, both on loopback. ``cut_after`` bytes towards the office end each connection."""

    target: int
    one_way_s: float = 0.0
    bytes_per_s: float = 0.0  # towards the office; 0 for no limit
    cut_after: int | None = None
    port: int = 0
    received: int = 0  # bytes that reached the office
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        """Where the office finds the service."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self) -> None:
        """Listen on a free port."""
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _accepted(self, office: asyncio.StreamReader, to_office: asyncio.StreamWriter) -> None:
        service, to_service = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(self._up(office, to_service), self._down(service, to_office))
        except OSError:
            pass
        finally:
            for writer in (to_office, to_service):
                writer.close()

    async def _up(self, office: asyncio.StreamReader, to_service: asyncio.StreamWriter) -> None:
        while content := await office.read(_CHUNK):
            self._loop.call_later(self.one_way_s, to_service.write, content)
        self._loop.call_later(self.one_way_s, to_service.close)

    async def _down(self, service: asyncio.StreamReader, to_office: asyncio.StreamWriter) -> None:
        passed = 0
        while content := await service.read(_CHUNK):
            passed += len(content)
            if self.cut_after is not None and passed > self.cut_after:
                to_office.transport.abort()
                return
            if self.bytes_per_s:
                await asyncio.sleep(len(content) / self.bytes_per_s)
            self.received += len(content)
            self._loop.call_later(self.one_way_s, to_office.write, content)
            await to_office.drain()
        self._loop.call_later(self.one_way_s, to_office.close)


@contextmanager
def line(target: int, *, round_trip_s: float = 0.0, bits_per_s: float = 0.0) -> Iterator[Line]:
    """Open a line in a thread of its own."""
    made = Line(target, round_trip_s / 2, bits_per_s / 8)
    loop = made._loop  # noqa: SLF001 - its own module
    loop.run_until_complete(made.serve())
    thread = threading.Thread(target=loop.run_forever, name="line", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        with suppress(RuntimeError):
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
