"""The words of 同步中心: what a command does, why it waits, what happened to it. Knows no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from medreg_core.contract.v1.commands import CodeBody, RecordPrint, RecordRecall
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.vocabulary import OutcomeKind, State
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState, Resolution
from medreg_desktop.services.review.outbox_desk import Conflict, OutboxItem
from medreg_desktop.services.sync.forecast import follows
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import SENTENCES, sentence, what_and_todo
from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, together, tr, trn
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import GONE, Word
from medreg_desktop.views.sync_center.rehearsal_words import foreseen_reason

_STATES: dict[OutboxState, Word] = {
    OutboxState.QUEUED: Word(mark("To be sent"), "arrow-from-line", Colour.ACCENT),
    OutboxState.IN_FLIGHT: Word(mark("Sending"), "circle-arrow-up", Colour.ACCENT),
    OutboxState.DEFERRED: Word(mark("Deferred"), "hourglass", Colour.WARN),
    OutboxState.NEEDS_YOU: Word(mark("Needs you"), "triangle-alert", Colour.BAD, bold=True),
    OutboxState.QUARANTINED: Word(mark("Quarantined"), "circle-pause", Colour.BAD, bold=True),
}

_RESOLUTIONS = {
    Resolution.CANCELLED: mark("taken back before it was sent"),
    Resolution.DROPPED: mark("given up"),
    Resolution.REPLACED: mark("replaced by a later decision"),
    Resolution.STOPPED: mark("not sent: the decision it hung on was not taken"),
}

_MOVED = frozenset({FaultCode.VERSION_CONFLICT, FaultCode.STATE_CONFLICT, FaultCode.ALREADY_DECIDED})

_WHO = {"applicant": mark("The applicant"), "commission": mark("The authority")}


_STOPS = "。. "
_CLOCK_MINUTES = 2


def moment(at: datetime) -> str:
    """Return ``11-23 10:42`` in the time of China."""
    return f"{at.astimezone(CHINA):%m-%d %H:%M}"


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
    if item.foreseen is not None and follows(item.foreseen):
        return Word(mark("Would stop too"), "circle-struck", Colour.TEXT2)
    if item.foreseen is not None:
        return Word(mark("Would need you"), "triangle-alert", Colour.WARN, bold=True)
    if item.row.state is not OutboxState.DONE:
        return _STATES[item.row.state]
    outcome = item.row.outcome
    if item.row.resolution or outcome is None:
        return Word(tr("Closed"), "circle-struck", Colour.TEXT2)
    accepted = outcome.kind in (OutcomeKind.ACCEPTED, OutcomeKind.SUPERSEDED)
    return Word(
        term(outcome.kind), "circle-tick" if accepted else "triangle-alert", Colour.OK if accepted else Colour.BAD
    )


def reason(item: OutboxItem, now: datetime) -> str:  # noqa: PLR0911 - one line per kind of cause
    """Return why the command stands where it stands, in one short line; the whole story is at the right."""
    row, outcome = item.row, item.row.outcome
    if item.foreseen is not None:
        return _first_sentence(foreseen_reason(item.foreseen, who(item.foreseen.by)))
    if row.resolution:
        return tr(_RESOLUTIONS[row.resolution])
    if outcome is not None and outcome.kind is OutcomeKind.SUPERSEDED:
        return tr("{who} had already decided the same.", who=who(outcome.by)).rstrip(_STOPS)
    if outcome is not None and outcome.kind is OutcomeKind.CONFLICT and outcome.by and outcome.current is not None:
        newer = tr("{who} has made it version {n}", who=who(outcome.by), n=outcome.current.content_version)
        rewritten = outcome.code == FaultCode.VERSION_CONFLICT and outcome.by == "applicant"
        what = newer if rewritten else _acted(who(outcome.by), outcome.current.state)
        return tr("{word}: {what}", word=term(outcome.kind), what=what)
    if row.last_cause:
        what = _first_sentence(sentence(row.last_cause, **(outcome.params if outcome else {})))
        if row.is_lost:
            return what
        word = state_word(item).text if outcome is None else term(outcome.kind)
        waits = row.next_try is not None and row.state in (OutboxState.QUEUED, OutboxState.DEFERRED)
        again = tr(", next try {at}", at=near(row.next_try, now)) if waits and row.next_try else ""
        return (what if row.state is OutboxState.QUEUED else tr("{word}: {what}", word=word, what=what)) + again
    if row.handed_at is not None and row.is_open:
        return tr("with the courier since {at}", at=moment(row.handed_at))
    if row.command.depends_on is not None and row.is_open:
        return tr("waits for the decision before it")
    return "—"


def _first_sentence(words: str) -> str:
    ends = [words.find(stop) for stop in ("。", ". ", "；", "; ") if stop in words]
    return (words[: min(ends)] if ends else words).rstrip(_STOPS)


def answer_line(item: OutboxItem, now: datetime) -> str:
    """Return what was answered to whom, in one line."""
    head = " ".join(filter(None, (action_word(item), item.applicant, detail(item))))
    why = reason(item, now)
    what = state_word(item).text if why == "—" else why
    return tr("{head}: {what}", head=head, what=what)


def troubles(waiting: Sequence[OutboxItem]) -> str:
    """Return how many of what needs the registrar: ``冲突 1，被拒 1，隔离 1``."""
    kinds = Counter(_trouble(item.row) for item in waiting)
    return tr(", ").join(f"{word} {n}" for word, n in kinds.items())


def _trouble(row: OutboxRow) -> str:
    """Return what stands between a command and its end, in a word: the answer, or the state where there is none."""
    if row.is_lost:
        return GONE.text
    if row.outcome is None or row.state is OutboxState.QUARANTINED:
        return _STATES[row.state].text
    return term(row.outcome.kind)


def clock_words(report: SyncReport | None, now: datetime) -> str:
    """Return what the service's clock says about ours, under the last success."""
    if report is None or report.synced_at is None:
        return ""
    minutes = round((report.clock_offset_s or 0.0) / 60)
    if abs(minutes) < _CLOCK_MINUTES:
        return tr("list as of {at}, clock right", at=near(report.synced_at, now))
    return tr("list as of {at}", at=near(report.synced_at, now))


