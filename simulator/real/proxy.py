"""A proxy on loopback that hands every exchange to a script, which may do with it whatever a network does.

A script is an ordinary function over an :class:`Exchange`: deliver the request or not, once or twice, pass the answer
on, part of it, another one, or cut the connection at the byte it likes.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException

from simulator.real.exchange import HARD, Exchange, Upstream
from simulator.real.http import Answer, read_head


class Door(StrEnum):
    """What meets a new connection."""

    OPEN = "open"
    RESETS = "resets"
    CLOSES = "closes"
    MUTE = "mute"  # accepted, and then nothing
    CUTS = "cuts"  # in the middle of the first words of TLS
    SPEAKS_HTTP = "speaks http"  # where TLS is expected


Script = Callable[[Exchange], None]


def pass_on(exchange: Exchange) -> None:
    """The script of a plain wire."""
    exchange.reply(exchange.deliver())


@dataclass
class Proxy:
    """Listens on a port of its own. ``script``, ``door``, ``tls`` and ``target`` may change at any time."""

    target: int
    script: Script = pass_on
    tls: ssl.SSLContext | None = None
    door: Door = Door.OPEN
    port: int = 0
    _open: set[socket.socket] = field(default_factory=set)
    _threads: list[threading.Thread] = field(default_factory=list)
    _is_closed: bool = False

    def __post_init__(self) -> None:
        self._listener = self._listening()
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def refuse(self) -> None:
        """Stop listening: connections are refused from now on."""
        self._stop_listening()
        self.hang_up()

    def listen(self) -> None:
        """Listen again, on the same port."""
        self._listener = self._listening()
        self._start(self._accept, self._listener)

    def hang_up(self) -> None:
        """Break every open connection."""
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def send_again(self, request: bytes) -> Answer:
        """Deliver a request once more, on a connection of its own, as a proxy does that has kept it."""
        upstream = Upstream(self.target)
        try:
            return upstream.answer(request, request.split(b" ", 1)[0].decode("latin-1"))
        finally:
            upstream.close()

    def close(self) -> None:
        """End everything and wait for it."""
        self._stop_listening()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _listening(self) -> socket.socket:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        return listener

    def _stop_listening(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()

    def _start(self, work: Callable[[socket.socket], None], sock: socket.socket) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=work, args=(sock,), name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        upstream = Upstream(self.target, self._open)
        self._open.add(client)
        try:
            with contextlib.suppress(OSError, HTTPException):
                if self._lets_in(client):
                    self._talk(client, upstream)
        finally:
            self._open.discard(client)
            upstream.close()
            client.close()

    def _lets_in(self, client: socket.socket) -> bool:
        match self.door:
            case Door.RESETS:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
                return False
            case Door.CLOSES:
                return False
            case Door.CUTS:
                client.recv(16)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
                return False
            case Door.SPEAKS_HTTP:
                client.recv(4096)
                client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n")
                return False
            case Door.MUTE:
                Exchange(client, Upstream(0), b"").hold()
                return False
            case _:
                return True

    def _talk(self, client: socket.socket, upstream: Upstream) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is None:
            self._exchanges(client, upstream)
            return
        with self.tls.wrap_socket(client.dup(), server_side=True, suppress_ragged_eofs=True) as secure:
            self._exchanges(secure, upstream)

    def _exchanges(self, client: socket.socket, upstream: Upstream) -> None:
        while (came := read_head(client)) is not None:
            exchange = Exchange(client, upstream, *came)
            self.script(exchange)
            if exchange.is_over:
                return
