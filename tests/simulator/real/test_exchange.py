"""The proxy's side of one exchange."""

from __future__ import annotations

import socket
from typing import cast

import pytest

from simulator.real.exchange import Exchange, Upstream


class SlowClient:
    """A client's socket that says nothing for so many looks of the proxy, and then hangs up."""

    def __init__(self, looks: int) -> None:
        self._left = looks

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        if not self._left:
            return b""
        self._left -= 1
        raise TimeoutError


@pytest.mark.parametrize(("looks", "stalls"), [(0, 0), (1, 1), (3, 1), (20, 1), (40, 2)])
def test_a_client_that_is_slow_to_hang_up_lets_no_more_time_pass(looks: int, stalls: int) -> None:
    """It looks at the time in slices, and a loaded machine keeps it from that; only one that began late waits anew."""
    passed: list[None] = []
    exchange = Exchange(cast("socket.socket", SlowClient(looks)), Upstream(0), b"")
    exchange.hold(lambda: passed.append(None))
    assert len(passed) == stalls
