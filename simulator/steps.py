"""The schedule of a run, drawn from the seed; a step can be left out without moving others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulator.streams import Streams


class Kind(StrEnum):
    """What a step does."""

    ACT = "act"  # a registrar does something at the screen
    SYNC = "sync"
    WAIT = "wait"
    APPLICANT = "applicant"
    COMMISSION = "commission"
    WEATHER = "weather"
    SIGN_IN = "sign_in"
    UNLOCK = "unlock"  # without the network
    WISH = "wish"  # sync now, pause, resume, another network
    CLOCK = "clock"
    KILL = "kill"
    KILL_LATER = "kill_later"  # at a labelled point that the program will pass
    DISK = "disk"
    POISON = "poison"  # the service will fail on one of the commands that wait
    LATE = "late"  # a request that a proxy has kept arrives once more
    OUTAGE = "outage"  # hours without the service, the program running
    BACK_UP = "back_up"
    RESTORE = "restore"
    RESTART = "restart"
    PRUNE = "prune"  # the feed forgets; cursors from before are dead
    END_SESSIONS = "end_sessions"
    SIGN_OUT = "sign_out"
    LEAVE = "leave"  # applications go over to another institution
    SECOND = "second"  # the program is started twice
    MIGRATE = "migrate"  # a program comes back to the file of the version before
    SPOIL = "spoil"  # a row of the copy is damaged
    ROLE = "role"  # an account loses its place, or has it back
    CODE = "code"  # a registrar hands an activation code out, shows it again, voids it
    REDEEM = "redeem"  # a physician types a code
    PACK = "pack"  # what waits is written on a stick
    CARRY = "carry"  # … which somebody brings to the service
    TAKE_ANSWERS = "take_answers"  # … and back with the answers
    REVOKE = "revoke"  # the operator shuts a computer out
    REVIEW = "review"  # a supervisor settles what it had not finished
    PAPER = "paper"  # a registrar prints a form, takes its consent back, fetches the paper
    SLIP = "slip"  # a slip comes back: its code is shown once more, or voided
    CONTENT = "content"  # papers are returned, handed in anew, decided on as they were before
    FIREWALL = "firewall"  # something on the way takes requests for malformed or too long


_WEIGHTS = {
    Kind.ACT: 380,
    Kind.SYNC: 260,
    Kind.WAIT: 70,
    Kind.APPLICANT: 60,
    Kind.COMMISSION: 50,
    Kind.WEATHER: 80,
    Kind.SIGN_IN: 60,
    Kind.UNLOCK: 12,
    Kind.WISH: 25,
    Kind.CLOCK: 35,
    Kind.KILL: 15,
    Kind.KILL_LATER: 70,
    Kind.DISK: 25,
    Kind.POISON: 8,
    Kind.LATE: 20,
    Kind.OUTAGE: 6,
    Kind.BACK_UP: 12,
    Kind.RESTORE: 5,
    Kind.RESTART: 8,
    Kind.PRUNE: 5,
    Kind.END_SESSIONS: 10,
    Kind.SIGN_OUT: 8,
    Kind.LEAVE: 14,
    Kind.SECOND: 3,
    Kind.MIGRATE: 4,
    Kind.SPOIL: 5,
    Kind.ROLE: 8,
    Kind.CODE: 30,
    Kind.REDEEM: 20,
    Kind.PACK: 14,
    Kind.CARRY: 18,
    Kind.TAKE_ANSWERS: 12,
    Kind.REVOKE: 5,
    Kind.REVIEW: 8,
    Kind.PAPER: 0,
    Kind.SLIP: 0,
    Kind.FIREWALL: 0,
    Kind.CONTENT: 0,
}

BENT_FROM = 200_001
"""The first seed with a bent; those before are named by tests and documents, and stay as they were."""

_BENTS: dict[str, dict[Kind, int]] = {
    "leaving": {Kind.REVOKE: 60, Kind.REVIEW: 80},
    "codes": {Kind.CODE: 400, Kind.REDEEM: 300, Kind.SLIP: 220, Kind.SYNC: 700},
    "courier": {Kind.PACK: 80, Kind.CARRY: 90, Kind.TAKE_ANSWERS: 70},
    "operating": {Kind.BACK_UP: 120, Kind.RESTORE: 120, Kind.APPLICANT: 150, Kind.SYNC: 400},
    "paper": {Kind.PAPER: 400, Kind.SYNC: 400},
    "trouble": {Kind.KILL_LATER: 160, Kind.DISK: 80, Kind.LATE: 60, Kind.FIREWALL: 60},
}
_WIDE_BENTS = _BENTS | {
    "content": {Kind.CONTENT: 400, Kind.SYNC: 400},
    "courier": _BENTS["courier"] | {Kind.CARRY: 160, Kind.TAKE_ANSWERS: 160},
    "trouble": _BENTS["trouble"] | {Kind.POISON: 80},
    "network": {Kind.WEATHER: 160, Kind.SIGN_IN: 160, Kind.SIGN_OUT: 60, Kind.SPOIL: 60, Kind.LATE: 60},
}
_WIDE_WEIGHTS = _WEIGHTS | {Kind.CONTENT: 20, Kind.SPOIL: 15, Kind.POISON: 15, Kind.RESTORE: 10, Kind.LATE: 25}
"""The weights and bents of wide seeds, see :data:`~simulator.streams.WIDER_FROM`."""
_LEFT_OUT = 0.3


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its number names its streams of chance, ``pc`` the computer it concerns."""

    number: int
    kind: Kind
    pc: str


def weights(streams: Streams) -> dict[Kind, int]:
    """Return how often each kind of step comes in a run.

    From :data:`BENT_FROM` on a seed has a bent: one or two groups of deeds come several times as often, some of the
    others not at all. Runs that each favour something reach together what runs of one mixture never do (swarm testing,
    Groce et al., ISSTA 2012): deeds that only count when three of them meet, as a code that is handed out, sent and
    typed.
    """
    found = dict(_WIDE_WEIGHTS if streams.is_wide else _WEIGHTS)
    if streams.seed < BENT_FROM:
        return found
    chance, bents = streams.of("bent"), _WIDE_BENTS if streams.is_wide else _BENTS
    wanted = chance.sample(tuple(bents), chance.randrange(1, 3))
    for name, often in bents.items():
        if name in wanted:
            found |= often
        elif chance.random() < _LEFT_OUT:
            found |= dict.fromkeys(often.keys() - {Kind.SYNC}, 0)
    return found


def schedule(streams: Streams, count: int) -> tuple[Step, ...]:
    """Return the steps of a run."""
    chance = streams.of("schedule")
    often = weights(streams)
    kinds = chance.choices(tuple(often), tuple(often.values()), k=count)
    return tuple(Step(number, kind, chance.choice("aaabbc")) for number, kind in enumerate(kinds))
