"""Toxics of the way back: answers that are cut, stale, somebody else's, or rewritten by what stands in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.transport.trouble import TroubleKind
from simulator.real.cells.scene import Scene, call_of
from simulator.real.cells.toxic import (
    CUT,
    LEAVING,
    LINK,
    NOT_UNDERSTOOD,
    PORTAL,
    SIGNED_IN,
    WITH_BODY,
    Cause,
    Kind,
    Script,
    Toxic,
)
from simulator.real.exchange import Exchange
from simulator.real.http import Answer, Framing, chunk

_HTML = b"<html><body>sign in to this network</body></html>"
_JSON = (("Content-Type", "application/json"),)

_TRAILER = 12
"""What a packed body ends with, and a little: its last bytes alone hold nothing that was said."""

_OK = 200
_BARE = frozenset(Kind) - WITH_BODY
_STREAMS = frozenset({Kind.SNAPSHOT, Kind.RESUMED})

_ENDINGS: dict[str, Callable[[Exchange], None]] = {
    "reset": Exchange.reset,
    "closed": Exchange.drop,
    "closed in good order": Exchange.finish,
}


def all_of_them() -> list[Toxic]:
    """Return every toxic of this module."""
    return [*_cut_heads(), *_cut_bodies(), *_portals(), *_others(), *_rewritten(), *_stale()]


# ---- cut ------------------------------------------------------------------------------------------------------------


def _cut_heads() -> list[Toxic]:
    """Where nothing follows the head, its first lines say all there is to say: what was done, and by whom."""
    places = {"in the status line": 0.0, "in the headers": 0.5, "before the empty line": 1.0}
    return [
        Toxic("answer cut", f"{place}, {how}", cause, _cut_head(share, end), kinds=kinds)
        for (place, share), (how, end) in product(places.items(), _ENDINGS.items())
        for cause, kinds in ((LINK, WITH_BODY), (None if share else LINK, _BARE))
    ]


def _cut_bodies() -> list[Toxic]:
    places = {"before its first byte": 0.0, "in the middle": 0.5, "before its last byte": 1.0}
    return [
        Toxic(
            "body cut",
            f"{place}, {framing.value}{', gzip' * packed}, {how}",
            LINK,
            _cut_body(share, framing, end, packed),
            kinds=WITH_BODY,
        )
        for (place, share), framing, packed, (how, end) in product(
            places.items(), Framing, (False, True), _ENDINGS.items()
        )
    ]


def _cut_head(share: float, end: Callable[[Exchange], None]) -> Script:
    def script(_: Scene, exchange: Exchange) -> None:
        head = exchange.deliver().head()
        exchange.send(head[: max(5, int((len(head) - 2) * share))])
        end(exchange)

    return script


def _cut_body(share: float, framing: Framing, end: Callable[[Exchange], None], packed: bool) -> Script:
    def script(_: Scene, exchange: Exchange) -> None:
        answer = exchange.deliver()
        answer = answer.gzipped() if packed else answer
        body = answer.framed(framing)
        exchange.send(answer.head(framing) + body[: int((len(body) - _tail(answer, framing)) * share)])
        end(exchange)

    return script


def _tail(answer: Answer, framing: Framing) -> int:
    """Return how many bytes must be missing at least for the answer to lack something."""
    ends = len(b"\r\n" + chunk(b"")) if framing is Framing.CHUNKED else 0
    return ends + (_TRAILER if answer.header("Content-Encoding") else 1)


# ---- somebody else's ------------------------------------------------------------------------------------------------


def _portals() -> list[Toxic]:
    pages = {
        "a page": Answer(200, (("Content-Type", "text/html"),), _HTML),
        "a page called JSON": Answer(200, _JSON, _HTML),
        "a page without a type": Answer(200, (), _HTML),
        "empty JSON": Answer(200, _JSON, b"{}"),
        "nothing": Answer(204),
        "302": Answer(302, (("Location", "http://portal.example/"),)),
        "302 to the same name": Answer(302, (("Location", "https://127.0.0.1/welcome"),)),
        "307": Answer(307, (("Location", "http://portal.example/"),)),
        "403 page": Answer(403, (("Content-Type", "text/html"),), _HTML),
        "407": Answer(407, (("Proxy-Authenticate", "Basic"),)),
        "511": Answer(511, (("Content-Type", "text/html"),), _HTML),
    }
    return [Toxic("portal", name, PORTAL, _instead(answer)) for name, answer in pages.items()]


def _others() -> list[Toxic]:
    foreign = Cause(TroubleKind.PORTAL, frozenset({"other_server"}))
    return [
        Toxic(
            "another server",
            "of the same kind",
            foreign,
            _changed(_of_another),
            kinds=SIGNED_IN | LEAVING | {Kind.PING},
        ),
        Toxic("another server", "without a name", PORTAL, _changed(lambda a: a.without("X-MedReg-Server"))),
        Toxic("another service", "JSON of another shape", NOT_UNDERSTOOD, _changed(_other_shape), kinds=_JSON_KINDS),
        Toxic("another service", "words after the end", NOT_UNDERSTOOD, _changed(_with_tail), kinds=_JSON_KINDS),
        Toxic("another service", "not JSON at all", NOT_UNDERSTOOD, _changed(_no_json), kinds=_JSON_KINDS),
    ]


_JSON_KINDS = WITH_BODY - {Kind.SNAPSHOT, Kind.RESUMED}


def _instead(answer: Answer) -> Script:
    def script(_: Scene, exchange: Exchange) -> None:
        assert exchange.request
        exchange.reply(answer)

    return script


def _changed(change: Callable[[Answer], Answer], framing: Framing = Framing.LENGTH) -> Script:
    return lambda _, exchange: exchange.reply(change(exchange.deliver()), framing)


def _of_another(answer: Answer) -> Answer:
    return answer.having(X_MedReg_Server="0123456789abcdef")


def _other_shape(answer: Answer) -> Answer:
    return replace(answer.without("Content-Encoding"), body=b'{"hello":"world"}')


def _with_tail(answer: Answer) -> Answer:
    return replace(answer.without("Content-Encoding"), body=b'{"hello":"world"}<script></script>')


def _no_json(answer: Answer) -> Answer:
    return replace(answer.without("Content-Encoding"), body=_HTML)


# ---- rewritten ------------------------------------------------------------------------------------------------------


def _rewritten() -> list[Toxic]:
    """Proxies may change what HTTP lets them change; what they may not must not be believed."""
    return [
        Toxic("rewritten", "chunked", None, _changed(_same, Framing.CHUNKED), kinds=WITH_BODY),
        Toxic("rewritten", "ended by closing", None, _changed(_same, Framing.CLOSE), kinds=WITH_BODY),
        Toxic("rewritten", "packed with gzip", None, _changed(Answer.gzipped), kinds=WITH_BODY),
        Toxic("rewritten", "packed and chunked", None, _changed(Answer.gzipped, Framing.CHUNKED), kinds=WITH_BODY),
        Toxic("rewritten", "headers in small letters", None, _changed(_small), kinds=WITH_BODY),
        Toxic(
            "rewritten",
            "headers added",
            None,
            _changed(lambda a: a.having(Via="1.1 proxy", X_Cache="MISS")),
            kinds=WITH_BODY,
        ),
        Toxic("rewritten", "charset added", None, _changed(_with_charset), kinds=WITH_BODY),
        Toxic(
            "rewritten",
            "type changed",
            PORTAL,
            _changed(lambda a: a.having(Content_Type="text/plain")),
            kinds=WITH_BODY,
        ),
        Toxic("rewritten", "type taken away", PORTAL, _changed(lambda a: a.without("Content-Type")), kinds=WITH_BODY),
        Toxic(
            "rewritten",
            "called gzip, and is not",
            CUT,
            _changed(lambda a: a.having(Content_Encoding="gzip")),
            kinds=_JSON_KINDS,
        ),
        Toxic("rewritten", "length too short", LINK, _short, kinds=WITH_BODY),
        Toxic("rewritten", "length too long, then closed", LINK, _long, kinds=WITH_BODY - _STREAMS),
        # Its last line says that a stream is whole, whatever length was stated.
        Toxic("rewritten", "length too long, then closed", None, _long, kinds=_STREAMS),
        Toxic("rewritten", "the token taken away", Cause(TroubleKind.SIGN_IN), _without_token, kinds=SIGNED_IN),
    ]


def _same(answer: Answer) -> Answer:
    return answer


def _small(answer: Answer) -> Answer:
    return replace(answer, headers=tuple((name.lower(), value) for name, value in answer.headers))


def _with_charset(answer: Answer) -> Answer:
    return answer.having(Content_Type=f"{answer.header('Content-Type').split(';')[0]}; charset=utf-8")


def _short(_: Scene, exchange: Exchange) -> None:
    answer = exchange.deliver()
    exchange.reply(replace(answer, body=answer.body[: -_tail(answer, Framing.LENGTH) - 1]))


def _long(_: Scene, exchange: Exchange) -> None:
    answer = exchange.deliver()
    exchange.send(replace(answer, body=answer.body + b" " * 10).head() + answer.body)
    exchange.finish()


def _without_token(_: Scene, exchange: Exchange) -> None:
    exchange.reply(exchange.deliver_without("authorization"))


# ---- stale ----------------------------------------------------------------------------------------------------------


def _stale() -> list[Toxic]:
    """A cache that does what it is told not to. What the client makes of it depends on the call."""
    behind = frozenset({LampKind.SERVER_SILENT})  # a good answer, that does not go on where the copy stands
    waits = frozenset({LampKind.SENDING})  # what was not answered goes again, in a while
    pages = frozenset({Kind.CHANGES, Kind.MORE_CHANGES})
    foreign_nonce = Cause(TroubleKind.PORTAL, frozenset({"captive_portal"}))
    return [
        Toxic(
            "stale",
            "the first answer to this call",
            None,
            _again(0),
            kinds=frozenset({Kind.HELLO, Kind.REHEARSAL, Kind.DIGEST, Kind.SIGN_IN}),
        ),
        Toxic("stale", "the answer to other commands", None, _again(0), kinds=frozenset({Kind.COMMANDS}), lamps=waits),
        Toxic("stale", "the first page", None, _again(0), kinds=pages, lamps=behind),
        Toxic("stale", "the page before", None, _again(-1), kinds=frozenset({Kind.MORE_CHANGES}), lamps=behind),
        Toxic("stale", "the answer to another ping", foreign_nonce, _again(0), kinds=frozenset({Kind.PING})),
        Toxic(
            "stale",
            "the answer to another call",
            NOT_UNDERSTOOD,
            _crossed,
            kinds=(SIGNED_IN | LEAVING) & WITH_BODY - {Kind.HELLO, Kind.SNAPSHOT, Kind.RESUMED},
        ),
    ]


def _again(which: int) -> Script:
    def script(scene: Scene, exchange: Exchange) -> None:
        assert exchange.request
        exchange.reply(scene.wire.kept[call_of(exchange.target)][which])

    return script


def _crossed(scene: Scene, exchange: Exchange) -> None:
    assert exchange.request
    exchange.reply([answer for answer in scene.wire.kept["hello"] if answer.status == _OK][-1])
