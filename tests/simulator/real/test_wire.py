"""Every toxic is carried out on the wire of a replay: none leaves an exchange as one that nothing befalls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from medreg_server.db.clock import system_clock
from simulator.clocks import WorldTime
from simulator.crash import Fate
from simulator.real.exchange import Exchange
from simulator.real.http import Answer
from simulator.real.tls import Certificates
from simulator.real.wire import RealWire
from simulator.register import Request
from simulator.toxics import Toxic, Trial
from simulator.trace import Trace

PING = Request("GET", "/api/v1/ping?nonce=x", "", b"")
SAID = Answer(200, (("Content-Type", "application/json"), ("X-MedReg-Server", "home")), b"{}" * 100)


class Told:
    """An exchange that only notes what is done to it."""

    body = b""
    request = b"GET /api/v1/ping HTTP/1.1\r\n\r\n"

    def __init__(self, notes: list[object]) -> None:
        self._notes = notes

    def deliver(self) -> Answer:
        self._notes.append("delivered")
        return SAID

    def __getattr__(self, name: str) -> Any:
        return lambda *said: self._notes.append((name, *(each for each in said if not callable(each))))


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates.made(tmp_path, system_clock())


@pytest.fixture
def wire(certificates: Certificates) -> Iterator[RealWire]:
    register = SimpleNamespace(port=1, server_id="home", stage=SimpleNamespace(certificates=certificates))
    wire = RealWire("a", cast("Any", register), WorldTime(), Trace(), Fate())
    yield wire
    wire.shut()


def _left_of(wire: RealWire, happens: Trial) -> tuple[object, ...]:
    """Return all that one exchange comes to: on the wire, on the clock, at the ends, and what was kept."""
    notes: list[object] = []
    before, kept = wire._time.seconds, len(wire.later)
    wire.befall = notes.append
    wire._kept[PING.target] = Answer(200, (), b"old")
    response = requests.Response()

    def send(*_: object, **__: object) -> requests.Response:
        notes.append(wire._proxy.tls)
        wire._script(cast("Exchange", Told(notes)))
        return response

    wire._adapter = cast("Any", SimpleNamespace(send=send))
    try:
        wire._carried(requests.PreparedRequest(), PING, happens, {})
    except requests.RequestException as error:
        notes.append(type(error))
    return (*notes, round(wire._time.seconds - before, 6), len(wire.later) - kept)


@pytest.mark.parametrize("toxic", [toxic for toxic in Toxic if toxic is not Toxic.NONE])
def test_no_toxic_leaves_an_exchange_as_it_was(wire: RealWire, toxic: Toxic) -> None:
    plain = _left_of(wire, Trial(Toxic.NONE))
    assert plain[1:3] == ("delivered", ("reply", SAID))
    assert _left_of(wire, Trial(toxic, status=503, share=0.2)) != plain


@pytest.mark.parametrize("toxic", [Toxic.PORTAL_PAGE, Toxic.PORTAL_REDIRECT, Toxic.REORDERED, Toxic.SLEEP_BEFORE])
def test_what_is_not_delivered_in_the_simulation_is_not_delivered_here(wire: RealWire, toxic: Toxic) -> None:
    assert "delivered" not in _left_of(wire, Trial(toxic))
