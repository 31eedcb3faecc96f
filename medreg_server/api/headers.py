"""Headers of every answer, errors included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from litestar.types import Message, Scope

SERVER_HEADER: Final = "X-MedReg-Server"

_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000"),
)


def header_writer(server_id: str) -> Callable[[Message, Scope], Awaitable[None]]:
    """Return the hook that names this service on every answer, so that a portal's page is told apart."""
    headers = [(SERVER_HEADER.lower().encode(), server_id.encode()), *_SECURITY]

    async def write(message: Message, _: Scope) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *headers]

    return write
