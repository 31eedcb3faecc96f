"""The network of one computer in a replay: the drawn fate of each exchange, carried out on real sockets."""

from __future__ import annotations

import ssl
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from medreg_desktop.services.transport.watched import STALL_S, WatchedAdapter
from simulator.clocks import WorldTime
from simulator.crash import Fate
from simulator.real.exchange import Exchange
from simulator.real.http import Answer, Framing
from simulator.real.proxy import Proxy
from simulator.real.register import RealRegister
from simulator.real.tls import Certificates
from simulator.register import API, Request
from simulator.toxics import Toxic, Trial
from simulator.trace import Trace
from simulator.wire import AT_AN_END, BEFORE, LASTS, TRICKLE_BYTES_PER_S, Wire, kept_under

_POISON_STATUS = 500
_FOREIGN = "somebody-else"
_PAGE = Answer(200, (("Content-Type", "text/html"),), b"<html>sign in to this network</html>")
_ELSEWHERE = Answer(302, (("Location", "http://portal.example/"),))
_WHOLE = frozenset({Toxic.NONE, Toxic.TWICE, Toxic.AGAIN_LATER, Toxic.STALE, Toxic.SLOW_BEFORE, *(AT_AN_END & BEFORE)})
"""The toxics whose answer comes as it was sent; of the stale ones those for which no cache has anything."""


