"""Rules for a proxy on loopback: cut, swallow or answer oneself, at chosen requests.

with fault_proxy(server_port) as proxy:
    proxy.rule("/sync/commands", swallow_answer)   # the request arrives, the answer is lost
    …
    proxy.clear()
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulator.real.exchange import Exchange
from simulator.real.http import Framing, chunk
from simulator.real.proxy import Door, Proxy

Answer = Callable[[bytes], bytes | None]
"""Gets the next bytes of an answer; returns what to pass on, or None to cut the connection."""


@dataclass
class Rule:
    """What happens to the answers of requests that contain ``mark``; ``times`` counts requests down."""

    mark: str
    make: Callable[[], Answer]
    times: int
    reply_at_once: bytes | None = None  # answered by the proxy itself, the request never arrives


class FaultProxy:
    """Listens on its own port and forwards to ``target``. Rules may change while connections are open."""

    def __init__(self, target: int) -> None:
        self.delivered: list[str] = []  # first lines of requests that reached the server
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._arrived = threading.Condition()
        self._proxy = Proxy(target, self._script)

    @property
    def port(self) -> int:
        return self._proxy.port

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
        self._proxy.door = Door.RESETS
        self._proxy.hang_up()

    def restore(self) -> None:
        """The network is back."""
        self._proxy.door = Door.OPEN

    def close(self) -> None:
        self._proxy.close()

    def _script(self, exchange: Exchange) -> None:
        rule = self._rule_for(exchange.request)
        if rule is not None and rule.reply_at_once is not None:
            exchange.send(rule.reply_at_once)
            exchange.drop()
            return
        with self._arrived:
            self.delivered.append(exchange.head.split(b"\r\n", 1)[0].decode("latin-1"))
            self._arrived.notify_all()
        treat = rule.make() if rule is not None else whole()
        for came in _answer(exchange):
            passed = treat(came)
            if passed is None:
                exchange.drop()
                return
            exchange.send(passed)
        exchange.is_over = rule is not None

    def _rule_for(self, request: bytes) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.mark.encode() in request and rule.times > 0:
                    rule.times -= 1
                    return rule
        return None


def _answer(exchange: Exchange) -> Iterator[bytes]:
    """Yield the service's answer as it comes, in chunks: its length is not known before its end."""
    answer, parts = exchange.deliver_streaming()
    yield answer.head(Framing.CHUNKED)
    for part in parts:
        yield chunk(part)
    yield chunk(b"")


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
    return lambda part: part


def swallow_answer() -> Answer:
    """The request was delivered and carried out; not one byte of the answer arrives."""
    return lambda _: None


def cut_after(limit: int) -> Callable[[], Answer]:
    """Pass ``limit`` bytes of the answer (headers included), then break the connection."""

    def make() -> Answer:
        left = [limit]

        def answer(part: bytes) -> bytes | None:
            if left[0] <= 0:
                return None
            passed, left[0] = part[: left[0]], left[0] - len(part)
            return passed

        return answer

    return make


@contextmanager
def fault_proxy(target: int) -> Iterator[FaultProxy]:
    """Run a proxy in front of ``target``."""
    proxy = FaultProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
