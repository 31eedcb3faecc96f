"""Two hundred clients that come back within one second: what each hears, and how long it waits for it."""

from __future__ import annotations

import http.client
import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from benchmarks.server.offices import Desk, open_desks
from medreg_core.contract.v1.messages import Hello
from medreg_core.domain.records import DeviceId
from medreg_server.db.accounts import OpenSession
from medreg_server.db.clock import system_clock
from medreg_server.services.service import Service
from medreg_server.services.sign_in import token_hash
from tests.server.clients import new_id

CLIENTS = 200
WITHIN_S = 1.0
_HOSPITALS = 20


@dataclass(frozen=True, slots=True)
class Reconnect:
    """What the clients heard; a client says hello and asks for the changes it missed."""

    clients: int
    statuses: dict[int, int]
    median_ms: float  # of a client's whole return
    longest_ms: float

    @property
    def failed(self) -> int:
        """How many answers were 5xx, or none (counted as 599)."""
        return sum(count for status, count in self.statuses.items() if status >= 500)


@dataclass(frozen=True, slots=True)
class _Pc:
    device_id: DeviceId
    token: str
    cursor: str


def reconnect(service: Service, port: int) -> Reconnect:
    """Let 200 signed-in PCs of 20 hospitals come back to the service on ``port``, evenly over one second."""
    pcs = [_pc(service, desk) for desk in open_desks(service, _HOSPITALS, 3) for _ in range(CLIENTS // _HOSPITALS)]
    start = threading.Barrier(len(pcs))

    def come_back(number: int) -> tuple[list[int], float]:
        start.wait()
        time.sleep(number * WITHIN_S / len(pcs))
        return _return(pcs[number], port)

    with ThreadPoolExecutor(len(pcs)) as pool:
        done = list(pool.map(come_back, range(len(pcs))))
    statuses = Counter(status for heard, _ in done for status in heard)
    waited = sorted(seconds for _, seconds in done)
    return Reconnect(len(pcs), dict(statuses), waited[len(waited) // 2] * 1_000, waited[-1] * 1_000)


def _pc(service: Service, desk: Desk) -> _Pc:
    """Sign a new PC in without the password hash, whose cost is wanted, and not what is measured."""
    device_id, token = DeviceId(new_id()), secrets.token_urlsafe(32)
    now = system_clock()
    with service.environment.database.write() as transaction:
        opened = OpenSession(desk.office.caller.account, device_id, now + timedelta(hours=1))
        transaction.accounts.open_session(token_hash(token), opened, now)
    return _Pc(device_id, token, desk.office.cursor())


def _return(pc: _Pc, port: int) -> tuple[list[int], float]:
    hello = Hello(
        protocol_min=1,
        protocol_max=1,
        client_version="1.0.0",
        device_id=pc.device_id,
        device_key=secrets.token_bytes(32),
        client_time=system_clock(),
        form_numbers_left=0,
    )
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    heard: list[int] = []
    try:
        for method, path, body in (
            ("POST", "/api/v1/sync/hello", msgspec.json.encode(hello)),
            ("GET", f"/api/v1/sync/changes?cursor={pc.cursor}", None),
        ):
            connection.request(method, path, body, {"Authorization": f"Bearer {pc.token}"})
            answer = connection.getresponse()
            answer.read()
            heard.append(answer.status)
    except OSError:
        heard.append(599)
    finally:
        connection.close()
    return heard, time.perf_counter() - began