def standing_in_the_way(report: SyncReport | None) -> tuple[str, str]:
    """Return what keeps sync from going on and what to do about it; empty when nothing does."""
    if report is None or report.lamp.code not in SENTENCES:
        return "", ""
    return what_and_todo(report.lamp.code, minutes=str(abs(report.lamp.minutes_fast)))


def decided_line(conflict: Conflict, now: datetime) -> str:
    """Return what was decided and when."""
    if _is_about_a_code(conflict):
        return tr("{act} at {at}", act=term(conflict.row.kind), at=near(conflict.row.saved_at, now))
    return tr(
        "{act} at {at}, version {n}",
        act=term(conflict.row.kind),
        at=near(conflict.row.saved_at, now),
        n=_version_read(conflict),
    )


def _version_read(conflict: Conflict) -> int:
    """Return of which contents the decision was: what the applicant hands in again is the next version of them."""
    return conflict.read.content_version if conflict.read is not None else conflict.row.command.base_version


def register_line(conflict: Conflict, now: datetime) -> str:
    """Return who acted in the register, when, and how the application stands there."""
    if _is_about_a_code(conflict):
        return tr("{who}, {at}", who=who(conflict.by), at=near(conflict.at, now)) if conflict.at else "—"
    there = term(conflict.current.state) if conflict.current else tr("no longer here")
    if conflict.at is None:
        return there
    return tr("{who}, {at}, {state}", who=who(conflict.by), at=near(conflict.at, now), state=there)


def title(conflict: Conflict) -> tuple[str, str]:
    """Return whom an item concerns, and its kind with the part changed."""
    application = conflict.current or conflict.read
    if _is_about_a_code(conflict):
        return tr("A physician's activation code"), ""
    if application is None:
        return tr("An application that has left"), ""
    part = f" {term(application.change_part)}" if application.change_part else ""
    return application.person.name, f"{term(application.kind)}{part}"


def trouble_word(conflict: Conflict) -> Word:
    """Return the state of the item at the right."""
    if conflict.row.state is OutboxState.QUARANTINED:
        return _STATES[OutboxState.QUARANTINED]
    if conflict.is_foreseen:
        return Word(mark("Would need you"), "triangle-alert", Colour.WARN, bold=True)
    return Word(_trouble(conflict.row), "triangle-alert", Colour.BAD, bold=True)


def opinion_line(conflict: Conflict) -> str:
    """Return the words of the own decision."""
    words = getattr(conflict.row.command.body, "opinion", "") or getattr(conflict.row.command.body, "reason", "")
    n = _version_read(conflict)
    return tr("My words (version {n}): {words}", n=n, words=words) if words else ""


def who(by: str) -> str:
    """Return who stood in the way."""
    return tr(_WHO[by]) if by in _WHO else by or tr("Somebody")


