"""What a toxic is: where it strikes, what it does there, and what the client must make of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum

from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.transport.trouble import TroubleKind
from simulator.real.cells.scene import Scene
from simulator.real.exchange import Exchange


class Kind(StrEnum):
    """The requests of the sync, as a cell meets them. The first word names the call."""

    SIGN_IN = "sign_in"
    PING = "ping"
    HELLO = "hello"
    REHEARSAL = "rehearsal"
    COMMANDS = "commands"
    CHANGES = "changes"
    MORE_CHANGES = "changes of the second page"
    SNAPSHOT = "snapshot"
    RESUMED = "snapshot taken up again"
    DIGEST = "digest"
    BUCKET = "bucket"
    SIGN_OUT = "sign_out"
    COURIER = "courier"
    WIPE_CHECK = "wipe_check"
    RESCUE = "rescue"
    WIPE_DONE = "wipe_done"

    @property
    def call(self) -> str:
        """The call's name."""
        return self.value.split(" ", maxsplit=1)[0]


EVERY_KIND = frozenset(Kind)
LEAVING = frozenset({Kind.WIPE_CHECK, Kind.RESCUE, Kind.WIPE_DONE})
"""What a computer that was shut out says: by its own key, in nobody's name."""

BY_POST = LEAVING | {Kind.SIGN_IN, Kind.HELLO, Kind.REHEARSAL, Kind.COMMANDS, Kind.DIGEST, Kind.COURIER}
SIGNED_IN = EVERY_KIND - LEAVING - {Kind.SIGN_IN, Kind.PING}
WITH_BODY = EVERY_KIND - {Kind.SIGN_OUT, Kind.WIPE_DONE}
"""What is answered with more than a status."""

AT_THE_DOOR = frozenset({Kind.SIGN_IN, Kind.SIGN_OUT, Kind.COURIER})
"""What a person asks for by himself: he is told what became of it, and the lamp is not asked."""

Script = Callable[[Scene, Exchange], None]
Around = Callable[[Scene], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Cause:
    """A class of trouble, and the finer codes that are right for it (none: any)."""

    kind: TroubleKind
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Toxic:
    """``script`` treats the exchange; ``around`` changes the world for as long as it lasts.

    ``cause`` is what the client must take it for; None: it must not be troubled at all. ``lamps`` are the words it
    may show then, where they are not those of the cause.
    """

    name: str
    position: str
    cause: Cause | None
    script: Script
    around: Around = lambda _: nullcontext()
    kinds: frozenset[Kind] = EVERY_KIND
    lamps: frozenset[LampKind] = frozenset()


def plain(_: Scene, exchange: Exchange) -> None:
    """Nothing befalls the exchange itself."""
    exchange.reply(exchange.deliver())


LINK = Cause(TroubleKind.LINK, frozenset({"server_unreachable", "response_cut"}))
UNREACHABLE = Cause(TroubleKind.LINK, frozenset({"server_unreachable"}))
CUT = Cause(TroubleKind.LINK, frozenset({"response_cut"}))
SILENT = Cause(TroubleKind.SERVER, frozenset({"server_silent"}))
PORTAL = Cause(TroubleKind.PORTAL, frozenset({"captive_portal"}))
NOT_UNDERSTOOD = Cause(TroubleKind.OTHER_VERSION, frozenset({"server_other_version"}))
