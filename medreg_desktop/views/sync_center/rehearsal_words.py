"""The words of a rehearsal and of the guard against mass removals. Knows no Qt."""

from __future__ import annotations

from datetime import datetime
from functools import reduce

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.vocabulary import OutcomeKind, State
from medreg_desktop.services.sync.forecast import Rehearsed, follows
from medreg_desktop.services.sync.report import Guard, GuardState
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import tr, trn


def verdict(told: Rehearsed) -> str:
    """Return ``212 条将通过，3 条需要您``, or how far the rehearsal is."""
    if told.is_running:
        return tr("Rehearsing {n} of {m}; nothing is sent yet", n=told.asked, m=told.total)
    parts = [trn("{n} will pass", "{n} will pass", told.passes)]
    if told.needs_you:
        parts.append(trn("{n} needs you", "{n} need you", told.needs_you))
    if following := len(told.affected) - told.needs_you:
        parts.append(trn("{n} stops with it", "{n} stop with them", following))
    if told.unknown:
        parts.append(trn("{n} cannot be foreseen", "{n} cannot be foreseen", told.unknown))
    return reduce(lambda said, more: tr("{said}, {more}", said=said, more=more), parts)


def what_follows(told: Rehearsed, seconds_left: int, *, paused: bool = False, cut: bool = False) -> str:
    """Return what goes by itself and when, so that nobody has to answer."""
    if told.is_running:
        return tr("The service says what would become of each; this takes a few seconds.")
    if paused:
        return tr("Sending is paused: none of it goes until sending goes on.")
    if cut:
        return tr("The service does not answer: none of it goes until it does.")
    rest = tr("What needs you waits until {at}; then the register decides.", at=_clock(told.holds_until))
    if seconds_left <= 0:
        return rest
    n = told.passes + told.unknown
    return trn("{n} is sent in {s} s by itself. ", "{n} are sent in {s} s by themselves. ", n, s=seconds_left) + rest


def send_label(told: Rehearsed) -> str:
    """Return the words of the button that does not wait."""
    return trn("Send {n}", "Send {n}", told.passes + told.unknown)


def foreseen_reason(said: Outcome, who: str) -> str:
    """Return in a short line what a rehearsal says of a command; ``who`` stood in the way."""
    if follows(said):
        return tr("Rehearsal: stops with the decision before it")
    if said.code == FaultCode.VERSION_CONFLICT and said.by:
        return tr("Rehearsal: {who} has changed the content", who=who)
    if said.kind is OutcomeKind.CONFLICT and said.by:
        if said.current is not None and said.current.state is State.WITHDRAWN:
            return tr("Rehearsal: {who} has withdrawn it", who=who)
        state = term(said.current.state) if said.current else ""
        return tr("Rehearsal: {who} has acted on it, now {state}", who=who, state=state)
    words = sentence(said.code or said.kind.value, **said.params)
    return tr("Rehearsal: {what}", what=words)


def guard_words(guard: Guard | None, now: datetime) -> tuple[str, str]:
    """Return what was held and what happens next; empty when there is nothing to tell."""
    if guard is None:
        return "", ""
    n, total = f"{guard.removals:,}", f"{guard.total:,}"
    match guard.state:
        case GuardState.HELD:
            return (
                tr(
                    "The service would remove {n} of {total} applications: held, nothing was removed.", n=n, total=total
                ),
                tr(
                    "The copy is being compared with the register. If it agrees they go, else the copy is fetched "
                    "anew; your decisions are not touched. Held since {at}.",
                    at=near(guard.since, now),
                ),
            )
        case GuardState.CONFIRMED:
            return (
                tr("{n} of {total} applications were removed, after the register had confirmed it.", n=n, total=total),
                tr("They were held at {at} until the register had said the same twice.", at=near(guard.since, now)),
            )
        case GuardState.REFETCHED:
            return (
                tr(
                    "The removal of {n} of {total} applications was not confirmed: nothing was removed.",
                    n=n,
                    total=total,
                ),
                tr("The copy is fetched anew beside the old one, which stays usable meanwhile."),
            )


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(CHINA):%H:%M}" if at else "—"
