"""The offline verdict as shown: word, icon and colour, with the reason that decides. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping

from medreg_desktop.services.support.readiness import Fact, Line, Readiness, Verdict
from medreg_desktop.services.texts.offline_words import reason_words
from medreg_desktop.services.texts.translator import mark, tr, trn
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import Word

_LOOKS: Mapping[Verdict, tuple[str, Colour]] = {
    Verdict.CAN: ("door-out", Colour.OK),
    Verdict.CAN_BUT: ("circle-info", Colour.WARN),
    Verdict.BETTER_NOT: ("circle-barred", Colour.BAD),
}

_SENTENCES: Mapping[Verdict, str] = {
    Verdict.CAN: mark("Safe to go offline"),
    Verdict.CAN_BUT: mark("Can go offline, but {reason}"),
    Verdict.BETTER_NOT: mark("Better not go offline: {reason}"),
}

_SAID_BESIDE = frozenset({Fact.NEEDS_YOU, Fact.UNSENT})

_LINES: Mapping[Verdict, tuple[str, Colour]] = {
    Verdict.CAN: ("circle-tick", Colour.OK),
    Verdict.CAN_BUT: ("circle-info", Colour.WARN),
    Verdict.BETTER_NOT: ("circle-barred", Colour.BAD),
}


def readiness_word(found: Readiness) -> Word:
    """Return the verdict in one line; one of several reasons speaks."""
    icon, colour = _LOOKS[found.verdict]
    line = found.deciding
    reason = reason_words(line.fact, line.value) if line else ""
    return Word(tr(_SENTENCES[found.verdict], reason=reason), icon, colour, bold=found.verdict is Verdict.BETTER_NOT)


def readiness_brief(found: Readiness) -> Word:
    """Return the verdict for the status bar, which says what waits and what needs the registrar beside it already."""
    whole = readiness_word(found)
    if found.deciding is None or found.deciding.fact not in _SAID_BESIDE:
        return whole
    n = sum(1 for line in found.lines if line.verdict)
    words = trn("Can go offline, {n} thing to note", "Can go offline, {n} things to note", n)
    return Word(words, whole.icon, whole.colour)


def line_word(line: Line) -> Word:
    """Return the mark of one fact."""
    icon, colour = _LINES[line.verdict]
    return Word("", icon, colour)
