"""What a sync may cost (I9): a model of the requests and bytes that are due, beside what a computer has spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from medreg_core.contract.v1.feed import Op
from medreg_core.domain.records import InstitutionId
from medreg_desktop.services.cache import feed as cache_feed
from medreg_desktop.services.cache.connection import Connection
from medreg_server.db.feed import Feed

if TYPE_CHECKING:
    from simulator.pc import Pc
    from simulator.register import Register

_WORDS, _WELCOME, _DIGEST, _ROW, _COMMAND, _OUTCOME = 600, 4_000, 1_500, 3_000, 2_000, 1_500
"""Bytes that are enough, headers left out: for what any exchange says beside the others, for one of each of these."""

PAGE_CHANGES = 5
"""Changes on a page of the feed in a run."""


@dataclass(slots=True)
class Spent:
    """What one computer has sent since its engine was last set to work.

    ``faults`` are exchanges that brought no whole answer, or a refusal; bytes are counted of the others alone, for what
    a network throws away is not the client's doing. ``interludes``: how often somebody acted meanwhile; ``saved``: how
    often that gave the outbox something, which a copy that is destroyed over it cannot tell any more. ``breaks``: how
    often the feed did not lead on, which nothing but a snapshot may answer.
    """

    calls: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    interludes: int = 0
    saved: int = 0
    sent: int = 0
    received: int = 0
    breaks: int = 0
    has_looked: bool = False  # a page of the feed has come, and it has not broken since

    @property
    def disturbances(self) -> int:
        """Return for how much nobody can have planned."""
        return self.faults + self.interludes

    def begins(self, call: str) -> None:
        """Count a request; it is a fault until its answer has come."""
        self.calls[call] += 1
        self.faults += 1

    def breaks_off(self) -> None:
        """Note that the cursor is dead, or that something of before came in the place of what follows."""
        self.breaks += 1
        self.has_looked = False

    def went_well(self, call: str, sent: int, received: int) -> None:
        """Note that the answer has come whole."""
        self.faults -= 1
        self.sent += sent
        self.received += received
        self.has_looked = self.has_looked or call == "changes"


@dataclass(frozen=True, slots=True)
class Due:
    """What a sync had to do. ``anew``: the rows of a whole copy, where the feed may not have led on.

    ``damages``: rows that were ever spoilt on this computer, each in a bucket of its own. ``doubts``: pages that remove
    so much that the digest is asked first. ``comings``: how often somebody came in; each is greeted.
    """

    commands: int
    changes: int = 0
    anew: int = 0
    damages: int = 0
    doubts: int = 0
    comings: int = 0

    def requests(self, spent: Spent) -> dict[str, int]:
        """Return how many requests of each kind are enough; each disturbance may cost one more of each."""
        calls = spent.calls
        enough = {
            "ping": 1,
            "hello": max(1, self.comings),
            "rehearsal": self.commands,  # each is asked about once
            "commands": self.commands,
            "changes": -(-self.changes // PAGE_CHANGES) + calls["commands"] + calls["snapshot"] + 2,
            "digest": calls["hello"] + calls["snapshot"] + calls["bucket"] + self.doubts + 1,
            "bucket": self.damages,
            "wipe_check": 1,
            "rescue": self.commands,
            "wipe_done": 1,
        }
        # A copy that would lose many rows believes two that agree, also behind the one that has just filled it.
        snapshots = 2 + self.doubts + spent.disturbances if self.anew else 0
        return {call: most + spent.disturbances for call, most in enough.items()} | {"snapshot": snapshots}

    def bytes_sent(self, spent: Spent) -> int:
        """Return how many bytes are enough to ask: each command twice, the first time what would become of it."""
        return spent.calls.total() * _WORDS + (2 * self.commands + spent.interludes) * _COMMAND

    def bytes_received(self, spent: Spent) -> int:
        """Return how many bytes of answers are enough: each row that changed once, each command answered twice."""
        calls = spent.calls
        rows = self.changes + (self.anew + self.changes) * calls["snapshot"] + 2 * calls["bucket"] + 1
        said = calls.total() * _WORDS + calls["hello"] * _WELCOME + calls["digest"] * _DIGEST
        return said + rows * _ROW + (2 * self.commands + spent.interludes) * _OUTCOME

    def exceeded_by(self, spent: Spent) -> list[str]:
        """Return of what more was spent."""
        enough = self.requests(spent)
        facts = [(number, enough.get(call, 0), call) for call, number in sorted(spent.calls.items())]
        facts.append((spent.sent, self.bytes_sent(spent), "bytes sent"))
        facts.append((spent.received, self.bytes_received(spent), "bytes received"))
        return [f"{number} {what} where {most} are enough" for number, most, what in facts if number > most]


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a computer holds: where its copy is, how many commands are open, how many there ever were."""

    epoch: str = ""
    cursor: str = ""
    seq: int = 0
    open: int = 0
    saved: int = 0
    comings: int = 0


