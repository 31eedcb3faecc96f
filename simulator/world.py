"""The world of one run: three computers, the service, the people, and what a step does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.records import AccountId, DeviceId, InstitutionId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_server.services.callers import Caller
from simulator import codes, content, courier, habits, operating, paper, people, trouble
from simulator.ages import PRESENT, Ages, Updates
from simulator.befall import SKEWS, befall
from simulator.clocks import PcClock, WorldTime
from simulator.crash import POINTS, Crash, Fate
from simulator.disk import FOOTING
from simulator.interludes import interlude
from simulator.oracle import Oracle, Violation
from simulator.pc import Pc, device_named, give_cache
from simulator.register import Register, copy_template
from simulator.steps import Kind, Step
from simulator.streams import Random, Streams
from simulator.template import ELSEWHERE, REGISTRARS, SUPERVISORS, template
from simulator.thrift import Thrift
from simulator.toxics import Weather
from simulator.trace import Trace
from simulator.wire import Wire

_MEANWHILE = 0.15
_WEATHERS = (
    *(Weather.CLEAR,) * 4,
    *(Weather.FLAKY,) * 4,
    *(Weather.OFFLINE, Weather.PORTAL, Weather.CACHE, Weather.TOO_OLD),
)
_AT_A_COPY = frozenset(
    {Kind.ACT, Kind.UNLOCK, Kind.SIGN_OUT, Kind.POISON, Kind.SECOND, Kind.MIGRATE, Kind.SPOIL}
    | {Kind.CODE, Kind.SLIP, Kind.PAPER, Kind.PACK, Kind.TAKE_ANSWERS}
)
"""Steps for which a computer needs its copy."""


class World:
    """Built from one seed in one folder. :meth:`do` carries out a step; the oracle watches.

    Time, service, networks and disks are made by methods of their own: :mod:`simulator.real` puts real ones in their
    place.
    """

    footing = FOOTING

    def __init__(self, seed: int, folder: Path, ages: Ages = PRESENT) -> None:
        base = template()
        self.streams = Streams(seed)
        self.over_a_restore: set[str] = set()  # computers whose sync asked two registers: what was due nobody can tell
        self.acts_widely = self.streams.is_wide
        self.trace = Trace()
        self.time = self._time(folder)
        self.register = self._service(folder)
        self.accounts = base.accounts
        self.institutions = {name: (base.other if name == "c" else base.home).id for name in "abc"}
        self.oracle = Oracle(self.register, self.trace)
        self.thrift = Thrift(self.register, self.institutions)
        self.shut_out: list[AccountId] = []  # while a request was under way
        self.slips: list[codes.Given] = []
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.packed: dict[str, str] = {}  # the computer that wrote a file on the stick, by the file's name
        self.pcs = {name: self._computer(name, folder, seed) for name in "abc"}
        self.updates = Updates(ages)
        self.register.is_older = ages.service > 0
        for name, pc in self.pcs.items():
            pc.wire.is_older = name == ages.pc
            pc.wire.foreign = tuple(sorted({*self.institutions.values()} - {self.institutions[name]}))

    def _time(self, _: Path) -> WorldTime:
        return WorldTime()

    def _service(self, folder: Path) -> Register:
        copy_template(template().register, folder / "register")
        return Register(folder / "register", self.time)

    def _wire(self, name: str, fate: Fate) -> Wire:
        return Wire(name, self.register, self.time, self.trace, fate)

    def _blank_cache(self) -> Path:
        return template().cache

    def _computer(self, name: str, folder: Path, seed: int) -> Pc:
        fate, clock = Fate(), PcClock(self.time)
        give_cache(self._blank_cache(), folder / name)
        wire = self._wire(name, fate)
        pc = Pc(name, folder / name, clock, wire, fate, device_named(name), seed, self.footing)
        pc.sees_off = lambda: self.oracle.see_off(pc)
        pc.begin_anew = lambda: self._set_up_anew(pc)
        wire.befall = lambda toxic: befall(self, pc, toxic)
        return pc

    def close(self) -> None:
        """Give all files free."""
        for pc in self.pcs.values():
            pc.close()
        self.register.stop()

    def open_offices(self) -> None:
        """The first morning: somebody signs in at each computer."""
        for login in ("jia", "bing", ELSEWHERE):
            self.trace.note("morning", login, self.pcs[REGISTRARS[login]].sign_in(login))

    def live(self, steps: Sequence[Step]) -> None:
        """Live through all steps."""
        self.open_offices()
        if self.streams.is_wide:
            habits.first_day(self)
        for step in steps:
            self.do(step)
        self.updates.service(self, at_last=True)

    def do(self, step: Step) -> None:
        """Carry out one step."""
        pc = self.pcs[step.pc]
        chance = self.streams.of(step.number, step.pc)
        for other in self.pcs.values():
            other.wire.rest()
            other.wire.chance = self.streams.of(step.number, other.name, "wire")
            other.ids.chance = self.streams.of(step.number, other.name, "ids")
            other.wire.meanwhile = self._interludes(other, self.streams.of(step.number, other.name, "meanwhile"))
        self.trace.note("step", step.number, step.kind.value, step.pc, f"{self.time.seconds:.2f}")
        self.updates.step(self, step.number)
        if self.streams.is_wide:
            habits.after_the_night(self, self.streams.of(step.number, "night"))
        self.trace.note(" ", self.alive(pc, lambda: self._done(step.kind, pc, chance)))
        for other in self.pcs.values():
            self.oracle.watch(other)

    def _done(self, kind: Kind, pc: Pc, chance: Random) -> str:
        if pc.is_removed and kind in _AT_A_COPY:
            return "removed"
        return _DEEDS[kind](self, pc, chance)

    def alive(self, pc: Pc, deed: Callable[[], str]) -> str:
        """Do something at a computer; if it is killed over it, start it again."""
        try:
            return deed()
        except Crash as crash:
            self._restart(pc)
            return f"killed at {crash}"

    def _restart(self, pc: Pc) -> None:
        was = pc.running.account
        pc.die()
        pc.start()
        self.oracle.watch(pc)
        self._back_in(pc, was)

    def _back_in(self, pc: Pc, was: Account | None) -> str:
        if was is None:
            return ""
        done = pc.sign_in(was.login)
        return done if done == "in" else pc.unlock(was)

    def _interludes(self, pc: Pc, chance: Random) -> Callable[[str], None]:
        def meanwhile(where: str) -> None:
            if where != "stream":  # a service that stops breaks its streams off: that is a fate of the wire
                self.updates.service(self)
            if chance.random() < _MEANWHILE:
                pc.wire.spent.interludes += 1
                self.trace.note(pc.name, "meanwhile", where, interlude(self, pc, where, chance))

        return meanwhile

    # ---- deeds ------------------------------------------------------------------------------------------------------

    def act(self, pc: Pc, chance: Random) -> str:
        """A registrar does a few things; what he is told is saved must never be lost."""
        done = []
        for _ in range(chance.randrange(1, 5)):
            done.append(people.registrar_acts(pc, chance))
            self.oracle.watch(pc)
        return "; ".join(done)

    def sync(self, pc: Pc, chance: Random | None = None) -> str:
        """Let the sync engine of a computer work."""
        if chance is not None and self.streams.is_wide:
            habits.before_sync(self, pc, chance)
        if pc.at_work:
            return "under way"
        self.thrift.begin(pc)
        self.over_a_restore.discard(pc.name)
        report = pc.sync()
        assert report is not None
        self.oracle.check_lamp(pc, report)
        excess = self.thrift.excess(pc)
        if pc.name in self.over_a_restore:
            pc.wire.spent.breaks_off()  # a page that came may have been of either register
        elif excess:
            raise Violation(f"I9: {pc.name} spent {excess}")
        return f"{report.lamp.kind.value}/{report.lamp.code} unsent={report.unsent} needs={report.needs_you}"

    def wait(self, _: Pc, chance: Random) -> str:
        """Let time pass."""
        self.time.pass_by(chance.choice((1, 30, 200, 700, 4000, 30_000)))
        return "later"

    def applicant(self, pc: Pc, chance: Random) -> str:
        """An applicant acts at the service."""
        return people.applicant_acts(self.register, self.institutions[pc.name], chance)

    def commission(self, pc: Pc, chance: Random) -> str:
        """The commission acts at the service."""
        return people.commission_acts(self.register, self.institutions[pc.name], chance)

    def weather(self, pc: Pc, chance: Random) -> str:
        """The network changes."""
        pc.wire.weather = chance.choice(habits.WEATHERS if self.streams.is_wide else _WEATHERS)
        return pc.wire.weather.value

    def firewall(self, pc: Pc, _: Random) -> str:
        """Something new on the way reads what passes."""
        pc.wire.weather = Weather.FIREWALL
        return pc.wire.weather.value

    def sign_in(self, pc: Pc, chance: Random) -> str:
        """Somebody signs in; on the shared computer perhaps the other one."""
        login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
        return f"{login} {self.come_in(pc, login)}"

    def come_in(self, pc: Pc, login: str) -> str:
        """Sign somebody in; a computer that has come to the end of leaving is set up as another one for it."""
        if pc.is_gone:
            self._set_up_anew(pc)
        return pc.sign_in(login)

    def _set_up_anew(self, pc: Pc) -> None:
        self.oracle.watch(pc)
        pc.set_up_anew(self._blank_cache())

    def supervisor(self, name: str) -> Caller:
        """Return the supervisor of a computer's institution, as the service knows him."""
        return self.caller(SUPERVISORS[name])

    def caller(self, login: str) -> Caller:
        """Return somebody who is signed in at the service itself."""
        with self.register.service.environment.database.read() as transaction:
            account = transaction.accounts.get(self.accounts[login])
        assert account is not None
        return Caller(account, DeviceId("browser"))

    def unlock(self, pc: Pc, chance: Random) -> str:
        """Somebody who is known here works without the network."""
        login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
        return f"{login} {pc.unlock(self.account(login))}"

    def account(self, login: str) -> Account:
        """Return an account as its own client knows it."""
        place: InstitutionId = self.institutions[REGISTRARS[login]]
        return Account(self.accounts[login], login, f"经办人{login}", Role.REGISTRAR, place)

    def wish(self, pc: Pc, chance: Random) -> str:
        """A button of the sync centre, or another network."""
        wish = chance.choice((*Wish, None))
        pc.tell(events.NetworkChanged if wish is None else lambda at: events.Asked(at, wish))
        return wish.value if wish else "network"

    def clock(self, pc: Pc, chance: Random) -> str:
        """The wall clock of a computer is set."""
        pc.set_clock_wrong(chance.choice(SKEWS))
        return str(pc.clock.skew)

    def kill(self, _: Pc, __: Random) -> str:
        """The program is killed where it stands."""
        raise Crash("rest")

    def kill_later(self, pc: Pc, chance: Random) -> str:
        """The program will be killed at a point it passes; mostly at once, over work that has just come in."""
        pc.fate.point, pc.fate.passes = chance.choice(POINTS), chance.randrange(4)
        self.trace.note(" ", f"{pc.fate.point}+{pc.fate.passes}")
        if chance.random() < 0.3:
            return "later"
        for acts in (people.applicant_acts, people.applicant_acts, people.commission_acts):
            self.trace.note(" ", acts(self.register, self.institutions[pc.name], chance))
        return self.sync(pc)

    def outage(self, pc: Pc, chance: Random) -> str:
        """Hours without the service, the engine trying all the time."""
        before, pc.wire.weather = pc.wire.weather, chance.choice((Weather.OFFLINE, Weather.OUTAGE))
        for _ in range(chance.randrange(8, 24)):
            self.time.pass_by(301)
            self.sync(pc)
        pc.wire.weather = before
        return f"until {self.time.seconds:.0f}"

    def sign_out(self, pc: Pc, _: Random) -> str:
        """Somebody goes home."""
        return pc.sign_out()

    def leave(self, pc: Pc, chance: Random) -> str:
        """Applications leave the institution."""
        place = self.institutions[pc.name]
        other = next(found for found in sorted(set(self.institutions.values())) if found != place)
        most = chance.choice((1, 1, 2, 6))  # the last are so many that a copy asks before it believes it
        return people.applications_leave(self.register, place, other, most, chance)

    def second(self, pc: Pc, _: Random) -> str:
        """The program is started a second time on the same copy: it must say so, or everything would go out twice."""
        said = pc.start_twice()
        if said != "cache_in_use":
            raise Violation(f"I2: a second program on the copy of {pc.name} said {said}")
        return said

    def migrate(self, pc: Pc, _: Random | None = None) -> str:
        """The program comes back after an update."""
        was = pc.running.account
        is_older = self._lay_older_copy(pc)
        pc.start()
        return f"{'migrated' if is_older else 'as it was'} {self._back_in(pc, was)}"

    def _lay_older_copy(self, pc: Pc) -> bool:
        return pc.lay_older_copy()

    def role(self, pc: Pc, chance: Random) -> str:
        """An account loses its place, or everybody has it back."""
        login = chance.choice([login for login, place in REGISTRARS.items() if place == pc.name])
        if chance.random() < 0.4:
            self.register.shut_out(self.accounts[login])
            return f"{login} out"
        self.let_everybody_in()
        return "everybody in"

    def let_everybody_in(self) -> None:
        """Give every account its place back."""
        self.register.let_in(self.accounts.values())


_DEEDS: dict[Kind, Callable[[World, Pc, Random], str]] = {
    **{kind: getattr(World, kind.value) for kind in Kind if hasattr(World, kind.value)},  # named alike
    **{kind: getattr(operating, kind.value) for kind in Kind if hasattr(operating, kind.value)},
    **{kind: getattr(trouble, kind.value) for kind in Kind if hasattr(trouble, kind.value)},
    Kind.CODE: codes.act,
    Kind.REDEEM: codes.redeem,
    Kind.PACK: courier.pack,
    Kind.CARRY: courier.carry,
    Kind.TAKE_ANSWERS: courier.take_answers,
    Kind.PAPER: paper.paper,
    Kind.SLIP: codes.slip,
    Kind.CONTENT: content.content,
}
