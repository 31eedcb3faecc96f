"""Connections that look all the time whether they are still wanted, and time out by stall, not by total time."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from medreg_desktop.services.transport.dial import SLICE_S, dial
from medreg_desktop.services.transport.trouble import Interrupted

CONNECT_S = 10.0
STALL_S = 30.0
"""Give up after 30 s without a byte (``sync.md`` §5.8); a slow but steady answer may take as long as it needs."""


class PinMismatch(Exception):
    """The server's key is not the one this office has pinned."""


@dataclass(slots=True)
class Watch:
    """What the running exchange listens to. Set by its thread; ``unwanted`` may read flags of other threads."""

    unwanted: Callable[[], bool]
    stall_s: float = STALL_S
    connect_s: float = CONNECT_S
    pin: str = ""  # base64 of SHA-256 over the server's SubjectPublicKeyInfo; empty: not pinned
    monotonic: Callable[[], float] = time.monotonic


class _Reader(io.RawIOBase):
    """Reads a socket in slices."""

    def __init__(self, wire: WatchedSocket) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._wire.reader_closed()


class WatchedSocket:
    """Stands in for the socket of an HTTP connection: same calls, but sliced. Owned by the connection's thread."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock = sock
        self._watch = watch
        self._readers = 0
        self._is_closed = False
        sock.settimeout(SLICE_S)

    def receive(self, buffer: Any) -> int:
        """Read what is there; raises TimeoutError after a stall, Interrupted when unwanted."""
        return self._sliced(lambda: self._sock.recv_into(buffer))

    def sendall(self, content: bytes) -> None:
        """Send all, however long it takes, as long as it moves."""
        rest = memoryview(content)
        while rest:
            sent = self._sliced(lambda left=rest: self._sock.send(left))  # type: ignore[misc]  # bound now, on purpose
            rest = rest[sent:]

    def _sliced(self, attempt: Callable[[], int]) -> int:
        deadline = self._watch.monotonic() + self._watch.stall_s
        while True:
            if self._watch.unwanted():
                raise Interrupted
            try:
                return attempt()
            except TimeoutError:
                if self._watch.monotonic() >= deadline:
                    raise

    def makefile(self, *_args: object, **_kwargs: object) -> io.BufferedReader:
        """Return a buffered reader; the socket stays open until both it and the connection are closed."""
        self._readers += 1
        return io.BufferedReader(_Reader(self), 65536)

    def reader_closed(self) -> None:
        """A reader let go."""
        self._readers -= 1
        self._close_if_unused()

    def close(self) -> None:
        """The connection let go."""
        self._is_closed = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._is_closed and self._readers <= 0:
            self._sock.close()

    def settimeout(self, _timeout: float | None) -> None:
        """Ignored: the slices stay, the stall limit is the watch's."""

    def fileno(self) -> int:
        """Return the descriptor, for the pool's check of a kept connection."""
        return self._sock.fileno()

    def shutdown(self, how: int) -> None:
        """Shut the connection down."""
        self._sock.shutdown(how)


class WatchedAdapter(HTTPAdapter):
    """requests over watched connections: one at a time, never retried here (the engine owns retries)."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools use our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._watch)


def _greeting(watch: Watch) -> type[ssl.SSLSocket]:
    class Greeting(ssl.SSLSocket):
        """Looks all the time whether its handshake is still wanted; its limit is of the machine's clock."""

        def do_handshake(self, block: bool = False) -> None:
            self.settimeout(SLICE_S)
            deadline = time.monotonic() + watch.connect_s
            while True:
                if watch.unwanted():
                    self.close()  # ssl closes it for errors of its own only
                    raise Interrupted
                try:
                    return super().do_handshake(block)
                except TimeoutError:
                    if time.monotonic() >= deadline:
                        raise

    return Greeting


def _pools(watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self._dns_host, self.port, watch.connect_s, watch.unwanted, watch.monotonic)

        def connect(self) -> None:
            super().connect()
            self.sock = WatchedSocket(self.sock, watch)

    greeting = _greeting(watch)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            sock = dial(self._dns_host, self.port, watch.connect_s, watch.unwanted, watch.monotonic)
            sock.settimeout(watch.connect_s)  # for a proxy's answer, which comes before the handshake
            return sock

        def connect(self) -> None:
            self.ssl_context = create_urllib3_context()  # what urllib3 makes itself where none is given
            self.ssl_context.sslsocket_class = greeting
            super().connect()
            if watch.pin and isinstance(self.sock, ssl.SSLSocket):
                _check_pin(self.sock, watch.pin)
            self.sock = WatchedSocket(self.sock, watch)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _check_pin(sock: ssl.SSLSocket, pin: str) -> None:
    certificate = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b"")
    if pin_of(certificate) != pin:
        sock.close()
        raise PinMismatch


def pin_of(certificate: x509.Certificate) -> str:
    """Return the pin of a certificate: base64 of SHA-256 over its SubjectPublicKeyInfo (RFC 7469 §2.4)."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")
