"""Toxics of the way there: requests that get lost, are cut, are delivered again, late, or in another order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from medreg_desktop.services.transport.trouble import TroubleKind
from medreg_desktop.services.transport.watched import STALL_S
from simulator.real.cells.scene import Scene
from simulator.real.cells.toxic import BY_POST, EVERY_KIND, LINK, SILENT, WITH_BODY, Cause, Kind, Script, Toxic, plain
from simulator.real.exchange import Exchange

_NOT_LAST = EVERY_KIND - {Kind.SIGN_OUT}
_SIGNED_OUT = Cause(TroubleKind.SIGN_IN)  # whom the first has signed out the second does not know
_LATE_S = 25.0
_STEADY_S = 9.0  # of world time between two pieces: never a stall, in all far longer than one


def all_of_them() -> list[Toxic]:
    """Return every toxic of this module."""
    return [*_lost(), *_lost_answers(), *_slow(), *_repeated()]


def _lost() -> list[Toxic]:
    return [
        Toxic("request lost", "after its head, reset", LINK, lambda _, x: x.reset()),
        Toxic("request lost", "whole, reset", LINK, _after_reading(Exchange.reset)),
        Toxic("request lost", "whole, closed", LINK, _after_reading(Exchange.drop)),
        Toxic("request lost", "whole, closed in good order", LINK, _after_reading(Exchange.finish)),
        Toxic("request lost", "whole, then silence", SILENT, _stalled),
        Toxic("request lost", "half of its body reaches the service", LINK, _half_delivered, kinds=BY_POST),
        Toxic("request lost", "half of its head reaches the service", LINK, _half_head_delivered),
    ]


def _lost_answers() -> list[Toxic]:
    return [
        Toxic("answer lost", "reset", LINK, _carried_out_and(Exchange.reset)),
        Toxic("answer lost", "closed", LINK, _carried_out_and(Exchange.drop)),
        Toxic("answer lost", "closed in good order", LINK, _carried_out_and(Exchange.finish)),
        Toxic("answer lost", "then silence", SILENT, _carried_out_and_silent),
        Toxic("answer lost", "silence after half of it", SILENT, _half_and_silent, kinds=WITH_BODY),
    ]


def _slow() -> list[Toxic]:
    return [
        Toxic("slow", "the request waits 25 s", None, _late_there),
        Toxic("slow", "the answer waits 25 s", None, _late_back),
        Toxic("slow", "the request trickles for 90 s", None, _trickling_there),
        Toxic("slow", "the answer trickles for 90 s", None, _trickling_back),
    ]


def _repeated() -> list[Toxic]:
    return [
        Toxic("delivered twice", "one after the other", None, _twice, kinds=_NOT_LAST),
        Toxic("delivered twice", "one after the other", _SIGNED_OUT, _twice, kinds=EVERY_KIND - _NOT_LAST),
        Toxic("delivered twice", "both at once", None, _at_once, kinds=_NOT_LAST),
        Toxic("delivered again", "an hour later", None, _again_later),
        Toxic("delivered again", "after a repeat of the client's own", LINK, _overtaken),
    ]


def _after_reading(end: Callable[[Exchange], None]) -> Script:
    def script(_: Scene, exchange: Exchange) -> None:
        assert exchange.request
        end(exchange)

    return script


def _carried_out_and(end: Callable[[Exchange], None]) -> Script:
    def script(_: Scene, exchange: Exchange) -> None:
        exchange.deliver()
        end(exchange)

    return script


def _silent(scene: Scene, exchange: Exchange) -> None:
    exchange.hold(lambda: scene.pass_by(STALL_S))


def _stalled(scene: Scene, exchange: Exchange) -> None:
    assert exchange.request
    _silent(scene, exchange)


def _carried_out_and_silent(scene: Scene, exchange: Exchange) -> None:
    exchange.deliver()
    _silent(scene, exchange)


def _half_and_silent(scene: Scene, exchange: Exchange) -> None:
    answer = exchange.deliver()
    exchange.send(answer.head() + answer.body[: len(answer.body) // 2])
    _silent(scene, exchange)


def _half_delivered(_: Scene, exchange: Exchange) -> None:
    exchange.upstream.begin(exchange.head + exchange.body[: len(exchange.body) // 2])
    exchange.upstream.close()
    exchange.reset()


def _half_head_delivered(_: Scene, exchange: Exchange) -> None:
    exchange.upstream.begin(exchange.head[: len(exchange.head) // 2])
    exchange.upstream.close()
    exchange.reset()


def _late_there(scene: Scene, exchange: Exchange) -> None:
    scene.pass_by(_LATE_S)
    exchange.reply(exchange.deliver())


def _late_back(scene: Scene, exchange: Exchange) -> None:
    answer = exchange.deliver()
    scene.pass_by(_LATE_S)
    exchange.reply(answer)


def _trickling_there(scene: Scene, exchange: Exchange) -> None:
    for piece in _pieces(exchange.request):
        scene.pass_by(_STEADY_S)
        exchange.upstream.begin(piece)
    exchange.reply(exchange.upstream.finish(exchange.method))


def _trickling_back(scene: Scene, exchange: Exchange) -> None:
    for piece in _pieces(exchange.deliver().bytes()):
        scene.pass_by(_STEADY_S)
        exchange.send(piece)


def _pieces(content: bytes) -> list[bytes]:
    size = len(content) // 10 + 1
    return [content[at : at + size] for at in range(0, len(content), size)]


def _twice(_: Scene, exchange: Exchange) -> None:
    exchange.deliver()
    exchange.reply(exchange.deliver())


def _at_once(scene: Scene, exchange: Exchange) -> None:
    request = exchange.request
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(scene.proxy.send_again, request)
        exchange.reply(exchange.deliver())
        other.result()


def _again_later(scene: Scene, exchange: Exchange) -> None:
    scene.wire.late.append(exchange.request)
    plain(scene, exchange)


def _overtaken(scene: Scene, exchange: Exchange) -> None:
    """The first try stays in the network and arrives after the client's second."""
    scene.wire.late.append(exchange.request)
    exchange.reset()
