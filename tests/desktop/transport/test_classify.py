"""Every way an exchange can go wrong, and the class that decides what is done about it (sync.md §5.8)."""

import http.client
import socket
import ssl
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.messages import Fault
from medreg_desktop.services.transport.classify import by_exception, by_origin, by_status, said_at
from medreg_desktop.services.transport.trouble import LONGEST_WAIT_S, TroubleKind

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OURS = "server-1"


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def wrapped(cause: BaseException) -> requests.ConnectionError:
    """As requests really raises it: ConnectionError(MaxRetryError(reason=cause))."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1")
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/", cause))  # type: ignore[arg-type]


EXCEPTIONS = [
    ("refused", ConnectionRefusedError(), TroubleKind.LINK, "server_unreachable"),
    ("refused, wrapped", wrapped(ConnectionRefusedError()), TroubleKind.LINK, "server_unreachable"),
    ("reset", ConnectionResetError(), TroubleKind.LINK, "server_unreachable"),
    ("aborted", requests.ConnectionError(ConnectionAbortedError()), TroubleKind.LINK, "server_unreachable"),
    ("broken pipe", BrokenPipeError(), TroubleKind.LINK, "server_unreachable"),
    ("unknown name", socket.gaierror(-2, "Name or service not known"), TroubleKind.LINK, "server_unreachable"),
    ("no route", OSError(113, "No route to host"), TroubleKind.LINK, "server_unreachable"),
    ("closed without a word", http.client.RemoteDisconnected(), TroubleKind.LINK, "server_unreachable"),
    ("not HTTP", http.client.BadStatusLine("SSH-2.0"), TroubleKind.LINK, "server_unreachable"),
    (
        "body cut",
        requests.exceptions.ChunkedEncodingError(http.client.IncompleteRead(b"")),
        TroubleKind.LINK,
        "response_cut",
    ),
    ("gzip cut", requests.exceptions.ContentDecodingError(), TroubleKind.LINK, "response_cut"),
    ("stall", TimeoutError("timed out"), TroubleKind.SERVER, "server_silent"),
    ("stall, wrapped", requests.ReadTimeout(TimeoutError()), TroubleKind.SERVER, "server_silent"),
    ("expired", certificate_error(10), TroubleKind.CLOCK, "tls_expired"),
    ("not yet valid", wrapped(certificate_error(9)), TroubleKind.CLOCK, "tls_not_yet_valid"),
    ("unknown issuer", certificate_error(20), TroubleKind.UNTRUSTED, "tls_untrusted"),
    ("self-signed", requests.exceptions.SSLError(certificate_error(18)), TroubleKind.UNTRUSTED, "tls_untrusted"),
    ("other name", certificate_error(62), TroubleKind.UNTRUSTED, "tls_wrong_name"),
    ("other address", certificate_error(64), TroubleKind.UNTRUSTED, "tls_wrong_name"),
    ("plain HTTP on the TLS port", ssl.SSLError(1, "wrong version number"), TroubleKind.UNTRUSTED, "tls_untrusted"),
    ("TLS cut", ssl.SSLEOFError(8, "EOF occurred"), TroubleKind.LINK, "server_unreachable"),
]


@pytest.mark.parametrize(("error", "kind", "code"), [row[1:] for row in EXCEPTIONS], ids=[row[0] for row in EXCEPTIONS])
def test_exceptions(error: BaseException, kind: TroubleKind, code: str) -> None:
    found = by_exception(error)
    assert (found.kind, found.code) == (kind, code)


STATUSES = [
    (400, "", TroubleKind.ENVELOPE, "bad_request", 0),
    (401, "", TroubleKind.SIGN_IN, "session_expired", 0),
    (403, "", TroubleKind.REFUSED, "forbidden", 0),
    (404, "", TroubleKind.OTHER_VERSION, "server_other_version", 0),
    (405, "", TroubleKind.OTHER_VERSION, "server_other_version", 0),
    (408, "", TroubleKind.SERVER, "server_silent", 0),
    (410, "", TroubleKind.RESYNC, "resync", 0),
    (413, "", TroubleKind.ENVELOPE, "too_large", 0),
    (422, "", TroubleKind.ENVELOPE, "bad_request", 0),
    (426, "", TroubleKind.TOO_OLD, "client_too_old", 0),
    (429, "", TroubleKind.TOLD, "server_busy", 60),
    (429, "7", TroubleKind.TOLD, "server_busy", 7),
    (429, "99999999999999999999", TroubleKind.TOLD, "server_busy", LONGEST_WAIT_S),
    (429, "-5", TroubleKind.TOLD, "server_busy", 60),
    (429, "Mon, 23 Nov 2026 02:00:30 GMT", TroubleKind.TOLD, "server_busy", 30),
    (429, "Mon, 23 Nov 2099 02:00:30 GMT", TroubleKind.TOLD, "server_busy", LONGEST_WAIT_S),
    (429, "Mon, 23 Nov 1999 02:00:30 GMT", TroubleKind.TOLD, "server_busy", 60),
    (429, "0", TroubleKind.TOLD, "server_busy", 60),
    (429, "²", TroubleKind.TOLD, "server_busy", 60),
    (429, "soon", TroubleKind.TOLD, "server_busy", 60),
    (500, "", TroubleKind.SERVER, "server_error", 0),
    (500, "30", TroubleKind.SERVER, "server_error", 0),
    (502, "", TroubleKind.SERVER, "server_error", 0),
    (503, "", TroubleKind.SERVER, "server_error", 0),
    (503, "12", TroubleKind.TOLD, "server_busy", 12),
    (503, "0", TroubleKind.SERVER, "server_error", 0),
    (503, "00", TroubleKind.SERVER, "server_error", 0),
    (503, "Mon, 23 Nov 1999 02:00:30 GMT", TroubleKind.SERVER, "server_error", 0),
    (504, "", TroubleKind.SERVER, "server_error", 0),
    (599, "", TroubleKind.SERVER, "server_error", 0),
]


@pytest.mark.parametrize(("status", "retry_after", "kind", "code", "wait_s"), STATUSES)
def test_statuses(status: int, retry_after: str, kind: TroubleKind, code: str, wait_s: int) -> None:
    found = by_status(status, retry_after, NOW, b"<html>whatever a proxy says</html>")
    assert (found.kind, found.code, found.wait_s) == (kind, code, wait_s)


@pytest.mark.parametrize(
    ("status", "found", "expected", "code"),
    [
        (200, "", OURS, "captive_portal"),
        (200, "server-2", OURS, "other_server"),
        (302, OURS, OURS, "captive_portal"),
        (301, "", "", "captive_portal"),
        (401, "", OURS, "captive_portal"),
        (404, "", OURS, "captive_portal"),
        (407, "", OURS, "captive_portal"),
        (410, "", OURS, "captive_portal"),
        (511, "", OURS, "captive_portal"),
    ],
)
def test_somebody_else_answered(status: int, found: str, expected: str, code: str) -> None:
    trouble = by_origin(status, found, expected)
    assert trouble is not None
    assert (trouble.kind, trouble.code) == (TroubleKind.PORTAL, code)


@pytest.mark.parametrize(("status", "found", "expected"), [(200, OURS, OURS), (200, OURS, ""), (500, OURS, OURS)])
def test_our_server_answered(status: int, found: str, expected: str) -> None:
    assert by_origin(status, found, expected) is None


@pytest.mark.parametrize("status", [408, 413, 429, 500, 502, 503, 504])
def test_an_honest_proxy_may_answer_for_the_server(status: int) -> None:
    assert by_origin(status, "", OURS) is None


@pytest.mark.parametrize("code", ["bad_credentials", "too_many_attempts", "device_revoked"])
def test_the_services_finer_code_is_kept(code: str) -> None:
    body = msgspec.json.encode(Fault(code=code, params={"wait_s": "40"}, request_id="r-1"))
    found = by_status(401 if code == "bad_credentials" else 403, "", NOW, body)
    assert (found.code, found.params["wait_s"], found.request_id) == (code, "40", "r-1")


@given(st.integers(400, 599), st.text(max_size=40), st.binary(max_size=80))
def test_no_answer_of_anybody_breaks_the_judgement(status: int, retry_after: str, body: bytes) -> None:
    found = by_status(status, retry_after, NOW, body)
    assert 0 <= found.wait_s <= LONGEST_WAIT_S


def test_a_busy_service_that_names_no_time_is_not_asked_again_at_once() -> None:
    body = msgspec.json.encode(Fault(code="busy", params={"wait_s": "0"}))
    assert by_status(429, "", NOW, body).wait_s == 60


@pytest.mark.parametrize("fast", [timedelta(minutes=-40), timedelta(0), timedelta(minutes=40), timedelta(days=3650)])
def test_a_date_is_seen_from_where_the_answer_was_given(fast: timedelta) -> None:
    answered_at = said_at("Mon, 23 Nov 2026 02:00:00 GMT", NOW + fast)
    found = by_status(503, "Mon, 23 Nov 2026 02:02:00 GMT", answered_at, b"")
    assert (found.kind, found.wait_s) == (TroubleKind.TOLD, 120)


@pytest.mark.parametrize("date", ["", "today", "Mon, 99 Nov 2026 02:00:00 GMT", "Mon, 23 Nov 2026 03:00:00 -0000"])
def test_without_a_date_of_its_own_the_answer_is_of_now(date: str) -> None:
    assert said_at(date, NOW) == NOW


@given(st.integers(-(10**9), 10**9))
def test_a_stated_wait_is_never_longer_than_an_hour(seconds: int) -> None:
    when = NOW + timedelta(seconds=seconds)
    text = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert by_status(503, text, NOW, b"").wait_s == max(0, min(seconds, LONGEST_WAIT_S))
