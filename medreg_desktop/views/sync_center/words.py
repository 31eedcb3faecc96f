"""The words of 同步中心: what a command does, why it waits, what happened to it. Knows no Qt."""

from __future__ import annotations

from datetime import datetime

from medreg_core.contract.v1.messages import RecordPrint, RecordRecall
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.review.outbox_desk import Conflict, OutboxItem
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import Word

_STATES: dict[OutboxState, Word] = {
    OutboxState.QUEUED: Word(mark("To be sent"), "arrow-from-line", Colour.ACCENT),
    OutboxState.IN_FLIGHT: Word(mark("Sending"), "circle-arrow-up", Colour.ACCENT),
    OutboxState.DEFERRED: Word(mark("Deferred"), "hourglass", Colour.WARN),
    OutboxState.NEEDS_YOU: Word(mark("Needs you"), "triangle-alert", Colour.BAD, bold=True),
    OutboxState.QUARANTINED: Word(mark("Quarantined"), "circle-pause", Colour.BAD, bold=True),
}

_RESOLUTIONS = {
    Resolution.CANCELLED: mark("taken back before it was sent"),
    Resolution.DROPPED: mark("given up after the answer"),
    Resolution.REPLACED: mark("replaced by a later decision"),
    Resolution.STOPPED: mark("not sent: the decision it hung on was not taken"),
}

_WHO = {"applicant": mark("The applicant"), "commission": mark("The authority")}


def clock(at: datetime) -> str:
    """Return ``10:42`` in the time of China."""
    return f"{at.astimezone(CHINA):%H:%M}"


def action_word(item: OutboxItem) -> str:
    """Return what the command asks for."""
    return term(item.row.kind)


def detail(item: OutboxItem) -> str:
    """Return what follows the applicant's name: the kind, or the form."""
    body = item.row.command.body
    if isinstance(body, RecordPrint | RecordRecall):
        return tr("form …{tail}", tail=body.form_number[-6:])
    return term(item.kind) if item.kind else ""


def state_word(item: OutboxItem) -> Word:
    """Return the state of a command."""
    if item.row.state is not OutboxState.DONE:
        return _STATES[item.row.state]
    outcome = item.row.outcome
    if item.row.resolution or outcome is None:
        return Word(tr("Closed"), "circle-struck", Colour.TEXT2)
    accepted = outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED)
    return Word(
        term(outcome.kind), "circle-tick" if accepted else "triangle-alert", Colour.OK if accepted else Colour.BAD
    )


def reason(item: OutboxItem) -> str:
    """Return why the command stands where it stands, in one line."""
    row = item.row
    if row.resolution:
        return tr(_RESOLUTIONS[row.resolution])
    if row.outcome is not None and row.outcome.kind is OutcomeKind.SUPERSEDED:
        return tr("{who} had already decided the same.", who=who(row.outcome.by))
    if row.last_cause:
        return sentence(row.last_cause, **(row.outcome.params if row.outcome else {}))
    if row.command.depends_on is not None and row.is_open:
        return tr("waits for the decision before it")
    return "—"


def who(by: str) -> str:
    """Return who stood in the way."""
    return tr(_WHO[by]) if by in _WHO else by or tr("Somebody")


def what_happened(conflict: Conflict) -> str:
    """Return the story of a conflict in two sentences: who did what when, and that both versions are kept."""
    mine = tr(
        "Your decision “{act}” of {at} was for version {n}",
        act=term(conflict.row.kind),
        at=clock(conflict.row.saved_at),
        n=conflict.row.command.base_version,
    )
    changed = len(conflict.changes)
    if conflict.at is None:
        happened = sentence(conflict.code, **(conflict.row.outcome.params if conflict.row.outcome else {}))
    elif changed:
        text = "{who} changed {n} item at {at}."
        happened = trn(text, "{who} changed {n} items at {at}.", changed, who=who(conflict.by), at=clock(conflict.at))
    else:
        state = term(conflict.current.state) if conflict.current else ""
        happened = tr(
            "{who} acted at {at}; it now stands as {state}.", who=who(conflict.by), at=clock(conflict.at), state=state
        )
    return tr("{happened} {mine} and was not taken; both are kept.", happened=happened, mine=mine)


def give_up_label(kind: CommandKind) -> str:
    """Return the words of the button that drops one's own decision."""
    return tr("Drop my “{act}”", act=term(kind))
