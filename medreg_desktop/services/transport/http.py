"""The service over HTTPS, as the sync engine and sign-in see it: typed calls, every failure a :class:`Trouble`.

Nothing is parsed before it is certain that our server answered; nothing is retried here; no redirect is followed.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from requests.auth import AuthBase

from medreg_core.contract.v1.devices import RescueReceipt, SignedByDevice, WipeAnswer, is_proven
from medreg_core.contract.v1.messages import (
    MAGIC,
    BucketRows,
    ChangePage,
    ClaimQuery,
    CommandBatch,
    CourierAnswer,
    CourierUpload,
    DigestAnswer,
    DigestQuery,
    Hello,
    OutcomeBatch,
    Pong,
    PublicKey,
    Session,
    SignIn,
    SnapshotHead,
    SnapshotLine,
    Welcome,
)
from medreg_core.domain.records import Claim
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.attempts import Attempt, AttemptLog
from medreg_desktop.services.transport.body import JSON, NDJSON, lines_of, whole_body
from medreg_desktop.services.transport.classify import (
    SERVER_HEADER,
    by_exception,
    by_origin,
    by_status,
    not_understood,
    portal,
    response_cut,
)
from medreg_desktop.services.transport.trouble import Interrupted, TransportFault, Trouble, TroubleKind
from medreg_desktop.services.transport.watched import CONNECT_S, STALL_S, PinMismatch, Watch, WatchedAdapter

API = "/api/v1"
_FAULT_BYTES = 64 * 1024
_T = TypeVar("_T")
_P = TypeVar("_P", WipeAnswer, RescueReceipt)
_encode = msgspec.json.Encoder().encode
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the service is and how its certificate is judged. ``pin``: see :func:`.watched.pin_of`."""

    base_url: str
    ca_file: Path | None = None
    pin: str = ""
    proxy: str = ""

    def checked(self) -> ServerAddress:
        """Return itself if it can be used. Raises KnownFault ``address_invalid``; plain http only on this computer."""
        try:
            parts = urlsplit(self.base_url)
            usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable, parts = False, urlsplit("")
        plain_here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not usable or not (parts.scheme == "https" or plain_here) or parts.query or parts.fragment:
            raise KnownFault("address_invalid")
        return self


@dataclass(slots=True)
class Link:
    """What all transports of one program share: the token (only ever in memory), whose answers count, the attempts."""

    address: ServerAddress
    clock: Clock
    client_version: str = ""
    log: AttemptLog = field(default_factory=AttemptLog)
    token: str = ""
    server_id: str = ""
    answered_by: str = ""
    ping_keys: Mapping[str, bytes] = field(default_factory=dict)
    connect_s: float = CONNECT_S
    stall_s: float = STALL_S
    monotonic: Callable[[], float] = time.monotonic  # measures both limits
    closing: threading.Event = field(default_factory=threading.Event)


