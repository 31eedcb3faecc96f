"""The offline verdict as shown: word, icon and colour, with the reason that decides. Free of Qt."""

from __future__ import annotations

from collections.abc import Mapping

from medreg_desktop.services.support.readiness import Line, Readiness, Verdict
from medreg_desktop.services.texts.offline_words import reason_words
from medreg_desktop.services.texts.translator import mark, tr
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


def line_word(line: Line) -> Word:
    """Return the mark of one fact."""
    icon, colour = _LINES[line.verdict]
    return Word("", icon, colour)
