"""The state vocabulary (``look.md`` §5): each state is a word, an icon of its own shape and a colour. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass

from medreg_core.domain.vocabulary import CheckResult, ScanResult, State
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.tokens import Colour


@dataclass(frozen=True, slots=True)
class Word:
    """A state as shown. ``source`` is looked up with ``tr``; ``soft`` fills a pill behind it."""

    source: str
    icon: str
    colour: Colour
    bold: bool = False
    soft: Colour | None = None

    @property
    def text(self) -> str:
        """The word in the current language."""
        return tr(self.source)


STATES: dict[State, Word] = {
    State.DRAFT: Word(mark("Draft"), "pen", Colour.TEXT2),
    State.SUBMITTED: Word(mark("Awaiting review"), "circle-dashed", Colour.TEXT),
    State.AGREED: Word(mark("Agreed"), "circle-tick", Colour.TEXT),
    State.ACCEPTED: Word(mark("Accepted"), "tray", Colour.TEXT),
    State.APPROVED: Word(mark("Approved"), "stamp", Colour.OK),
    State.CERTIFIED: Word(mark("Certificate made"), "sheet-tick", Colour.TEXT),
    State.COLLECTED: Word(mark("Certificate collected"), "parcel", Colour.TEXT2),
    State.WITHDRAWN: Word(mark("Withdrawn"), "arrow-turning", Colour.TEXT2),
    State.RETURNED: Word(mark("Returned"), "arrow-back", Colour.TEXT),
    State.REFUSED: Word(mark("Refused by the institution"), "circle-barred", Colour.BAD, bold=True),
    State.SUPPLEMENT: Word(mark("Supplement asked"), "sheet-alert", Colour.WARN),
    State.NOT_ACCEPTED: Word(mark("Not accepted"), "parcel-cross", Colour.BAD, bold=True),
    State.DENIED: Word(mark("Denied"), "octagon-cross", Colour.BAD, bold=True),
}

CHECKS: dict[CheckResult, Word] = {
    CheckResult.PASS: Word(mark("Passed"), "circle-tick", Colour.OK),
    CheckResult.FAIL: Word(mark("Failed"), "circle-cross", Colour.BAD, bold=True),
    CheckResult.UNKNOWN: Word(mark("Unknown"), "circle-question", Colour.WARN),
}

DIFFERENCES: dict[str, Word] = {
    "changed": Word(mark("Chg"), "pencil", Colour.DIFF, bold=True),
    "added": Word(mark("Add"), "circle-plus", Colour.DIFF, bold=True),
    "removed": Word(mark("Rem"), "circle-minus", Colour.DIFF, bold=True),
    "same": Word(mark("Same"), "", Colour.TEXT3),
}

ROW_SYNC: dict[str, Word] = {
    "synced": Word(mark("Synced"), "tick", Colour.TEXT3),
    "queued": Word(mark("To be sent"), "arrow-from-line", Colour.ACCENT),
    "in_flight": Word(mark("Sending"), "circle-arrow-up", Colour.ACCENT),
    "deferred": Word(mark("Deferred"), "hourglass", Colour.WARN),
    "needs_you": Word(mark("Needs you"), "triangle-alert", Colour.BAD, bold=True),
    "quarantined": Word(mark("Quarantined"), "circle-pause", Colour.BAD, bold=True),
}

PAPERS: dict[str, Word] = {
    "to_recall": Word(mark("To recall"), "sheet-alert", Colour.BAD, bold=True),
    "recalled": Word(mark("Recalled"), "circle-tick", Colour.OK),
}

SCANS: dict[ScanResult, Word] = {
    ScanResult.VALID: Word(mark("Genuine"), "circle-tick", Colour.OK),
    ScanResult.CHANGED: Word(mark("Changed since"), "pencil", Colour.BAD, bold=True),
    ScanResult.VOID: Word(mark("Void"), "circle-struck", Colour.TEXT2),
    ScanResult.PENDING: Word(mark("Sync pending"), "arrow-from-line", Colour.WARN),
    ScanResult.FORGED: Word(mark("Forged"), "octagon-cross", Colour.BAD, bold=True),
}


def deadline(workdays_left: int | None) -> Word:
    """Return the deadline pill for a number of working days; None means the calendar is not published."""
    if workdays_left is None:
        return Word(tr("Calendar not published"), "calendar-cross", Colour.TEXT2)
    if workdays_left < 0:
        n = -workdays_left
        late = trn("{n} working day late", "{n} working days late", n)
        return Word(late, "octagon-alert", Colour.BAD, bold=True, soft=Colour.BAD_SOFT)
    if workdays_left == 0:
        return Word(tr("Due today"), "hourglass", Colour.WARN, soft=Colour.WARN_SOFT)
    left = trn("{n} working day left", "{n} working days left", workdays_left)
    if workdays_left <= 2:
        return Word(left, "hourglass", Colour.WARN, soft=Colour.WARN_SOFT)
    return Word(left, "clock", Colour.TEXT2)


def synced(at: str) -> Word:
    """Lamp: everything is sent, as of ``at``."""
    return Word(tr("Synced {at}", at=at), "circle-tick", Colour.OK)


def sending(n: int, m: int) -> Word:
    """Lamp: command ``n`` of ``m`` is on its way."""
    return Word(tr("Sending {n} / {m}", n=n, m=m), "circle-arrow-up", Colour.ACCENT)


def offline(since: str) -> Word:
    """Lamp: no network since ``since``."""
    return Word(tr("Offline since {since}", since=since), "waves-struck", Colour.TEXT2)


def not_answering(seconds: int) -> Word:
    """Lamp: the server does not answer; the next try comes by itself."""
    text = trn("Server not answering, next try in {n} s", "Server not answering, next try in {n} s", seconds)
    return Word(text, "server-struck", Colour.WARN)


def network_sign_in() -> Word:
    """Lamp: a captive portal stands in between."""
    return Word(mark("The network asks for a sign-in"), "globe-lock", Colour.WARN)


def sign_in_again() -> Word:
    """Lamp: the session has ended; nothing is sent until the registrar signs in."""
    return Word(mark("Sign in again"), "key", Colour.WARN)


def needs_you(n: int) -> Word:
    """Lamp: ``n`` items wait for the registrar."""
    text = trn("{n} item needs you", "{n} items need you", n)
    return Word(text, "triangle-alert", Colour.BAD, bold=True)


def clock_wrong(minutes: int) -> Word:
    """Lamp: this computer's clock is ahead (positive) or behind by minutes."""
    if minutes >= 0:
        text = trn("Clock {n} min fast", "Clock {n} min fast", minutes)
    else:
        text = trn("Clock {n} min slow", "Clock {n} min slow", -minutes)
    return Word(text, "clock-alert", Colour.WARN)
