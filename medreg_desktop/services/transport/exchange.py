"""One exchange with the service: a request over the watched session, its answer judged, the log told.

Nothing is parsed before it is certain that our server answered; nothing is retried here; no redirect is followed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import requests
from requests.auth import AuthBase

from medreg_core.contract.v1.feed import SnapshotHead, SnapshotLine
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.contract.v1.reading import UNREADABLE
from medreg_desktop.services.transport.attempts import Attempt
from medreg_desktop.services.transport.body import JSON, lines_of, whole_body
from medreg_desktop.services.transport.classify import (
    SERVER_HEADER,
    by_exception,
    by_origin,
    by_status,
    not_understood,
    portal,
    response_cut,
    said_at,
)
from medreg_desktop.services.transport.link import Link
from medreg_desktop.services.transport.trouble import Interrupted, TransportFault, Trouble, TroubleKind
from medreg_desktop.services.transport.watched import PinMismatch, Watch, WatchedAdapter

API = "/api/v1"
_FAULT_BYTES = 64 * 1024
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode


class _Bearer(AuthBase):
    """Puts the token on each request; also keeps requests from looking for a .netrc."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._link.token:
            request.headers["Authorization"] = f"Bearer {self._link.token}"
        return request


class _Straight(requests.Session):
    """Looks at no redirect. Told to follow none, requests would still read its body to the end, and where it leads."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        del resp
        return None


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``call`` is its name in the log, ``ids`` are of the commands that travel in it.

    ``unwanted`` ends it early; ``hold_s`` is how long the service may wait with its answer.
    """

    call: str
    method: str
    path: str
    content: msgspec.Struct | None = None
    content_type: str = JSON
    ids: Iterable[str] = ()
    unwanted: Callable[[], bool] | None = None
    hold_s: int = 0


class Exchanges:
    """Requests and judged answers over one session, used by one thread.

    ``http`` stands for the network where there is none: it is asked exactly as a session over sockets is.
    """

    def __init__(self, link: Link, http: requests.Session | None = None) -> None:
        self._link = link
        address = link.address.checked()
        self.watch = Watch(link.closing.is_set, link.stall_s, link.connect_s, address.pin, link.monotonic)
        self.http = _over_sockets(self.watch) if http is None else http
        self.http.trust_env = False
        self.http.auth = _Bearer(link)
        self.http.verify = str(address.ca_file) if address.ca_file else True
        self.http.proxies = {"https": address.proxy, "http": address.proxy} if address.proxy else {}
        self.http.headers.update({"Accept-Encoding": "zstd, gzip", "Cache-Control": "no-cache, no-store"})

    def answer(self, ask: Ask, shape: type[_T]) -> _T:
        """Send a request and return its answer. Raises TransportFault, Interrupted."""
        with self.open(ask) as response:
            return answer_in(response, shape)

    @contextmanager
    def open(self, ask: Ask) -> Iterator[requests.Response]:
        """Send one request, hand out its judged answer, and note in the log how it went."""
        self._listen(ask)
        started = time.monotonic()
        trouble: Trouble | None = None
        status = 0
        try:
            with self._sent(ask) as response:
                status = response.status_code
                self._judge(response, ask.content_type)
                yield response
        except TransportFault as fault:
            trouble = fault.trouble
            raise
        except Interrupted:
            trouble = Trouble(TroubleKind.LINK, "interrupted")
            raise
        except PinMismatch as error:
            trouble = Trouble(TroubleKind.UNTRUSTED, "tls_pin_mismatch")
            raise TransportFault(trouble) from error
        except (requests.RequestException, OSError, ValueError) as error:
            trouble = by_exception(error)
            raise TransportFault(trouble) from error
        finally:
            self._note(ask, trouble, status, started)

    def _listen(self, ask: Ask) -> None:
        closing, unwanted = self._link.closing.is_set, ask.unwanted
        self.watch.unwanted = (lambda: closing() or unwanted()) if unwanted else closing
        self.watch.stall_s = self._link.stall_s + ask.hold_s

    def _sent(self, ask: Ask) -> requests.Response:
        return self.http.request(
            ask.method,
            f"{self._link.address.base_url.rstrip('/')}{API}{ask.path}",
            data=None if ask.content is None else _encode(ask.content),
            headers={} if ask.content is None else {"Content-Type": JSON},
            timeout=(self._link.connect_s, self._link.stall_s),
            allow_redirects=False,
            stream=True,
        )

    def _judge(self, response: requests.Response, content_type: str) -> None:
        """Let through only what our server really said; raise everything else as trouble."""
        trouble = by_origin(response.status_code, response.headers.get(SERVER_HEADER, ""), self._link.server_id)
        if trouble is not None:
            raise TransportFault(trouble)
        if not 200 <= response.status_code < 300:
            retry_after = response.headers.get("Retry-After", "")
            at = said_at(response.headers.get("Date", ""), self._link.clock.now())
            body = whole_body(response, _FAULT_BYTES)
            raise TransportFault(by_status(response.status_code, retry_after, at, body))
        found = response.headers.get("Content-Type", "").split(";")[0].strip()
        if response.status_code != 204 and found != content_type:
            raise TransportFault(portal())
        self._link.answered_by = response.headers[SERVER_HEADER]

    def _note(self, ask: Ask, trouble: Trouble | None, status: int, started: float) -> None:
        took_ms = round((time.monotonic() - started) * 1000)
        found = trouble or Trouble(TroubleKind.LINK, "")
        kind = trouble.kind.value if trouble else ""
        self._link.log.record(
            Attempt(self._link.clock.now(), ask.call, kind, found.code, status, took_ms, found.request_id), ask.ids
        )


def answer_in(response: requests.Response, shape: type[_T]) -> _T:
    """Return what a response says, if it says it in the contract's words. Raises TransportFault."""
    answer = _decoded(whole_body(response), shape)
    if getattr(answer, "magic", MAGIC) != MAGIC:
        raise TransportFault(portal())
    return answer


def snapshot_lines_in(response: requests.Response) -> Iterator[SnapshotLine]:
    """Return the lines of a stream as they come, once the first has shown that it is our snapshot."""
    first = True
    try:
        for line in lines_of(response):
            if first and not (isinstance(line, SnapshotHead) and line.magic == MAGIC):
                raise TransportFault(portal())
            first = False
            yield line
    except (requests.RequestException, OSError) as error:
        raise TransportFault(by_exception(error)) from error


def _decoded(body: bytes, answer: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.ValidationError as error:
        raise TransportFault(not_understood()) from error
    except UNREADABLE as error:
        # Valid so far and then nothing: a connection closed early without a stated length.
        was_cut = "truncated" in str(error)
        raise TransportFault(response_cut() if was_cut else not_understood()) from error


def _over_sockets(watch: Watch) -> requests.Session:
    http = _Straight()
    adapter = WatchedAdapter(watch)
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    return http
