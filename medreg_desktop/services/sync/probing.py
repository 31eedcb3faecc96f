"""Is it the command or the service? A command that fails with no other beside it, judged by a harmless one.

While others pass, five failures set a command apart. Alone in the queue there is no other to compare it with, so two
witnesses are heard: a hello, which the service must write and commit, and the rehearsal of a command that it must
refuse. If both go well the service works, and the one that keeps failing is set apart in sight; anything else is an
outage, and the command is cleared and goes on being tried.
"""

from __future__ import annotations

from dataclasses import replace

from medreg_desktop.services.sync.events import Failed, Moment, ProbeAnswered
from medreg_desktop.services.sync.state import POISON_AT, Suspect, SyncState
from medreg_desktop.services.transport.trouble import TroubleKind

LONE_FAILURES = 8
LONE_AFTER_S = 600.0
"""A lone command is suspected only after so many failures over so long: what is quick to mend is mended by then."""

TRIALS = 2
"""Failures that must still follow upon the witnesses."""

_SAYS_NOTHING = frozenset({TroubleKind.LINK, TroubleKind.TOLD, TroubleKind.PORTAL, TroubleKind.CLOCK})


def is_due(state: SyncState, at: Moment) -> bool:
    """Return whether a command has failed so long, with none beside it, that the service must be asked about it."""
    greeted = state.contact.greeted_mono
    return state.contact.rehearses and any(
        _is_lone(suspect, at) and greeted >= suspect.failed_at for suspect in state.sending.suspects
    )


def wants_greeting(state: SyncState, at: Moment) -> bool:
    """Return whether a hello is needed to show that the service still writes; never while it cannot be reached."""
    greeted, fails = state.contact.greeted_mono, state.receiving.circuit.failures
    return (
        state.contact.rehearses
        and not fails
        and any(_is_lone(suspect, at) and greeted < suspect.failed_at for suspect in state.sending.suspects)
    )


def answered(state: SyncState, event: ProbeAnswered) -> SyncState:
    """With the probe refused as it must be, count it as another command that passed; else clear the suspects.

    Nothing is set apart yet: an outage may have ended just now. Only if it keeps failing is it poison, as it would be
    beside others.
    """
    state = state.with_sending(circuit=state.sending.circuit.passed())
    if not event.refused:
        return _cleared(state, event.at)
    accused = (
        replace(suspect, others_passed=True, failures=POISON_AT - TRIALS) if _is_lone(suspect, event.at) else suspect
        for suspect in state.sending.suspects
    )
    return state.with_sending(suspects=tuple(accused))


def failed(state: SyncState, event: Failed) -> SyncState:
    """The probe itself failed: the service fails on every command, unless it was not even reached."""
    if event.trouble.kind not in _SAYS_NOTHING:
        state = _cleared(state, event.at)
    state, chance = state.chance()
    return state.with_sending(circuit=state.sending.circuit.failed(event.trouble, event.at, chance))


def _is_lone(suspect: Suspect, at: Moment) -> bool:
    return suspect.failures >= LONE_FAILURES and not suspect.others_passed and at.mono - suspect.since >= LONE_AFTER_S


def _cleared(state: SyncState, at: Moment) -> SyncState:
    rest = (replace(s, failures=1, since=at.mono) if _is_lone(s, at) else s for s in state.sending.suspects)
    return state.with_sending(suspects=tuple(rest))
