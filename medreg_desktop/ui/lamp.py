"""The status bar's first word, from the sync service's lamp. Free of Qt."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.ui import words
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.words import Word


def lamp_word(lamp: Lamp, now: datetime) -> Word:  # noqa: PLR0911 - one line per word
    """Return the lamp as shown; ``now`` (aware) is what the countdown runs against, and which day needs no date."""
    match lamp.kind:
        case LampKind.NEEDS_YOU:
            return words.needs_you(lamp.count)
        case LampKind.SIGN_IN:
            return words.sign_in_again()
        case LampKind.NETWORK_SIGN_IN:
            return words.network_sign_in()
        case LampKind.CLOCK:
            return words.clock_wrong(lamp.minutes_fast)
        case LampKind.SERVER_SILENT:
            return words.not_answering(_seconds_to(lamp.next_try_at, now))
        case LampKind.OFFLINE:
            return words.offline(_time(lamp.since, now))
        case LampKind.SENDING:
            return _sending(lamp)
        case LampKind.SYNCED:
            return words.synced(_time(lamp.since, now))
        case _:
            assert_never(lamp.kind)


def _time(moment: datetime | None, now: datetime) -> str:
    return near(moment, now) if moment else "—"


def _seconds_to(moment: datetime | None, now: datetime) -> int:
    return max(round((moment - now).total_seconds()), 0) if moment else 0


def _sending(lamp: Lamp) -> Word:
    if lamp.code == "paused":
        return Word(mark("Sending is paused"), "circle-pause", Colour.WARN)
    if lamp.code == "server_too_old":
        return Word(mark("Waits for the service's update"), "hourglass", Colour.WARN)
    if lamp.code == "rehearsed":
        return Word(tr("Rehearsed, {n} to look at", n=lamp.count), "circle-dashed-up", Colour.WARN)
    if lamp.code == "receiving":
        text = tr("Receiving {n} / {m}", n=f"{lamp.done:,}", m=f"{lamp.total:,}") if lamp.total else tr("Receiving…")
        return Word(text, "circle-arrow-up", Colour.ACCENT)
    return words.sending(min(lamp.done + 1, lamp.total), lamp.total)
