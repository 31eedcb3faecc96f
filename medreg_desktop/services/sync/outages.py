"""Notices when contact with the service is lost and found again, from the engine's state before and after an event."""

from __future__ import annotations

from medreg_desktop.services.sync.effects import Effect, EndOutage, NoteOutage
from medreg_desktop.services.sync.events import Event, Failed
from medreg_desktop.services.sync.state import Contact, Step, SyncState

MOST_CAUSES = 8


def noticed(before: Contact, state: SyncState, event: Event) -> Step:
    """Return what to write down of an outage after ``event`` was absorbed; ``before`` is the contact before it.

    The end is also told at the first answer of a run: the loss may have begun in an earlier one.
    """
    now = state.contact
    first_word = before.heard_at is None and now.heard_at is not None
    if now.offline_since is None and (before.offline_since is not None or first_word):
        lasted_s = event.at.mono - before.lost_mono if before.offline_since is not None else None
        return state.with_contact(lost_for=()), (EndOutage(event.at, lasted_s, now.clock_offset_s),)
    if now.offline_since is None or not isinstance(event, Failed):
        return state, ()
    return _lost(before, state, event)


def _lost(before: Contact, state: SyncState, event: Failed) -> Step:
    code = event.trouble.code
    if code in before.lost_for or len(before.lost_for) >= MOST_CAUSES:
        return state, ()
    effects: tuple[Effect, ...] = (NoteOutage(event.at, code, before.clock_offset_s),)
    begins = before.offline_since is None
    lost_mono = event.at.mono if begins else before.lost_mono
    return state.with_contact(lost_mono=lost_mono, lost_for=(*(() if begins else before.lost_for), code)), effects
