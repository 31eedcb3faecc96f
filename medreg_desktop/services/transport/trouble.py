"""What can go wrong between this program and the service: a closed list, each with what the receiver does about it.

The engine decides by the :class:`TroubleKind` alone. The ``code`` beside it is finer and only for words: the sentence
on the screen, the explain panel, the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from medreg_desktop.services.faults import KnownFault

LONGEST_WAIT_S = 3600
"""A ``Retry-After`` beyond one hour is not believed: a broken proxy must not silence a PC for a week."""


class TroubleKind(StrEnum):
    """Classes of trouble, by what is done about them (``sync.md`` §5.8)."""

    LINK = "link"  # nothing reached: try everything again with back-off
    SERVER = "server"  # reached, but no proper answer: the same, and a poison command is looked for
    TOLD = "told"  # asked to wait a stated time
    SIGN_IN = "sign_in"  # the session ended: pause, count no attempt, ask softly
    REFUSED = "refused"  # this account or device may not: stop this class of call
    PORTAL = "portal"  # somebody else answered: nothing is parsed
    CLOCK = "clock"  # the certificate's time does not fit ours
    UNTRUSTED = "untrusted"  # the certificate is not the service's
    ENVELOPE = "envelope"  # this batch cannot be taken: halve it, at one command quarantine
    RESYNC = "resync"  # the cursor is dead: take a new snapshot beside the old copy
    TOO_OLD = "too_old"  # this program must be updated: sending pauses, reading goes on
    OTHER_VERSION = "other_version"  # our service, but not understood: try again rarely


@dataclass(frozen=True, slots=True)
class Trouble:
    """One failed exchange. ``wait_s`` is set for :attr:`TroubleKind.TOLD`; ``status`` is 0 when no answer arrived."""

    kind: TroubleKind
    code: str
    status: int = 0
    wait_s: int = 0
    request_id: str = ""
    params: dict[str, str] = field(default_factory=dict)


class TransportFault(KnownFault):
    """Raised by every call of the transport that did not end in a proper answer."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code, **trouble.params)
        self.trouble = trouble


class Interrupted(Exception):
    """The caller no longer wants the answer. The request may or may not have reached the service."""
