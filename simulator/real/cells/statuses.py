"""Toxics that are statuses: said by the service or by a proxy in its place, before the request is done or after."""

from __future__ import annotations

from collections.abc import Iterator

from medreg_desktop.services.transport.trouble import TroubleKind
from simulator.real.cells.scene import Scene
from simulator.real.cells.toxic import Cause, Script, Toxic
from simulator.real.exchange import Exchange
from simulator.real.http import Answer

_SAID: dict[int, Cause] = {
    400: Cause(TroubleKind.ENVELOPE, frozenset({"bad_request"})),
    401: Cause(TroubleKind.SIGN_IN, frozenset({"session_expired"})),
    403: Cause(TroubleKind.REFUSED, frozenset({"forbidden"})),
    404: Cause(TroubleKind.OTHER_VERSION, frozenset({"server_other_version"})),
    408: Cause(TroubleKind.SERVER, frozenset({"server_silent"})),
    410: Cause(TroubleKind.RESYNC, frozenset({"resync"})),
    413: Cause(TroubleKind.ENVELOPE, frozenset({"too_large"})),
    422: Cause(TroubleKind.ENVELOPE, frozenset({"bad_request"})),
    426: Cause(TroubleKind.TOO_OLD, frozenset({"client_too_old"})),
    429: Cause(TroubleKind.TOLD, frozenset({"server_busy"})),
    500: Cause(TroubleKind.SERVER, frozenset({"server_error"})),
    502: Cause(TroubleKind.SERVER, frozenset({"server_error"})),
    503: Cause(TroubleKind.SERVER, frozenset({"server_error"})),
    504: Cause(TroubleKind.SERVER, frozenset({"server_error"})),
}
"""What each means (``sync.md`` §5.8)."""

_A_PROXY_SAYS = (408, 413, 429, 500, 502, 503, 504)
_ASKS_TO_WAIT = (429, 503)
_WAITS = {
    "7": True,
    "31536000": True,
    "99999999999999": True,
    "Fri, 31 Dec 2027 23:59:59 GMT": True,
    "soon": False,
    "-5": False,
}
"""What stands in ``Retry-After``, and whether it can be read."""

_AFTER = (500, 502, 504)
_TOLD = Cause(TroubleKind.TOLD, frozenset({"server_busy"}))


def all_of_them() -> list[Toxic]:
    """Return every toxic of this module."""
    return [*_plain(), *_with_waits(), *_afterwards()]


def _plain() -> Iterator[Toxic]:
    for status, cause in _SAID.items():
        yield Toxic(f"status {status}", "of the service", cause, _said(status, by_service=True))
    for status in _A_PROXY_SAYS:
        yield Toxic(f"status {status}", "of a proxy", _SAID[status], _said(status, by_service=False))
    for status in (408, 500, 502, 504):
        absurd = _said(status, by_service=False, wait="31536000")
        yield Toxic(f"status {status}", "of a proxy, with a wait that is none of its business", _SAID[status], absurd)


def _with_waits() -> Iterator[Toxic]:
    for status in _ASKS_TO_WAIT:
        for wait, is_readable in _WAITS.items():
            cause = _TOLD if is_readable or status == 429 else _SAID[status]
            for by_service in (True, False):
                who = "the service" if by_service else "a proxy"
                script = _said(status, by_service=by_service, wait=wait)
                yield Toxic(f"status {status}", f"of {who}, Retry-After: {wait}", cause, script)


def _afterwards() -> Iterator[Toxic]:
    for status in _AFTER:
        yield Toxic(f"status {status}", "of a proxy, the request done", _SAID[status], _said_after(status))


def _answer(scene: Scene, status: int, *, by_service: bool, wait: str = "") -> Answer:
    answer = Answer(status, (("Content-Type", "application/json"),))
    answer = answer.having(X_MedReg_Server=scene.register.server_id) if by_service else answer
    return answer.having(Retry_After=wait) if wait else answer


def _said(status: int, *, by_service: bool, wait: str = "") -> Script:
    def script(scene: Scene, exchange: Exchange) -> None:
        assert exchange.request
        exchange.reply(_answer(scene, status, by_service=by_service, wait=wait))

    return script


def _said_after(status: int) -> Script:
    def script(scene: Scene, exchange: Exchange) -> None:
        exchange.deliver()
        exchange.reply(_answer(scene, status, by_service=False))

    return script
