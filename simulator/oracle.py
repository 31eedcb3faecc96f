"""Watches a run from outside and knows what must never happen: the invariants I1–I8 of ``sync.md`` §6."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise

import msgspec

from medreg_core.domain.records import (
    AccountId,
    Application,
    CommandId,
    HistoryEntry,
    InstitutionId,
    PhysicianId,
)
from medreg_core.domain.vocabulary import OutcomeKind, RescueState
from medreg_desktop.services.auth import farewell
from medreg_desktop.services.cache import applications, receipts, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import LOST_BY_SERVER, OutboxRow, OutboxState, Resolution
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.transport.trouble import TroubleKind
from simulator import people
from simulator.compare import Effect, differences, effects, every_row, histories, register_faults
from simulator.leaving import kept_in_lane
from simulator.pc import Pc
from simulator.register import Register
from simulator.trace import Trace

_ON_THE_WAY = frozenset({OutboxState.QUEUED, OutboxState.IN_FLIGHT, OutboxState.DEFERRED})

_BY_HAND = frozenset({Resolution.CANCELLED, Resolution.DROPPED, Resolution.REPLACED})
_NOWHERE: tuple[str, None] = ("", None)

_MAY_BE_DROPPED = frozenset(
    {"poison", "bad_request", "too_large", "body_mismatch", "deferred_too_long", LOST_BY_SERVER, HANDED_OVER}
)
"""Causes for which a command is laid before the registrar, who may then drop it."""

_LONGEST_WAIT_S, _LONGEST_TOLD_S = 300.0, 3600.0
"""No wait of our own is longer than the first, none a server asks for longer than the second (``sync.md`` §5.8)."""


class Violation(AssertionError):
    """An invariant does not hold; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A command as it was first seen on a disk: by whom, where, its bytes."""

    pc: str
    actor: AccountId
    content: str


class Oracle:
    """Remembers what was saved, and compares it with both sides."""

    def __init__(self, register: Register, trace: Trace) -> None:
        self.poisoned: set[CommandId] = set()
        self._register = register
        self._trace = trace
        self._kept: dict[CommandId, Kept] = {}
        self._held: dict[str, dict[CommandId, Kept]] = defaultdict(dict)
        self._seen: dict[CommandId, datetime | None] = {}  # when what its author read had come about
        self._looked: dict[str, tuple[int, int]] = {}
        self._codes: dict[str, str] = {}
        self._summaries: dict[str, str] = {}
        self._positions: dict[str, tuple[str, int]] = {}
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
        """Note what the disk holds: the invariants of each step, unless nothing was written since the last look."""
        if pc.is_removed:
            self._note_removed(pc)
            return
        looked = (pc.starts, pc.running.store.writes)
        if self._looked.get(pc.name) != looked:
            self._looked[pc.name] = looked
            self._summaries[pc.name] = pc.running.store.read(lambda conn: self._look(pc, conn))
        self._trace.note(" ", pc.name, self._summaries[pc.name])

    def _look(self, pc: Pc, conn: Connection) -> str:
        """Nothing that was ever there may be gone or changed (I1), no seq go back (I5), nothing accepted hide (I6)."""
        held = self._held[pc.name]
        states = defaultdict[str, int](int)
        number = 0
        for number, (command, actor, content, state) in enumerate(conn.execute(_HELD), 1):  # noqa: B007 - how many
            states[state] += 1
            found = Kept(pc.name, actor, content)
            if held.setdefault(command, found) != found or self._kept.setdefault(command, found) != found:
                raise Violation(f"I1: command {command} has changed on {pc.name}")
        if len(held) > number:
            raise Violation(f"I1: {len(held) - number} saved commands are gone from {pc.name}")
        position = sync_state.read(conn)
        before = self._positions.get(pc.name, ("", 0))
        if position.epoch == before[0] and position.seq < before[1]:
            raise Violation(f"I5: {pc.name} went back from seq {before[1]} to {position.seq} in one epoch")
        self._positions[pc.name] = position.epoch, position.seq
        for command, body in conn.execute(_READ):
            if command not in self._seen:
                self._seen[command] = msgspec.json.decode(body, type=Application).moved_at
        self._check_shown(pc, conn)
        return f"{position.epoch[:6]} {position.seq} {dict(sorted(states.items()))}"

    def see_off(self, pc: Pc) -> None:
        """Whatever anybody left unfinished on a shut-out computer is in the lane before anything is destroyed (I1).

        And what its maker has closed himself is not (I2): a supervisor would carry it out all the same.
        """
        rows = pc.running.store.read(every_row)
        lane = kept_in_lane(self._register.service.environment.database)
        for row in rows:
            if row.is_open and lane.get(row.command.id, ("", None))[0] != pc.device_id:
                raise Violation(f"I1: {row.kind.value} {row.command.id} is destroyed on {pc.name}, and nobody has it")
            if row.resolution in _BY_HAND and row.command.id in lane:
                raise Violation(f"I2: {row.command.id} is {row.resolution.value} on {pc.name}, and in the lane")
        self.watch(pc)

    def _note_removed(self, pc: Pc) -> None:
        """Its copy is gone, and so is what it held; whoever comes next begins with nothing."""
        for memory in (self._held, self._looked, self._positions):
            memory.pop(pc.name, None)
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

    def _check_shown(self, pc: Pc, conn: Connection) -> None:
        """What the service has accepted stays on its author's screen until the copy itself has it (I6)."""
        for command, application, version in conn.execute(_AHEAD_OF_COPY, (pc.actor,)).fetchall():
            shown = applications.get(conn, application)
            if shown is not None and shown.next_base_version < version and command in self.effects():
                raise Violation(f"I6: the accepted command {command} is not shown on {pc.name}")

    # ---- at the end -------------------------------------------------------------------------------------------------

    def effects(self) -> dict[CommandId, list[Effect]]:
        """Return what each command did to the register."""
        return effects(self._register.service.environment.database)

    def judge(self, pcs: list[Pc], institutions: dict[str, InstitutionId]) -> Iterator[str]:
        """Yield everything that is wrong once the world is quiet."""
        effects = self.effects()
        database = self._register.service.environment.database
        moves = histories(database)
        yield from self._carried_out(effects, kept_in_lane(database))
        yield from register_faults(database)
        for pc in pcs:
            if pc.is_removed:
                yield f"I4: {pc.name} was shut out and has not come to the end of leaving"
                continue
            rows = pc.running.store.read(every_row)
            yield from self._receipts(pc, rows)
            for row in rows:
                yield from self._ended(pc, row, rows, command_took_effect=row.command.id in effects)
                yield from self._unseen(pc, row, rows, moves.get(row.command.application_id, ()))
            for difference in differences(pc.running.store, database, institutions[pc.name]):
                yield f"{difference} on {pc.name}"
        yield from dict.fromkeys(self._register.bugs)

    def _carried_out(
        self, effects: dict[CommandId, list[Effect]], lane: Mapping[CommandId, tuple[str, RescueState | None]]
    ) -> Iterator[str]:
        """Each command at most once, for who made it; what was rescued only by a supervisor's word (I1, I2, I8)."""
        for command, done in effects.items():
            _, state = lane.get(command, _NOWHERE)
            if len(done) > 1:
                yield f"I2: command {command} took effect {len(done)} times: {[one.action for one in done]}"
            kept = self._kept.get(command)
            if kept is None:
                yield f"I1: command {command} took effect, but no disk holds it"
            elif kept.actor != done[0].actor and state is not RescueState.CONFIRMED:
                yield f"I8: command {command} of {kept.actor} was carried out for {done[0].actor}"
            if state in {RescueState.WAITING, RescueState.SET_ASIDE}:
                yield f"I2: the rescued command {command} is {state.value}, and took effect"

    def _receipts(self, pc: Pc, rows: list[OutboxRow]) -> Iterator[str]:
        """Each link follows the one before, and what was accepted has the service's word on it (I11)."""
        keys = self._register.service.environment.keys
        if (broken := pc.running.store.read(receipts.first_broken)) is not None:
            yield f"I11: the chain of {pc.name} does not hold at {broken}"
        for row in rows:
            if not _is_accepted(row):
                continue
            assert row.outcome is not None
            found = pc.running.store.read(partial(receipts.find, command_id=row.command.id))
            counter = found.counter if found is not None else None
            if found is None or counter is None or counter.receipt != found.link.digest:
                yield f"I11: {row.kind.value} {row.command.id} on {pc.name} was accepted without a receipt for it"
            elif not counter.is_signed_by(keys.public_key):
                yield f"I11: nobody has signed for {row.kind.value} {row.command.id} on {pc.name}"
            elif (counter.outcome, counter.version) != (row.outcome.kind, row.outcome.version):
                yield f"I11: signed for {row.command.id} on {pc.name}: {counter.outcome} {counter.version}"

    def _ended(self, pc: Pc, row: OutboxRow, rows: list[OutboxRow], *, command_took_effect: bool) -> Iterator[str]:
        what = f"{row.kind.value} {row.command.id} on {pc.name}"
        is_poison = row.command.id in self.poisoned
        if row.state in _ON_THE_WAY and not _waits_visibly(row, rows, self.poisoned):
            if not is_poison:
                yield f"I4: {what} still is {row.state.value} ({row.last_cause}, next try {row.next_try})"
            elif pc.actor == row.actor and pc.lamp is LampKind.SYNCED:
                yield f"I4: the poison {what} waits under a green lamp"
        if row.state is OutboxState.QUARANTINED and row.last_cause == "poison" and not is_poison:
            yield f"I7: {what} was set apart as poison and is none"
        if row.resolution is Resolution.DROPPED and row.outcome is None and row.last_cause not in _MAY_BE_DROPPED:
            yield f"I1: {what} was given up without anybody asking ({row.last_cause})"
        if command_took_effect:
            yield from _denied(what, row)
        elif _is_accepted(row) and row.state is OutboxState.DONE:
            yield f"I1: {what} is shown as accepted, and the register does not have it"

    def _unseen(self, pc: Pc, row: OutboxRow, rows: list[OutboxRow], moves: tuple[HistoryEntry, ...]) -> Iterator[str]:
        """A decision is about what its author saw: it takes effect on that or not at all (I2).

        Behind his own decision he saw what that would make of it.
        """
        if row.kind not in MOVES or not _is_accepted(row) or row.outcome is None:
            return
        what = f"I2: {row.kind.value} {row.command.id} on {pc.name}"
        if row.outcome.version != row.command.base_version + 1:
            yield f"{what} was made on version {row.command.base_version} and gave version {row.outcome.version}"
        own = {other.outcome.at for other in rows if other.outcome is not None and other.actor == row.actor}
        for before, made in pairwise(moves):
            is_its = (made.version, made.at) == (row.outcome.version, row.outcome.at)
            if is_its and before.at not in {*own, self._seen.get(row.command.id, before.at)}:
                yield f"{what} was made on what had come about otherwise than what stood there"


