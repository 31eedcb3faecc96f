"""Every place where a program can be killed, one after another, over the same short day in an office (``sync.md`` §6).

A point is a label and how often it has been passed: each statement that writes, on the desk and at the service, each
COMMIT before and after, each end of an exchange, a migration. The labels are found by living through the day once.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlcipher3 import dbapi2

from medreg_desktop.services.cache.store import Footing
from medreg_server.db.engine import open_engine
from medreg_server.services.service import Service, open_service
from simulator import codes, courier, leaving, operating, paper, people
from simulator.crash import Crash
from simulator.disk import InlineWriter, plain
from simulator.paths import run_folder
from simulator.pc import Pc
from simulator.register import Register, copy_template
from simulator.run import Result, carry_out, small_pages
from simulator.steps import Step
from simulator.streams import Random, Streams, entropy_from
from simulator.template import template
from simulator.world import World

FIRST_PASSES = 3
"""How many passings of one label are killed at, unless all are asked for: many come from the same lines of code."""

_SEED = 1
_REGISTRAR = "bing"
_ACTS = (people.decide, people.agree_to_many, *(people.print_form,) * 3, people.decide, people.withdraw)
_WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|CREATE|ALTER)(?:\s+OR\s+\w+)?(?:\s+(?:INTO|FROM|TABLE|TEMP))*\s+(\w+)", re.IGNORECASE
)


@dataclass(slots=True)
class Doom:
    """Counts the points that are passed, and kills at one of them; an empty ``at`` only counts."""

    at: str = ""
    passes: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    is_over: bool = True  # the morning and the evening have no faults

    def passing(self, point: str) -> None:
        """Note a point. Raises Crash when it is the one."""
        if self.is_over:
            return
        self.seen[point] += 1
        if point == self.at and self.seen[point] == self.passes + 1:
            self.at = ""
            raise Crash(point)


def _label(where: str, sql: str) -> str:
    found = _WRITES.match(sql)
    return f"{where}: {found.group(1).upper()} {found.group(2)}" if found else ""


def _watched_file(doom: Doom) -> type:
    """Return a connection of the desk's that passes a point before each statement that writes, and around COMMIT."""

    class Watched(dbapi2.Connection):  # type: ignore[misc]  # the driver has no types
        def execute(self, sql: str, *parameters: Any) -> Any:
            if sql == "COMMIT":
                doom.passing("desk: before COMMIT")
                done = super().execute(sql, *parameters)
                doom.passing("desk: after COMMIT")
                return done
            if label := _label("desk", sql):
                doom.passing(label)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, parameters: Any) -> Any:
            if label := _label("desk", sql):
                doom.passing(label)
            return super().executemany(sql, parameters)

    return Watched


