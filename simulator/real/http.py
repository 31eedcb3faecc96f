"""Just enough of HTTP/1.1 to take an exchange apart and put it together again, byte for byte under control."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from http.client import HTTPResponse

_CHUNK = 65536
_OF_ONE_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class Framing(StrEnum):
    """How the receiver learns where a body ends."""

    LENGTH = "length"
    CHUNKED = "chunked"
    CLOSE = "close"  # it is over when the connection is


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. ``headers`` leave out what concerns one hop only; those come from the framing."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header's value, or nothing."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), "")

    def without(self, *names: str) -> Answer:
        """Return the answer without these headers."""
        gone = {name.lower() for name in names}
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].lower() not in gone))

    def having(self, **headers: str) -> Answer:
        """Return the answer with these headers set; ``_`` stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = self.without(*named)
        return replace(kept, headers=(*kept.headers, *named.items()))

    def gzipped(self) -> Answer:
        """Return the answer compressed, as a proxy in front of the service does."""
        if self.header("Content-Encoding"):
            return self
        packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return replace(self, body=packer.compress(self.body) + packer.flush()).having(Content_Encoding="gzip")

    def head(self, framing: Framing = Framing.LENGTH) -> bytes:
        """Return the status line and the headers."""
        lines = [f"HTTP/1.1 {self.status} Answer", *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(
            {
                Framing.LENGTH: f"Content-Length: {len(self.body)}",
                Framing.CHUNKED: "Transfer-Encoding: chunked",
                Framing.CLOSE: "Connection: close",
            }[framing]
        )
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def framed(self, framing: Framing = Framing.LENGTH) -> bytes:
        """Return the body as it stands on the wire. Chunks are small, so that a cut can fall between two."""
        if framing is not Framing.CHUNKED:
            return self.body
        pieces = [self.body[at : at + 512] for at in range(0, len(self.body), 512)]
        return b"".join(chunk(piece) for piece in pieces) + chunk(b"")

    def bytes(self, framing: Framing = Framing.LENGTH) -> bytes:
        """Return the whole answer as it stands on the wire."""
        return self.head(framing) + self.framed(framing)


def chunk(content: bytes) -> bytes:
    """Return one chunk of a chunked body; an empty one ends it."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def read_head(sock: socket.socket) -> tuple[bytes, bytes] | None:
    """Read a request's head; return it with what has come of the body, or None at the end of the connection."""
    content = b""
    while b"\r\n\r\n" not in content:
        came = sock.recv(_CHUNK)
        if not came:
            return None
        content += came
    head, _, rest = content.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def read_body(sock: socket.socket, head: bytes, rest: bytes) -> bytes:
    """Read the rest of a request whose head has come. Raises ConnectionError when it ends early."""
    missing = length_of(head) - len(rest)
    parts = [rest]
    while missing > 0:
        came = sock.recv(_CHUNK)
        if not came:
            raise ConnectionError("the request ended early")
        parts.append(came)
        missing -= len(came)
    return b"".join(parts)


def length_of(head: bytes) -> int:
    """Return the stated length of a request's body."""
    return int(header_of(head, "content-length") or 0)


def header_of(head: bytes, name: str) -> str:
    """Return a header of a request, or nothing."""
    for line in head.split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.lower() == name.encode():
            return value.strip().decode("latin-1")
    return ""


def begin_answer(sock: socket.socket, method: str) -> HTTPResponse:
    """Read an answer up to its body."""
    response = HTTPResponse(sock, method=method)
    response.begin()
    return response


def parts_of(response: HTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes."""
    while part := response.read1(_CHUNK):
        yield part


def headers_of(response: HTTPResponse) -> tuple[tuple[str, str], ...]:
    """Return the headers that concern more than this hop."""
    return tuple(pair for pair in response.getheaders() if pair[0].lower() not in _OF_ONE_HOP)
