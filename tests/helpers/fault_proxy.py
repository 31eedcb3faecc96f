"""A TCP proxy on loopback that cuts, swallows, delays or doubles what passes, at chosen requests.

with fault_proxy(server_port) as proxy:
    proxy.rule("/sync/commands", swallow_answer)   # the request arrives, the answer is lost
    …
    proxy.clear()
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[[bytes], bytes | None]
"""Gets the next bytes of an answer; returns what to pass on, or None to cut the connection."""


@dataclass
class Rule:
    """What happens to the answers of requests that contain ``mark``; ``times`` counts requests down."""

    mark: str
    make: Callable[[], Answer]
    times: int
    reply_at_once: bytes | None = None  # answered by the proxy itself, the request never arrives


@dataclass
class FaultProxy:
    """Listens on its own port and forwards to ``target``. Rules may change while connections are open."""

    target: int
    is_down: bool = False
    delivered: list[str] = field(default_factory=list)  # first lines of requests that reached the server

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rule(self, mark: str, make: Callable[[], Answer], times: int = 1) -> None:
        """From now on treat the answers to requests with ``mark`` (a path, an id in the body) so, ``times`` long."""
        with self._lock:
            self._rules.append(Rule(mark, make, times))

    def answer_at_once(self, mark: str, content: bytes, times: int = 1) -> None:
        """The proxy answers itself, as a portal does; the request never reaches the server."""
        with self._lock:
            self._rules.append(Rule(mark, whole, times, content))

    def wait_for(self, mark: str, timeout_s: float = 60.0) -> None:
        """Wait until a request whose first line contains ``mark`` has reached the server."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: any(mark in line for line in self.delivered), timeout_s):
                raise TimeoutError(mark)

    def clear(self) -> None:
        """Behave like a plain wire."""
        with self._lock:
            self._rules.clear()

    def cut_all(self) -> None:
        """The network is gone: open connections break, new ones are reset."""
        self.is_down = True
        self._hang_up()

    def restore(self) -> None:
        """The network is back."""
        self.is_down = False

    def close(self) -> None:
        self._is_closed = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._hang_up()
        for thread in list(self._threads):
            thread.join()
        self._listener.close()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="fault-proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._is_closed:
                client.close()
                return
            if self.is_down:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                client.close()
                continue
            self._start(lambda client=client: self._serve(client))  # type: ignore[misc] # bound now

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            for end in (client, server):  # pass on at once, as a wire does, what comes in two parts
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open |= {client, server}
            try:
                while (request := _request(client)) is not None:
                    if not self._exchange(client, server, request):
                        return
            finally:
                self._open -= {client, server}

    def _exchange(self, client: socket.socket, server: socket.socket, request: bytes) -> bool:
        line = request.split(b"\r\n", 1)[0].decode("latin-1")
        rule = self._rule_for(request)
        if rule is not None and rule.reply_at_once is not None:
            client.sendall(rule.reply_at_once)
            return False
        with self._arrived:
            self.delivered.append(line)
            self._arrived.notify_all()
        server.sendall(request)
        answer = rule.make() if rule is not None else None
        for chunk in _answer(server):
            passed = chunk if answer is None else answer(chunk)
            if passed is None:
                return False
            client.sendall(passed)
        return rule is None

    def _rule_for(self, request: bytes) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.mark.encode() in request and rule.times > 0:
                    rule.times -= 1
                    return rule
        return None

    def _hang_up(self) -> None:
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def http_answer(status: int, body: bytes = b"{}", server_id: str = "", **headers: str) -> bytes:
    """Return the bytes of an HTTP answer, for :meth:`FaultProxy.answer_at_once`."""
    lines = [
        f"HTTP/1.1 {status} X",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    lines += [f"X-MedReg-Server: {server_id}"] if server_id else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def whole() -> Answer:
    """Pass everything on."""
    return lambda chunk: chunk


def swallow_answer() -> Answer:
    """The request was delivered and carried out; not one byte of the answer arrives."""
    return lambda _: None


def cut_after(limit: int) -> Callable[[], Answer]:
    """Pass ``limit`` bytes of the answer (headers included), then break the connection."""

    def make() -> Answer:
        left = [limit]

        def answer(chunk: bytes) -> bytes | None:
            if left[0] <= 0:
                return None
            passed, left[0] = chunk[: left[0]], left[0] - len(chunk)
            return passed

        return answer

    return make


def _request(sock: socket.socket) -> bytes | None:
    content = b""
    while b"\r\n\r\n" not in content:
        chunk = sock.recv(65536)
        if not chunk:
            return None
        content += chunk
    head, _, body = content.partition(b"\r\n\r\n")
    length = _length(head)
    while len(body) < length:
        chunk = sock.recv(65536)
        if not chunk:
            return None
        body += chunk
    return head + b"\r\n\r\n" + body


def _answer(sock: socket.socket) -> Iterator[bytes]:
    """Yield an answer's bytes as they come, and stop at its end: by length, or by the last chunk."""
    content = b""
    while b"\r\n\r\n" not in content:
        chunk = sock.recv(65536)
        if not chunk:
            return
        content += chunk
    yield content
    head, _, body = content.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        while not body.endswith(b"0\r\n\r\n"):
            chunk = sock.recv(65536)
            if not chunk:
                return
            body = (body + chunk)[-64:]
            yield chunk
        return
    missing = _length(head) - len(body)
    while missing > 0:
        chunk = sock.recv(65536)
        if not chunk:
            return
        missing -= len(chunk)
        yield chunk


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


@contextmanager
def fault_proxy(target: int) -> Iterator[FaultProxy]:
    """Run a proxy in front of ``target``."""
    proxy = FaultProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
