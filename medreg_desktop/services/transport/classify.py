"""From what was seen on the wire to a :class:`Trouble`: pure, so that the whole table is tested without a socket."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec
import requests

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Fault
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_desktop.services.transport.trouble import LONGEST_WAIT_S, Trouble, TroubleKind

UNSTATED_WAIT_S = 60
"""How long a service that is too busy to answer is left alone when it does not say how long."""

SERVER_HEADER = "X-MedReg-Server"
"""Every answer of the service carries its id here; an answer without it came from somebody else."""

_PROXY_MAY_SAY = frozenset({408, 413, 429, 500, 502, 503, 504})
"""Statuses that an honest reverse proxy answers in the service's place, so that the header may be missing."""

_BY_STATUS: Mapping[int, tuple[TroubleKind, str]] = {
    400: (TroubleKind.ENVELOPE, "bad_request"),
    401: (TroubleKind.SIGN_IN, "session_expired"),
    403: (TroubleKind.REFUSED, "forbidden"),
    408: (TroubleKind.SERVER, "server_silent"),
    410: (TroubleKind.RESYNC, "resync"),
    413: (TroubleKind.ENVELOPE, "too_large"),
    422: (TroubleKind.ENVELOPE, "bad_request"),
    426: (TroubleKind.TOO_OLD, "client_too_old"),
    429: (TroubleKind.TOLD, "server_busy"),
}

_KEPT_CODES = frozenset(code for code in FaultCode if code.startswith("courier_")) | {
    FaultCode.BAD_CREDENTIALS,
    FaultCode.TOO_MANY_ATTEMPTS,
    FaultCode.DEVICE_REVOKED,
    FaultCode.SERVER_TOO_OLD,
}
"""Codes of the service that say more than the status does."""

_EXPIRED, _NOT_YET_VALID, _WRONG_NAME = 10, 9, 62
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _CERT_NOT_YET_VALID, _HOSTNAME_MISMATCH."""


def portal(**params: str) -> Trouble:
    """Return the trouble of an answer that is not the service's."""
    return Trouble(TroubleKind.PORTAL, "captive_portal", params=params)


def not_understood(status: int = 200) -> Trouble:
    """Return the trouble of an answer that is the service's but follows another contract."""
    return Trouble(TroubleKind.OTHER_VERSION, "server_other_version", status=status)


def response_cut() -> Trouble:
    """Return the trouble of a body that ended early."""
    return Trouble(TroubleKind.LINK, "response_cut")


def by_origin(status: int, found: str, expected: str) -> Trouble | None:
    """Judge who answered: ``found`` is the :data:`SERVER_HEADER` or empty, ``expected`` our server's id or empty."""
    if 300 <= status < 400 or status in {407, 511}:
        return Trouble(TroubleKind.PORTAL, "captive_portal", status=status)
    if not found:
        if status in _PROXY_MAY_SAY:
            return None
        return Trouble(TroubleKind.PORTAL, "captive_portal", status=status)
    if expected and found != expected:
        params = {"expected": expected, "found": found}
        return Trouble(TroubleKind.PORTAL, "other_server", status=status, params=params)
    return None


def said_at(date: str, now: datetime) -> datetime:
    """Return when an answer was given, by its ``Date`` header: of this computer's clock, ``now``, only without one."""
    try:
        said = parsedate_to_datetime(date)
    except (TypeError, ValueError, OverflowError):
        return now
    return now if said.tzinfo is None else said


def by_status(status: int, retry_after: str, now: datetime, body: bytes) -> Trouble:
    """Return the trouble of an answer that is not 2xx and came from the service or an honest proxy.

    ``now`` is when it was given, by the clock of who gave it. A stated wait is never 0: it would be asked without end.
    """
    fault = _fault_in(body)
    wait_s = _wait(retry_after, now) if status in {429, 503} else None
    if status == 429 or (status == 503 and wait_s is not None):
        kind, code = TroubleKind.TOLD, "server_busy"
        if wait_s is None:
            wait_s = _whole(fault.params.get("wait_s", ""), 0) or UNSTATED_WAIT_S
    elif status >= 500:
        kind, code = TroubleKind.SERVER, "server_error"
    else:
        kind, code = _BY_STATUS.get(status, (TroubleKind.OTHER_VERSION, "server_other_version"))
    if fault.code in _KEPT_CODES:
        code = fault.code
    params = dict(fault.params)
    if wait_s is not None:
        params.setdefault("wait_s", str(wait_s))
    if kind is TroubleKind.SERVER:
        params.setdefault("status", str(status))
    return Trouble(kind, code, status=status, wait_s=wait_s or 0, request_id=fault.request_id, params=params)


def by_exception(error: BaseException) -> Trouble:
    """Return the trouble of an exchange that ended in an exception of the socket, TLS or HTTP layer."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause)
    for cause in chain:
        if isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError, socket.gaierror)):
            return Trouble(TroubleKind.LINK, "server_unreachable")
    if any(
        isinstance(cause, (http.client.IncompleteRead, requests.exceptions.ContentDecodingError)) for cause in chain
    ):
        return response_cut()
    if any(isinstance(cause, ssl.SSLError) and not _is_timeout(cause) for cause in chain):
        # Plain HTTP where TLS was expected: the classic answer of a portal on port 443.
        return Trouble(TroubleKind.UNTRUSTED, "tls_untrusted")
    if any(_is_stall(cause) for cause in chain):
        return Trouble(TroubleKind.SERVER, "server_silent")
    return Trouble(TroubleKind.LINK, "server_unreachable")


def _certificate(error: ssl.SSLCertVerificationError) -> Trouble:
    match error.verify_code:
        case 10:
            return Trouble(TroubleKind.CLOCK, "tls_expired")
        case 9:
            return Trouble(TroubleKind.CLOCK, "tls_not_yet_valid")
        case 62 | 64:
            return Trouble(TroubleKind.UNTRUSTED, "tls_wrong_name")
        case _:
            return Trouble(TroubleKind.UNTRUSTED, "tls_untrusted")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception, what it wraps in ``args`` or ``reason`` (requests, urllib3) and what it was raised from."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [getattr(found, "reason", None), *found.args, found.__cause__, found.__context__]


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError)


def _is_stall(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) and not isinstance(error, ConnectionError)


def _fault_in(body: bytes) -> Fault:
    try:
        return msgspec.json.decode(body, type=Fault)
    except UNREADABLE:
        return Fault(code="")


def _wait(retry_after: str, now: datetime) -> int | None:
    """Read ``Retry-After`` (seconds or an HTTP date), up to one hour; None when absent, unreadable, 0 or past."""
    text = retry_after.strip()
    if text.isdecimal():
        return _whole(text, 0) or None
    try:
        wait_s = int((parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
    return min(LONGEST_WAIT_S, wait_s) if wait_s > 0 else None


def _whole(text: str, otherwise: int) -> int:
    """Read a whole number of seconds; more than nine digits is more than an hour anyway."""
    if not text.isdecimal():
        return otherwise
    return LONGEST_WAIT_S if len(text) > 9 else min(LONGEST_WAIT_S, int(text))
