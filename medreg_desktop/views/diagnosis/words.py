"""The words of 诊断, and the explanation as text for the clipboard. Knows no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.support.explain import Explanation, Topic
from medreg_desktop.services.texts.explanations import CALLS, EXPLANATIONS, KINDS
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.services.transport.attempts import KEPT, Attempt
from medreg_desktop.ui.lamp import lamp_word
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import GONE, ROW_SYNC, Word
from medreg_desktop.views.diagnosis.state import About, ScreenState

_ROWS: Final[Mapping[Topic, Word]] = {
    Topic.ROW_SYNCED: ROW_SYNC[RowSync.SYNCED],
    Topic.ROW_WAITING: ROW_SYNC[RowSync.WAITING],
    Topic.ROW_HELD: ROW_SYNC[RowSync.WAITING],
    Topic.ROW_SENDING: ROW_SYNC[RowSync.SENDING],
    Topic.ROW_DEFERRED: ROW_SYNC[RowSync.DEFERRED],
    Topic.ROW_QUARANTINED: ROW_SYNC[RowSync.QUARANTINED],
    Topic.ROW_CONFLICT: Word(OutcomeKind.CONFLICT, "triangle-alert", Colour.BAD, bold=True),
    Topic.ROW_REFUSED: Word(OutcomeKind.REJECTED, "triangle-alert", Colour.BAD, bold=True),
    Topic.ROW_LOST: GONE,
    Topic.ROW_ACCEPTED: Word(OutcomeKind.ACCEPTED, "circle-tick", Colour.OK),
    Topic.ROW_CLOSED: Word(mark("Closed, without effect"), "circle-struck", Colour.TEXT2),
}

_SPOKEN: Final = frozenset({"minutes", "wait_s", "status"})
"""Parameters of a cause that are numbers of ours; others may come from the other side and stay off the clipboard."""


def head_word(state: ScreenState) -> Word:
    """Return the state that is explained, as it stands on the screen elsewhere."""
    topic = state.explanation.topic if state.explanation else None
    return _ROWS[topic] if topic is not None and topic in _ROWS else lamp_word(state.lamp, state.now)


def since_words(explanation: Explanation, now: datetime, head: str = "") -> str:
    """Return since when it is so, unless the head says it already, and how long that is."""
    if explanation.since is None:
        return ""
    at, span = near(explanation.since, now), now - explanation.since
    if span < timedelta(minutes=1):
        return tr("since {at}", at=at) if at not in head else ""
    minutes = int(span.total_seconds()) // 60
    long = tr("{n} h", n=minutes // 60) if minutes >= 120 else tr("{n} min", n=minutes)
    return tr("for {span}", span=long) if at in head else tr("since {at}, for {span}", at=at, span=long)


def means(explanation: Explanation) -> str:
    """Return what the state means."""
    return tr(EXPLANATIONS[explanation.topic].means)


def cause(explanation: Explanation, *, spoken_only: bool = False) -> str:
    """Return the cause in a sentence. ``spoken_only`` fills in numbers of ours only."""
    if not explanation.code:
        return tr(EXPLANATIONS[explanation.topic].cause) if EXPLANATIONS[explanation.topic].cause else "—"
    given = explanation.params.items()
    params = {name: value for name, value in given if not spoken_only or (name in _SPOKEN and value.isdigit())}
    return sentence(explanation.code, **params)


def next_words(explanation: Explanation, now: datetime) -> str:
    """Return what the program does next, and when."""
    what = tr(EXPLANATIONS[explanation.topic].next)
    if explanation.next_try is None:
        return what
    seconds = round((explanation.next_try - now).total_seconds())
    if seconds <= 0:
        return what + tr("It is being tried now.")
    return what + tr("Next try at {at}, in {n} s.", at=second_of(explanation.next_try), n=seconds)


def you_words(explanation: Explanation) -> str:
    """Return what the registrar can do."""
    return tr(EXPLANATIONS[explanation.topic].you)


def second_of(at: datetime) -> str:
    """Return ``10:42:07`` in the time of China."""
    return f"{at.astimezone(CHINA):%H:%M:%S}"


def call_word(attempt: Attempt) -> str:
    """Return what was exchanged."""
    return tr(CALLS[attempt.call]) if attempt.call in CALLS else attempt.call


def result_word(attempt: Attempt) -> Word:
    """Return how an exchange ended."""
    if not attempt.code:
        return Word(mark("done"), "tick", Colour.TEXT3)
    if not attempt.failed:
        return Word(mark("broken off for something more urgent"), "minus", Colour.TEXT2)
    return Word(KINDS.get(attempt.kind, attempt.kind), "circle-cross", Colour.BAD)


def took_words(attempt: Attempt) -> str:
    """Return how long an exchange took."""
    if attempt.took_ms < 1000:
        return tr("{n} ms", n=attempt.took_ms)
    return tr("{n} s", n=f"{attempt.took_ms / 1000:.1f}")


def attempts_title(explanation: Explanation) -> tuple[str, str]:
    """Return the title over the table, and how many of them failed."""
    failed = sum(1 for attempt in explanation.attempts if attempt.failed)
    note = tr("{n} without an answer", n=failed) if failed else ""
    return tr("Last {n} exchanges", n=len(explanation.attempts) or KEPT), note


def request_words(request_id: str) -> str:
    """Return what the service's operator can search for."""
    if not request_id:
        return tr("The service has given no request number.")
    return tr("Request number for support: {id}", id=request_id)


def as_text(state: ScreenState) -> str:
    """Return the explanation for the clipboard: no name, no application, no parameter from the other side."""
    found = state.explanation
    assert found is not None
    word = head_word(state).text
    head = [word, since_words(found, state.now, word)]
    lines = [
        " ".join(filter(None, (*head, _decision(state.about)))),
        means(found),
        f"{tr('Cause')}: {cause(found, spoken_only=True)}",
        f"{tr('What follows')}: {next_words(found, state.now)}",
        f"{tr('You can')}: {you_words(found)}",
        request_words(found.request_id),
    ]
    return "\n".join([*lines, "", *(_attempt_line(attempt) for attempt in found.attempts)]) + "\n"


def _decision(about: About | None) -> str:
    return tr("a decision …{tail}", tail=about.row.command.id[-8:]) if about and about.row else ""


def _attempt_line(attempt: Attempt) -> str:
    at = attempt.at.astimezone(CHINA)
    due = second_of(attempt.next_try) if attempt.next_try else "-"
    codes = f"{attempt.kind or '-'} {attempt.code or '-'} {attempt.status or '-'}"
    return f"{at:%Y-%m-%d %H:%M:%S} {attempt.call} {codes} {attempt.took_ms} ms {attempt.request_id or '-'} {due}"
