"""What the lamp must say after a trouble: the table of ``sync.md`` §5.8, by classes of trouble and calls."""

from __future__ import annotations

from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.transport.trouble import TroubleKind
from simulator.real.cells.toxic import LEAVING, Kind, Toxic

_WORDS: dict[TroubleKind, LampKind] = {
    TroubleKind.LINK: LampKind.OFFLINE,
    TroubleKind.SERVER: LampKind.SERVER_SILENT,
    TroubleKind.TOLD: LampKind.SERVER_SILENT,
    TroubleKind.SIGN_IN: LampKind.SIGN_IN,
    TroubleKind.REFUSED: LampKind.NEEDS_YOU,
    TroubleKind.PORTAL: LampKind.NETWORK_SIGN_IN,
    TroubleKind.CLOCK: LampKind.SERVER_SILENT,  # our clock is known to be right: the certificate is wrong
    TroubleKind.UNTRUSTED: LampKind.NETWORK_SIGN_IN,
    TroubleKind.ENVELOPE: LampKind.SERVER_SILENT,
    TroubleKind.RESYNC: LampKind.SERVER_SILENT,
    TroubleKind.TOO_OLD: LampKind.NEEDS_YOU,
    TroubleKind.OTHER_VERSION: LampKind.SERVER_SILENT,
}

_MENDED_AT_ONCE: frozenset[tuple[Kind, TroubleKind]] = frozenset(
    {
        (Kind.COMMANDS, TroubleKind.ENVELOPE),  # the batch is halved
        (Kind.COMMANDS, TroubleKind.SERVER),  # the batch is cut to a tenth, for it may be its own fault
        *((Kind.REHEARSAL, kind) for kind in (TroubleKind.ENVELOPE, TroubleKind.OTHER_VERSION, TroubleKind.RESYNC)),
        *(
            (kind, TroubleKind.RESYNC)
            for kind in (Kind.CHANGES, Kind.MORE_CHANGES, Kind.DIGEST)  # a snapshot is taken at once, a second waits
        ),
    }
)
"""Troubles that the same sync overcomes without a wait: at its end nothing of them is left to show."""


def lamps_after(kind: Kind, toxic: Toxic) -> frozenset[LampKind]:
    """Return the words the lamp may show once the sync that met this trouble waits."""
    cause = toxic.cause
    if kind in LEAVING:
        return frozenset({LampKind.NEEDS_YOU}) | (frozenset() if cause is None else frozenset({_WORDS[cause.kind]}))
    if kind is Kind.PING and cause is None:
        return toxic.lamps | {LampKind.SIGN_IN}  # the service is there; without a session that is all it can be
    if toxic.lamps:
        return toxic.lamps
    if cause is None or (kind, cause.kind) in _MENDED_AT_ONCE:
        return frozenset({LampKind.SYNCED})
    return frozenset({_WORDS[cause.kind]})
