"""A service of protocol 1 as far as it was recorded: it reads by the shapes of then and gives the answers of then."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import msgspec

from tests.older.protocol1 import messages as older
from tests.older.recording import Exchange, wire

_REQUESTS: dict[str, type[msgspec.Struct]] = {
    "/session": older.SignIn,
    "/sync/hello": older.Hello,
    "/sync/commands": older.CommandBatch,
    "/sync/digest": older.DigestQuery,
}


@dataclass
class OlderServer:
    """What it was asked, in the words it knows; what it could not read it refused with 400, as it would have."""

    url: str
    heard: list[msgspec.Struct] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@contextmanager
def older_server() -> Iterator[OlderServer]:
    """Run it on loopback. Each path gives its recorded answers in their order; the last one stays."""
    left: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in wire().exchanges:
        left[exchange.path].append(exchange)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            path = urlsplit(self.path).path.removeprefix("/api/v1")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                if path in _REQUESTS:
                    server.heard.append(msgspec.json.decode(body, type=_REQUESTS[path]))
            except msgspec.MsgspecError as error:
                server.refused.append(f"{path}: {error}")
                self.say(400, '{"code":"bad_request"}')
                return
            recorded = left[path]
            exchange = recorded.pop(0) if len(recorded) > 1 else recorded[0]
            self.say(exchange.status, exchange.answer)

        def say(self, status: int, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("X-MedReg-Server", _server_id())
            is_stream = self.path.startswith("/api/v1/sync/snapshot")
            self.send_header("Content-Type", "application/x-ndjson" if is_stream else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = OlderServer(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join(timeout=20)


def _server_id() -> str:
    return msgspec.json.decode(wire().of("/sync/hello")[0].answer, type=older.Welcome).server_id
