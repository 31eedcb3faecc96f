"""One office and the service in one process, on taped disks: a life is lived once, its end is tried many times."""

from __future__ import annotations

import _sqlite3
import copy
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlcipher3 import _sqlite3 as cipher

from medreg_core.contract.v1.messages import Account
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache import store
from medreg_desktop.services.cache.files import CacheFiles
from simulator.clocks import WorldTime
from simulator.crash import Fate as NoFate
from simulator.kills import deeds, verdict
from simulator.kills.office import Office, Place, RunningClock
from simulator.kills.plans import Damage, Plan, damage, next_step
from simulator.kills.said import Began, Word, line_of, words_in
from simulator.kills.verdict import Memory
from simulator.power.files import TapedFiles
from simulator.power.operations import Note, Operation, Tape
from simulator.power.platter import Cut, Platter, files_below, lay_out
from simulator.power.vfs import WatchedVfs
from simulator.register import Register, copy_template
from simulator.run import small_pages
from simulator.streams import Random
from simulator.template import template
from simulator.trace import Trace
from simulator.wire import Wire

OFFICE, REGISTER = "a", "register"
OPEN = "open"
_SOME_PAGES = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """What a life begins with: the files of both disks, and what the registrar remembers."""

    files: dict[str, bytes]
    memory: Memory
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """A power cut: after how many operations of the tape, whose disk, and what of it was left."""

    after: int
    office: bool
    register: bool
    how: Cut

    def __str__(self) -> str:
        who = "+".join(name for name, cut in ((OFFICE, self.office), (REGISTER, self.register)) if cut)
        return f"{who} {self.how} after {self.after}"


@dataclass(slots=True)
class Town:
    """Lives in ``folder``; its ends are tried beside it. One per process: the shims below SQLite stay."""

    folder: Path
    clock: RunningClock = field(default_factory=RunningClock)
    tape: Tape = field(init=False)
    place: Place = field(init=False)
    _tries: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self._tries = self.folder.with_name(self.folder.name + "-tried")
        base = template()
        account = Account(base.accounts["jia"], "jia", "经办人jia", Role.REGISTRAR, base.home.id)
        self.place = Place(OFFICE, self.folder / OFFICE, account, self.clock)
        self.tape = Tape(str(self.folder))
        WatchedVfs(cipher, self.tape)
        WatchedVfs(_sqlite3, self.tape)
        store._CHECKPOINT_PAGES = _SOME_PAGES  # noqa: SLF001 - this process only

    def beginning(self) -> Standing:
        """Return the first morning: an empty computer, a filled register."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.place.folder.mkdir(parents=True)
        copy_template(template().register, self.folder / REGISTER)
        return Standing(files_below(self.folder), Memory())

    def live(self, standing: Standing, plan: Plan, chance: Random) -> list[Operation]:
        """Live a life to its end in peace, and return what was done to the disks, with what was said in between."""
        _lay(standing.files, self.folder, self.folder)
        if plan.migrates:
            self.place = replace(self.place, steps=(*self.place.steps, next_step(self.place)))
        self.tape.operations, self.tape.is_running = [], True
        with TapedFiles(self.tape), small_pages():
            self._work(plan, chance)
        self.tape.is_running = False
        return self.tape.operations

    def damaged(self, standing: Standing, how: Damage) -> Standing:
        """Return the same morning with the office's database destroyed."""
        _lay(standing.files, self.folder, self.folder)
        if not damage(CacheFiles(self.place.cache), how):
            return standing
        standing.memory.lose_unsaid()
        return Standing(files_below(self.folder), standing.memory, is_damaged=True)

    def _work(self, plan: Plan, chance: Random) -> None:
        register = Register(self.folder / REGISTER, self.clock.now)
        if plan.new_epoch:
            register.service.registry.begin_epoch("fail-over")
        office = self._opened(self.place, register, lambda word: self.tape.note(Note(line_of(word).decode())))
        self.tape.note(Note(line_of(Began(OPEN)).decode()))
        for name in plan.deeds:
            deeds.do(office, name, chance)
        office.store.write(lambda _: None)  # what the writer still owes is done before the end
        office.close()
        register.stop()

    def _opened(self, place: Place, register: Register, say: object) -> Office:
        wire = Wire(place.name, register, WorldTime(), Trace(), NoFate())
        return Office.open(place, wire.transport(self.clock), say)  # type: ignore[arg-type] # any listener

    # ---- ends -------------------------------------------------------------------------------------------------------

    def cut(self, standing: Standing, tape: list[Operation], end: End, chance: Random) -> Standing:
        """Return what a power cut leaves."""
        before = tape[: end.after]
        platter = Platter(standing.files)
        platter.take(before)
        lost, kept = platter.cut(end.how, chance), platter.running()
        cuts = {str(self.folder / OFFICE): end.office, str(self.folder / REGISTER): end.register}
        files = {
            path: content
            for folder, is_cut in cuts.items()
            for path, content in (lost if is_cut else kept).items()
            if path.startswith(f"{folder}/")
        }
        words = _words(before)
        memory = copy.deepcopy(standing.memory)
        memory.hear(words)
        return Standing(files, memory, is_damaged=standing.is_damaged and Began(OPEN) not in words)

    def judged(self, left: Standing) -> list[str]:
        """Start both real programs on what is left, let them come to rest, and return what is wrong."""
        shutil.rmtree(self._tries, ignore_errors=True)
        (self._tries / OFFICE).mkdir(parents=True)
        _lay(left.files, self.folder, self._tries)
        place = replace(self.place, folder=self._tries / OFFICE)
        wrong = verdict.on_disk(place.cache, left.memory, is_damaged=left.is_damaged)
        if wrong:
            return wrong
        try:
            with small_pages():
                return wrong + self._meet_again(place, left)
        except Exception as error:  # noqa: BLE001 - whatever a program stumbles over is a finding
            return [f"I1: the programs stumble over what is left: {error!r}"]
        finally:
            shutil.rmtree(self._tries)

    def _meet_again(self, place: Place, left: Standing) -> list[str]:
        register = Register(self._tries / REGISTER, self.clock.now)
        office = self._opened(place, register, lambda _: None)
        try:
            wrong = verdict.come_to_rest([office])
            wrong += verdict.both_sides([office], register.service)
            return wrong + register.bugs + verdict.on_disk(place.cache, left.memory)
        finally:
            office.close()
            register.stop()


def _words(tape: Iterable[Operation]) -> list[Word]:
    return words_in("".join(one.text for one in tape if isinstance(one, Note)).encode())


def _lay(files: dict[str, bytes], there: Path, here: Path) -> None:
    shutil.rmtree(here, ignore_errors=True)
    (here / OFFICE).mkdir(parents=True)
    (here / REGISTER).mkdir()
    lay_out(files, there, here)
