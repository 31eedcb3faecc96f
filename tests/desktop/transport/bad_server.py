"""A server on loopback that answers with exactly the bytes a test gives it, over plain TCP or TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Reply = Callable[[socket.socket], None]
OURS = "server-1"


@dataclass
class BadServer:
    """Answers the n-th connection with the n-th reply, the last one for ever."""

    replies: list[Reply]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._is_closed = False
        self._start(self._accept)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._is_closed = True
        self.released.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        for conn in self._open:
            with contextlib.suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def wait_until_hung_up(self) -> None:
        """Wait until every connection taken so far is answered and closed."""
        for thread in self._threads[1:]:
            thread.join()

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        count = 0
        while True:
            conn, _ = self._listener.accept()
            if self._is_closed:
                conn.close()
                return
            reply = self.replies[min(count, len(self.replies) - 1)]
            count += 1
            self._open.append(conn)
            self._start(lambda conn=conn, reply=reply: self._serve(conn, reply))  # type: ignore[misc]

    def _serve(self, conn: socket.socket, reply: Reply) -> None:
        try:
            with conn:
                wire = self.tls.wrap_socket(conn, server_side=True) if self.tls else conn
                with wire:
                    self.requests.append(_request(wire))
                    reply(wire)
        except (OSError, ssl.SSLError):
            pass  # the client hung up, as some tests want it to


def _request(conn: socket.socket) -> bytes:
    content = b""
    while b"\r\n\r\n" not in content:
        chunk = conn.recv(65536)
        if not chunk:
            return content
        content += chunk
        if content.startswith(b"\x16"):
            return content  # a TLS greeting to a server that speaks none
    head, _, body = content.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length and (chunk := conn.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


@contextmanager
def bad_server(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[BadServer]:
    server = BadServer(list(replies), tls)
    try:
        yield server
    finally:
        server.close()


def answer(
    status: int = 200,
    body: bytes = b"{}",
    content_type: str = "application/json",
    server: str | None = OURS,
    length: int | None = -1,
    **headers: str,
) -> Reply:
    """A whole HTTP answer; ``length`` None leaves the length out, -1 states the true one."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}", "Connection: close"]
    if server is not None:
        lines.append(f"X-MedReg-Server: {server}")
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    content = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda conn: conn.sendall(content)


def raw(content: bytes) -> Reply:
    """Exactly these bytes, then hang up."""
    return lambda conn: conn.sendall(content)
