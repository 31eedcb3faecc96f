"""Opens a TCP connection so that it can be given up at any moment and no dead address family delays it (RFC 8305)."""

from __future__ import annotations

import contextlib
import errno
import os
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable

from medreg_desktop.services.transport.trouble import Interrupted

SLICE_S = 0.2
"""How long at most nobody looks whether the connection is still wanted."""

STAGGER_S = 0.25
"""Head start of one address over the next, RFC 8305 §5."""

_Address = tuple[socket.AddressFamily, tuple[object, ...]]
_Answer = list[_Address] | OSError


class Unreachable(ConnectionError):
    """No address of the host accepted a connection in time."""


def dial(
    host: str,
    port: int,
    timeout_s: float,
    unwanted: Callable[[], bool],
    monotonic: Callable[[], float] = time.monotonic,
) -> socket.socket:
    """Return a connected socket. ``monotonic`` measures ``timeout_s``.

    Raises:
        Unreachable: the name is unknown, or nothing accepted within ``timeout_s``.
        Interrupted: ``unwanted()`` turned true.
    """
    deadline = monotonic() + timeout_s

    def is_late() -> bool:
        return monotonic() >= deadline

    addresses = _interleaved(_resolve(host, port, is_late, unwanted))
    pending: dict[socket.socket, None] = {}
    with selectors.DefaultSelector() as selector:
        try:
            return _race(addresses, pending, selector, is_late, unwanted)
        finally:
            for sock in pending:
                sock.close()


def _race(
    addresses: list[_Address],
    pending: dict[socket.socket, None],
    selector: selectors.BaseSelector,
    is_late: Callable[[], bool],
    unwanted: Callable[[], bool],
) -> socket.socket:
    start_next = time.monotonic()
    while addresses or pending:
        now = time.monotonic()
        if unwanted():
            raise Interrupted
        if is_late():
            break
        if addresses and (now >= start_next or not pending):
            started = _start(*addresses.pop(0))
            start_next = now + STAGGER_S
            if started is not None:
                pending[started] = None
                selector.register(started, selectors.EVENT_WRITE)
            continue
        winner = _first_ready(selector, pending, SLICE_S)
        if winner is not None:
            return winner
    raise Unreachable


def _first_ready(
    selector: selectors.BaseSelector, pending: dict[socket.socket, None], wait_s: float
) -> socket.socket | None:
    for key, _ in selector.select(wait_s):
        sock = key.fileobj
        assert isinstance(sock, socket.socket)
        selector.unregister(sock)
        del pending[sock]
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(True)
            return sock
        sock.close()
    return None


def _start(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket | None:
    """Begin a connection; None if it is refused at once (no such family, no route)."""
    with contextlib.suppress(OSError):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code in {0, errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", -1)}:
            return sock
        sock.close()
    return None


def _resolve(host: str, port: int, is_late: Callable[[], bool], unwanted: Callable[[], bool]) -> list[_Address]:
    with contextlib.suppress(OSError):
        return _lookup(host, port, socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_lookup(host, port, 0))
        except OSError as error:
            answers.put(error)

    # The system's resolver cannot be interrupted; a forgotten one ends by itself and its answer is dropped.
    threading.Thread(target=ask, name="medreg-resolve", daemon=True).start()
    while not is_late():
        if unwanted():
            raise Interrupted
        with contextlib.suppress(queue.Empty):
            answer = answers.get(timeout=SLICE_S)
            if isinstance(answer, OSError):
                raise Unreachable(os.strerror(answer.errno or 0)) from answer
            return answer
    raise Unreachable


def _lookup(host: str, port: int, flags: int) -> list[_Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(socket.AddressFamily(family), address) for family, _, _, _, address in found]


def _interleaved(addresses: list[_Address]) -> list[_Address]:
    """Alternate the families, keeping the system's order within each: a dead IPv6 costs a quarter of a second."""
    first_family = addresses[0][0] if addresses else socket.AF_INET
    first = [item for item in addresses if item[0] == first_family]
    other = [item for item in addresses if item[0] != first_family]
    mixed: list[_Address] = []
    while first or other:
        mixed += [queue_.pop(0) for queue_ in (first, other) if queue_]
    return mixed
