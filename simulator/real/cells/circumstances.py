"""Toxics that are no fault of the network: what befalls the office or the service while the request is under way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.transport.trouble import TroubleKind
from medreg_desktop.services.transport.watched import STALL_S
from simulator.real.cells.scene import Scene
from simulator.real.cells.toxic import SIGNED_IN, SILENT, Cause, Kind, Script, Toxic
from simulator.real.exchange import Exchange

_CLOCKED = frozenset({LampKind.CLOCK, LampKind.SYNCED})  # it is measured by the calls that tell the time
_SIGN_IN = frozenset({LampKind.SIGN_IN})
_COMPARED = frozenset({Kind.BUCKET})  # behind a bucket the digest is asked for once more
_DISK = frozenset({LampKind.NEEDS_YOU, LampKind.SYNCED})  # not every answer is written down
_NIGHT_S = 8 * 3600.0
_SIGNED_OUT = Cause(TroubleKind.SIGN_IN, frozenset({"session_expired"}))
_ON_CURSORS = frozenset({Kind.CHANGES, Kind.MORE_CHANGES, Kind.RESUMED, Kind.DIGEST})


def all_of_them() -> list[Toxic]:
    """Return every toxic of this module."""
    year = timedelta(days=366)
    return [
        Toxic("session", "ended just before", _SIGNED_OUT, _before(_end_sessions), kinds=SIGNED_IN),
        Toxic("session", "ended just after", None, _after(_end_sessions), kinds=frozenset({Kind.PING})),
        Toxic("session", "ended just after", None, _after(_end_sessions), kinds=_COMPARED, lamps=_SIGN_IN),
        Toxic("epoch", "begun just before", _SIGNED_OUT, _before(_new_epoch), kinds=_ON_CURSORS),
        Toxic("register", "changed just before", None, _before(_more_work)),
        Toxic("register", "changed just after", None, _after(_more_work)),
        Toxic("sleep", "eight hours, the request on its way", SILENT, _asleep),
        Toxic("sleep", "eight hours, the answer on its way", SILENT, _asleep_over_the_answer),
        Toxic("clock", "a year ahead meanwhile", None, _before(_clock(year)), lamps=_CLOCKED),
        Toxic("clock", "ten years behind meanwhile", None, _before(_clock(-10 * year)), lamps=_CLOCKED),
        Toxic("disk", "full when the answer comes", None, _after(_disk("disk_full")), lamps=_DISK),
        Toxic("disk", "locked when the answer comes", None, _after(_disk("cache_locked")), lamps=_DISK),
    ]


def _before(happens: Callable[[Scene], None]) -> Script:
    def script(scene: Scene, exchange: Exchange) -> None:
        assert exchange.request
        happens(scene)
        exchange.reply(exchange.deliver())

    return script


def _after(happens: Callable[[Scene], None]) -> Script:
    def script(scene: Scene, exchange: Exchange) -> None:
        answer = exchange.deliver()
        happens(scene)
        exchange.reply(answer)

    return script


def _end_sessions(scene: Scene) -> None:
    with scene.service.environment.database.write() as transaction:
        transaction.accounts.close_sessions(scene.account.id)


def _new_epoch(scene: Scene) -> None:
    scene.service.registry.begin_epoch("restored")


def _more_work(scene: Scene) -> None:
    scene.receive_applications(2)


def _asleep(scene: Scene, exchange: Exchange) -> None:
    """The computer sleeps over it; when it wakes the connection is long dead, and nobody says so."""
    assert exchange.request
    scene.pass_by(_NIGHT_S)
    exchange.hold(lambda: scene.pass_by(STALL_S))


def _asleep_over_the_answer(scene: Scene, exchange: Exchange) -> None:
    exchange.deliver()
    _asleep(scene, exchange)


def _clock(by: timedelta) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.pc.set_clock_wrong(by)

    return happens


def _disk(fault: str) -> Callable[[Scene], None]:
    def happens(scene: Scene) -> None:
        scene.pc.fate.disk_faults = [fault]

    return happens
