"""A proxy on loopback that hands every exchange to a script, which may do with it whatever a network does.

A script is an ordinary function over an :class:`Exchange`: deliver the request or not, once or twice, pass the answer
on, part of it, another one, or cut the connection at the byte it likes.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException

from simulator.real.http import (
    Answer,
    Framing,
    begin_answer,
    header_of,
    headers_of,
    parts_of,
    read_body,
    read_head,
)

_HARD = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger {on, 0 s}: closing resets the connection


_TICK_S = 0.1


class Door(StrEnum):
    """What meets a new connection."""

    OPEN = "open"
    RESETS = "resets"
    CLOSES = "closes"
    MUTE = "mute"  # accepted, and then nothing
    CUTS = "cuts"  # in the middle of the first words of TLS
    SPEAKS_HTTP = "speaks http"  # where TLS is expected


@dataclass
class Exchange:
    """One request on its way. Owned by the connection's thread."""

    client: socket.socket
    upstream: Upstream
    head: bytes
    _rest: bytes = b""
    _request: bytes = b""
    is_over: bool = False  # the connection cannot carry another exchange

    @property
    def method(self) -> str:
        """The request's method."""
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def target(self) -> str:
        """The request's path and query."""
        return self.head.split(b" ", 2)[1].decode("latin-1")

    @property
    def request(self) -> bytes:
        """The whole request; reads what has not come yet."""
        if not self._request:
            self._request = self.head + read_body(self.client, self.head, self._rest)
        return self._request

    @property
    def body(self) -> bytes:
        """The request's body; reads what has not come yet."""
        return self.request[len(self.head) :]

    @property
    def token(self) -> str:
        """The session's token."""
        return header_of(self.head, "authorization").removeprefix("Bearer ")

    def deliver(self) -> Answer:
        """Have the service carry the request out, and return its whole answer."""
        return self.upstream.answer(self.request, self.method)

    def deliver_streaming(self) -> tuple[Answer, Iterator[bytes]]:
        """Have the service carry the request out; return the answer without its body, and the body as it comes."""
        return self.upstream.streaming(self.request, self.method)

    def send(self, content: bytes) -> None:
        """Let bytes reach the client."""
        self.client.sendall(content)

    def reply(self, answer: Answer, framing: Framing = Framing.LENGTH) -> None:
        """Let a whole answer reach the client."""
        self.send(answer.bytes(framing))
        if framing is Framing.CLOSE:
            self.finish()

    def finish(self) -> None:
        """End the connection in good order."""
        self.is_over = True
        if isinstance(self.client, ssl.SSLSocket):
            self.client.settimeout(0.2)
            with contextlib.suppress(OSError, ValueError):
                self.client.unwrap()  # says close_notify; the client need not answer it

    def drop(self) -> None:
        """End the connection without the words TLS has for it."""
        self.is_over = True

    def reset(self) -> None:
        """Break the connection off."""
        self.is_over = True
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)

    def hold(self, tick: Callable[[], None] = lambda: None) -> None:
        """Say nothing until the client hangs up; ``tick`` lets time pass meanwhile."""
        self.is_over = True
        self.client.settimeout(_TICK_S)
        while True:
            try:
                if not self.client.recv(4096):
                    return
            except TimeoutError:
                tick()
            except OSError:
                return


@dataclass
class Upstream:
    """The connection to the service behind one client connection; kept open, as reverse proxies do."""

    port: int
    open: set[socket.socket] = field(default_factory=set)  # of the proxy, to break them all
    _sock: socket.socket | None = None

    def answer(self, request: bytes, method: str) -> Answer:
        """Return the whole answer to a request."""
        self.begin(request)
        return self.finish(method)

    def streaming(self, request: bytes, method: str) -> tuple[Answer, Iterator[bytes]]:
        """Return the answer without its body, and the body as it comes."""
        self.begin(request)
        return self.coming(method)

    def begin(self, part: bytes) -> None:
        """Let part of a request reach the service."""
        self._connected().sendall(part)

    def finish(self, method: str) -> Answer:
        """Return the whole answer to a request that has been sent in parts."""
        answer, parts = self.coming(method)
        return Answer(answer.status, answer.headers, b"".join(parts))

    def coming(self, method: str) -> tuple[Answer, Iterator[bytes]]:
        """Return the answer to what was sent without its body, and the body as it comes."""
        assert self._sock is not None
        response = begin_answer(self._sock, method)
        if response.will_close:
            self.close()  # the answer keeps its own hold of the connection
        return Answer(response.status, headers_of(response)), parts_of(response)

    def close(self) -> None:
        """Hang up."""
        if self._sock is not None:
            self.open.discard(self._sock)
            self._sock.close()
            self._sock = None

    def _connected(self) -> socket.socket:
        if self._sock is not None and select.select([self._sock], [], [], 0)[0]:
            self.close()  # the service has hung up meanwhile
        if self._sock is None:
            self._sock = socket.create_connection(("127.0.0.1", self.port))
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.open.add(self._sock)
        return self._sock


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
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
                return False
            case Door.CLOSES:
                return False
            case Door.CUTS:
                client.recv(16)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
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
