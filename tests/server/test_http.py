"""The wire itself: faults, limits, headers, long polls, the description, and bodies that nobody should send."""

from __future__ import annotations

import gzip
import json
import logging
import logging.handlers
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic

import msgspec
import pytest
import requests
from backports import zstd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.commands import BATCH_BYTES, CommandBatch, OutcomeBatch
from medreg_core.contract.v1.devices import Purpose, SignedByDevice, sign_as_device
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import MAGIC, Fault, Pong
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import Role
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from tests.helpers.server import PASSWORD, Hospital, ServerHandle, running_server, seed_applications, seed_hospital
from tests.server.clients import Client, Refused, new_id
from tests.server.routes import OPERATIONS, Operation


def test_a_ping_proves_the_service(client: Client) -> None:
    welcome = client.hello()
    pong = client.ask(Pong, "GET", "/ping", nonce="a-fresh-nonce-1")
    keys = {key.kid: key.key for key in welcome.keys}
    signed = f"{MAGIC}.{welcome.server_id}.a-fresh-nonce-1.{pong.server_time.isoformat()}".encode()
    Ed25519PublicKey.from_public_bytes(keys[pong.kid]).verify(pong.proof, signed)
    assert client.call("GET", "/ping", nonce="short").status_code == 400
    assert client.call("GET", "/ping", nonce="line\nbreak-and-more").status_code == 400


def test_many_batches_at_once_leave_the_service_free_for_short_questions(
    client: Client, served: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for their turn without a thread; a rehearsal, which may wait for a row, takes nobody's turn."""
    begun, go_on, real = queue.SimpleQueue[bool](), threading.Event(), CommandDesk.answer

    def held(desk: CommandDesk, batch: CommandBatch, caller: Caller) -> OutcomeBatch:
        if not batch.dry_run:
            begun.put(item=True)
            go_on.wait(timeout=60)
        return real(desk, batch, caller)

    monkeypatch.setattr(CommandDesk, "answer", held)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(40))
        stack.callback(go_on.set)
        offices = [stack.enter_context(closing(Client(client.url, client.login).ready())) for _ in range(4)]
        waiting = [pool.submit(office.send) for office in offices * 10]
        for _ in range(2):
            begun.get(timeout=60)
        assert client.call("GET", "/ping", nonce="a-fresh-nonce-1").ok
        assert client.send(dry_run=True) == ()
        assert client.hello().server_id
        assert begun.empty(), "two at once"
        go_on.set()
        assert all(done.result() == () for done in waiting)


def test_hello_leases_numbers_only_when_few_are_left(client: Client, served: Hospital) -> None:
    assert client.lease is not None
    first = client.lease
    assert first.last - first.first + 1 == 100
    assert client.hello(form_numbers_left=50).lease is None
    second = client.hello(form_numbers_left=49).lease
    assert second is not None
    assert second.first == first.last + 1
    assert first.region == served.institution.region


def test_a_client_that_asks_for_ever_more_numbers_is_stopped(client: Client) -> None:
    leases = [client.hello().lease for _ in range(25)]
    assert leases[-1] is None
    assert sum(lease is not None for lease in leases) == 19


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"protocol_min": 3, "protocol_max": 9}, 426, FaultCode.SERVER_TOO_OLD),
        ({"protocol_min": 0, "protocol_max": 0}, 426, FaultCode.CLIENT_TOO_OLD),
        ({"device_key": b"short"}, 400, FaultCode.BAD_REQUEST),
        ({"device_id": "another"}, 403, FaultCode.FORBIDDEN),
        ({"device_key": b"k" * 32}, 403, FaultCode.FORBIDDEN),
    ],
)
def test_a_hello_that_does_not_fit_is_refused(
    client: Client, changes: dict[str, object], status: int, code: FaultCode
) -> None:
    with pytest.raises(Refused) as refused:
        client.hello(**changes)
    assert (refused.value.status, refused.value.fault.code) == (status, code)


