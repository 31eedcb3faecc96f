"""Runs the ASGI service, in this process or in several that share one address."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

import uvicorn
from uvicorn.supervisors import Multiprocess

from medreg_server.settings import SettingsFault

_SHUTDOWN_S: Final = 30
_KEPT_OPEN_S: Final = 75  # longer than an office is silent: a new connection costs it three round trips
_DID_NOT_START: Final = 3
_SPREADS: Final = sys.platform == "linux"  # elsewhere SO_REUSEPORT sends all connections to one socket, or steals them


class Door(socket.socket):
    """A socket that another process receives as one of its own at the same address.

    The kernel then spreads connections over the processes. From one socket that all share, a process takes whatever it
    is first to see: the lasting connections of a morning's offices all ended up with one of them.
    """

    @classmethod
    def at(cls, family: int, address: tuple[object, ...]) -> Self:
        """Bind without listening: no connection comes here."""
        # Named TCP: asyncio sends small answers at once (TCP_NODELAY) only on sockets that say so.
        door = cls(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.bind(address)
        return door

    def __reduce__(self) -> tuple[Callable[..., Door], tuple[object, ...]]:
        """What is handed to another process is the address."""
        return Door.at, (int(self.family), self.getsockname())


class Listening(uvicorn.Config):
    """uvicorn's settings; several processes get a :class:`Door` each where the system can spread connections."""

    def bind_socket(self) -> socket.socket:
        """Bind as uvicorn does. Exits with its message if somebody else is at this address already."""
        bound = super().bind_socket()
        if _SPREADS:
            address = bound.getsockname()
            bound.close()
            return Door.at(bound.family, address)
        named = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())
        named.set_inheritable(True)
        return named


def try_address(host: str, port: int) -> None:
    """Bind once and let go again, so that it is said in a sentence, and before anything runs, what is in the way.

    Raises:
        SettingsFault: the host has no address of this machine, or somebody else listens there.
    """
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as who binds after a restart
                probe.bind(address)
    except OSError as error:
        what = f"cannot listen on {host} at {port} ({error.strerror or error})"
        raise SettingsFault("host, port", f"{what}; stop what listens there, or give others") from error


def run_service(host: str, port: int, workers: int) -> int:
    """Serve until told to stop; return the exit status. The settings reach the application by the environment.

    Raises:
        SettingsFault: nobody can listen at this address.
    """
    try_address(host, port)
    config = Listening(
        "medreg_server.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        proxy_headers=False,  # api.access believes the proxies that the settings name, and only those
        server_header=False,
        access_log=False,  # query strings hold cursors and ids
        timeout_keep_alive=_KEPT_OPEN_S,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    if workers > 1:
        Multiprocess(config, sockets=[config.bind_socket()]).run()
        return 0
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # it has shut down in order before it raises this
        server.run()
    return 0 if server.started else _DID_NOT_START
