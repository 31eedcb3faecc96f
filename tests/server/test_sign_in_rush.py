"""Many who sign in at once: whoever is not signed in yet cannot keep the service from those who are."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import msgspec
import pytest
import requests

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Fault, Session, SignIn
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_server.services.sign_in import SignInDesk
from tests.helpers.server import PASSWORD, running_server, seed_hospital, sqlite_url
from tests.server.clients import Client

AT_ONCE, WAITING, TOO_MANY = 12, 32, 6  # together more than the threads of a process


def test_a_rush_of_sign_ins_holds_nobody_up_and_what_is_too_much_is_told_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for their turn without a thread: else 40 strangers were all it took."""
    begun, go_on, real = queue.SimpleQueue[bool](), threading.Event(), SignInDesk.open

    def held(desk: SignInDesk, request: SignIn, address: str) -> Session:
        begun.put(item=True)
        go_on.wait(timeout=60)
        return real(desk, request, address)

    def sign_in(number: int) -> requests.Response:
        body = msgspec.json.encode(SignIn(f"guess-{number}", PASSWORD, DeviceId("device-of-a-guesser")))
        return requests.post(f"{server.url}/api/v1/session", data=body, timeout=60)

    with ExitStack() as stack:
        server = stack.enter_context(running_server(sqlite_url(tmp_path), tmp_path, hash_parallel=AT_ONCE))
        client = Client(server.url, seed_hospital(server.service).logins[Role.REGISTRAR]).ready()
        stack.callback(client.close)
        monkeypatch.setattr(SignInDesk, "open", held)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE + WAITING + TOO_MANY))
        stack.callback(go_on.set)
        asked = [pool.submit(sign_in, number) for number in range(AT_ONCE + WAITING + TOO_MANY)]
        refused = [done.result() for done in islice(as_completed(asked, timeout=60), TOO_MANY)]
        assert {answer.status_code for answer in refused} == {503}
        assert {msgspec.json.decode(answer.content, type=Fault).code for answer in refused} == {FaultCode.BUSY}
        assert {answer.headers["Retry-After"] for answer in refused} == {"5"}
        assert client.call("GET", "/ping", nonce="a-fresh-nonce-1").ok
        assert client.hello().server_id
        assert begun.qsize() == AT_ONCE
        go_on.set()
        assert Counter(done.result().status_code for done in asked) == {401: AT_ONCE + WAITING, 503: TOO_MANY}
        client.sign_in()
