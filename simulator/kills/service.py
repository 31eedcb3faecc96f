"""The server process: the real application under uvicorn on a loopback port, over SQLite or PostgreSQL."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Litestar
from sqlalchemy import Engine

from medreg_server.app import create_app
from medreg_server.db.engine import open_engine
from medreg_server.services.service import Service, open_service
from medreg_server.settings import Settings
from simulator.kills.fate import Fate
from simulator.kills.office import RunningClock
from simulator.kills.points import SERVER, label, watch_disk
from simulator.kills.said import Began, Passed, Say
from simulator.run import small_pages
from tests.helpers.loopback import HOST, listening_on, server_of

LISTENS, NEW_EPOCH = "listens", "new epoch"


class _LabelledApp:
    """The application with labels around its answers; the work is named by the address."""

    def __init__(self, app: Litestar, fate: Fate) -> None:
        self._app = app
        self._fate = fate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._fate.aside(f"server {scope['path'].rpartition('/')[2]}"):
            self._fate.passing("request arrived")
            await self._app(scope, receive, self._labelled(send))

    def _labelled(self, send: Any) -> Any:
        async def labelled(message: Any) -> None:
            part = message["type"].removeprefix("http.response.")
            self._fate.passing(f"before answer {part}")
            await send(message)
            self._fate.passing(f"after answer {part}")

        return labelled


def serve(settings: Settings, port: int, clock: RunningClock, fate: Fate, say: Say) -> None:
    """Be the server until told to stop; SIGUSR1 has it begin a new epoch, as after a fail-over that lost nothing."""
    fate.main = "server start"
    label(SERVER, fate)
    watch_disk(Path(settings.data_dir).parent, fate)
    service = open_service(settings, clock.now, engine_of(settings.database_url))
    service.environment.database.watch(lambda _: fate.passing("committed"))

    def fail_over(*_: object) -> None:
        service.registry.begin_epoch("fail-over")
        say(Began(NEW_EPOCH))

    signal.signal(signal.SIGUSR1, fail_over)
    _listen(service, port, fate, lambda: say(Began(LISTENS)))
    for cell, times in fate.seen.items():
        say(Passed(cell.work, cell.point, times))


@cache
def engine_of(url: str) -> Engine:
    """Return the engine of a database: servers forked one after another compile their statements once."""
    return open_engine(url)


def serve_here(settings: Settings, port: int, clock: RunningClock, ready: Callable[[], None]) -> None:
    """Serve in this very process until SIGTERM, for what it leaves warm to those forked later."""
    engine = engine_of(settings.database_url)
    before = signal.getsignal(signal.SIGTERM)
    _listen(open_service(settings, clock.now, engine), port, Fate(), ready)
    signal.signal(signal.SIGTERM, before)
    engine.dispose()


def _listen(service: Service, port: int, fate: Fate, ready: Callable[[], None]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when it has come to rest
    with small_pages(), listening_on(port) as listener:
        server = server_of(_LabelledApp(create_app(service), fate))
        ready()  # who connects from here on is answered as soon as the application stands
        server.run(sockets=[listener])


def free_port(first: int) -> int:
    """Return a port from ``first`` on that nobody uses; below those that the system gives to outgoing connections."""
    for port in range(first, 32_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError("no free port")