def test_an_old_client_is_told_the_oldest_that_works(database_url: str, tmp_path: object) -> None:
    assert hasattr(tmp_path, "joinpath")
    with running_server(database_url, tmp_path, minimum_client="2.10.0") as server:  # type: ignore[arg-type] # a Path
        old = Client(server.url, seed_hospital(server.service).logins[Role.REGISTRAR])
        old.sign_in()
        with pytest.raises(Refused) as refused:
            old.hello(client_version="2.9.9")
        assert refused.value.fault.params == {"minimum": "2.10.0"}
        assert old.hello(client_version="2.10.0").protocol == 1
        old.close()


def test_a_device_belongs_to_its_first_institution(server: ServerHandle, client: Client) -> None:
    elsewhere = seed_hospital(server.service)
    other = Client(server.url, elsewhere.logins[Role.REGISTRAR], device_id=client.device_id)
    other.device_key = client.device_key
    other.sign_in()
    with pytest.raises(Refused) as refused:
        other.hello()
    assert refused.value.status == 403
    other.close()


def test_a_long_poll_answers_when_something_changes(server: ServerHandle, served: Hospital, client: Client) -> None:
    cursor = client.cursor()
    change = threading.Timer(0.3, seed_applications, [server.service, served.institution])
    change.start()
    page = client.changes(cursor, wait=25)
    change.join()
    assert len(page.changes) == 1


def test_a_long_poll_hears_of_another_process(
    server: ServerHandle, served: Hospital, client: Client, database_url: str, tmp_path_factory: object
) -> None:
    """A second process commits to the same database: the poll finds its change within its second."""
    assert isinstance(tmp_path_factory, pytest.TempPathFactory)
    cursor = client.cursor()
    with running_server(database_url, tmp_path_factory.mktemp("other")) as other:
        change = threading.Timer(0.3, seed_applications, [other.service, served.institution])
        change.start()
        page = client.changes(cursor, wait=25)
        change.join()
    assert len(page.changes) == 1


def test_waiting_readers_hold_no_connection(server: ServerHandle, served: Hospital, client: Client) -> None:
    """More readers wait than the pool has connections, and a decision still goes through at once."""
    cursor = client.cursor()
    path = f"/api/v1/sync/changes?cursor={cursor}&wait=25"
    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {client.token}\r\n\r\n"
    with ExitStack() as opened:
        waiting = [opened.enter_context(socket.create_connection((host, int(port)))) for _ in range(60)]
        for connection in waiting:
            connection.sendall(request.encode())
        started = monotonic()
        assert client.hello().magic == MAGIC
        seed_applications(server.service, served.institution)
        for connection in waiting:
            connection.settimeout(20)
            assert connection.recv(12) == b"HTTP/1.1 200"
    assert monotonic() - started < 20, "all woke by the change, none by its timeout"


UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}


@pytest.mark.parametrize(
    ("accepted", "way"), [("gzip", "gzip"), ("zstd, gzip", "zstd"), ("br, zstd;q=0, gzip;q=0.5", "gzip")]
)
def test_rows_travel_packed_as_accepted(
    server: ServerHandle, served: Hospital, client: Client, accepted: str, way: str
) -> None:
    cursor = client.cursor()
    seed_applications(server.service, served.institution, 40)

    def fetched(path: str, accepted: str) -> tuple[bytes, str]:
        headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": accepted}
        with requests.get(f"{server.url}/api/v1/sync/{path}", headers=headers, stream=True, timeout=30) as answer:
            assert answer.headers["Vary"] == "Accept-Encoding"
            return answer.raw.read(decode_content=False), answer.headers.get("Content-Encoding", "")

    for path in ("snapshot", f"changes?cursor={cursor}"):
        content, coding = fetched(path, accepted)
        bare, none = fetched(path, "identity")
        assert (coding, none) == (way, "")
        assert UNPACK[way](content).count(b"id_number") == bare.count(b"id_number") > 0
        assert len(content) < len(bare) / 4


def test_what_is_small_travels_as_it_is(client: Client, server: ServerHandle) -> None:
    headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "zstd, gzip"}
    page = requests.get(f"{server.url}/api/v1/sync/changes?cursor={client.cursor()}", headers=headers, timeout=30)
    assert "Content-Encoding" not in page.headers


