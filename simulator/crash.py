"""Kills a client at a labelled point: what was in memory is gone, what was committed stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from simulator.disk import Refusing

T = TypeVar("T")

_MOMENTS = (
    "begin",  # before BEGIN
    "commit",  # the work is done, COMMIT has not been said
    "committed",  # COMMIT is durable, nobody has been told
)

AFTER_ANSWERS = {"/sync/changes": "page", "/sync/commands": "settle", "/sync/snapshot": "snapshot"}
"""Writes that follow these answers have points of their own: that is where cursors and outcomes are kept."""

LEAVING = (
    "leave.begin",  # a shut-out computer's commands are safe, nothing is destroyed
    "leave.noted",  # its farewell is written
    "leave.keyless",
    "leave.empty",  # its files are gone, the service has not heard of it
)

POINTS = (
    *(f"{work}.{moment}" for work in ("write", *AFTER_ANSWERS.values()) for moment in _MOMENTS),
    "wire.before_send",
    "wire.delivered",  # the service has done it, its answer is on the way
    "wire.answered",  # the answer has arrived, nothing of it is kept yet
    *LEAVING,
)
"""Every place where a client can be killed."""


class Crash(BaseException):
    """The process is gone. Not an Exception: no code of the program may catch it."""


@dataclass(slots=True)
class Fate:
    """What will befall one computer: a kill at the n-th passing of a point, or a disk that refuses a transaction."""

    point: str = ""
    passes: int = 0
    disk_faults: list[str] = field(default_factory=list)  # codes; "disk_full@3": at the third row a transaction writes
    work: str = ""  # what the writes now are about, by the last answer
    witness: Callable[[str], None] = lambda _: None  # told of every point

    def passing(self, point: str) -> None:
        """Note that a point is passed. Raises Crash when this is the one."""
        self.witness(point)
        if point != self.point:
            return
        self.passes -= 1
        if self.passes < 0:
            self.point = ""
            raise Crash(point)

    def writing(self, moment: str) -> None:
        """Note a moment of a transaction. Raises Crash as :meth:`passing`."""
        self.passing(f"write.{moment}")
        if self.work:
            self.passing(f"{self.work}.{moment}")

    def disk(self) -> tuple[str, int]:
        """Return what the disk has in store for the next transaction, and at which of its writes.

        Raises KnownFault for what it refuses before BEGIN.
        """
        if not self.disk_faults:
            return "", 0
        code, _, place = self.disk_faults.pop().partition("@")
        if not place:
            raise KnownFault(code)
        return code, int(place)


class MortalStore(CacheStore):
    """The real store, with the points where its process may be killed."""

    fate: Fate = Fate()
    writes: int = 0
    """How many transactions have been carried out since the start: who has seen this many has seen all."""

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` as the real store does, unless fate intervenes."""
        self.fate.writing("begin")
        code, place = self.fate.disk()

        def mortal(conn: Connection) -> T:
            refusing = Refusing(conn, code, place) if code else None
            result = work(refusing or conn)
            self.fate.writing("commit")
            if refusing is not None:
                refusing.refuse()  # it wrote less: at COMMIT
            return result

        result = super().write(mortal)
        self.writes += 1
        self.fate.writing("committed")
        return result
