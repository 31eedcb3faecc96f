"""What reaches a client of an answer: the bytes and headers after all that happened to them, and how a body fails."""

from __future__ import annotations

import gzip
import io
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from simulator.register import Answer
from simulator.toxics import Toxic, Trial

_PAGE = b"<html>sign in to this network</html>"


@dataclass(frozen=True, slots=True)
class Arrival:
    """An answer as it arrives. ``error`` is raised where the bytes end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    error: OSError | None = None


def arrival_of(answer: Answer, body: bytes, happens: Trial) -> Arrival:  # noqa: C901, PLR0911 - one line per toxic
    """Return what reaches the client of a whole answer."""
    headers = {**answer.headers, "Content-Length": str(len(body))}
    status, part = answer.status, happens.part_of(body)
    match happens.toxic:
        case Toxic.PORTAL_PAGE | Toxic.PORTAL_AFTER:
            return Arrival(200, {"Content-Type": "text/html"}, _PAGE)
        case Toxic.PORTAL_REDIRECT:
            return Arrival(302, {"Location": "http://portal.example/"}, b"")
        case Toxic.OTHER_SERVER:
            return Arrival(status, {**headers, "X-MedReg-Server": "somebody-else"}, body)
        case Toxic.NAMELESS:
            return Arrival(status, _without(headers, "X-MedReg-Server"), body)
        case Toxic.OTHER_TYPE:
            return Arrival(status, {**headers, "Content-Type": "text/plain"}, body)
        case Toxic.CUT_BODY:
            return Arrival(status, headers, part)
        case Toxic.CUT_SILENTLY:
            return Arrival(status, _without(headers, "Content-Length"), part)
        case Toxic.CUT_GZIP:
            packed = happens.part_of(gzip.compress(body, 0, mtime=0))  # stored: sealed bytes are not ours
            return Arrival(status, {**_without(headers, "Content-Length"), "Content-Encoding": "gzip"}, packed)
        case Toxic.RESET_BODY:
            return Arrival(status, headers, part, ConnectionResetError("reset"))
        case Toxic.STALL_BODY:
            return Arrival(status, headers, part, TimeoutError("stalled"))
        case _:
            return Arrival(status, headers, body)


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {found: value for found, value in headers.items() if found != name}


class Bytes(io.BytesIO):
    """A body that ends in an error, if it has one."""

    def __init__(self, arrival: Arrival) -> None:
        super().__init__(arrival.body)
        self._error = arrival.error

    def read(self, *size: Any) -> bytes:
        """Return what is left, or raise."""
        found = super().read(*size)
        if self._error is not None and not found:
            raise self._error
        return found


def loss_of(toxic: Toxic) -> Exception | None:
    """Return what the HTTP library raises when there is no answer at all; None for a toxic that lets one through."""
    made = _LOSSES.get(toxic)
    return made() if made is not None else None


def _unconnected(cause: OSError) -> Exception:
    return requests.exceptions.ConnectionError(cause)


def _reset() -> Exception:
    return _unconnected(ConnectionResetError("reset"))


def _silent() -> Exception:
    return requests.exceptions.ReadTimeout(TimeoutError("stalled"))


def _tls(code: int) -> Exception:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = code  # OpenSSL's X509_V_ERR_*
    return requests.exceptions.SSLError(error)


_LOSSES: dict[Toxic, Callable[[], Exception]] = {
    Toxic.NO_CONNECTION: lambda: _unconnected(ConnectionRefusedError("refused")),
    Toxic.NO_SUCH_HOST: lambda: _unconnected(socket.gaierror("no such host")),
    Toxic.STALL_BEFORE: _silent,
    Toxic.REORDERED: _silent,
    Toxic.TLS_EXPIRED: partial(_tls, 10),
    Toxic.TLS_NOT_YET: partial(_tls, 9),
    Toxic.TLS_UNKNOWN_CA: partial(_tls, 20),
    Toxic.TLS_WRONG_NAME: partial(_tls, 62),
    Toxic.SLEEP_BEFORE: _reset,
    Toxic.LOST_ANSWER: _reset,
    Toxic.STALL_AFTER: _silent,
    Toxic.SLEEP_AFTER: _reset,
}
