"""One run: build the world from the seed, carry out the steps, let it come to rest, judge it."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import feed as cache_feed
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.receiving import DIGEST_EVERY_S
from medreg_server.services import feed, snapshot
from simulator import leaving, people
from simulator.ages import PRESENT, Ages, drawn
from simulator.oracle import Violation
from simulator.paths import run_folder
from simulator.pc import Pc
from simulator.reached import reached
from simulator.register import BugWatch
from simulator.steps import Step, schedule
from simulator.streams import Streams, entropy_from
from simulator.template import REGISTRARS, template
from simulator.thrift import PAGE_CHANGES
from simulator.toxics import Weather
from simulator.wire import Deviation, Leak, Overwork
from simulator.world import World

STEPS = 100
"""Steps of a run unless another number is asked for."""

_SEEN_TO = 0.4  # how often something is done about a command that is set apart
_ROUNDS = 3  # I3: three rounds of everybody are enough
_TRIES, _TRY_EVERY_S = 30, 250.0  # the longest wait a server may ask for, and poison found behind it


@dataclass(frozen=True, slots=True)
class Result:
    """What a run showed. ``wrong`` is empty when every invariant held."""

    seed: int
    steps: tuple[Step, ...]
    wrong: tuple[str, ...]
    digest: str
    lines: tuple[str, ...]
    commands: int
    requests: int = 0
    visited: Counter[str] = field(default_factory=Counter)  # what befell exchanges, by toxic, request and position
    ages: Ages = PRESENT
    deeds: Counter[str] = field(default_factory=Counter)  # what has really come about, see :mod:`simulator.reached`

    @property
    def names(self) -> frozenset[str]:
        """Return the invariants that did not hold, by name."""
        return frozenset(line.split(":")[0] for line in self.wrong)


def run(seed: int, count: int = STEPS, keep: frozenset[int] | None = None) -> Result:
    """Run a seed; with ``keep``, only the steps of these numbers. The same arguments give the same trace."""
    streams = Streams(seed)
    steps = tuple(step for step in schedule(streams, count) if keep is None or step.number in keep)
    return run_steps(seed, steps, drawn(streams, count))


def run_steps(seed: int, steps: tuple[Step, ...], ages: Ages = PRESENT) -> Result:
    """Run these steps with the chances of a seed."""
    template()  # before chance is taken over: its ids are its own
    with run_folder() as folder, entropy_from(Streams(seed).of("entropy")), small_pages():
        return carry_out(World(seed, folder, ages), steps)


def carry_out(world: World, steps: tuple[Step, ...]) -> Result:
    """Carry the steps out in a new world, let it come to rest, judge it, and close it."""
    wrong: list[str] = []
    deeds = Counter[str]()
    with _watched_log(world.register.bugs):
        try:
            world.live(steps)
            come_to_rest(world)
            world.register.hear()
            wrong += world.oracle.judge(list(world.pcs.values()), world.institutions)
            wrong += leaving.unsettled(world.register.service.environment.database)
            deeds = reached(world.register.service.environment.database, world.pcs.values(), world.trace.lines)
        except Violation as found:
            wrong.append(str(found))
        except Overwork as found:
            wrong.append(f"I9: {found}")
        except Deviation as found:
            wrong.append(f"I3: {found}")
        except Leak as found:
            wrong.append(f"I8: {found}")
        except Exception as error:  # noqa: BLE001 - a bug of the program is a finding like any other
            wrong.append(f"BUG: {type(error).__name__}: {error} at {_place(error)}")
        finally:
            world.close()
    trace = world.trace
    for line in wrong:
        trace.note(line)
    commands, requests = world.oracle.commands, sum(pc.wire.requests for pc in world.pcs.values())
    seed, lines = world.streams.seed, tuple(trace.lines)
    ages = world.updates.ages
    return Result(seed, steps, tuple(wrong), trace.digest, lines, commands, requests, trace.visited, ages, deeds)


def come_to_rest(world: World) -> None:
    """The fault-free tail: networks work, people do what the lamp asks of them, time passes, until nothing waits.

    Supervisors settle what was rescued, and everybody comes to rest once more behind it.

    Every other seed has the clocks set right as well: what was kept under a wrong one must not be obeyed then.
    """
    for pc in world.pcs.values():
        if world.streams.seed % 2:
            pc.set_clock_wrong(timedelta())
        pc.wire.weather = Weather.CLEAR
        pc.fate.point, pc.fate.disk_faults = "", []
        pc.wire.meanwhile = lambda _: None
        while pc.wire.deliver_late():
            pass
    world.let_everybody_in()
    _settle_everybody(world)
    if leaving.settle_lane(world):
        _settle_everybody(world)
    if any(pc.wire.damages for pc in world.pcs.values()):
        world.time.pass_by(DIGEST_EVERY_S)  # damage shows when the digest is next compared
        for login, name in REGISTRARS.items():
            _settle(world, world.pcs[name], login, _ROUNDS)


def _settle_everybody(world: World) -> None:
    """Go round until everybody has had a turn that changed nothing, since anything was changed.

    Where somebody has done something about a command that was apart, the rounds that are enough count from there.
    """
    idle, rounds, turns = 0, _ROUNDS, ((number, each) for number in itertools.count() for each in REGISTRARS.items())
    for number, (login, name) in turns:
        if number == rounds or idle == len(REGISTRARS):
            return
        stood = world.oracle.stands()
        if _settle(world, world.pcs[name], login, number):
            rounds = number + _ROUNDS
        idle = idle + 1 if world.oracle.stands() == stood else 0


def _settle(world: World, pc: Pc, login: str, number: int) -> bool:
    """Let somebody come to rest; return whether he has done something about a command that was apart."""
    account = world.accounts[login]
    if pc.actor != account:
        world.trace.note("rest", number, login, world.come_in(pc, login))
    for _ in range(_TRIES):
        pc.wire.rest()
        if pc.is_gone:
            world.trace.note("rest", number, login, world.come_in(pc, login))
        world.trace.note("rest", number, login, world.sync(pc))
        _obey_the_lamp(pc, login)
        if _is_quiet(pc, account):
            break
        world.time.pass_by(_TRY_EVERY_S)
    else:
        world.oracle.check_patience(pc)
    beside = world.streams.of("apart", login, number)
    comes_again = number < _ROUNDS - 1  # what it frees has to leave
    sees_to_it = comes_again and pc.running.driver.report.quarantined > 0 and beside.random() < _SEEN_TO
    if sees_to_it:
        world.trace.note("rest", number, login, people.done(pc, people.settle_apart, beside))
    world.oracle.watch(pc)
    return sees_to_it


def _obey_the_lamp(pc: Pc, login: str) -> None:
    report = pc.running.driver.report
    if report.lamp.kind is LampKind.SIGN_IN or report.sign_in_wanted:
        pc.sign_in(login)
    elif report.lamp.kind is LampKind.NEEDS_YOU and report.lamp.code:
        pc.tell(lambda at: events.Asked(at, Wish.NOW))
    if report.paused:
        pc.tell(lambda at: events.Asked(at, Wish.RESUME))


def _is_quiet(pc: Pc, account: AccountId) -> bool:
    if pc.is_removed:
        return False
    rows = pc.running.store.read(lambda conn: outbox.rows(conn, account))
    waits = any(row.state not in {OutboxState.NEEDS_YOU, OutboxState.QUARANTINED} for row in rows)
    calm = pc.lamp in {LampKind.SYNCED, LampKind.NEEDS_YOU, LampKind.CLOCK}
    driver = pc.running.driver
    caught_up = driver._state.receiving.caught_up  # noqa: SLF001 - a lamp that needs somebody hides what else waits
    return calm and caught_up and not waits and not driver.inbox.has_mail()


@contextmanager
def small_pages() -> Iterator[None]:
    """Make marks and pages small, so that twenty rows cross as many borders as twenty thousand."""
    small = (
        (snapshot, "MARK_EVERY", 4),
        (snapshot, "_PAGE_ROWS", 7),
        (feed, "PAGE_CHANGES", PAGE_CHANGES),
        (cache_feed, "_ALWAYS_ALLOWED_REMOVALS", 2),
    )
    before = [(module, name, getattr(module, name)) for module, name, _ in small]
    try:
        for module, name, size in small:
            setattr(module, name, size)
        yield
    finally:
        for module, name, size in before:
            setattr(module, name, size)


@contextmanager
def _watched_log(bugs: list[str]) -> Iterator[None]:
    """Hear what the service's log calls an error, and nothing else; leave the log as it was."""
    log, watch = logging.getLogger("medreg_server"), BugWatch(bugs)
    was = log.propagate
    log.propagate = False
    log.addHandler(watch)
    try:
        yield
    finally:
        log.removeHandler(watch)
        log.propagate = was


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else "?"
