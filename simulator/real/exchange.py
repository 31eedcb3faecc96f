"""One request on its way through a proxy, and the connection to the service behind it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from simulator.real.http import Answer, Framing, begin_answer, header_of, headers_of, parts_of, read_body

HARD = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger {on, 0 s}: closing resets the connection
_LOOK_S = 0.1
_LOOKS_TO_A_TICK = 20
"""A client that waits looks at the time in slices, and later on a loaded machine; it hangs up long before that."""


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

    def deliver_without(self, header: str) -> Answer:
        """Have the service carry the request out as a proxy passes it on that has taken a header away."""
        name = header.encode() + b":"
        lines = (line for line in self.head.split(b"\r\n") if not line.lower().startswith(name))
        return self.upstream.answer(b"\r\n".join(lines) + self.body, self.method)

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
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)

    def hold(self, tick: Callable[[], None] = lambda: None) -> None:
        """Say nothing until the client hangs up; ``tick`` lets time pass meanwhile.

        Once: how much time passes must not depend on how soon the client notices. Again only for one that began to
        wait after the tick.
        """
        self.is_over = True
        self.client.settimeout(_LOOK_S)
        for look in count():
            try:
                if not self.client.recv(4096):
                    return
            except TimeoutError:
                if look % _LOOKS_TO_A_TICK == 0:
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