class _Bearer(AuthBase):
    """Puts the token on each request; also keeps requests from looking for a .netrc."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._link.token:
            request.headers["Authorization"] = f"Bearer {self._link.token}"
        return request


class HttpTransport:
    """One connection to the service, used by one thread; take a :meth:`twin` for another. Close it at the end.

    ``http`` stands for the network where there is none: it is asked exactly as a session over sockets is.
    """

    def __init__(self, link: Link, http: requests.Session | None = None) -> None:
        self.link = link
        self._twins: list[HttpTransport] = []
        address = link.address.checked()
        self._watch = Watch(link.closing.is_set, link.stall_s, link.connect_s, address.pin, link.monotonic)
        self._http = _over_sockets(self._watch) if http is None else http
        self._http.trust_env = False
        self._http.auth = _Bearer(link)
        self._http.verify = str(address.ca_file) if address.ca_file else True
        self._http.proxies = {"https": address.proxy, "http": address.proxy} if address.proxy else {}
        self._http.headers.update({"Accept-Encoding": "zstd, gzip", "Cache-Control": "no-cache, no-store"})

    def twin(self) -> HttpTransport:
        """Return a transport for another thread that shares session, pins and log; it is closed with this one."""
        twin = HttpTransport(self.link)
        self._twins.append(twin)
        return twin

    def close(self) -> None:
        """Close the connection and those of the twins; their threads must have ended."""
        for twin in self._twins:
            twin.close()
        self._http.close()

    def expect(self, server_id: str) -> None:
        """From now on only this server's answers are ours."""
        self.link.server_id = server_id

    def answered_by(self) -> str:
        """Return the id of the server that answered last; it has shown its certificate and the contract's words."""
        return self.link.answered_by

    def use_token(self, token: str) -> None:
        """Put the token on every request from now on; empty for none."""
        self.link.token = token

    def trust(self, keys: tuple[PublicKey, ...]) -> None:
        """From now on a ping must be signed by one of these keys."""
        self.link.ping_keys = {key.kid: key.key for key in keys}

    # ---- calls ------------------------------------------------------------------------------------------------------

    def sign_in(self, query: SignIn) -> Session:
        """``POST /session``; trouble ``bad_credentials``, ``too_many_attempts`` (wait_s) besides the usual ones."""
        return self._call("sign_in", "POST", "/session", Session, query)

    def sign_out(self) -> None:
        """``DELETE /session``: the token is worthless afterwards."""
        with self._exchange("sign_out", "DELETE", "/session"):
            pass

    def hello(self, hello: Hello) -> Welcome:
        """``POST /sync/hello``."""
        return self._call("hello", "POST", "/sync/hello", Welcome, hello)

    def ping(self) -> Pong:
        """``GET /ping`` with a fresh nonce; an answer without the proof of a known key is somebody else's."""
        nonce = secrets.token_hex(16)
        with self._exchange("ping", "GET", f"/ping?{urlencode({'nonce': nonce})}") as response:
            pong = _genuine(_decoded(whole_body(response), Pong))
            if pong.nonce != nonce or not _is_proven(pong, self.link.ping_keys):
                raise TransportFault(portal())
            return pong

    @contextmanager
    def snapshot(self, after: str) -> Iterator[Iterator[SnapshotLine]]:
        """``GET /sync/snapshot`` as typed lines; a stream that stops without an end line raises ``response_cut``."""
        path = f"/sync/snapshot?{urlencode({'after': after})}"
        with self._exchange("snapshot", "GET", path, content_type=NDJSON) as response:
            yield self._lines(response)

    def changes(self, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
        """``GET /sync/changes``; raises Interrupted within a fraction of a second after ``unwanted()`` turns true."""
        path = f"/sync/changes?{urlencode({'cursor': cursor, 'wait': wait_s})}"
        return self._call("changes", "GET", path, ChangePage, unwanted=unwanted, hold_s=wait_s)

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        """``POST /sync/commands``."""
        ids = [command.id for command in batch.commands]
        return self._call("commands", "POST", "/sync/commands", OutcomeBatch, batch, ids=ids)

    def digest(self, query: DigestQuery) -> DigestAnswer:
        """``POST /sync/digest``."""
        return self._call("digest", "POST", "/sync/digest", DigestAnswer, query)

    def bucket(self, number: int) -> BucketRows:
        """``GET /sync/buckets/{n}``."""
        return self._call("bucket", "GET", f"/sync/buckets/{number}", BucketRows)

    def claim(self, query: ClaimQuery) -> Claim | None:
        """``POST /claims``: tell colleagues that an application is open here; the answer is who has it."""
        return self._call("claim", "POST", "/claims", Claim | None, query)  # type: ignore[arg-type]  # msgspec takes unions

    def carry(self, upload: CourierUpload) -> CourierAnswer:
        """``POST /courier``: bring a colleague's sealed file; trouble with a code of the courier if it is not taken."""
        return self._call("courier", "POST", "/courier", CourierAnswer, upload)

    def wipe_check(self, query: SignedByDevice, nonce: str) -> WipeAnswer:
        """``POST /device/wipe/check``; an answer without the proof of a known key is somebody else's."""
        return self._proven(self._call("wipe_check", "POST", "/device/wipe/check", WipeAnswer, query), nonce)

    def rescue(self, query: SignedByDevice, nonce: str) -> RescueReceipt:
        """``POST /device/rescue``; the same holds for its receipt."""
        return self._proven(self._call("rescue", "POST", "/device/rescue", RescueReceipt, query), nonce)

    def wipe_done(self, query: SignedByDevice) -> None:
        """``POST /device/wipe/done``."""
        with self._exchange("wipe_done", "POST", "/device/wipe/done", query):
            pass

    def _proven(self, answer: _P, nonce: str) -> _P:
        if not is_proven(answer, nonce, self.link.ping_keys):
            raise TransportFault(portal())
        return answer

    # ---- one exchange -----------------------------------------------------------------------------------------------

    def _call(
        self,
        call: str,
        method: str,
        path: str,
        answer: type[_T],
        content: msgspec.Struct | None = None,
        *,
        ids: Iterable[str] = (),
        unwanted: Callable[[], bool] | None = None,
        hold_s: int = 0,
    ) -> _T:
        with self._exchange(call, method, path, content, ids=ids, unwanted=unwanted, hold_s=hold_s) as response:
            return _genuine(_decoded(whole_body(response), answer))

    @contextmanager
    def _exchange(
        self,
        call: str,
        method: str,
        path: str,
        content: msgspec.Struct | None = None,
        *,
        content_type: str = JSON,
        ids: Iterable[str] = (),
        unwanted: Callable[[], bool] | None = None,
        hold_s: int = 0,
    ) -> Iterator[requests.Response]:
        """Send one request, hand out its judged answer, and note in the log how it went."""
        self._listen(unwanted, hold_s)
        started = time.monotonic()
        trouble: Trouble | None = None
        status = 0
        try:
            with self._sent(method, path, content) as response:
                status = response.status_code
                self._judge(response, content_type)
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
            self._note(call, trouble, status, started, ids)

    def _listen(self, unwanted: Callable[[], bool] | None, hold_s: int) -> None:
        closing = self.link.closing.is_set
        self._watch.unwanted = (lambda: closing() or unwanted()) if unwanted else closing
        self._watch.stall_s = self.link.stall_s + hold_s

    def _sent(self, method: str, path: str, content: msgspec.Struct | None) -> requests.Response:
        return self._http.request(
            method,
            f"{self.link.address.base_url.rstrip('/')}{API}{path}",
            data=None if content is None else _encode(content),
            headers={} if content is None else {"Content-Type": JSON},
            timeout=(self.link.connect_s, self.link.stall_s),
            allow_redirects=False,
            stream=True,
        )

    def _judge(self, response: requests.Response, content_type: str) -> None:
        """Let through only what our server really said; raise everything else as trouble."""
        trouble = by_origin(response.status_code, response.headers.get(SERVER_HEADER, ""), self.link.server_id)
        if trouble is not None:
            raise TransportFault(trouble)
        if not 200 <= response.status_code < 300:
            retry_after = response.headers.get("Retry-After", "")
            body = whole_body(response, _FAULT_BYTES)
            raise TransportFault(by_status(response.status_code, retry_after, self.link.clock.now(), body))
        found = response.headers.get("Content-Type", "").split(";")[0].strip()
        if response.status_code != 204 and found != content_type:
            raise TransportFault(portal())
        self.link.answered_by = response.headers[SERVER_HEADER]

    def _lines(self, response: requests.Response) -> Iterator[SnapshotLine]:
        first = True
        try:
            for line in lines_of(response):
                if first and not (isinstance(line, SnapshotHead) and line.magic == MAGIC):
                    raise TransportFault(portal())
                first = False
                yield line
        except (requests.RequestException, OSError) as error:
            raise TransportFault(by_exception(error)) from error

    def _note(self, call: str, trouble: Trouble | None, status: int, started: float, ids: Iterable[str]) -> None:
        took_ms = round((time.monotonic() - started) * 1000)
        found = trouble or Trouble(TroubleKind.LINK, "")
        kind = trouble.kind.value if trouble else ""
        self.link.log.record(
            Attempt(self.link.clock.now(), call, kind, found.code, status, took_ms, found.request_id), ids
        )


def _over_sockets(watch: Watch) -> requests.Session:
    http = requests.Session()
    adapter = WatchedAdapter(watch)
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    return http


def _decoded(body: bytes, answer: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=answer)
    except msgspec.ValidationError as error:
        raise TransportFault(not_understood()) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Valid so far and then nothing: a connection closed early without a stated length.
        was_cut = "truncated" in str(error)
        raise TransportFault(response_cut() if was_cut else not_understood()) from error


def _genuine(answer: _T) -> _T:
    """Let an answer through if it carries our magic, or is of a shape that carries none."""
    if getattr(answer, "magic", MAGIC) != MAGIC:
        raise TransportFault(portal())
    return answer


def _is_proven(pong: Pong, keys: Mapping[str, bytes]) -> bool:
    """Check the signature; before the first hello no key is known, and the certificate alone has to do."""
    if not keys:
        return True
    if pong.kid not in keys:
        return False
    try:
        signed = f"{pong.magic}.{pong.server_id}.{pong.nonce}.{pong.server_time.isoformat()}".encode()
        Ed25519PublicKey.from_public_bytes(keys[pong.kid]).verify(pong.proof, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
