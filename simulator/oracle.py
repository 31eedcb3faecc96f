"""Watches a run from outside and knows what must never happen: the invariants I1–I12 (``docs/reliability.md``).

Here is what is looked at while the run lasts, and what must be remembered for the end; :mod:`.verdict`, :mod:`.told`,
:mod:`.forms` and :mod:`.compare` judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from medreg_core.domain.records import Application, CommandId, InstitutionId, PhysicianId
from medreg_core.domain.states import RULES
from medreg_core.domain.vocabulary import OutcomeKind, RescueState
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.cache import applications, sync_state, unfinished
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.transport.trouble import TroubleKind
from medreg_server.db.scope import WHOLE_REGISTER
from simulator import people
from simulator.compare import Books, Effect, books, differences, effects, every_row, misread, register_faults
from simulator.forms import PaperWatch, asked_back, counted, miscounted
from simulator.leaving import kept_beside, kept_in_lane
from simulator.pc import Pc
from simulator.register import Register
from simulator.said import SaidWatch
from simulator.told import Kept, carried_out, is_accepted, told
from simulator.trace import Trace
from simulator.verdict import BY_HAND, ended, signed_for, unasked, unseen, written_down

_LONGEST_WAIT_S, _LONGEST_TOLD_S = 300.0, 3600.0
"""No wait of our own is longer than the first, none a server asks for longer than the second (``sync.md`` §5.8)."""


class Violation(AssertionError):
    """An invariant does not hold; the message begins with its name."""


class Oracle:
    """Remembers what was saved, and compares it with both sides."""

    def __init__(self, register: Register, trace: Trace) -> None:
        self.poisoned: set[CommandId] = set()
        self._register = register
        self._trace = trace
        self._kept: dict[CommandId, Kept] = {}
        self._held: dict[str, dict[CommandId, Kept]] = defaultdict(dict)
        self._read_at: dict[CommandId, datetime | None] = {}  # when what its author read had come about
        self._looked: dict[str, tuple[int, int]] = {}
        self._codes: dict[str, str] = {}
        self._summaries: dict[str, str] = {}
        self._positions: dict[str, tuple[str, int]] = {}
        self._accepted: set[tuple[CommandId, str]] = set()
        self._said = SaidWatch()
        self._paper = PaperWatch()
        self._owed_to_lane: set[CommandId] = set()
        self._restores = 0

    @property
    def commands(self) -> int:
        """Return how many commands have been saved."""
        return len(self._kept)

    def stands(self) -> tuple[str, ...]:
        """Return where every computer stood when it was last looked at: position, and commands by state."""
        return tuple(self._summaries.values())

    def restored(self) -> None:
        """The service has gone back to a copy: what it accepted since then is lost, and must be said so."""
        self._restores += 1

    # ---- at every step ----------------------------------------------------------------------------------------------

    def watch(self, pc: Pc) -> None:
        """Note what the disk holds: the invariants of each step, unless nothing was written since the last look.

        What a registrar was told is saved is looked for all the same: a program that only says so writes nothing.
        """
        if pc.is_removed:
            self._note_removed(pc)
            return
        _first(iter(pc.stale))
        looked = (pc.starts, pc.running.store.writes)
        if self._looked.get(pc.name) != looked or pc.promised or pc.said:
            self._looked[pc.name] = looked
            self._summaries[pc.name] = pc.running.store.read(lambda conn: self._look(pc, conn))
        self._trace.note(" ", pc.name, self._summaries[pc.name])

    def _look(self, pc: Pc, conn: Connection) -> str:
        """Nothing that was ever there may be gone or changed (I1), no seq go back (I5), nothing accepted hide (I6)."""
        held = self._held[pc.name]
        states = defaultdict[str, int](int)
        accepted: list[tuple[CommandId, str]] = []
        number = 0
        for number, (command, actor, content, state, epoch) in enumerate(conn.execute(_HELD), 1):  # noqa: B007 - how many
            states[state] += 1
            found = Kept(pc.name, actor, content)
            if held.setdefault(command, found) != found or self._kept.setdefault(command, found) != found:
                raise Violation(f"I1: command {command} has changed on {pc.name}")
            if epoch is not None and (command, epoch) not in self._accepted:
                accepted.append((command, epoch))
        if len(held) > number:
            raise Violation(f"I1: {len(held) - number} saved commands are gone from {pc.name}")
        self._check_promises(pc, conn)
        _first(self._said.look(pc, conn))
        if accepted:
            self._check_accepted(pc, accepted)
        position = sync_state.read(conn)
        before = self._positions.get(pc.name, ("", 0))
        if position.epoch == before[0] and position.seq < before[1]:
            raise Violation(f"I5: {pc.name} went back from seq {before[1]} to {position.seq} in one epoch")
        self._positions[pc.name] = position.epoch, position.seq
        for command, body in conn.execute(_READ):
            if command not in self._read_at:
                self._read_at[command] = msgspec.json.decode(body, type=Application).moved_at
        self._check_shown(pc, conn)
        _first(self._paper.look(pc, conn))
        return f"{position.epoch[:6]} {position.seq} {dict(sorted(states.items()))}"

    def see_off(self, pc: Pc) -> None:
        """Whatever anybody left unfinished on a shut-out computer is in the lane before anything is destroyed (I1).

        And what its maker has closed himself is not (I2): a supervisor would carry it out all the same.
        """
        rows = pc.running.store.read(every_row)
        database = self._register.service.environment.database
        lane, order = kept_in_lane(database), pc.running.store.read(unfinished.order)
        lost = self._lost_of(rows) if order is not None and order.epoch == self._epoch() else set[CommandId]()
        beside = kept_beside(self._register.settings, pc.device_id)  # since a restore: its last word brings it back
        self._owed_to_lane |= beside - lane.keys()
        for row in rows:
            if row.is_open and lane.get(row.command.id, ("", None))[0] != pc.device_id and row.command.id not in beside:
                raise Violation(f"I1: {row.kind.value} {row.command.id} is destroyed on {pc.name}, and nobody has it")
            if row.command.id in lost - lane.keys() - beside:
                raise Violation(f"I1: the restored register has lost {row.command.id}, and {pc.name} tells nobody")
            if row.resolution in BY_HAND and row.command.id in lane:
                raise Violation(f"I2: {row.command.id} is {row.resolution.value} on {pc.name}, and in the lane")
        self.watch(pc)
        books = self._books()
        for row in rows:
            if row.is_lost and lane.get(row.command.id, ("", None))[1] is RescueState.CONFIRMED:
                continue  # rescued before, and done by a supervisor since: its author's copy hears of nothing any more
            place = books.accounts[row.actor].institution_id
            found = (*unasked(pc, row), *told(books, row, rows, place))
            _first(f"{wrong} on {pc.name}" for wrong in found)

    def _note_removed(self, pc: Pc) -> None:
        """Its copy is gone, and so is what it held; whoever comes next begins with nothing."""
        for memory in (self._held, self._looked, self._positions):
            memory.pop(pc.name, None)
        for watch in (self._paper, self._said):
            watch.forget(pc.name)
        for memory_of in (pc.promised, pc.ticked, pc.said, pc.printed, pc.returned, pc.sheets, pc.stale):
            memory_of.clear()
        self._summaries[pc.name] = f"removed {pc.running.driver.report.removal.stage.value}"
        if pc.is_gone and (left := pc.remains() - {farewell.FILE}):
            raise Violation(f"I8: the removed {pc.name} still holds {sorted(left)}")
        self._trace.note(" ", pc.name, self._summaries[pc.name])

    def given(self, login: str, reference: str, code: str) -> None:
        """A slip with a code is in somebody's hand: no other may ever show it (I2)."""
        for name in (reference, code):
            if name in self._codes:
                raise Violation(f"I2: the code {reference} was handed out twice, to {self._codes[name]} and {login}")
            self._codes[name] = login

    def activated(self, physician: PhysicianId, owner: PhysicianId, hand_out: CommandId) -> None:
        """A code has worked: for the physician it was handed to, once the register had accepted that (I2)."""
        if physician != owner:
            raise Violation(f"I2: the code of {owner} has activated {physician}")
        with self._register.service.environment.database.read() as transaction:
            found = transaction.commands.answered(hand_out)
        if found is None or found.outcome.kind is not OutcomeKind.ACCEPTED:
            raise Violation(f"I2: a code works whose hand-out {hand_out} was not accepted")

    def check_lamp(self, pc: Pc, report: SyncReport) -> None:
        """Green means that nothing of this registrar's waits, and nothing waits longer than it may (I4)."""
        state = pc.running.driver._state  # noqa: SLF001 - the monotonic clock's view: what is shown jumps with the wall's
        for circuit in (state.sending.circuit, state.receiving.circuit):
            told = circuit.trouble is not None and circuit.trouble.kind is TroubleKind.TOLD
            wait_s = round(circuit.next_try - pc.clock.monotonic(), 6)  # a sum of binary fractions
            if wait_s > (_LONGEST_TOLD_S if told else _LONGEST_WAIT_S):
                raise Violation(f"I4: {pc.name} will not try again for {wait_s:.0f} s")
        if report.lamp.kind is not LampKind.SYNCED or pc.running.driver.inbox.has_mail():
            return
        waits = [row.state.value for row in people.own_rows(pc) if row.is_open]
        if waits:
            raise Violation(f"I4: the lamp of {pc.name} is green over {waits}")

    def check_patience(self, pc: Pc) -> None:
        """Over a good network nothing of whoever sits here has waited all this time, unless behind something (I4).

        Such as what a colleague has made on the same computer, which leaves when he is here again.
        """
        rows = [] if pc.is_removed else pc.running.store.read(every_row)
        open_elsewhere = {row.command.id for row in rows if row.is_open and row.actor != pc.actor}
        for row in rows:
            if row.actor == pc.actor and row.command.depends_on not in open_elsewhere:
                _first(f"{wrong} on {pc.name}" for wrong in ended(pc, row, rows, self.poisoned))

    def _check_promises(self, pc: Pc, conn: Connection) -> None:
        """What a registrar was told is saved lies on the disk (I1), made on the very content that he saw (I2)."""
        for command, content_version in pc.promised.items():
            if command not in self._held[pc.name]:
                raise Violation(f"I1: {command} was said to be saved on {pc.name}, and is not on its disk")
            bodies = conn.execute("SELECT body FROM basis WHERE command_id = ?", (command,)).fetchall()
            made_on = [msgspec.json.decode(body, type=Application).content_version for (body,) in bodies]
            if content_version is not None and made_on not in ([content_version], []):  # gone once it is accepted
                raise Violation(f"I2: {command} was saved on content {made_on}; its author saw {content_version}")
            made_in = [msgspec.json.decode(body, type=Application).version for (body,) in bodies]
            if command in pc.ticked and made_in not in ([pc.ticked[command]], []):
                raise Violation(f"I2: {command} was saved on version {made_in}; it was ticked in {pc.ticked[command]}")
        pc.promised.clear()
        pc.ticked.clear()

    def _check_accepted(self, pc: Pc, accepted: Collection[tuple[CommandId, str]]) -> None:
        """What has come to be shown as accepted is accepted in the register, unless it was restored since (I1)."""
        with self._register.service.environment.database.read() as transaction:
            epoch = transaction.server_state.identity().epoch
            ids = [command for command, answered_in in accepted if answered_in == epoch]
            answers = transaction.commands.outcomes(ids, WHOLE_REGISTER)
        self._accepted.update(accepted)
        for command in ids:
            if command not in answers or answers[command].kind is not OutcomeKind.ACCEPTED:
                raise Violation(f"I1: {command} is shown as accepted on {pc.name}, and the register says otherwise")

    def _epoch(self) -> str:
        with self._register.service.environment.database.read() as transaction:
            return transaction.server_state.identity().epoch

    def _lost_of(self, rows: Sequence[OutboxRow]) -> set[CommandId]:
        """Return what was accepted before a restore, and is not carried out in the register that came of it."""
        epoch, done = self._epoch(), self.effects()
        return {
            row.command.id for row in rows if is_accepted(row) and row.epoch != epoch and row.command.id not in done
        }

    def _check_shown(self, pc: Pc, conn: Connection) -> None:
        """What the service has accepted stays on its author's screen until the copy itself has it (I6)."""
        for command, n, application, version in conn.execute(_AHEAD_OF_COPY, (pc.actor,)).fetchall():
            shown = applications.get(conn, application)
            if shown is None or shown.application.version >= version or command not in self.effects():
                continue  # a damaged column may say that a row is older than it is
            decision = shown.decision
            is_shown = decision is not None and decision.n >= n and shown.next_base_version >= version
            if decision is None or not is_shown or shown.shown_state is not RULES[MOVES[decision.kind]].target:
                raise Violation(f"I6: the accepted command {command} is not shown on {pc.name}")

    # ---- at the end -------------------------------------------------------------------------------------------------

    def effects(self) -> dict[CommandId, list[Effect]]:
        """Return what each command did to the register."""
        return effects(self._register.service.environment.database)

    def judge(self, pcs: list[Pc], institutions: dict[str, InstitutionId]) -> Iterator[str]:
        """Yield everything that is wrong once the world is quiet."""
        database = self._register.service.environment.database
        books = self._books()
        yield from carried_out(books, self._kept)
        yield from register_faults(database)
        yield from counted(database)
        # Who was killed before anything was destroyed, and is in order again, has them still.
        here = {command for held in self._held.values() for command in held}
        for command in sorted(self._owed_to_lane - kept_in_lane(database).keys() - here):
            yield f"I1: {command} was handed over by a computer that is gone, and did not come back into the lane"
        for pc in pcs:
            if pc.is_removed:
                yield f"I4: {pc.name} was shut out and has not come to the end of leaving"
                continue
            yield from (f"{wrong} on {pc.name}" for wrong in self._on_copy(pc, books, institutions[pc.name]))
        yield from dict.fromkeys(self._register.bugs)

    def _on_copy(self, pc: Pc, books: Books, place: InstitutionId) -> Iterator[str]:
        environment, store = self._register.service.environment, pc.running.store
        rows = store.read(every_row)
        yield from signed_for(pc, rows, environment.keys.public_key)
        yield from store.read(lambda conn: list(written_down(conn, rows)))
        for row in rows:
            yield from ended(pc, row, rows, self.poisoned)
            yield from told(books, row, rows, place)
            application = books.applications.get(row.command.application_id)
            yield from unseen(row, rows, application.history if application else (), self._read_at)
            if is_accepted(row) and row.state is OutboxState.DONE and row.command.id not in books.effects:
                yield f"I1: {row.kind.value} {row.command.id} is shown as accepted, and the register does not have it"
        yield from store.read(lambda conn: list(asked_back(conn, rows, books, environment.database, place)))
        yield from store.read(lambda conn: list(miscounted(conn, pc)))
        if not pc.wire.damages:  # what a foreign tool does to a row, it does not do to the list
            yield from store.read(lambda conn: list(misread(conn)))
        yield from differences(store, environment.database, place)

    def _books(self) -> Books:
        makers = {command: kept.actor for command, kept in self._kept.items()}
        return books(self._register.service.environment.database, makers)


_HELD = """
    SELECT id, actor, command, state,
        CASE WHEN state = 'done' AND outcome_kind = 'accepted' AND resolution = '' THEN epoch END
    FROM outbox ORDER BY n
"""

_READ = "SELECT command_id, body FROM basis"

_AHEAD_OF_COPY = f"""
    SELECT o.id, o.n, o.application_id, json_extract(o.outcome, '$.version') FROM outbox o
    JOIN application a ON a.id = o.application_id AND a.version < json_extract(o.outcome, '$.version')
    WHERE o.actor = ? AND o.state = 'done' AND o.outcome_kind = 'accepted' AND o.resolution = ''
    AND o.kind IN ({", ".join(f"'{kind.value}'" for kind in MOVES)}) ORDER BY o.n
"""  # noqa: S608 - the kinds are ours


def _first(wrong: Iterator[str]) -> None:
    """Raise the first of what is wrong, if anything is."""
    for found in wrong:
        raise Violation(found)