def _watched_register(doom: Doom) -> type[sqlite3.Connection]:
    """Return a connection of the service's that does the same."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: Any) -> Any:
            if label := _label("service", sql):
                doom.passing(label)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, parameters: Any) -> Any:
            if label := _label("service", sql):
                doom.passing(label)
            return super().executemany(sql, parameters)

    class Watched(sqlite3.Connection):
        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(Cursor)

        def commit(self) -> None:
            doom.passing("service: before COMMIT")
            super().commit()
            doom.passing("service: after COMMIT")

    return Watched


@dataclass(slots=True)
class _WatchedService(Register):
    """A service whose connections pass the points."""

    doom: Doom = field(kw_only=True)

    def _joined(self) -> Service:
        engine = open_engine(self.settings.database_url)
        watched = _watched_register(self.doom)
        event.listen(engine, "do_connect", lambda _dialect, _record, _args, named: named.update(factory=watched))
        return open_service(self.settings, self.clock, engine)


class _Day(World):
    """A world in which one point is deadly, for the computer b or for the service."""

    def __init__(self, doom: Doom, folder: Path) -> None:
        self._doom = doom
        super().__init__(_SEED, folder)

    def _service(self, folder: Path) -> Register:
        copy_template(template().register, folder / "register")
        return _WatchedService(folder / "register", self.time, doom=self._doom)

    def _computer(self, name: str, folder: Path, seed: int) -> Pc:
        is_watched = name == "b"
        opened = partial(plain, factory=_watched_file(self._doom)) if is_watched else plain
        self.footing = Footing(opened, InlineWriter)
        pc = super()._computer(name, folder, seed)
        pc.ids.chance = self.streams.of("the day", name)
        pc.fate.witness = self._doom.passing if is_watched else pc.fate.witness
        return pc

    def live(self, steps: Sequence[Step]) -> None:
        """Live through the day, and start again whatever was killed."""
        del steps
        self._doom.is_over = False
        self._through(self.open_offices)
        for deed in self._deeds():
            self._through(deed)
            for pc in self.pcs.values():
                self.oracle.watch(pc)
        self._doom.is_over = True

    def _through(self, deed: Callable[[], object]) -> None:
        try:
            deed()
        except Crash as crash:
            self.trace.note("killed at", crash)
            if str(crash).startswith("service"):
                self.register.restart()
            else:
                self._restart(self.pcs["b"])

    def _lay_older_copy(self, pc: Pc) -> bool:
        self._doom.is_over = True  # what the tool does is no point of the program
        try:
            return super()._lay_older_copy(pc)
        finally:
            self._doom.is_over = False

    def _deeds(self) -> Iterator[Callable[[], object]]:
        """Yield what happens on this day, one thing after another."""
        pc, colleague, chance = self.pcs["b"], self.pcs["a"], Random("the day")
        both = (lambda: self.sync(colleague), lambda: self.sync(pc))
        yield from both
        for act in _ACTS:
            yield partial(people.done, pc, act, chance)
        yield from reversed(both)
        yield partial(people.done, colleague, people.decide, chance)
        yield partial(people.done, pc, people.decide, chance)
        yield from both
        yield lambda: self.migrate(pc, chance)
        yield lambda: self.leave(colleague, chance)
        yield from both
        yield from self._afternoon(pc, chance)

    def _afternoon(self, pc: Pc, chance: Random) -> Iterator[Callable[[], object]]:
        """Yield what is rarer: codes, the courier, a register restored, and a computer that has to go."""
        at_desk = partial(self._at_desk, pc, chance)
        yield partial(operating.back_up, self, pc, chance)
        yield from map(at_desk, (paper.print_agreed, paper.print_agreed, paper.take_back))
        yield from map(
            at_desk, (partial(act, self) for act in (codes.hand_out, codes.hand_out, codes.reprint, codes.void))
        )
        yield partial(self.sync, pc)
        yield partial(codes.redeem, self, pc, chance)
        yield from map(at_desk, (people.recall_paper, people.decide, people.decide))
        for act in (courier.pack, courier.carry, courier.take_answers, operating.restore):
            yield partial(act, self, pc, chance)
        yield at_desk(people.decide)
        yield partial(self.sync, pc)
        yield partial(self.come_in, pc, _REGISTRAR)
        yield partial(self.sync, pc)
        yield from map(at_desk, (people.decide, people.decide))
        yield partial(leaving.revoke, self, pc, chance)
        yield partial(self.sync, pc)
        yield partial(leaving.review, self, pc, chance)

    def _at_desk(self, pc: Pc, chance: Random, act: Callable[[Pc, Random], str]) -> Callable[[], str]:
        return partial(people.done, pc, act, chance)


def points(most: int = FIRST_PASSES) -> list[tuple[str, int]]:
    """Live through the day once; return every label with the numbers of its first passings, or with 0 of all."""
    doom = Doom()
    found = _lived(doom)
    assert not found.wrong, found.wrong
    return [
        (label, number) for label, count in sorted(doom.seen.items()) for number in range(min(most or count, count))
    ]


def killed_at(label: str, number: int) -> Result:
    """Live through the day with a kill at the ``number``-th passing (from 0) of a point, and judge the evening."""
    return _lived(Doom(label, number))


def _lived(doom: Doom) -> Result:
    template()
    with run_folder() as folder, entropy_from(Streams(_SEED).of("entropy")), small_pages():
        return carry_out(_Day(doom, folder), ())
