"""Runs the ASGI service, in this process or in several that share one socket."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess

_SHUTDOWN_S: Final = 30
_DID_NOT_START: Final = 3


class Listening(uvicorn.Config):
    """uvicorn's settings, with a socket for several processes that says it is TCP.

    asyncio sends small answers at once (TCP_NODELAY) only on sockets that say so; the one uvicorn makes for several
    processes does not, and every answer then waited up to 40 ms for the other side's acknowledgement.
    """

    def bind_socket(self) -> socket.socket:
        """Bind as uvicorn does."""
        bound = super().bind_socket()
        named = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())
        named.set_inheritable(True)
        return named


def run_service(host: str, port: int, workers: int) -> int:
    """Serve until told to stop; return the exit status. The settings reach the application by the environment."""
    config = Listening(
        "medreg_server.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        proxy_headers=False,  # api.access believes the proxies that the settings name, and only those
        server_header=False,
        access_log=False,  # query strings hold cursors and ids
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    if workers > 1:
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return 0
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # it has shut down in order before it raises this
        server.run()
    return 0 if server.started else _DID_NOT_START
