"""The state vocabulary (``look.md`` §5): each state is a word, an icon of its own shape and a colour. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from medreg_core.domain.comparison import Mark
from medreg_core.domain.vocabulary import CheckResult, ScanResult, State
from medreg_desktop.services.search.conditions import RowSync
from medreg_desktop.services.texts.terms import term
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.tokens import Colour


@dataclass(frozen=True, slots=True)
class Word:
    """A state as shown. ``source`` is a member of a closed list, or a text for ``tr``; ``soft`` fills a pill behind."""

    source: str
    icon: str
    colour: Colour
    bold: bool = False
    soft: Colour | None = None

    @property
    def text(self) -> str:
        """The word in the current language."""
        return term(self.source) if isinstance(self.source, StrEnum) else tr(self.source)


def _words(*rows: tuple[StrEnum, str, Colour]) -> dict[StrEnum, Word]:
    """What is bad is also bold."""
    return {member: Word(member, icon, colour, bold=colour is Colour.BAD) for member, icon, colour in rows}


STATES = _words(
    (State.DRAFT, "pen", Colour.TEXT2),
    (State.SUBMITTED, "circle-dashed", Colour.TEXT),
    (State.AGREED, "circle-tick", Colour.TEXT),
    (State.ACCEPTED, "tray", Colour.TEXT),
    (State.APPROVED, "stamp", Colour.OK),
    (State.CERTIFIED, "sheet-tick", Colour.TEXT),
    (State.COLLECTED, "parcel", Colour.TEXT2),
    (State.WITHDRAWN, "arrow-turning", Colour.TEXT2),
    (State.RETURNED, "arrow-back", Colour.TEXT),
    (State.REFUSED, "circle-barred", Colour.BAD),
    (State.SUPPLEMENT, "sheet-alert", Colour.WARN),
    (State.NOT_ACCEPTED, "parcel-cross", Colour.BAD),
    (State.DENIED, "octagon-cross", Colour.BAD),
)

CHECKS = _words(
    (CheckResult.PASS, "circle-tick", Colour.OK),
    (CheckResult.FAIL, "circle-cross", Colour.BAD),
    (CheckResult.UNKNOWN, "circle-question", Colour.WARN),
)

DIFFERENCES: dict[StrEnum, Word] = {
    Mark.CHANGED: Word(Mark.CHANGED, "pencil", Colour.DIFF, bold=True),
    Mark.ADDED: Word(Mark.ADDED, "circle-plus", Colour.DIFF, bold=True),
    Mark.REMOVED: Word(Mark.REMOVED, "circle-minus", Colour.DIFF, bold=True),
    Mark.SAME: Word(Mark.SAME, "", Colour.TEXT3),
    Mark.NONE: Word(Mark.NONE, "", Colour.TEXT3),
}

SCANS = _words(
    (ScanResult.VALID, "circle-tick", Colour.OK),
    (ScanResult.CHANGED, "pencil", Colour.BAD),
    (ScanResult.VOID, "circle-struck", Colour.TEXT2),
    (ScanResult.PENDING, "arrow-from-line", Colour.WARN),
    (ScanResult.FORGED, "octagon-cross", Colour.BAD),
)

ROW_SYNC: dict[StrEnum, Word] = {
    RowSync.SYNCED: Word(mark("Synced"), "tick", Colour.TEXT3),
    RowSync.WAITING: Word(mark("To be sent"), "arrow-from-line", Colour.ACCENT),
    RowSync.SENDING: Word(mark("Sending"), "circle-arrow-up", Colour.ACCENT),
    RowSync.DEFERRED: Word(mark("Deferred"), "hourglass", Colour.WARN),
    RowSync.NEEDS_YOU: Word(mark("Needs you"), "triangle-alert", Colour.BAD, bold=True),
    RowSync.QUARANTINED: Word(mark("Quarantined"), "circle-pause", Colour.BAD, bold=True),
}

PAPERS: dict[str, Word] = {
    "to_recall": Word(mark("To recall"), "sheet-alert", Colour.BAD, bold=True),
    "recalled": Word(mark("Recalled"), "circle-tick", Colour.OK),
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


GONE = Word(mark("Gone from the register"), "triangle-alert", Colour.BAD, bold=True)
"""A decision that a service restored from a backup no longer holds."""


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
    """Lamp: this computer's clock is ahead (positive) or behind by minutes; nobody knows by how many at 0."""
    if minutes == 0:
        text = tr("Clock does not fit the certificate")
    elif minutes > 0:
        text = trn("Clock {n} min fast", "Clock {n} min fast", minutes)
    else:
        text = trn("Clock {n} min slow", "Clock {n} min slow", -minutes)
    return Word(text, "clock-alert", Colour.WARN)