def what_happened(conflict: Conflict, now: datetime) -> str:
    """Return the story of a conflict in two sentences: who did what when, and that both versions are kept."""
    if conflict.row.state is OutboxState.QUARANTINED:
        return sentence(conflict.code, **conflict.params)
    if conflict.row.is_lost:
        act, at = term(conflict.row.kind), near(conflict.row.saved_at, now)
        was = tr("Your “{act}” of {at} had been taken.", act=act, at=at)
        return together(was, sentence(conflict.code, **conflict.params))
    if _is_about_a_code(conflict):
        return _happened_to_a_code(conflict, now)
    mine = tr(
        "Your decision “{act}” of {at} was for version {n}",
        act=term(conflict.row.kind),
        at=near(conflict.row.saved_at, now),
        n=_version_read(conflict),
    )
    happened = _happened(conflict, now)
    if conflict.is_foreseen and conflict.row.sent:
        return tr("Rehearsal: {happened} {mine} and would not be taken.", happened=happened, mine=mine)
    if conflict.is_foreseen:
        return tr(
            "Rehearsal: {happened} {mine} and would not be taken; it has not been sent.", happened=happened, mine=mine
        )
    return tr("{happened} {mine} and was not taken; both are kept.", happened=happened, mine=mine)


def _acted(by: str, state: State) -> str:
    if state is State.WITHDRAWN:
        return tr("{who} has withdrawn it", who=by)
    return tr("{who} has acted on it", who=by)


def _happened(conflict: Conflict, now: datetime) -> str:
    """Return the first sentence; where the service has not said who and when, what it says now has to do."""
    if conflict.at is not None:
        return _done(conflict, who(conflict.by), near(conflict.at, now))
    if conflict.current is None or conflict.code not in _MOVED:
        return sentence(conflict.code, **conflict.params)
    if conflict.changes:
        changed = len(conflict.changes)
        return trn("{n} item was changed meanwhile.", "{n} items were changed meanwhile.", changed)
    return tr("It stands as {state} meanwhile.", state=term(conflict.current.state))


def _done(conflict: Conflict, by: str, at: str) -> str:
    """Return who did what and when, of an application as it stands now."""
    if conflict.current is None:
        return tr("{who} acted at {at}; it has left your institution since.", who=by, at=at)
    if conflict.changes:
        changed = len(conflict.changes)
        return trn("{who} changed {n} item at {at}.", "{who} changed {n} items at {at}.", changed, who=by, at=at)
    if conflict.current.state is State.WITHDRAWN:
        return tr("{who} withdrew it at {at}.", who=by, at=at)
    return tr("{who} acted at {at}; it now stands as {state}.", who=by, at=at, state=term(conflict.current.state))


def _is_about_a_code(conflict: Conflict) -> bool:
    """Return whether it concerns a physician and no application: it has no version and no state to compare."""
    return isinstance(conflict.row.command.body, CodeBody)


def _happened_to_a_code(conflict: Conflict, now: datetime) -> str:
    why = sentence(conflict.code, **conflict.params)
    if conflict.is_foreseen:
        return tr("Rehearsal: {why}", why=why)
    act, at = term(conflict.row.kind), near(conflict.row.saved_at, now)
    return together(why, tr("Your “{act}” of {at} was not taken.", act=act, at=at))


def again_label(conflict: Conflict) -> str:
    """Return the words of the way that is offered first."""
    if conflict.is_foreseen:
        return tr("Take back and review again")
    return tr("Review again on version {n}", n=conflict.current.content_version if conflict.current else 0)


def give_up_label(conflict: Conflict) -> str:
    """Return the words of the button that drops one's own decision."""
    act = term(conflict.row.kind)
    return tr("Take back my “{act}”", act=act) if conflict.is_foreseen else tr("Drop my “{act}”", act=act)


def hint(conflict: Conflict) -> str:
    """Return what the ways out lead to."""
    if conflict.is_foreseen and conflict.row.sent:
        return tr("It was sent before, so the register must decide it; that is never lost.")
    if conflict.is_foreseen and not conflict.can_take_back:
        return tr("It cannot be taken back. It is sent later, and the register decides.")
    if conflict.is_foreseen:
        return tr("It has not been sent. Without a word from you it is sent later, and the register decides.")
    again = tr("Reviewing again opens the window with your words in it.") if conflict.can_review_again else ""
    return together(again, tr("Later changes nothing; the item stays here."))