_HELD = "SELECT id, actor, command, state FROM outbox ORDER BY n"

_READ = "SELECT command_id, body FROM basis"

_AHEAD_OF_COPY = f"""
    SELECT o.id, o.application_id, json_extract(o.outcome, '$.version') FROM outbox o
    JOIN application a ON a.id = o.application_id AND a.version < json_extract(o.outcome, '$.version')
    WHERE o.actor = ? AND o.state = 'done' AND o.outcome_kind = 'accepted' AND o.resolution = ''
    AND o.kind IN ({", ".join(f"'{kind.value}'" for kind in MOVES)}) ORDER BY o.n
"""  # noqa: S608 - the kinds are ours


def _is_accepted(row: OutboxRow) -> bool:
    return row.outcome is not None and row.outcome.kind is OutcomeKind.ACCEPTED and row.resolution is Resolution.NONE


def _waits_visibly(row: OutboxRow, rows: list[OutboxRow], poisoned: set[CommandId]) -> bool:
    """A command behind one that is set apart, or that the service cannot stand, waits with it, and the lamp says so."""
    return any(
        (other.state is OutboxState.QUARANTINED or (other.command.id in poisoned and other.is_open))
        and (other.command.application_id == row.command.application_id or other.command.id == row.command.depends_on)
        and other.n < row.n
        for other in rows
    )


def _denied(what: str, row: OutboxRow) -> Iterator[str]:
    """A command that took effect must not be shown as refused, nor have been called back as never sent."""
    refused = row.outcome is not None and row.outcome.kind in {OutcomeKind.CONFLICT, OutcomeKind.REJECTED}
    if refused:
        assert row.outcome is not None
        yield f"I2: {what} took effect, and its author was told {row.outcome.kind.value} {row.outcome.code}"
    if row.resolution in {Resolution.CANCELLED, Resolution.STOPPED}:
        yield f"I2: {what} took effect, and was {row.resolution.value} here"
    if row.state is OutboxState.NEEDS_YOU and row.last_cause == LOST_BY_SERVER:
        yield f"I1: {what} took effect, and its author was told that the register has lost it"
