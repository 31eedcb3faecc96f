"""The network of one computer in a replay: the drawn fate of each exchange, carried out on real sockets."""

from __future__ import annotations

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
from simulator.wire import Wire, kept_under

_POISON_STATUS = 500
_FOREIGN = "somebody-else"


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
        is_expired = happens.toxic is Toxic.TLS_EXPIRED
        if is_expired:
            self._proxy.tls = self._certificates.expired
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
        kept = self._kept.get(kept_under(asked, happens))
        match happens.toxic:
            case Toxic.NO_CONNECTION:
                exchange.reset()
            case Toxic.STALL_BEFORE:
                self._stall(exchange)
            case Toxic.STALE if kept is not None and asked.method == "GET":
                exchange.reply(kept)
            case _ if any(mark.encode() in body for mark in self.poison):
                exchange.reply(self._own(_POISON_STATUS))
            case Toxic.STATUS:
                exchange.reply(self._own(happens.status, happens.retry_after))
            case _:
                self._deliver(exchange, asked, happens)

    def _deliver(self, exchange: Exchange, asked: Request, happens: Trial) -> None:
        self._note_cursor(asked)
        answer = exchange.deliver()
        if happens.toxic is Toxic.TWICE:
            answer = exchange.deliver()
        if happens.toxic is Toxic.AGAIN_LATER:
            self.later.append(asked)
            self._late.append(exchange.request)
        self._fate.passing("wire.delivered")
        self.meanwhile("after")
        match happens.toxic:
            case Toxic.LOST_ANSWER:
                exchange.reset()
            case Toxic.STALL_AFTER:
                self._stall(exchange)
            case Toxic.STATUS_AFTER:
                exchange.reply(self._own(happens.status, happens.retry_after))
            case _:
                self._check_digest(asked, answer.body)
                self._kept[asked.target] = self._kept[urlsplit(asked.target).path] = answer
                _answer(exchange, answer, happens)

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


def _answer(exchange: Exchange, answer: Answer, happens: Trial) -> None:
    """Let the answer arrive, or what becomes of it."""
    cut = int(len(answer.body) * happens.share)
    match happens.toxic:
        case Toxic.PORTAL_PAGE:
            page = Answer(200, (("Content-Type", "text/html"),), b"<html>sign in to this network</html>")
            exchange.reply(page)
        case Toxic.PORTAL_REDIRECT:
            exchange.reply(Answer(302, (("Location", "http://portal.example/"),)))
        case Toxic.OTHER_SERVER:
            exchange.reply(answer.having(X_MedReg_Server=_FOREIGN))
        case Toxic.CUT_BODY:
            exchange.send(answer.head() + answer.body[:cut])
            exchange.reset()
        case Toxic.CUT_SILENTLY:
            exchange.send(answer.head(Framing.CLOSE) + answer.body[:cut])
            exchange.finish()
        case _:
            exchange.reply(answer)
