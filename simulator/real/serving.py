"""The service in a process of its own: the ASGI application under uvicorn, as ``medreg-server serve`` starts it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from medreg_server.app import create_app
from medreg_server.services.service import open_service
from medreg_server.settings import Settings
from simulator.real.clock import SharedTime
from simulator.run import small_pages
from tests.helpers.loopback import listening_on, server_of

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])  # imports once: a start then takes a tenth of a second

_PATIENCE_S = 60.0


class NotServing(Exception):
    """The service did not come up; what it said stands in its log."""


@dataclass(slots=True)
class ServerProcess:
    """A service that listens on ``port`` (0: a free one, kept over restarts). Times come from the file ``time``."""

    settings: Settings
    time: Path
    log: Path
    port: int = 0
    has_small_pages: bool = False
    _process: BaseProcess | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it and wait until it listens. Raises NotServing."""
        ours, theirs = _processes.Pipe(duplex=False)
        arguments = (self.settings, self.time, self.log, self.port, self.has_small_pages, theirs)
        self._process = _processes.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        try:
            if not ours.poll(_PATIENCE_S):
                raise NotServing(str(self.log))
            self.port = ours.recv()
        except EOFError as error:
            raise NotServing(str(self.log)) from error
        finally:
            ours.close()

    def stop(self) -> None:
        """Ask it to end, as an operator does, and wait until it has."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        (process.kill if kill else process.terminate)()
        process.join(_PATIENCE_S)
        process.close()

    def complaints(self) -> list[str]:
        """Return what the service has logged as an error."""
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # whoever started this was killed: nobody else will end it


def _serve(settings: Settings, time: Path, log: Path, port: int, has_small_pages: bool, ready: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)
    with small_pages() if has_small_pages else nullcontext():
        _listen(settings, SharedTime(time), port, ready)


def _listen(settings: Settings, time: SharedTime, port: int, ready: Connection) -> None:
    service = open_service(settings, time)
    with listening_on(port) as listener:
        ready.send(listener.getsockname()[1])
        ready.close()
        server_of(create_app(service)).run(sockets=[listener])
