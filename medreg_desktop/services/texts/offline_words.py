"""The words of the offline verdict: one line for the status bar, and for each fact its name, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from medreg_desktop.services.texts.translator import mark, tr, trn

FACTS: Final[Mapping[str, str]] = {
    "data_age": mark("Age of the data"),
    "reading": mark("May be read for"),
    "sign_in": mark("Signed in for"),
    "needs_you": mark("Needs you"),
    "form_numbers": mark("Form numbers"),
    "codes": mark("Activation codes"),
    "unsent": mark("Not sent yet"),
    "clock": mark("Clock off by"),
    "disk": mark("Free disk"),
}

_REASONS: Final[Mapping[str, str]] = {
    "data_age": mark("the data are {value} old"),
    "reading": mark("the copy may be read for {value} only"),
    "sign_in": mark("the sign-in ends in {value}"),
    "needs_you": mark("{value} need you"),
    "form_numbers": mark("form numbers left: {value}"),
    "codes": mark("activation codes left: {value}"),
    "unsent": mark("not sent yet: {value}"),
    "clock": mark("the clock is off by {value}"),
    "disk": mark("{value} of disk left"),
}

_UNKNOWN: Final[Mapping[str, str]] = {
    "data_age": mark("the data are not all here yet"),
    "reading": mark("the service has not said how long the copy may be read"),
    "clock": mark("the clock has not been compared yet"),
    "disk": mark("the free disk space cannot be read"),
}

_OVER: Final[Mapping[str, str]] = {
    "reading": mark("the copy may no longer be read"),
    "sign_in": mark("you need to sign in again"),
    "form_numbers": mark("no form numbers are left"),
    "codes": mark("no activation codes are left"),
}

_REMEDIES: Final[Mapping[str, str]] = {
    "data_age": mark("Stay on the network until the lamp says synced."),
    "reading": mark("One contact with the service renews it."),
    "sign_in": mark("Sign in again while the network is there."),
    "needs_you": mark("Settle it first; it cannot change while you are away."),
    "form_numbers": mark("They are refilled by themselves within a minute of contact."),
    "codes": mark("They are refilled by themselves at the next contact."),
    "unsent": mark("Wait until it is sent; nothing is lost if you go, it is sent when you are back."),
    "clock": mark("Set date and time of this computer."),
    "disk": mark("Free some disk space."),
}

_UNITS: Final[Mapping[str, str]] = {
    "data_age": mark("{n} h"),
    "sign_in": mark("{n} h"),
    "clock": mark("{n} min"),
    "disk": mark("{n} GB"),
}

_LEAST: Final[Mapping[str, str]] = {
    "data_age": mark("under 1 h"),
    "reading": mark("under 1 day"),
    "sign_in": mark("under 1 h"),
    "clock": mark("under 1 min"),
}

_UNSEEN: Final[Mapping[str, str]] = {
    "clock": mark("It is compared at the next contact with the service."),
    "disk": mark("Look yourself how much of this computer's disk is free."),
}
"""What to do where the value is not known and the remedy of a bad one would be wrong."""

_ENDS: Final = frozenset({"reading", "sign_in"})
"""What is over at nought: no "under an hour" is left of it."""

_MOST_GB = 100


def value_words(fact: str, value: float | None) -> str:
    """Return a fact's value with its unit; a dash when it is not known."""
    if value is None:
        return "—"
    if fact in _ENDS and value <= 0:
        return tr("over")
    if fact in _LEAST and 0 <= value < 1:
        return tr(_LEAST[fact])
    if fact == "disk" and value >= _MOST_GB:
        return tr("over {n} GB", n=_MOST_GB)
    if fact == "disk":
        return tr(_UNITS[fact], n=f"{value:.1f}")
    return _counted(fact, max(0, int(value)))


def _counted(fact: str, n: int) -> str:
    match fact:
        case "reading":
            return trn("{n} day", "{n} days", n)
        case "needs_you":
            return trn("{n} item", "{n} items", n)
        case "unsent":
            return trn("{n} decision", "{n} decisions", n)
        case _:
            return tr(_UNITS[fact], n=n) if fact in _UNITS else str(n)


def reason_words(fact: str, value: float | None) -> str:
    """Return why a fact speaks against going offline, as half a sentence."""
    if value is None:
        return tr(_UNKNOWN[fact])
    if fact in _OVER and value <= 0:
        return tr(_OVER[fact])
    return tr(_REASONS[fact], value=value_words(fact, value))


def remedy_words(fact: str, value: float | None) -> str:
    """Return what to do about a fact."""
    return tr(_UNSEEN[fact] if value is None and fact in _UNSEEN else _REMEDIES[fact])