def test_what_is_too_large_is_refused(client: Client) -> None:
    padded = b'{"device_id":"' + b"x" * BATCH_BYTES + b'","commands":[]}'
    for path, body in (("/sync/commands", padded), ("/claims", b'{"application_id":"' + b"x" * 2**20 + b'"}')):
        headers = {"Authorization": f"Bearer {client.token}"}
        answer = client.http.post(f"{client.url}/api/v1{path}", data=body, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (413, FaultCode.TOO_LARGE)


def test_more_than_a_hundred_commands_are_refused(client: Client) -> None:
    one = {"id": new_id(), "application_id": "a", "base_version": 1, "made_at": "2026-01-01T00:00:00Z"}
    body = {"device_id": client.device_id, "commands": [one | {"body": {"do": "return", "opinion": "x"}}] * 101}
    assert client.call("POST", "/sync/commands", body).status_code == 413


@pytest.mark.parametrize("odd", [b'"' + b"\xff" + b'"', b"[" * 100_000 + b"]" * 100_000], ids=["no UTF-8", "nested"])
def test_what_cannot_be_read_at_all_is_a_bad_request(client: Client, odd: bytes) -> None:
    signed_by_nobody = msgspec.json.encode(SignedByDevice(DeviceId(new_id()), b'{"nonce":' + odd + b"}", b""))
    own = client.signing_key, client.device_id, client.hello().server_id
    signed = msgspec.json.encode(sign_as_device(Purpose.WIPE_CHECK, msgspec.Raw(b'{"nonce":' + odd + b"}"), *own))
    for path, body, token in (
        ("/session", b'{"device_id":' + odd + b"}", ""),
        ("/device/wipe/check", b'{"device_id":' + odd + b"}", ""),
        ("/device/wipe/check", signed_by_nobody, ""),
        ("/device/wipe/check", signed, ""),
        ("/sync/commands", b'{"device_id":' + odd + b"}", client.token),
    ):
        answer = client.http.post(
            f"{client.url}/api/v1{path}", data=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        fault = msgspec.json.decode(answer.content, type=Fault)
        assert (answer.status_code, fault.code) == (400, FaultCode.BAD_REQUEST), path


def test_every_answer_has_the_headers_of_this_service(client: Client, server: ServerHandle) -> None:
    for answer in (
        client.call("GET", "/ping", nonce="12345678"),
        client.call("GET", "/nowhere"),
        client.call("PATCH", "/session"),
        client.http.get(f"{client.url}/schema", timeout=30),
    ):
        assert answer.headers["X-MedReg-Server"] == server.service.environment.identity().server_id
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "server" not in answer.headers
    assert msgspec.json.decode(client.call("GET", "/nowhere").content, type=Fault).code == FaultCode.NOT_FOUND


def test_a_fault_names_the_place_and_none_of_the_content(client: Client) -> None:
    answer = client.call("POST", "/claims", {"application_id": {"secret": "11010519491231002X"}})
    fault = msgspec.json.decode(answer.content, type=Fault)
    assert (answer.status_code, fault.code) == (400, FaultCode.BAD_REQUEST)
    assert "application_id" in fault.params["where"]
    assert "110105" not in answer.text
    assert fault.request_id


def test_the_description_names_every_operation(client: Client) -> None:
    schema = client.http.get(f"{client.url}/schema", timeout=30).json()
    assert schema["openapi"].startswith("3.")
    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in schema["paths"].items()
        for method in operations
    }
    assert {(o.method, o.path) for o in OPERATIONS} == described
    names = [o["operationId"] for operations in schema["paths"].values() for o in operations.values()]
    assert len(set(names)) == len(names)
    references = set(_references(schema))
    assert references <= {f"#/components/schemas/{name}" for name in schema["components"]["schemas"]}


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["", "1", "\x00", "' OR 1=1 --", "%", "𠮷", "\ud83d", "2026-99-99", "agree", "a" * 3_000])
)
_WORDS = """device_id commands id application_id base_version made_at body do opinion account password cursor count
buckets code notes content request kind release materials"""
_NAMES = st.sampled_from(_WORDS.split())
_BODIES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6), max_leaves=15
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=st.sampled_from(OPERATIONS), body=_BODIES, raw=st.binary(max_size=50), as_json=st.booleans())
def test_no_body_makes_the_service_stumble(
    client: Client, operation: Operation, body: object, raw: bytes, as_json: bool
) -> None:
    content = json.dumps(body).encode() if as_json else raw
    path = operation.path.replace("{application_id}", "x").replace("{number}", "999")
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    if operation.path == "/session" and operation.method == "DELETE":
        headers = {}
    answer = client.http.request(
        operation.method, f"{client.url}/api/v1{path}", data=content, headers=headers, timeout=30
    )
    assert answer.status_code < 500, (operation.path, content, answer.text)
    if not answer.ok:
        assert msgspec.json.decode(answer.content, type=Fault).code in set(FaultCode)