class Thrift:
    """Compares what each engine has spent with what it had to do.

    ``_owing`` are the computers whose feed has broken, and no page of it has come since; ``_reached`` is how far it had
    come for those at work when it forgot or was put back, ``_doubted`` up to where it had told of so many removals that
    they were doubted, whoever tells of them now.
    """

    def __init__(self, register: Register, institutions: Mapping[str, InstitutionId]) -> None:
        self._register = register
        self._institutions = institutions
        self._before: dict[str, _Standing] = {}
        self._reached: dict[str, int] = {}
        self._doubted: dict[str, int] = {}
        self._owing: set[str] = set()

    def begin(self, pc: Pc) -> None:
        """An engine is set to work."""
        self._note_owing(pc)  # also where it was killed over it, and nobody judged
        pc.wire.spent = Spent()
        self._before[pc.name] = _standing(pc)
        self._reached.pop(pc.name, None)
        if self._before[pc.name].seq >= self._doubted.get(pc.name, 0):
            self._doubted.pop(pc.name, None)

    def remember(self) -> None:
        """The feed is about to forget, or to be put back: what was due until now has perhaps been fetched."""
        with self._register.service.environment.database.read() as transaction:
            for name, before in self._before.items():
                last, removals = _news(transaction.feed, self._institutions[name], before.seq)
                self._reached[name] = max(last, self._reached.get(name, 0))
                if _are_many(removals):
                    self._doubted[name] = last

    def excess(self, pc: Pc) -> str:
        """Return of what an engine has spent more than its work was worth; empty when it was thrifty."""
        spent, before, after = pc.wire.spent, self._before[pc.name], _standing(pc)
        made = max(spent.saved, after.saved - before.saved)
        due = Due(before.open + made, damages=pc.wire.damages, comings=after.comings - before.comings)
        over = due.exceeded_by(spent)
        if over:  # so much was due at least: what else was, only the register knows
            due = self._whole(due, pc, before, after)
            over = due.exceeded_by(spent)
        self._note_owing(pc)
        return f"{', '.join(over)}; due {due}, met {spent}" if over else ""

    def _note_owing(self, pc: Pc) -> None:
        if pc.wire.spent.has_looked:
            self._owing.discard(pc.name)
        elif pc.wire.spent.breaks:
            self._owing.add(pc.name)

    def _whole(self, due: Due, pc: Pc, before: _Standing, after: _Standing) -> Due:
        place = self._institutions[pc.name]
        with self._register.service.environment.database.read() as transaction:
            last, removals = _news(transaction.feed, place, before.seq)
            held = sum(1 for _ in transaction.feed.versions(place))
            epoch = transaction.server_state.identity().epoch
        doubts = _are_many(removals) or pc.name in self._doubted
        stands_nowhere = not before.cursor or {before.epoch, after.epoch} != {epoch}
        is_excused = stands_nowhere or doubts or pc.name in self._owing or pc.wire.spent.breaks > 0
        # Another epoch may have lost any answer: then whatever was ever decided here is asked about again.
        commands = due.commands if before.epoch == after.epoch else max(due.commands, before.saved, after.saved)
        anew = held if is_excused else 0
        changes = max(last, self._reached.get(pc.name, 0)) - before.seq
        return replace(due, commands=commands, changes=changes, anew=anew, doubts=int(doubts))


def _news(feed: Feed, place: InstitutionId, after: int) -> tuple[int, int]:
    """Return where the feed ends behind ``after``, and how many rows its pages remove, if only for a later one."""
    removals = 0
    while True:
        last, changes = feed.page(place, after, PAGE_CHANGES)
        if last == after:
            return last, removals
        after, removals = last, removals + sum(change.op is not Op.UPSERT for change in changes)


def _are_many(removals: int) -> bool:
    return removals > cache_feed._ALWAYS_ALLOWED_REMOVALS  # noqa: SLF001 - the client's own measure


_STANDS = """
    SELECT (SELECT value FROM sync_value WHERE name = 'epoch'), (SELECT value FROM sync_value WHERE name = 'cursor'),
    (SELECT value FROM sync_value WHERE name = 'seq'), sum(state <> 'done'), count(*) FROM outbox
"""


def _standing(pc: Pc) -> _Standing:
    comings = pc.running.driver._state.comings  # noqa: SLF001 - nobody else counts them
    stands = _Standing() if pc.is_removed else pc.running.store.read(_read)
    return replace(stands, comings=comings)


def _read(conn: Connection) -> _Standing:
    ((epoch, cursor, seq, still_open, saved),) = conn.execute(_STANDS)
    return _Standing(epoch or "", cursor or "", int(seq or 0), still_open or 0, saved)
