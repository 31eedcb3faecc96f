"""The service on a loopback port: the one socket and the one configuration that tests and simulator serve with."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

HOST = "127.0.0.1"
_SHUTDOWN_S = 2
_WAITING = 512
"""Connections that may wait to be accepted: a whole office comes back at once."""


def listening_on(port: int) -> socket.socket:
    """Return a socket that listens on a port; 0 takes a free one."""
    # Said to be TCP, as uvicorn's own is: asyncio sends small answers at once (no Nagle) only on sockets that say so.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(_WAITING)
    return listener


def server_of(application: Any) -> uvicorn.Server:
    """Return a server for an ASGI application, set as ``medreg-server serve`` sets its own but for its patience."""
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return uvicorn.Server(config)
