"""What can befall one exchange between a client and the service (``sync.md`` §6, toxics)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.streams import Random


class Toxic(StrEnum):
    """One trouble, at one position of the exchange."""

    NONE = "none"
    NO_CONNECTION = "no_connection"
    STALL_BEFORE = "stall_before"  # nothing delivered, no answer until the client gives up
    LOST_ANSWER = "lost_answer"  # delivered and done, the connection is reset before the answer
    STALL_AFTER = "stall_after"  # delivered and done, the answer never comes
    CUT_BODY = "cut_body"  # the stated length is not reached
    CUT_SILENTLY = "cut_silently"  # no length was stated, the body just ends
    TWICE = "twice"  # a proxy delivers the request twice
    AGAIN_LATER = "again_later"  # … or once more, an hour later
    STALE = "stale"  # an old answer to the same address, from a cache
    PORTAL_PAGE = "portal_page"
    PORTAL_REDIRECT = "portal_redirect"
    OTHER_SERVER = "other_server"
    TLS_EXPIRED = "tls_expired"
    STATUS = "status"  # a proxy or the service answers with an error, nothing was done
    STATUS_AFTER = "status_after"  # the same, but the request was done


STATUSES = (401, 403, 408, 413, 426, 429, 429, 500, 500, 502, 503, 503, 504)
_ABSURD = ("", "0", "3", "120", "31536000", "31536000", "soon", "-5")

_WEIGHTS = {
    Toxic.NONE: 70,
    Toxic.NO_CONNECTION: 4,
    Toxic.STALL_BEFORE: 2,
    Toxic.LOST_ANSWER: 9,
    Toxic.STALL_AFTER: 3,
    Toxic.CUT_BODY: 5,
    Toxic.CUT_SILENTLY: 4,
    Toxic.TWICE: 4,
    Toxic.AGAIN_LATER: 4,
    Toxic.STALE: 12,
    Toxic.PORTAL_PAGE: 2,
    Toxic.PORTAL_REDIRECT: 2,
    Toxic.OTHER_SERVER: 1,
    Toxic.TLS_EXPIRED: 1,
    Toxic.STATUS: 8,
    Toxic.STATUS_AFTER: 5,
}


class Weather(StrEnum):
    """The network at one computer."""

    CLEAR = "clear"
    FLAKY = "flaky"
    OFFLINE = "offline"
    PORTAL = "portal"
    OUTAGE = "outage"  # the network is there, the service behind its proxy is not


@dataclass(frozen=True, slots=True)
class Trial:
    """What happens to one exchange."""

    toxic: Toxic
    latency_s: float = 0.05
    status: int = 0
    retry_after: str = ""
    share: float = 1.0  # of the body that arrives


def trial(weather: Weather, chance: Random) -> Trial:
    """Draw what happens to the next exchange."""
    match weather:
        case Weather.CLEAR:
            return Trial(Toxic.NONE)
        case Weather.OFFLINE:
            return Trial(Toxic.NO_CONNECTION)
        case Weather.PORTAL:
            return Trial(chance.choice((Toxic.PORTAL_PAGE, Toxic.PORTAL_REDIRECT)))
        case Weather.OUTAGE:
            return Trial(Toxic.STATUS, status=502)
        case Weather.FLAKY:
            return _flaky(chance)


def _flaky(chance: Random) -> Trial:
    (toxic,) = chance.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))
    status = chance.choice(STATUSES)
    if toxic is Toxic.STATUS_AFTER:
        status = chance.choice((500, 502, 504))  # what a proxy says that lost its upstream
    return Trial(toxic, chance.choice((0.05, 0.2, 2.0, 25.0)), status, chance.choice(_ABSURD), chance.random())