_VALID_COMMAND = {
    "id": "x",
    "application_id": "a",
    "base_version": 1,
    "made_at": "2026-01-01T00:00:00Z",
    "body": {"do": "refuse", "opinion": "不"},
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(["id", "application_id", "base_version", "depends_on", "made_at"]),
    value=_SCALARS,
    opinion=st.text(max_size=30),
)
def test_well_formed_commands_with_odd_values_get_an_answer(
    client: Client, field: str, value: object, opinion: str
) -> None:
    sent = _VALID_COMMAND | {"id": new_id(), "body": {"do": "refuse", "opinion": opinion}} | {field: value}
    body = json.dumps({"device_id": client.device_id, "commands": [sent]}).encode()
    headers = {"Authorization": f"Bearer {client.token}"}
    answer = client.http.post(f"{client.url}/api/v1/sync/commands", data=body, headers=headers, timeout=30)
    assert answer.status_code in {200, 400}, answer.text
    if answer.ok:
        (outcome,) = answer.json()["outcomes"]
        assert outcome["kind"] in {"rejected", "deferred", "mismatch"}, outcome


def test_a_password_with_spaces_and_signs_works(server: ServerHandle, served: Hospital) -> None:
    client = Client(server.url, served.logins[Role.SUPERVISOR].upper())
    assert client.sign_in(PASSWORD).account.role is Role.SUPERVISOR
    client.close()


def test_an_address_that_the_caller_claims_himself_is_never_believed(database_url: str, tmp_path: Path) -> None:
    """Some proxies (HAProxy) do not extend the header that came: they write a second one behind it."""
    with running_server(database_url, tmp_path, trusted_proxies=("127.0.0.1",)) as behind_a_proxy:
        guess = json.dumps({"account": "somebody", "password": "a guess", "device_id": "x"})
        answers = []
        for claimed in range(behind_a_proxy.service.environment.settings.sign_in_attempts + 1):
            with closing(HTTPConnection("127.0.0.1", int(behind_a_proxy.url.rpartition(":")[2]))) as line:
                line.putrequest("POST", "/api/v1/session")
                line.putheader("X-Forwarded-For", f"198.51.100.{claimed}")
                line.putheader("X-Forwarded-For", "203.0.113.9")
                line.putheader("Content-Length", str(len(guess)))
                line.endheaders(guess.encode())
                answers.append(line.getresponse().status)
    assert answers == [401] * (len(answers) - 1) + [429]


def test_a_client_that_hangs_up_over_its_request_is_no_bug(client: Client, server: ServerHandle) -> None:
    """Offices lose their network in the middle of a batch every day: nobody is to be called to the log for it."""
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener, log = logging.handlers.QueueHandler(lines), logging.getLogger("medreg_server.api.faults")
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    try:
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as cut:
            head = f"POST /api/v1/sync/commands HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
            cut.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert lines.get(timeout=20).levelno == logging.INFO
    finally:
        log.removeHandler(listener)
        log.setLevel(logging.NOTSET)
