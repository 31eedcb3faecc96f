"""The network of one computer: a transport adapter under the real HTTP client, over the service in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from medreg_core.contract.v1.commands import CommandBatch
from medreg_core.contract.v1.messages import Hello
from medreg_core.domain.records import CommandId, InstitutionId
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from medreg_desktop.services.transport.watched import STALL_S
from simulator.ages import as_read
from simulator.arrival import Bytes, arrival_of, loss_of
from simulator.clocks import WorldTime
from simulator.crash import AFTER_ANSWERS, Crash, Fate
from simulator.register import API, Answer, Register, Request
from simulator.streams import Random
from simulator.thrift import Spent
from simulator.toxics import Toxic, Trial, Weather, trial
from simulator.trace import Trace

URL = "https://register.example"
_POISON_STATUS = 500
_REFUSALS = 400
_GONE = 410
_ENVELOPES = frozenset({400, 413, 422})
_MOST_EXCHANGES = 400
_SLOW_S = 25.0
TRICKLE_BYTES_PER_S = 2_000
_NIGHT_S = 9 * 3600.0
_CACHED_ANEW = 0.3

LASTS = {
    Toxic.STALL_BEFORE: STALL_S,
    Toxic.STALL_AFTER: STALL_S,
    Toxic.REORDERED: STALL_S,
    Toxic.SLOW_BEFORE: _SLOW_S,
    Toxic.SLOW_AFTER: _SLOW_S,
    Toxic.SLEEP_BEFORE: _NIGHT_S,
    Toxic.SLEEP_AFTER: _NIGHT_S,
}
"""How long a toxic holds an exchange up, in seconds."""

_NOT_DELIVERED = frozenset(
    {
        Toxic.NO_CONNECTION,
        Toxic.NO_SUCH_HOST,
        Toxic.STALL_BEFORE,
        Toxic.REORDERED,
        Toxic.TLS_EXPIRED,
        Toxic.TLS_NOT_YET,
        Toxic.TLS_UNKNOWN_CA,
        Toxic.TLS_WRONG_NAME,
        Toxic.SLEEP_BEFORE,
    }
)
AT_AN_END = frozenset(
    {
        Toxic.CLOCK_BEFORE,
        Toxic.CLOCK_AFTER,
        Toxic.DISK_AFTER,
        Toxic.SESSION_BEFORE,
        Toxic.SESSION_AFTER,
        Toxic.ROLE_BEFORE,
        Toxic.ROLE_AFTER,
    }
)
"""What happens at the computer or at the service while an exchange is under way."""

BEFORE = frozenset(toxic for toxic in Toxic if toxic.value.endswith("_before"))
"""What happens before the request is delivered, where a toxic can happen on either way."""

CALLS = {
    "POST /session": "sign_in",
    "DELETE /session": "sign_out",
    "POST /sync/hello": "hello",
    "GET /ping": "ping",
    "GET /sync/snapshot": "snapshot",
    "GET /sync/changes": "changes",
    "POST /sync/commands": "commands",
    "POST /sync/digest": "digest",
    "GET /sync/buckets": "bucket",
    "POST /courier": "courier",
    "POST /device/wipe/check": "wipe_check",
    "POST /device/rescue": "rescue",
    "POST /device/wipe/done": "wipe_done",
}
"""The kinds of request; a snapshot that is resumed is one of its own."""

RESUMED = "snapshot_on"


class Overwork(AssertionError):
    """A client sends without end (I9)."""


class Deviation(AssertionError):
    """A copy differs from the register at the same position (I3)."""


class Leak(AssertionError):
    """An answer shows what belongs to another institution (I8)."""


class Speech(requests.Session):
    """The session a transport speaks through: hands each request to the wire, without the care sockets need."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Hold no pools of sockets."""

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

    ``meanwhile`` lets others act while a request is under way, ``befall`` does what a toxic does at an end of the wire;
    ``chance`` is set anew for each step.
    """

    def __init__(self, name: str, register: Register, time: WorldTime, trace: Trace, fate: Fate) -> None:
        super().__init__()
        self.weather = Weather.CLEAR
        self.chance = Random(name)
        self.meanwhile: Callable[[str], None] = lambda _: None
        self.befall: Callable[[Toxic], None] = lambda _: None
        self.poison: set[str] = set()
        self.later: list[Request] = []
        self.foreign: tuple[InstitutionId, ...] = ()  # institutions of which nobody here may be shown a row
        self.damages = 0  # rows that were spoilt on this computer
        self.refused_alone: set[CommandId] = set()  # for its envelope, with no other command in it
        self.is_older = False  # its program is of the version before
        self.exchanges = 0
        self.requests = 0
        self.spent = Spent()
        self._name = name
        self._register = register
        self._time = time
        self._trace = trace
        self._fate = fate
        self._seen: dict[str, tuple[Answer, bytes]] = {}
        self._repaired = 0  # damages that a digest has found and no longer finds

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
        self.requests += 1
        if self.exchanges > _MOST_EXCHANGES:
            raise Overwork(f"{self._name} sent {self.exchanges} requests without a pause")
        asked = _asked(request)
        if self.is_older and call_of(asked) == "hello":
            asked = _as_said_by_an_older_program(asked)
        happens = trial(self.weather, self.chance, call_of(asked))
        if happens.toxic is not Toxic.NONE:
            self._trace.visited[f"{happens.name}/{call_of(asked)}"] += 1
        self._time.pass_by(happens.latency_s)
        self._fate.passing("wire.before_send")
        response = self._carried(request, asked, happens, settings)
        self._note_refused(asked, response.status_code)
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
        self.spent.begins(_priced_as(asked))
        self.meanwhile("before")
        instead = self._before(asked, happens)
        if instead is not None:
            return self._built(sent, asked, *instead, happens)
        answer = self._delivered(asked, happens)
        body = b"".join(self._streamed(answer.lines)) if answer.lines is not None else answer.body
        self._check_scope(asked, body)
        self._fate.passing("wire.delivered")
        self.meanwhile("after")
        self._after(happens, body)
        if happens.toxic is Toxic.STATUS_AFTER:
            return self._built(sent, asked, self._refusal(happens), b"", happens)
        self._check_digest(asked, body)
        self._keep(asked, answer, body)
        return self._built(sent, asked, answer, body, happens)

    def _before(self, asked: Request, happens: Trial) -> tuple[Answer, bytes] | None:
        """Do what happens before the request is delivered; return what is answered in the service's stead, if so."""
        if happens.toxic in _NOT_DELIVERED:
            if happens.toxic is Toxic.REORDERED:
                self.later.append(asked)
            self._lose(happens)
        if happens.toxic is Toxic.SLOW_BEFORE:
            self._time.pass_by(_SLOW_S)
        if happens.toxic in AT_AN_END & BEFORE:
            self.befall(happens.toxic)
        kept = self._seen.get(kept_under(asked, happens)) if happens.toxic is Toxic.STALE else None
        if kept is not None and asked.method == "GET":
            self.spent.breaks_off()
            return kept
        if any(mark.encode() in asked.body for mark in self.poison):
            return Answer(_POISON_STATUS, {"X-MedReg-Server": self._register.server_id}), b""
        if happens.toxic is Toxic.STATUS:
            return self._refusal(happens), b""
        return (Answer(200, {}), b"") if happens.toxic in {Toxic.PORTAL_PAGE, Toxic.PORTAL_REDIRECT} else None

    def _after(self, happens: Trial, body: bytes) -> None:
        """Do what happens on the answer's way."""
        if loss_of(happens.toxic) is not None:
            self._lose(happens)
        if happens.toxic is Toxic.SLOW_AFTER:
            self._time.pass_by(_SLOW_S)
        if happens.toxic is Toxic.TRICKLE:
            self._time.pass_by(len(body) / TRICKLE_BYTES_PER_S)
        if happens.toxic in AT_AN_END - BEFORE:
            self.befall(happens.toxic)

    def _keep(self, asked: Request, answer: Answer, body: bytes) -> None:
        """Let the caches on the way keep an answer; one that has an older one mostly believes that it is still good."""
        for name in (asked.target, urlsplit(asked.target).path):
            if name not in self._seen or self.chance.random() < _CACHED_ANEW:
                self._seen[name] = answer, body

    def _lose(self, happens: Trial) -> None:
        self._trace.note(self._name, "lost", happens.toxic.value)
        self._time.pass_by(LASTS.get(happens.toxic, 0.0))
        error = loss_of(happens.toxic)
        assert error is not None
        raise error

    def _note_refused(self, asked: Request, status: int) -> None:
        """Note a command that was refused with nothing beside it that could have been the cause (I7)."""
        if status in _ENVELOPES and _priced_as(asked) == "commands":
            commands = msgspec.json.decode(asked.body, type=CommandBatch).commands
            if len(commands) == 1:
                self.refused_alone.add(commands[0].id)

    def _check_scope(self, asked: Request, body: bytes) -> None:
        """No answer shows a row of another institution, whether or not the copy keeps it (I8)."""
        for institution in self.foreign:
            if institution.encode() in body:
                raise Leak(f"an answer to {self._name}, {call_of(asked)}, shows something of {institution}")

    def _check_digest(self, asked: Request, body: bytes) -> None:
        """A copy that follows the feed never differs: repair exists for what we have not thought of (I3).

        A copy with a spoilt row may differ until one digest finds everything equal again.
        """
        if not asked.target.endswith("/sync/digest"):
            return
        if b'"differing":[' in body and b'"differing":[]' not in body:
            if self.damages == self._repaired:
                raise Deviation(f"the copy of {self._name} has come to differ from the register")
        elif b'"settled":true' in body:
            self._repaired = self.damages

    def _delivered(self, asked: Request, happens: Trial) -> Answer:
        try:
            answer = self._register.handle(asked)
            if happens.toxic is Toxic.TWICE:
                answer = self._register.handle(asked)
        except Crash as crash:
            self._trace.note(self._name, "service killed at", crash)
            self._register.restart()
            raise requests.exceptions.ConnectionError(ConnectionResetError("reset")) from crash
        if happens.toxic is Toxic.AGAIN_LATER:
            self.later.append(asked)
        return answer

    def _streamed(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        for line in lines:
            yield line
            if b'"t":"mark"' in line:
                self.meanwhile("stream")

    def _refusal(self, happens: Trial) -> Answer:
        headers = {"X-MedReg-Server": self._register.server_id}
        if happens.retry_after:
            headers["Retry-After"] = happens.retry_after
        return Answer(happens.status, headers)

    def _built(
        self, sent: requests.PreparedRequest, asked: Request, answer: Answer, body: bytes, happens: Trial
    ) -> requests.Response:
        arrival = arrival_of(answer, body, happens)
        if arrival.status == _GONE:
            self.spent.breaks_off()
        if happens.toxic is Toxic.NONE and arrival.status < _REFUSALS:
            self.spent.went_well(_priced_as(asked), len(asked.body), len(arrival.body))
        self._trace.note(
            self._name, asked.method, call_of(asked), happens.toxic.value, arrival.status, len(arrival.body)
        )
        raw = HTTPResponse(
            Bytes(arrival),
            headers=arrival.headers,
            status=arrival.status,
            preload_content=False,
            request_method=asked.method,
        )
        response = requests.Response()
        response.status_code, response.headers, response.raw = arrival.status, CaseInsensitiveDict(arrival.headers), raw
        response.request, response.url = sent, str(sent.url)
        return response


def call_of(asked: Request) -> str:
    """Return the kind of a request."""
    parts = urlsplit(asked.target)
    path = parts.path.removeprefix(API)
    if path.startswith("/sync/buckets/"):
        path = "/sync/buckets"
    found = CALLS.get(f"{asked.method} {path}", path)
    return RESUMED if found == "snapshot" and parts.query not in {"", "after="} else found


def _as_said_by_an_older_program(asked: Request) -> Request:
    hello = as_read(msgspec.json.decode(asked.body, type=Hello))
    return replace(asked, body=msgspec.json.encode(hello))


def _priced_as(asked: Request) -> str:
    """Return the kind of a request by what it may cost: questions about commands are not commands."""
    call = call_of(asked)
    if call == RESUMED:
        return "snapshot"
    return "rehearsal" if call == "commands" and b'"dry_run":true' in asked.body else call


def kept_under(asked: Request, happens: Trial) -> str:
    """Return the name a cache looks under; a bad one leaves the query out."""
    return asked.target if happens.share < 0.3 else urlsplit(asked.target).path


def _asked(request: requests.PreparedRequest) -> Request:
    token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
    body: Any = request.body or b""
    return Request(str(request.method), request.path_url, token, body if isinstance(body, bytes) else body.encode())
