"""The network of one computer: a transport adapter under the real HTTP client, over the service in this process."""

from __future__ import annotations

import io
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.http import HttpTransport, Link, ServerAddress
from medreg_desktop.services.transport.watched import STALL_S
from simulator.clocks import WorldTime
from simulator.crash import AFTER_ANSWERS, Fate
from simulator.register import API, Answer, Register, Request
from simulator.streams import Random
from simulator.toxics import Toxic, Trial, Weather, trial
from simulator.trace import Trace

URL = "https://register.example"
_POISON_STATUS = 500
_MOST_EXCHANGES = 400


class Overwork(AssertionError):
    """A client sends without end (I9)."""


class Deviation(AssertionError):
    """A copy differs from the register at the same position (I3)."""


class Speech(requests.Session):
    """The session a transport speaks through: hands each request to the wire, without the care sockets need."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def request(self, method: str | bytes, url: str | bytes, *_: Any, **said: Any) -> requests.Response:
        """Send one request. Redirects are never followed: the transport asks for none."""
        request = requests.PreparedRequest()
        request.method, request.url, request.body = str(method), str(url), said["data"]
        request.headers = CaseInsensitiveDict(said["headers"])
        if callable(self.auth):
            request = self.auth(request)
        return self._wire.send(request)


class Wire(BaseAdapter):
    """What stands between one computer and the service.

    ``meanwhile`` lets others act while a request is under way; ``chance`` is set anew for each step.
    """

    def __init__(self, name: str, register: Register, time: WorldTime, trace: Trace, fate: Fate) -> None:
        super().__init__()
        self.weather = Weather.CLEAR
        self.chance = Random(name)
        self.meanwhile: Callable[[str], None] = lambda _: None
        self.poison: set[str] = set()
        self.later: list[Request] = []
        self.exchanges = 0
        self._name = name
        self._register = register
        self._time = time
        self._trace = trace
        self._fate = fate
        self._seen: dict[str, tuple[Answer, bytes]] = {}

    def transport(self, clock: Clock) -> HttpTransport:
        """Return the real transport of a program that starts here, over this network."""
        return HttpTransport(Link(ServerAddress(URL), clock, client_version="0.1.0"), Speech(self))

    def close(self) -> None:
        """Nothing is held open."""

    def rest(self) -> None:
        """Begin to count the exchanges anew: a person or time has set the client going."""
        self.exchanges = 0

    def send(  # type: ignore[override]  # the settings of a socket mean nothing in memory
        self, request: requests.PreparedRequest, **settings: Any
    ) -> requests.Response:
        """Carry one request out, as far as the weather lets it."""
        self.exchanges += 1
        if self.exchanges > _MOST_EXCHANGES:
            raise Overwork(f"{self._name} sent {self.exchanges} requests without a pause")
        asked = _asked(request)
        happens = trial(self.weather, self.chance)
        self._time.pass_by(happens.latency_s)
        self._fate.passing("wire.before_send")
        response = self._carried(request, asked, happens, settings)
        self._fate.passing("wire.answered")
        self._fate.work = AFTER_ANSWERS.get(urlsplit(asked.target).path.removeprefix(API), "")
        return response

    def deliver_late(self) -> bool:
        """Deliver one request once more that a proxy has kept; False when there is none."""
        if not self.later:
            return False
        request = self.later.pop(0)
        answer = self._register.handle(request, is_late=True)
        self._trace.note(self._name, "late", request.method, urlsplit(request.target).path, answer.status)
        return True

    def _carried(
        self, sent: requests.PreparedRequest, asked: Request, happens: Trial, _settings: dict[str, Any]
    ) -> requests.Response:
        self.meanwhile("before")
        self._before(happens)
        kept = self._seen.get(kept_under(asked, happens)) if happens.toxic is Toxic.STALE else None
        if kept is not None and asked.method == "GET":
            return self._built(sent, asked, *kept, happens)
        if any(mark.encode() in asked.body for mark in self.poison):
            return self._built(
                sent, asked, Answer(_POISON_STATUS, {"X-MedReg-Server": self._register.server_id}), b"", happens
            )
        if happens.toxic is Toxic.STATUS:
            return self._built(sent, asked, self._refusal(happens), b"", happens)
        answer = self._delivered(asked, happens)
        body = b"".join(self._streamed(answer.lines)) if answer.lines is not None else answer.body
        self._fate.passing("wire.delivered")
        self.meanwhile("after")
        self._after(happens)
        if happens.toxic is Toxic.STATUS_AFTER:
            return self._built(sent, asked, self._refusal(happens), b"", happens)
        self._check_digest(asked, body)
        self._seen[asked.target] = self._seen[urlsplit(asked.target).path] = answer, body
        return self._built(sent, asked, answer, body, happens)

    def _check_digest(self, asked: Request, body: bytes) -> None:
        """A copy that follows the feed never differs: repair exists for what we have not thought of (I3)."""
        if asked.target.endswith("/sync/digest") and b'"differing":[' in body and b'"differing":[]' not in body:
            raise Deviation(f"the copy of {self._name} has come to differ from the register")

    def _delivered(self, asked: Request, happens: Trial) -> Answer:
        answer = self._register.handle(asked)
        if happens.toxic is Toxic.TWICE:
            answer = self._register.handle(asked)
        if happens.toxic is Toxic.AGAIN_LATER:
            self.later.append(asked)
        return answer

    def _streamed(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            yield line
            if b'"t":"mark"' in line:
                self.meanwhile("stream")

    def _before(self, happens: Trial) -> None:
        match happens.toxic:
            case Toxic.NO_CONNECTION:
                self._lose(requests.exceptions.ConnectionError(ConnectionRefusedError("refused")), happens)
            case Toxic.STALL_BEFORE:
                self._time.pass_by(STALL_S)
                self._lose(requests.exceptions.ReadTimeout(TimeoutError("stalled")), happens)
            case Toxic.TLS_EXPIRED:
                self._lose(requests.exceptions.SSLError(_expired()), happens)
            case _:
                return

    def _after(self, happens: Trial) -> None:
        if happens.toxic is Toxic.LOST_ANSWER:
            self._lose(requests.exceptions.ConnectionError(ConnectionResetError("reset")), happens)
        if happens.toxic is Toxic.STALL_AFTER:
            self._time.pass_by(STALL_S)
            self._lose(requests.exceptions.ReadTimeout(TimeoutError("stalled")), happens)

    def _lose(self, error: Exception, happens: Trial) -> None:
        self._trace.note(self._name, "lost", happens.toxic.value)
        raise error

    def _refusal(self, happens: Trial) -> Answer:
        headers = {"X-MedReg-Server": self._register.server_id}
        if happens.retry_after:
            headers["Retry-After"] = happens.retry_after
        return Answer(happens.status, headers)

    def _built(
        self, sent: requests.PreparedRequest, asked: Request, answer: Answer, body: bytes, happens: Trial
    ) -> requests.Response:
        status, headers, body = _as_it_arrives(answer, body, happens)
        path = urlsplit(asked.target).path.removeprefix(API)
        self._trace.note(self._name, asked.method, path, happens.toxic.value, status, len(body))
        raw = HTTPResponse(
            io.BytesIO(body), headers=headers, status=status, preload_content=False, request_method=asked.method
        )
        response = requests.Response()
        response.status_code, response.headers, response.raw = status, CaseInsensitiveDict(headers), raw
        response.request, response.url = sent, str(sent.url)
        return response


def kept_under(asked: Request, happens: Trial) -> str:
    """Return the name a cache looks under; a bad one leaves the query out."""
    return asked.target if happens.share < 0.3 else urlsplit(asked.target).path


def _as_it_arrives(answer: Answer, body: bytes, happens: Trial) -> tuple[int, Mapping[str, str], bytes]:
    headers = {**answer.headers, "Content-Length": str(len(body))}
    match happens.toxic:
        case Toxic.PORTAL_PAGE:
            return 200, {"Content-Type": "text/html"}, b"<html>sign in to this network</html>"
        case Toxic.PORTAL_REDIRECT:
            return 302, {"Location": "http://portal.example/"}, b""
        case Toxic.OTHER_SERVER:
            return answer.status, {**headers, "X-MedReg-Server": "somebody-else"}, body
        case Toxic.CUT_BODY:
            return answer.status, headers, body[: int(len(body) * happens.share)]
        case Toxic.CUT_SILENTLY:
            del headers["Content-Length"]
            return answer.status, headers, body[: int(len(body) * happens.share)]
        case _:
            return answer.status, headers, body


def _asked(request: requests.PreparedRequest) -> Request:
    token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
    body: Any = request.body or b""
    return Request(str(request.method), request.path_url, token, body if isinstance(body, bytes) else body.encode())


def _expired() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate has expired")
    error.verify_code = 10
    return error
