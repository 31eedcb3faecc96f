"""The sockets of a service in several processes: one address, one for each, and the kernel spreads who comes."""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from multiprocessing.reduction import ForkingPickler

import pytest

from medreg_server.cli.serving import Door, Listening


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with closing(Listening("app", host="127.0.0.1", port=0, workers=2).bind_socket()) as bound:
        yield bound


def handed_over(bound: socket.socket) -> socket.socket:
    """Return the socket as another process receives it."""
    received = pickle.loads(ForkingPickler.dumps(bound))
    assert isinstance(received, socket.socket)
    return received


def test_a_process_sends_small_answers_at_once(bound: socket.socket) -> None:
    """asyncio asks each accepted connection what it is."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        server = await asyncio.start_server(answer, sock=handed_over(bound))
        async with server:
            _, writer = await asyncio.open_connection(*bound.getsockname())
            writer.close()
            return await found

    assert asyncio.run(accepted()) == 1


def test_connections_are_spread_over_the_processes(bound: socket.socket) -> None:
    """One would not come to the other side once in 2**63 times."""
    with ExitStack() as stack:
        doors = [stack.enter_context(closing(handed_over(bound))) for _ in range(2)]
        for door in doors:
            door.listen(64)
            door.setblocking(False)
        for _ in range(64):
            stack.enter_context(socket.create_connection(bound.getsockname(), timeout=10))
        came = [waiting(stack, door) for door in doors]
    assert sum(came) == 64
    assert min(came) > 0


def waiting(stack: ExitStack, door: socket.socket) -> int:
    count = 0
    while True:
        try:
            stack.enter_context(door.accept()[0])
        except BlockingIOError:
            return count
        count += 1


def test_nobody_comes_to_a_door_before_a_process_listens(bound: socket.socket) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound.getsockname(), timeout=10)


# uvicorn leaves the socket it could not bind to the end of the process.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")
def test_a_second_service_at_the_same_address_is_turned_away(bound: socket.socket) -> None:
    """The kernel would let it in, and half of the offices would speak to the wrong one."""
    address, port = bound.getsockname()
    with closing(handed_over(bound)) as door:
        door.listen()
        with pytest.raises(SystemExit):
            Listening("app", host=address, port=port, workers=2).bind_socket()
    assert isinstance(bound, Door)
