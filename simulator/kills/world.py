"""Two computers, one server, their disks, and what people remember while processes die."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache import store
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.transport.http import HttpTransport
from medreg_desktop.services.transport.link import Link, ServerAddress
from medreg_server.services.service import open_service
from medreg_server.settings import Settings
from simulator.ground import Ground
from simulator.kills import deeds, verdict
from simulator.kills.fate import Cell, Fate
from simulator.kills.office import Office, Place, RunningClock
from simulator.kills.plans import PLANS, Plan, damage, next_step
from simulator.kills.points import label_client, watch_disk
from simulator.kills.process import Child, Hangs
from simulator.kills.said import Began, Bug, Passed, Say, Word
from simulator.kills.service import LISTENS, NEW_EPOCH, engine_of, free_port, serve, serve_here
from simulator.kills.verdict import Memory
from simulator.streams import Random

PLACES = {"a": "jia", "b": "bing"}
"""The computers of a world, and who works at each: two registrars of one institution."""

OPEN = "open"
_MANY = 40  # deeds: more than anybody lets a registrar do before the end
_SOME_PAGES = 8  # a checkpoint after so many pages: decisions of a minute cross as many as those of a day


@dataclass(frozen=True, slots=True)
class Aim:
    """What is to be killed: a process at a labelled place, or processes after some words and moments."""

    cell: Cell | None = None
    passes: int = 0
    client: bool = True
    server: bool = False
    words: int = 1
    moments: float = 0.0


@dataclass(frozen=True, slots=True)
class Life:
    """How a life ended."""

    kills: int
    hit: bool  # the place aimed at was reached
    wrong: tuple[str, ...]


@dataclass(slots=True)
class World:
    """Built in one folder on some ground; ``settings`` are its server's."""

    folder: Path
    ground: Ground
    settings: Settings
    clock: RunningClock = field(default_factory=RunningClock)
    seen: Counter[Cell] = field(default_factory=Counter)
    _places: dict[str, Place] = field(init=False)
    _memories: dict[str, Memory] = field(init=False)
    _damaged: set[str] = field(default_factory=set)
    _server: Child | None = None
    _port: int = 0

    def __post_init__(self) -> None:
        self._port = free_port(10_000 + os.getpid() % 20_000)
        (self.folder / "stick").mkdir()
        self._places = {name: self._place(name, login) for name, login in PLACES.items()}
        self._memories = {name: Memory() for name in PLACES}

    def _place(self, name: str, login: str) -> Place:
        folder = self.folder / name
        folder.mkdir()
        ground = self.ground
        account = Account(ground.accounts[login], login, f"经办人{login}", Role.REGISTRAR, ground.home.id)
        return Place(name, folder, account, self.clock)

    # ---- lives ------------------------------------------------------------------------------------------------------

    def is_new(self, name: str) -> bool:
        """Whether a computer has never been used."""
        return not self._places[name].cache.exists() and name not in self._damaged

    def live(self, name: str, plan: Plan, aim: Aim, chance: Random) -> Life:
        """Let a registrar work until a process is killed; look at the disk it leaves."""
        self._prepare(name, plan, chance)
        wrong = self._run_server(aim, new_epoch=plan.new_epoch)
        place, fate = self._places[name], Fate(aim.cell if aim.client else None, aim.passes)
        seed = chance.getrandbits(64)
        child = Child.start(name, lambda say: _work(place, plan, self._port, fate, Random(seed), say))
        if aim.cell is None:
            self._shoot(child, aim)
        words, late = _finished(child)
        killed = [process for process in (child, self._server) if process and process.has_ended and process.was_killed]
        self._heard(name, words)
        wrong += late + [word.text for word in words if isinstance(word, Bug)]
        wrong += verdict.on_disk(place.cache, self._memories[name], is_damaged=name in self._damaged)
        if self._server is not None and self._server.has_ended:
            wrong += self._stop_server()
        aimed_at = child if aim.client else None
        return Life(len(killed), bool(killed) if aimed_at is None else aimed_at in killed, tuple(wrong))

    def _prepare(self, name: str, plan: Plan, chance: Random) -> None:
        place = self._places[name]
        if plan.colleague:
            other = next(each for each in PLACES if each != name)
            self.live(other, Plan(("sync", "decide", "decide", "sync"), closes=True), Aim(Cell("", "")), chance)
        if plan.migrates:
            self._places[name] = replace(place, steps=(*place.steps, next_step(place)))
        if damage(CacheFiles(place.cache), plan.damage):
            self._damaged.add(name)
            self._memories[name].lose_unsaid()

    def _heard(self, name: str, words: list[Word]) -> None:
        self._memories[name].hear(words)
        if Began(OPEN) in words:
            self._damaged.discard(name)
        for word in words:
            if isinstance(word, Passed):
                self.seen[Cell(word.work, word.point)] += word.times

    def _shoot(self, child: Child, aim: Aim) -> None:
        child.wait_for(aim.words)
        time.sleep(aim.moments)
        if aim.client:
            child.kill()
        if aim.server and self._server is not None:
            self._server.kill()
            self._server.finish()

    # ---- the server -------------------------------------------------------------------------------------------------

    def _run_server(self, aim: Aim, *, new_epoch: bool) -> list[str]:
        """Have a server running, one that will die at the place aimed at if it is one of a server's."""
        dies = aim.server and aim.cell is not None
        wrong = self._stop_server() if dies else []
        if self._server is None:
            fate = Fate(aim.cell if dies else None, aim.passes)
            self._server = Child.start("server", lambda say: serve(self.settings, self._port, self.clock, fate, say))
            self._server.hear(LISTENS)
        if new_epoch:
            self._server.signal(signal.SIGUSR1)
            self._server.hear(NEW_EPOCH)
        return wrong

    def _stop_server(self) -> list[str]:
        """End the server; return what it complained of."""
        server, self._server = self._server, None
        return [] if server is None else [word.text for word in server.end() if isinstance(word, Bug)]

    def warm(self) -> None:
        """Serve a day's work in this very process: what it compiles, every server forked later need not."""
        place, parent = self._places["a"], os.getpid()

        def work(say: Say) -> None:
            _work(place, PLANS["sync"], self._port, Fate(), Random(1), say)
            os.kill(parent, signal.SIGTERM)

        visitors: list[Child] = []
        serve_here(self.settings, self._port, self.clock, lambda: visitors.append(Child.start("visitor", work)))
        for visitor in visitors:
            self._heard("a", visitor.finish())

    def census(self) -> None:
        """End the server in peace, so that it says what it passed."""
        server, self._server = self._server, None
        if server is not None:
            self._heard("a", server.terminate())

    # ---- the end ----------------------------------------------------------------------------------------------------

    def rest(self) -> list[str]:
        """Let everything come to rest without faults, and compare both sides."""
        wrong = self._stop_server() + self._run_server(Aim(), new_epoch=False)
        child = Child.start("rest", self._at_rest)
        words, late = _finished(child)
        for name, place in self._places.items():
            wrong += verdict.on_disk(place.cache, self._memories[name])
        return wrong + late + [word.text for word in words if isinstance(word, Bug)] + self._stop_server()

    def _at_rest(self, say: Say) -> None:
        offices = [Office.open(p, transport(self._port, self.clock), lambda _: None) for p in self._places.values()]
        for finding in verdict.come_to_rest(offices):
            say(Bug(finding))
        service = open_service(self.settings, self.clock.now)
        for finding in verdict.both_sides(offices, service):
            say(Bug(finding))
        service.close()
        for office in offices:
            office.close()

    def close(self) -> None:
        """Leave no process behind."""
        self._stop_server()
        engine_of(self.settings.database_url).dispose()