class RealWire(Wire):
    """Draws on the client's thread, as the simulated one does; the proxy's thread does what was drawn.

    Whoever acts "meanwhile" acts on the proxy's thread while the client waits, so that still one acts at a time.
    """

    def __init__(self, name: str, register: RealRegister, time: WorldTime, trace: Trace, fate: Fate) -> None:
        super().__init__(name, register, time, trace, fate)
        self._certificates: Certificates = register.stage.certificates
        self._behind = register
        self._kept: dict[str, Answer] = {}
        self._proxy = Proxy(register.port, self._script, self._certificates.good)
        self._next: tuple[Request, Trial] | None = None
        self._raised: BaseException | None = None
        self._at_rest = threading.Event()
        self._late: list[bytes] = []

    def transport(self, clock: Clock) -> HttpTransport:
        """Return the real transport of a program that starts here, over the real network."""
        address = ServerAddress(f"https://127.0.0.1:{self._proxy.port}", self._certificates.ca_file)
        transport = HttpTransport(Link(address, clock, client_version="0.1.0", monotonic=clock.monotonic))
        self._adapter = WatchedAdapter(transport._exchanges.watch)  # noqa: SLF001 - the adapter that the transport made itself
        transport._exchanges.http.mount("https://", self)  # noqa: SLF001 - the one seam below HTTP
        return transport

    def close(self) -> None:
        """Close the client's connection."""
        self._adapter.close()

    def shut(self) -> None:
        """Take the network away."""
        self._proxy.close()

    def deliver_late(self) -> bool:
        """Deliver one request once more that a proxy has kept; False when there is none."""
        if not self.later:
            return False
        request = self.later.pop(0)
        answer = self._proxy.send_again(self._late.pop(0))
        self._trace.note(self._name, "late", request.method, urlsplit(request.target).path, answer.status)
        return True

    def _carried(
        self, sent: requests.PreparedRequest, asked: Request, happens: Trial, settings: dict[str, Any]
    ) -> requests.Response:
        self._next, self._raised = (asked, happens), None
        self._at_rest.set()
        if happens.toxic is Toxic.NO_SUCH_HOST:  # the address is a number here: no name is looked up
            self._lose(happens)
        shown = self._shown(happens.toxic)
        if shown is not None:
            self._proxy.tls = shown
            self._proxy.hang_up()
        try:
            response = self._adapter.send(sent, **settings)
        except requests.RequestException:
            self._lost(happens)
            raise
        finally:
            self._proxy.tls = self._certificates.good
        self._trace.note(self._name, asked.method, _path(asked), happens.toxic.value, response.status_code)
        return response

    def _shown(self, toxic: Toxic) -> ssl.SSLContext | None:
        """Return the certificate that is shown in the place of the right one, if so."""
        match toxic:
            case Toxic.TLS_EXPIRED:
                return self._certificates.expired
            case Toxic.TLS_NOT_YET:
                return self._certificates.not_yet_valid
            case Toxic.TLS_UNKNOWN_CA:
                return self._certificates.unknown_authority
            case Toxic.TLS_WRONG_NAME:
                return self._certificates.other_name
            case _:
                return None

    def _lost(self, happens: Trial) -> None:
        self._at_rest.wait()
        if self._raised is not None:
            raise self._raised
        self._trace.note(self._name, "lost", happens.toxic.value)

    def _script(self, exchange: Exchange) -> None:
        assert self._next is not None
        self._at_rest.clear()
        try:
            self._deal(exchange, *self._next)
        except OSError:
            raise  # the client has hung up
        except BaseException as error:  # noqa: BLE001 - raised again where the client waits
            self._raised = error
            exchange.reset()
        finally:
            self._at_rest.set()

    def _deal(self, exchange: Exchange, asked: Request, happens: Trial) -> None:
        body = exchange.body
        self.meanwhile("before")
        self._befall_before(happens.toxic)
        kept = self._kept.get(kept_under(asked, happens))
        match happens.toxic:
            case Toxic.NO_CONNECTION | Toxic.SLEEP_BEFORE:
                exchange.reset()
            case Toxic.STALL_BEFORE:
                self._stall(exchange)
            case Toxic.REORDERED:
                self._keep_for_later(exchange, asked)
                self._stall(exchange)
            case Toxic.PORTAL_PAGE:
                exchange.reply(_PAGE)
            case Toxic.PORTAL_REDIRECT:
                exchange.reply(_ELSEWHERE)
            case Toxic.STALE if kept is not None and asked.method == "GET":
                exchange.reply(kept)
            case _ if any(mark.encode() in body for mark in self.poison):
                exchange.reply(self._own(_POISON_STATUS))
            case Toxic.STATUS:
                exchange.reply(self._own(happens.status, happens.retry_after))
            case _:
                self._deliver(exchange, asked, happens)

    def _befall_before(self, toxic: Toxic) -> None:
        if toxic in {Toxic.SLOW_BEFORE, Toxic.SLEEP_BEFORE}:
            self._time.pass_by(LASTS[toxic])
        if toxic in AT_AN_END & BEFORE:
            self.befall(toxic)

    def _keep_for_later(self, exchange: Exchange, asked: Request) -> None:
        self.later.append(asked)
        self._late.append(exchange.request)

    def _deliver(self, exchange: Exchange, asked: Request, happens: Trial) -> None:
        self._note_cursor(asked)
        answer = exchange.deliver()
        if happens.toxic is Toxic.TWICE:
            answer = exchange.deliver()
        if happens.toxic is Toxic.AGAIN_LATER:
            self._keep_for_later(exchange, asked)
        self._fate.passing("wire.delivered")
        self.meanwhile("after")
        match happens.toxic:
            case Toxic.LOST_ANSWER:
                exchange.reset()
            case Toxic.SLEEP_AFTER:
                self._time.pass_by(LASTS[happens.toxic])
                exchange.reset()
            case Toxic.STALL_AFTER:
                self._stall(exchange)
            case Toxic.STATUS_AFTER:
                exchange.reply(self._own(happens.status, happens.retry_after))
            case Toxic.PORTAL_AFTER:
                exchange.reply(_PAGE)
            case _:
                self._check_digest(asked, answer.body)
                self._kept[asked.target] = self._kept[urlsplit(asked.target).path] = answer
                self._answer(exchange, answer, happens)

    def _answer(self, exchange: Exchange, answer: Answer, happens: Trial) -> None:  # noqa: C901 - one case per toxic
        """Let the answer arrive, or what becomes of it."""
        part = happens.part_of(answer.body)
        match happens.toxic:
            case Toxic.OTHER_SERVER:
                exchange.reply(answer.having(X_MedReg_Server=_FOREIGN))
            case Toxic.NAMELESS:
                exchange.reply(answer.without("X-MedReg-Server"))
            case Toxic.OTHER_TYPE:
                exchange.reply(answer.having(Content_Type="text/plain"))
            case Toxic.CUT_BODY:
                exchange.send(answer.head() + part)
                exchange.finish()
            case Toxic.RESET_BODY:
                exchange.send(answer.head() + part)
                exchange.reset()
            case Toxic.STALL_BODY:
                exchange.send(answer.head() + part)
                self._stall(exchange)
            case Toxic.CUT_SILENTLY:
                exchange.send(answer.head(Framing.CLOSE) + part)
                exchange.finish()
            case Toxic.CUT_GZIP:
                packed = answer.gzipped()
                exchange.send(packed.head(Framing.CLOSE) + happens.part_of(packed.body))
                exchange.finish()
            case toxic if toxic in AT_AN_END - BEFORE:
                self.befall(toxic)
                exchange.reply(answer)
            case Toxic.SLOW_AFTER | Toxic.TRICKLE:
                self._time.pass_by(LASTS.get(happens.toxic, len(answer.body) / TRICKLE_BYTES_PER_S))
                exchange.reply(answer)
            case toxic if toxic in _WHOLE:
                exchange.reply(answer)
            case toxic:
                raise AssertionError(f"nothing carries {toxic.value} out")

    def _stall(self, exchange: Exchange) -> None:
        self._at_rest.set()
        exchange.hold(lambda: self._time.pass_by(STALL_S))

    def _own(self, status: int, retry_after: str = "") -> Answer:
        answer = Answer(status, (("X-MedReg-Server", self._behind.server_id),))
        return answer.having(Retry_After=retry_after) if retry_after else answer

    def _note_cursor(self, asked: Request) -> None:
        if _path(asked) == "/sync/changes":
            self._behind.note_asked(asked.token, parse_qs(urlsplit(asked.target).query)["cursor"][0])


def _path(asked: Request) -> str:
    return urlsplit(asked.target).path.removeprefix(API)
