"""The transport against servers, proxies and portals that misbehave, over real sockets on loopback."""

import gzip
import itertools
import select
import socket
import threading
from collections.abc import Callable

import msgspec
import pytest

from medreg_core.contract.v1.commands import CommandBatch
from medreg_core.contract.v1.feed import ChangePage, SnapshotEnd, SnapshotHead, SnapshotLine, SnapshotMark, SnapshotRow
from medreg_core.contract.v1.messages import MAGIC, Pong
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.transport.exchange import Ask
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import ServerAddress
from medreg_desktop.services.transport.trouble import Interrupted, TransportFault, TroubleKind
from medreg_desktop.services.transport.watched import pin_of
from tests.desktop.transport.bad_server import OURS, BadServer, Reply, answer, bad_server, raw
from tests.desktop.transport.conftest import Certificate, FixedClock

Make = Callable[..., HttpTransport]
PAGE = msgspec.json.encode(
    ChangePage(
        magic=MAGIC, epoch="e", after=0, last=0, changes=(), cursor="c", more=False, server_time=FixedClock().now()
    )
)
HTML = b"<html><body>Welcome to the hospital's network. Please sign in.</body></html>"


def never() -> bool:
    return False


def code_of(transport: HttpTransport) -> tuple[TroubleKind, str]:
    with pytest.raises(TransportFault) as caught:
        transport.changes("c", 0, never)
    return caught.value.trouble.kind, caught.value.trouble.code


def without_answer(conn: socket.socket) -> None:
    conn.shutdown(socket.SHUT_RDWR)


def reset(conn: socket.socket) -> None:
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


PORTAL_AT = "http://portal.example/"
HALF_AN_ANSWER = (
    b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nX-MedReg-Server: server-1\r\nContent-Length: 99\r\n\r\n{"
)
HALF_A_CHUNK = (
    b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nX-MedReg-Server: server-1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n40\r\n{"
)
PORTAL = (TroubleKind.PORTAL, "captive_portal")
MOVED = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n"

NESTED = b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}"

CASES: list[tuple[str, Reply, TroubleKind, str]] = [
    ("portal, HTML 200", answer(200, HTML, "text/html", server=None), TroubleKind.PORTAL, "captive_portal"),
    ("portal, JSON 200", answer(200, PAGE, server=None), TroubleKind.PORTAL, "captive_portal"),
    ("portal, 302", answer(302, b"", server=None, Location=PORTAL_AT), *PORTAL),
    ("portal, 302 in GBK", raw(MOVED % "http://portal.example/?网=医院".encode("gbk")), *PORTAL),
    ("portal, 302 to nowhere", raw(MOVED % b"http://["), *PORTAL),
    ("portal, 302 cut", raw(MOVED.replace(b": 0", b": 9") % PORTAL_AT.encode()), *PORTAL),
    ("portal, 511", answer(511, HTML, "text/html", server=None), TroubleKind.PORTAL, "captive_portal"),
    ("proxy wants a password", answer(407, b"", server=None), TroubleKind.PORTAL, "captive_portal"),
    ("redirect by our server", answer(307, b"", Location=PORTAL_AT), *PORTAL),
    ("our header, wrong type", answer(200, HTML, "text/html"), TroubleKind.PORTAL, "captive_portal"),
    ("wrong magic", answer(200, PAGE.replace(MAGIC.encode(), b"other-thing")), TroubleKind.PORTAL, "captive_portal"),
    ("other server", answer(200, PAGE, server="server-2"), TroubleKind.PORTAL, "other_server"),
    ("cut, length stated", answer(200, PAGE[:40], length=len(PAGE)), TroubleKind.LINK, "response_cut"),
    ("cut, no length", answer(200, PAGE[:40], length=None), TroubleKind.LINK, "response_cut"),
    ("cut within a chunk", raw(HALF_A_CHUNK), TroubleKind.LINK, "response_cut"),
    ("gzip cut", answer(200, gzip.compress(PAGE)[:30], Content_Encoding="gzip"), TroubleKind.LINK, "response_cut"),
    ("not gzip at all", answer(200, PAGE, Content_Encoding="gzip"), TroubleKind.LINK, "response_cut"),
    ("another contract", answer(200, b'{"magic": 5}'), TroubleKind.OTHER_VERSION, "server_other_version"),
    ("nested by the thousand", answer(200, NESTED), TroubleKind.OTHER_VERSION, "server_other_version"),
    ("500, nested by the thousand", answer(500, NESTED), TroubleKind.SERVER, "server_error"),
    ("not JSON", answer(200, b"all is well"), TroubleKind.OTHER_VERSION, "server_other_version"),
    ("endpoint missing", answer(404), TroubleKind.OTHER_VERSION, "server_other_version"),
    ("too old", answer(426, b'{"code": "client_too_old"}'), TroubleKind.TOO_OLD, "client_too_old"),
    ("session over", answer(401, b'{"code": "session_expired"}'), TroubleKind.SIGN_IN, "session_expired"),
    ("revoked", answer(403, b'{"code": "device_revoked"}'), TroubleKind.REFUSED, "device_revoked"),
    ("dead cursor", answer(410, b'{"code": "resync", "params": {"reason": "epoch"}}'), TroubleKind.RESYNC, "resync"),
    ("500", answer(500, b"oops", "text/plain"), TroubleKind.SERVER, "server_error"),
    ("502 by a proxy", answer(502, HTML, "text/html", server=None), TroubleKind.SERVER, "server_error"),
    ("503 with a date", answer(503, Retry_After="Mon, 23 Nov 2026 02:00:09 GMT"), TroubleKind.TOLD, "server_busy"),
    (
        "503 with a date that is past by this computer's clock alone",
        answer(503, Date="Mon, 23 Nov 2026 01:00:00 GMT", Retry_After="Mon, 23 Nov 2026 01:02:00 GMT"),
        TroubleKind.TOLD,
        "server_busy",
    ),
    ("429", answer(429, Retry_After="31536000"), TroubleKind.TOLD, "server_busy"),
    ("hangs up", without_answer, TroubleKind.LINK, "server_unreachable"),
    ("resets", reset, TroubleKind.LINK, "server_unreachable"),
    ("speaks SSH", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), TroubleKind.LINK, "server_unreachable"),
    ("1 GB announced", answer(200, PAGE, length=1 << 30), TroubleKind.OTHER_VERSION, "response_too_large"),
]