def transport(port: int, clock: RunningClock) -> HttpTransport:
    """Return a connection of the program to the server."""
    return HttpTransport(
        Link(ServerAddress(f"http://127.0.0.1:{port}"), clock, client_version="0.1.0"), reads_ahead=True
    )


def _work(place: Place, plan: Plan, port: int, fate: Fate, chance: Random, say: Say) -> None:
    """Be the client."""
    label_client(fate)
    watch_disk(place.folder, fate)
    store._CHECKPOINT_PAGES = _SOME_PAGES  # noqa: SLF001 - this process only
    with fate.doing("migration" if plan.migrates else "start"):
        office = Office.open(place, transport(port, place.clock), say, fate)
    say(Began(OPEN))
    for name in plan.deeds:
        _do(office, name, fate, chance)
    for _ in range(_MANY if plan.repeats else 0):
        _do(office, chance.choice((*deeds.DEEDS, "decide", "decide", "sync")), fate, chance)
    if plan.closes:
        with fate.doing("close"):
            office.close()
    for cell, times in fate.seen.copy().items():
        say(Passed(cell.work, cell.point, times))


def _do(office: Office, name: str, fate: Fate, chance: Random) -> None:
    office.say(Began(name))
    with fate.doing(name):
        deeds.do(office, name, chance)
        fate.passing("registrar told")


def _finished(child: Child) -> tuple[list[Word], list[str]]:
    try:
        return child.finish(), []
    except Hangs:
        return child.end(), [f"I4: {child.name} hangs"]


@contextmanager
def new_world(root: Path, ground: Ground) -> Iterator[World]:
    """Give a world below ``root``, always in this process's own place there; nothing of it is left."""
    folder = root / f"world-{os.getpid()}"
    folder.mkdir()
    try:
        with ground.register(folder / "register") as settings:
            world = World(folder, ground, settings)
            try:
                yield world
            finally:
                world.close()
    finally:
        shutil.rmtree(folder)
