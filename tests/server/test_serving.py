"""The socket that several processes of the service share."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

from medreg_server.cli.serving import Listening


def test_the_shared_socket_sends_small_answers_at_once() -> None:
    """Also as another process receives it: asyncio asks each accepted connection what it is."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with closing(Listening("app", host="127.0.0.1", port=0, workers=2).bind_socket()) as bound:
            server = await asyncio.start_server(answer, sock=bound.dup())
            async with server:
                _, writer = await asyncio.open_connection(*bound.getsockname())
                writer.close()
                return await found

    assert asyncio.run(accepted()) == 1


def test_it_is_handed_over_as_what_it_is() -> None:
    with closing(Listening("app", host="127.0.0.1", port=0, workers=2).bind_socket()) as bound:
        assert bound.proto == socket.IPPROTO_TCP
        assert bound.get_inheritable()