@pytest.mark.parametrize(("reply", "kind", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_misbehaviour_has_its_name(transport_to: Make, reply: Reply, kind: TroubleKind, code: str) -> None:
    with bad_server(reply) as server:
        transport = transport_to(server.url, OURS)
        assert code_of(transport) == (kind, code)
        assert [(a.kind, a.code) for a in transport.link.log.of_call("changes")] == [(kind.value, code)]


def test_a_good_answer_is_read(transport_to: Make) -> None:
    with bad_server(answer(200, gzip.compress(PAGE), Content_Encoding="gzip")) as server:
        transport = transport_to(server.url, OURS)
        transport.link.token = "secret-token"
        assert transport.changes("c", 0, never).cursor == "c"
        assert b"Authorization: Bearer secret-token" in server.requests[0]
        assert b"cursor=c&wait=0" in server.requests[0]
        assert [a.code for a in transport.link.log.latest()] == [""]


def test_an_endless_body_is_given_up_at_the_limit(transport_to: Make) -> None:
    def endless(conn: socket.socket) -> None:
        answer(200, b'{"magic":"', length=None)(conn)
        while True:
            conn.sendall(b"x" * 65536)

    with bad_server(endless) as server:
        assert code_of(transport_to(server.url, OURS)) == (TroubleKind.OTHER_VERSION, "response_too_large")


def test_a_gzip_bomb_is_given_up_at_the_limit(transport_to: Make) -> None:
    bomb = gzip.compress(b"x" * (64 << 20))
    with bad_server(answer(200, bomb, Content_Encoding="gzip")) as server:
        assert code_of(transport_to(server.url, OURS)) == (TroubleKind.OTHER_VERSION, "response_too_large")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 X\r\nContent-", HALF_AN_ANSWER])
def test_a_silent_server_is_given_up_after_a_stall(transport_to: Make, sent: bytes) -> None:
    def stall(conn: socket.socket) -> None:
        conn.sendall(sent)
        server.released.wait()

    with bad_server(stall) as server:
        assert code_of(transport_to(server.url, OURS, stall_s=0.3)) == (TroubleKind.SERVER, "server_silent")


def test_slow_but_steady_is_not_a_stall(transport_to: Make) -> None:
    """Longer in all than the stall limit, but never silent for so long."""
    tick = threading.Event()

    def drip(conn: socket.socket) -> None:
        answer(200, b"", length=len(PAGE))(conn)
        for position in range(0, len(PAGE), 4):
            conn.sendall(PAGE[position : position + 4])
            tick.wait(0.05)

    with bad_server(drip) as server:
        assert transport_to(server.url, OURS, stall_s=1.2).changes("c", 0, never).magic == MAGIC


def test_nobody_listens(transport_to: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert code_of(transport_to(f"http://127.0.0.1:{port}")) == (TroubleKind.LINK, "server_unreachable")


def test_a_long_poll_ends_at_once_when_something_more_urgent_turns_up(transport_to: Make) -> None:
    urgent = threading.Event()

    def hold(conn: socket.socket) -> None:
        urgent.set()
        server.released.wait()

    with bad_server(hold) as server:
        transport = transport_to(server.url, OURS, stall_s=60.0)
        with pytest.raises(Interrupted):
            transport.changes("c", 25, urgent.is_set)
        assert transport.link.log.of_call("changes")[0].code == "interrupted"


def test_closing_the_program_breaks_any_exchange_off(transport_to: Make) -> None:
    def hold(conn: socket.socket) -> None:
        transport.link.closing.set()
        server.released.wait()

    with bad_server(hold) as server:
        transport = transport_to(server.url, OURS, stall_s=60.0)
        with pytest.raises(Interrupted):
            transport.send(CommandBatch(device_id="d", commands=()))  # type: ignore[arg-type]


def test_a_handshake_that_is_never_answered_is_broken_off_too(transport_to: Make) -> None:
    """A machine that takes the connection and says nothing: the commonest kind of silence, and before any HTTP."""
    taken: list[socket.socket] = []

    def is_greeted() -> bool:
        if not taken:
            taken.extend(listener.accept()[0] for _ in select.select([listener], [], [], 0)[0])
        return bool(taken and select.select(taken, [], [], 0)[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = transport_to(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(Interrupted):
            transport.changes("c", 25, is_greeted)
        taken[0].close()


def test_a_server_that_reads_nothing_is_a_stall_too(transport_to: Make) -> None:
    """More is sent than the socket buffers hold; nobody takes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = transport_to(f"http://127.0.0.1:{listener.getsockname()[1]}", stall_s=0.3)
        with pytest.raises(TransportFault) as caught:
            transport._exchanges.answer(Ask("x", "POST", "/x", SnapshotMark("x" * (64 << 20), 0, "")), ChangePage)
        assert caught.value.code == "server_silent"


# ---- ping -----------------------------------------------------------------------------------------------------------


def test_a_ping_with_another_nonce_is_a_portals_replay(transport_to: Make) -> None:
    pong = Pong(magic=MAGIC, server_id=OURS, nonce="old", server_time=FixedClock().now(), kid="k", proof=b"")
    with bad_server(answer(200, msgspec.json.encode(pong))) as server:
        transport = transport_to(server.url, OURS)
        with pytest.raises(TransportFault) as caught:
            transport.ping()
    assert caught.value.trouble.kind is TroubleKind.PORTAL
    (noted,) = transport.link.log.of_call("ping")
    assert noted.kind == TroubleKind.PORTAL  # what explains the lamp must not call it a success


def test_limits_are_measured_by_the_clock_of_the_link(transport_to: Make) -> None:
    """A world whose time passes by decree has no other; a second of it may take none of ours."""
    ticks = itertools.count(0.0, 10.0)
    with bad_server(lambda _: server.released.wait()) as server:
        transport = transport_to(server.url, OURS)
        transport._exchanges.watch.monotonic = lambda: next(ticks)
        assert code_of(transport) == (TroubleKind.SERVER, "server_silent")


# ---- snapshot -------------------------------------------------------------------------------------------------------

HEAD = SnapshotHead(magic=MAGIC, server_id=OURS, epoch="e", total=2, done=0)
ROW = SnapshotRow(kind="application", id="a", version=1, body=msgspec.Raw(b'{"name":"\\n"}'))
END = SnapshotEnd(count=1, digest="0", cursor="c", seq=1)


def stream(*lines: SnapshotLine, cut: int = 0, length: int | None = None, server: str = OURS) -> Reply:
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    return answer(200, body[: len(body) - cut], "application/x-ndjson", server, length)


def test_a_whole_stream_is_typed_line_by_line(transport_to: Make) -> None:
    with bad_server(stream(HEAD, ROW, END)) as server, transport_to(server.url, OURS).snapshot("") as lines:
        assert list(lines) == [HEAD, ROW, END]


@pytest.mark.parametrize(
    ("reply", "code", "arrived"),
    [
        (stream(HEAD, ROW), "response_cut", 2),
        (stream(HEAD, ROW, END, cut=5), "response_cut", 2),
        (stream(HEAD, ROW, END, cut=40, length=999), "response_cut", 2),
        (stream(ROW, END), "captive_portal", 0),
        (answer(200, b'{"t":"head"}\n', "application/x-ndjson"), "server_other_version", 0),
        (answer(200, NESTED + b"\n", "application/x-ndjson"), "server_other_version", 0),
        (answer(200, b"x" * (5 << 20), "application/x-ndjson"), "response_too_large", 0),
        (answer(200, HTML, "text/html", server=None), "captive_portal", 0),
    ],
)
def test_a_broken_stream_gives_what_was_whole(transport_to: Make, reply: Reply, code: str, arrived: int) -> None:
    got: list[SnapshotLine] = []
    with bad_server(reply) as server:
        transport = transport_to(server.url, OURS)
        with pytest.raises(TransportFault) as caught, transport.snapshot("") as lines:
            got.extend(lines)
        assert (caught.value.code, len(got)) == (code, arrived)
        assert [a.code for a in transport.link.log.of_call("snapshot")] == [code]


# ---- TLS ------------------------------------------------------------------------------------------------------------

MakeCertificate = Callable[..., Certificate]


def test_a_certificate_of_the_given_ca_is_accepted(transport_to: Make, certificate_for: MakeCertificate) -> None:
    made = certificate_for()
    with bad_server(answer(200, PAGE), tls=made.context) as server:
        transport = transport_to(server.url, OURS, ca_file=made.ca_file, pin=pin_of(made.certificate))
        assert transport.changes("c", 0, never).magic == MAGIC


@pytest.mark.parametrize(
    ("certificate", "trusts", "pin", "kind", "code"),
    [
        ({"ends_in_days": 0}, True, "", TroubleKind.CLOCK, "tls_expired"),
        ({"begins_in_days": 5}, True, "", TroubleKind.CLOCK, "tls_not_yet_valid"),
        ({"host": "other.example"}, True, "", TroubleKind.UNTRUSTED, "tls_wrong_name"),
        ({}, False, "", TroubleKind.UNTRUSTED, "tls_untrusted"),
        ({}, True, "AAAA", TroubleKind.UNTRUSTED, "tls_pin_mismatch"),
    ],
)
def test_a_wrong_certificate_has_its_name(
    transport_to: Make,
    certificate_for: MakeCertificate,
    certificate: dict[str, int],
    trusts: bool,
    pin: str,
    kind: TroubleKind,
    code: str,
) -> None:
    made = certificate_for(**certificate)
    other = certificate_for("127.0.0.2")
    ca_file = made.ca_file if trusts else other.ca_file
    with bad_server(answer(200, PAGE), tls=made.context) as server:
        assert code_of(transport_to(server.url, OURS, ca_file=ca_file, pin=pin)) == (kind, code)


def test_what_a_portal_says_beside_its_redirect_is_not_read(transport_to: Make) -> None:
    sent: list[int] = []

    def endless(conn: socket.socket) -> None:
        conn.sendall(MOVED.replace(b"Content-Length: 0", b"Connection: close") % PORTAL_AT.encode())
        while sum(sent) < 32 << 20:
            conn.sendall(bytes(1 << 20))
            sent.append(1 << 20)

    with bad_server(endless) as server:
        assert code_of(transport_to(server.url, OURS)) == PORTAL
        server.wait_until_hung_up()
    assert sum(sent) < 32 << 20


def test_plain_http_on_the_tls_port(transport_to: Make) -> None:
    with bad_server(raw(b"HTTP/1.1 302 Found\r\nLocation: http://portal.example\r\n\r\n")) as server:
        url = server.url.replace("http:", "https:")
        assert code_of(transport_to(url)) == (TroubleKind.UNTRUSTED, "tls_untrusted")


@pytest.mark.parametrize(
    "url",
    ["http://medreg.example", "ftp://127.0.0.1", "127.0.0.1:8000", "https://", "https://a b:x", "", "https://a?x=1"],
)
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(KnownFault, match="address_invalid"):
        ServerAddress(url).checked()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost", "https://medreg.example/base/", "http://[::1]:1"]
)
def test_addresses_that_can(url: str) -> None:
    assert ServerAddress(url).checked().base_url == url


def test_a_kept_connection_that_died_is_opened_again(transport_to: Make) -> None:
    def once(conn: socket.socket) -> None:
        conn.sendall(
            b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nX-MedReg-Server: server-1\r\n"
            + f"Content-Length: {len(PAGE)}\r\n\r\n".encode()
            + PAGE
        )

    with bad_server(once) as server:
        transport = transport_to(server.url, OURS)
        assert transport.changes("c", 0, never).magic == MAGIC
        server.wait_until_hung_up()
        assert transport.changes("c", 0, never).magic == MAGIC
        assert_two_connections(server)


def assert_two_connections(server: BadServer) -> None:
    assert len(server.requests) == 2
