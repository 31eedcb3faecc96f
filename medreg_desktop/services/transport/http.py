"""The service over HTTPS, as the sync engine and sign-in see it: typed calls, every failure a :class:`Trouble`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlencode

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from medreg_core.contract.v1.commands import CommandBatch, OutcomeBatch
from medreg_core.contract.v1.devices import RescueReceipt, SignedByDevice, WipeAnswer, is_proven
from medreg_core.contract.v1.feed import BucketRows, ChangePage, DigestAnswer, DigestQuery, SnapshotLine
from medreg_core.contract.v1.messages import (
    ClaimQuery,
    CourierAnswer,
    CourierUpload,
    Hello,
    Pong,
    PublicKey,
    Session,
    SignIn,
    Welcome,
)
from medreg_core.domain.records import Claim, DeviceId
from medreg_desktop.services.transport.ahead import ReadAhead
from medreg_desktop.services.transport.body import NDJSON
from medreg_desktop.services.transport.classify import portal
from medreg_desktop.services.transport.exchange import Ask, Exchanges, answer_in, snapshot_lines_in
from medreg_desktop.services.transport.link import Link
from medreg_desktop.services.transport.trouble import TransportFault

_P = TypeVar("_P", WipeAnswer, RescueReceipt)


class HttpTransport:
    """One connection to the service, used by one thread; take a :meth:`twin` for another. Close it at the end.

    One that ``reads_ahead`` has a second one, for the next page of a long feed.
    """

    def __init__(self, link: Link, http: requests.Session | None = None, *, reads_ahead: bool = False) -> None:
        self.link = link
        self._twins: list[HttpTransport] = []
        self._wire = Exchanges(link, http)
        self._beside: Exchanges | None = None
        self._ahead = ReadAhead(self._fetch_ahead, link.monotonic) if reads_ahead else None

    def twin(self, *, reads_ahead: bool = False) -> HttpTransport:
        """Return a transport for another thread that shares session, pins and log; it is closed with this one."""
        twin = HttpTransport(self.link, reads_ahead=reads_ahead)
        self._twins.append(twin)
        return twin

    def close(self) -> None:
        """Close the connection and those of the twins; their threads must have ended."""
        for twin in self._twins:
            twin.close()
        if self._ahead is not None:
            self._ahead.close()
        if self._beside is not None:
            self._beside.http.close()
        self._wire.http.close()

    def expect(self, server_id: str) -> None:
        """From now on only this server's answers are ours."""
        self.link.server_id = server_id

    def answered_by(self) -> str:
        """Return the id of the server that answered last; it has shown its certificate and the contract's words."""
        return self.link.answered_by

    def use_token(self, token: str) -> None:
        """Put the token on every request from now on; empty for none."""
        self.link.token = token

    def trust(self, keys: tuple[PublicKey, ...], heard: tuple[PublicKey, ...] = ()) -> None:
        """From now on an order to leave must be signed by one of these keys, a ping by one of them or of ``heard``."""
        self.link.order_keys = {key.kid: key.key for key in keys}
        self.link.ping_keys = {key.kid: key.key for key in (*heard, *keys)}

    # ---- calls ------------------------------------------------------------------------------------------------------

    def sign_in(self, query: SignIn) -> Session:
        """``POST /session``; trouble ``bad_credentials``, ``too_many_attempts`` (wait_s) besides the usual ones."""
        return self._exchanges.answer(Ask("sign_in", "POST", "/session", query), Session)

    def sign_out(self) -> None:
        """``DELETE /session``: the token is worthless afterwards."""
        with self._exchanges.open(Ask("sign_out", "DELETE", "/session")):
            pass

    def hello(self, hello: Hello) -> Welcome:
        """``POST /sync/hello``."""
        return self._exchanges.answer(Ask("hello", "POST", "/sync/hello", hello), Welcome)

    def ping(self) -> Pong:
        """``GET /ping`` with a fresh nonce; an answer without the proof of a known key is somebody else's."""
        nonce = secrets.token_hex(16)
        with self._exchanges.open(Ask("ping", "GET", f"/ping?{urlencode({'nonce': nonce})}")) as response:
            pong = answer_in(response, Pong)
            if pong.nonce != nonce or not _is_proven(pong, self.link.ping_keys):
                raise TransportFault(portal())
            return pong

    @contextmanager
    def snapshot(self, after: str) -> Iterator[Iterator[SnapshotLine]]:
        """``GET /sync/snapshot`` as typed lines; a stream that stops without an end line raises ``response_cut``."""
        path = f"/sync/snapshot?{urlencode({'after': after})}"
        with self._exchanges.open(Ask("snapshot", "GET", path, content_type=NDJSON)) as response:
            yield snapshot_lines_in(response)

    def changes(self, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
        """``GET /sync/changes``; raises Interrupted within a fraction of a second after ``unwanted()`` turns true."""
        page = self._ahead.take(cursor, unwanted) if self._ahead is not None else None
        if page is None:
            page = _page_behind(self._wire, cursor, wait_s, unwanted)
        if page.more and self._ahead is not None:
            self._ahead.begin(page.cursor)
        return page

    def send(self, batch: CommandBatch) -> OutcomeBatch:
        """``POST /sync/commands``."""
        ids = [command.id for command in batch.commands]
        return self._exchanges.answer(Ask("commands", "POST", "/sync/commands", batch, ids=ids), OutcomeBatch)

    def digest(self, query: DigestQuery) -> DigestAnswer:
        """``POST /sync/digest``."""
        return self._exchanges.answer(Ask("digest", "POST", "/sync/digest", query), DigestAnswer)

    def bucket(self, number: int) -> BucketRows:
        """``GET /sync/buckets/{n}``."""
        return self._exchanges.answer(Ask("bucket", "GET", f"/sync/buckets/{number}"), BucketRows)

    def claim(self, query: ClaimQuery) -> Claim | None:
        """``POST /claims``: tell colleagues that an application is open here; the answer is who has it."""
        ask = Ask("claim", "POST", "/claims", query)
        return self._exchanges.answer(ask, Claim | None)  # type: ignore[arg-type]  # msgspec takes unions

    def carry(self, upload: CourierUpload) -> CourierAnswer:
        """``POST /courier``: bring a colleague's sealed file; trouble with a code of the courier if it is not taken."""
        return self._exchanges.answer(Ask("courier", "POST", "/courier", upload), CourierAnswer)

    def wipe_check(self, query: SignedByDevice, nonce: str) -> WipeAnswer:
        """``POST /device/wipe/check``; an answer without the proof of a known key is somebody else's."""
        return self._proven(Ask("wipe_check", "POST", "/device/wipe/check", query), WipeAnswer, query.device_id, nonce)

    def rescue(self, query: SignedByDevice, nonce: str) -> RescueReceipt:
        """``POST /device/rescue``; the same holds for its receipt."""
        return self._proven(Ask("rescue", "POST", "/device/rescue", query), RescueReceipt, query.device_id, nonce)

    def wipe_done(self, query: SignedByDevice) -> None:
        """``POST /device/wipe/done``."""
        with self._exchanges.open(Ask("wipe_done", "POST", "/device/wipe/done", query)):
            pass

    @property
    def _exchanges(self) -> Exchanges:
        """The connection, free for what is asked now: what was read ahead is given up."""
        if self._ahead is not None:
            self._ahead.drop()
        return self._wire

    def _fetch_ahead(self, cursor: str, unwanted: Callable[[], bool]) -> ChangePage:
        if self._beside is None:
            self._beside = Exchanges(self.link)
        return _page_behind(self._beside, cursor, 0, unwanted)

    def _proven(self, ask: Ask, shape: type[_P], device_id: DeviceId, nonce: str) -> _P:
        answer = self._exchanges.answer(ask, shape)
        if not is_proven(answer, device_id, nonce, self.link.order_keys):
            raise TransportFault(portal())
        return answer


def _page_behind(wire: Exchanges, cursor: str, wait_s: int, unwanted: Callable[[], bool]) -> ChangePage:
    path = f"/sync/changes?{urlencode({'cursor': cursor, 'wait': wait_s})}"
    return wire.answer(Ask("changes", "GET", path, unwanted=unwanted, hold_s=wait_s), ChangePage)


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
