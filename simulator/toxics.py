"""What can befall one exchange between a client and the service (``sync.md`` §6, toxics), and where in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simulator.streams import Random


class Toxic(StrEnum):
    """One trouble."""

    NONE = "none"
    # nothing is delivered
    NO_CONNECTION = "no_connection"
    NO_SUCH_HOST = "no_such_host"
    STALL_BEFORE = "stall_before"  # no answer until the client gives up; also an address that is a black hole
    SLOW_BEFORE = "slow_before"
    PORTAL_PAGE = "portal_page"
    PORTAL_REDIRECT = "portal_redirect"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET = "tls_not_yet"
    TLS_UNKNOWN_CA = "tls_unknown_ca"
    TLS_WRONG_NAME = "tls_wrong_name"
    STATUS = "status"  # a proxy or the service answers with an error, nothing was done
    REORDERED = "reordered"  # a proxy keeps the request, gives up on it, and delivers it after later ones
    # delivered and done, and nothing of the answer comes
    LOST_ANSWER = "lost_answer"
    STALL_AFTER = "stall_after"
    STATUS_AFTER = "status_after"  # a proxy answers in its stead
    PORTAL_AFTER = "portal_after"
    # the answer comes in part
    CUT_BODY = "cut_body"  # the stated length is not reached
    CUT_SILENTLY = "cut_silently"  # no length was stated, the body just ends
    CUT_GZIP = "cut_gzip"
    RESET_BODY = "reset_body"
    STALL_BODY = "stall_body"
    # the answer comes, but late, twice, or not as it was sent
    SLOW_AFTER = "slow_after"
    TRICKLE = "trickle"  # 2 KB/s
    TWICE = "twice"  # a proxy delivers the request twice
    AGAIN_LATER = "again_later"  # … or once more, an hour later
    STALE = "stale"  # an old answer to the same address, from a cache
    OTHER_SERVER = "other_server"
    NAMELESS = "nameless"  # a proxy drops the headers it does not know
    OTHER_TYPE = "other_type"  # … or calls the body something else
    # something happens at one end meanwhile
    CLOCK_BEFORE = "clock_before"  # the wall clock is set while the request is on its way
    CLOCK_AFTER = "clock_after"  # … while the answer is
    SLEEP_BEFORE = "sleep_before"  # the computer sleeps for a night; the connection is dead when it wakes
    SLEEP_AFTER = "sleep_after"
    DISK_AFTER = "disk_after"  # the disk refuses what the answer brings
    SESSION_BEFORE = "session_before"  # the session ends between two batches
    SESSION_AFTER = "session_after"
    ROLE_BEFORE = "role_before"  # the account loses its place, and has it back the day after
    ROLE_AFTER = "role_after"


STATUSES = (401, 403, 408, 413, 426, 429, 500, 502, 503, 504)
STATUSES_AFTER = (408, 500, 502, 503, 504)
"""What a proxy may say of a request that the service has carried out."""

REFUSALS = (400, 413)
"""What a firewall says of a request whose body it does not like; to a command alone it means: set apart."""

_TOLD = (429, 503)
_WAITS = ("", "", "0", "3", "120", "31536000", "99999999999", "soon", "-5")

IN_PART = frozenset({Toxic.CUT_BODY, Toxic.CUT_SILENTLY, Toxic.CUT_GZIP, Toxic.RESET_BODY, Toxic.STALL_BODY})
"""The toxics that have a place within the body."""

_PLACES = ("first", "middle", "last")
_EDGE_BYTES = 16

_OFTEN = {Toxic.NONE: 190, Toxic.LOST_ANSWER: 24, Toxic.STALE: 24, Toxic.STATUS: 24, Toxic.STATUS_AFTER: 12}
_WEIGHTS = tuple(_OFTEN.get(toxic, 6) for toxic in Toxic)
_TOXICS = tuple(Toxic)
_TROUBLED, _TROUBLED_IF_RARE = 0.3, 0.7
_RARE = frozenset({"sign_out", "bucket", "snapshot", "snapshot_on", "courier", "wipe_check", "rescue", "wipe_done"})
"""Requests that few runs come to: patchy weather befalls them rather."""
_EVENLY = tuple({Toxic.STATUS: 10, Toxic.STATUS_AFTER: 4}.get(toxic, 1) for toxic in _TOXICS[1:])
"""In patchy weather: a status is ten or four troubles."""


class Weather(StrEnum):
    """The network at one computer."""

    CLEAR = "clear"
    FLAKY = "flaky"
    OFFLINE = "offline"
    PORTAL = "portal"
    OUTAGE = "outage"  # the network is there, the service behind its proxy is not
    CACHE = "cache"  # a proxy answers most reading from what it once kept
    ECHO = "echo"  # a proxy keeps requests and delivers some of them once more
    PATCHY = "patchy"  # most goes well, and every trouble is as likely as any other
    FIREWALL = "firewall"  # takes some requests for malformed, others for too long
    TOO_OLD = "too_old"  # the service has moved on, and says so until the program is brought up to date


@dataclass(frozen=True, slots=True)
class Trial:
    """What happens to one exchange."""

    toxic: Toxic
    latency_s: float = 0.05
    status: int = 0
    retry_after: str = ""
    share: float = 1.0  # of the body that arrives

    @property
    def name(self) -> str:
        """Return the toxic with what sets it apart: the status, a senseless wait, the place in the body."""
        if self.toxic in IN_PART:
            return f"{self.toxic.value}@{_PLACES[min(int(self.share * 3), 2)]}"
        if self.toxic not in {Toxic.STATUS, Toxic.STATUS_AFTER}:
            return self.toxic.value
        absurd = self.status in _TOLD and (len(self.retry_after) > 5 or (self.retry_after and not _is_count(self)))
        return f"{self.toxic.value}:{self.status}{'+absurd_wait' if absurd else ''}"

    def part_of(self, body: bytes) -> bytes:
        """Return what arrives of a body: a few bytes, part of it, or nearly all."""
        third = self.share * 3
        within = third - int(third)
        edge = int(within * min(_EDGE_BYTES, len(body)))
        return body[: (edge, int(within * len(body)), max(0, len(body) - 1 - edge))[min(int(third), 2)]]


def _is_count(happens: Trial) -> bool:
    return happens.retry_after.isdigit()


def names() -> Iterator[str]:
    """Yield every :attr:`Trial.name` there is."""
    for toxic in _TOXICS[1:]:
        if toxic in IN_PART:
            yield from (f"{toxic.value}@{place}" for place in _PLACES)
        elif toxic in {Toxic.STATUS, Toxic.STATUS_AFTER}:
            statuses = sorted({*STATUSES, *REFUSALS}) if toxic is Toxic.STATUS else STATUSES_AFTER
            yield from (f"{toxic.value}:{status}" for status in statuses)
            yield from (f"{toxic.value}:{status}+absurd_wait" for status in statuses if status in _TOLD)
        else:
            yield toxic.value


_ALWAYS_THE_SAME = {
    Weather.CLEAR: Trial(Toxic.NONE),
    Weather.OFFLINE: Trial(Toxic.NO_CONNECTION),
    Weather.OUTAGE: Trial(Toxic.STATUS, status=502),
    Weather.TOO_OLD: Trial(Toxic.STATUS, status=426),
}


def trial(weather: Weather, chance: Random, request: str = "") -> Trial:
    """Draw what happens to the next exchange, a request of this kind."""
    match weather:
        case Weather.PORTAL:
            return Trial(chance.choice((Toxic.PORTAL_PAGE, Toxic.PORTAL_REDIRECT)))
        case Weather.CACHE:
            return Trial(chance.choice((Toxic.STALE, Toxic.STALE, Toxic.NONE)), share=chance.random())
        case Weather.FIREWALL:
            return Trial(chance.choice((Toxic.STATUS, Toxic.NONE)), status=chance.choice(REFUSALS))
        case Weather.ECHO:
            return Trial(chance.choice((Toxic.AGAIN_LATER, Toxic.NONE)))
        case Weather.FLAKY | Weather.PATCHY:
            return _drawn(chance, _WEIGHTS if weather is Weather.FLAKY else _patchy(request))
        case _:
            return _ALWAYS_THE_SAME[weather]


def _patchy(request: str) -> tuple[float, ...]:
    often = _TROUBLED_IF_RARE if request in _RARE else _TROUBLED
    return (sum(_EVENLY) * (1 - often) / often, *_EVENLY)


def _drawn(chance: Random, weights: Sequence[float]) -> Trial:
    (toxic,) = chance.choices(_TOXICS, weights)
    status = chance.choice(STATUSES_AFTER if toxic is Toxic.STATUS_AFTER else STATUSES)
    return Trial(toxic, chance.choice((0.05, 0.2, 2.0)), status, chance.choice(_WAITS), chance.random())
