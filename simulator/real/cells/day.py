"""A day of an office at one cell.

A known state; one sync that meets the toxic; then the network is good, people do what the lamp asks, and everything
must have been accepted exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import outbox
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from simulator.compare import differences, effects, every_row
from simulator.courier import desk_of
from simulator.oracle import Oracle, Violation
from simulator.real.cells.cell import Cell
from simulator.real.cells.expected import lamps_after
from simulator.real.cells.scene import Ambush, Scene
from simulator.real.cells.toxic import AT_THE_DOOR, Kind
from simulator.real.exchange import Exchange
from simulator.trace import Trace

_AT_FIRST, _LATER = 8, 6
_TRIES, _TRY_EVERY_S = 20, 250.0
_DECISIONS = (
    (CommandKind.AGREE, "同意聘用"),
    (CommandKind.RETURN, "请补充材料"),
    (CommandKind.REFUSE, "本院不再聘用"),
    (CommandKind.AGREE, "同意聘用"),
)


class Day:
    """One cell under way."""

    def __init__(self, cell: Cell, scene: Scene) -> None:
        self.cause, self.lamp, self.tries = "", "", 0
        self._cell = cell
        self._scene = scene
        self._pc = scene.pc
        self._oracle = Oracle(scene.register, Trace())
        self._met_at = ""
        self._file = scene.pc.folder.with_name(f"{scene.pc.folder.name}-stick")

    def failing(self) -> Iterator[Exception]:
        """Carry everything out; yield what could not be."""
        try:
            self._prepare()
            self._meet()
            self._come_to_rest()
        except Violation as found:
            yield found
        except Exception as error:  # noqa: BLE001 - a bug of the program is a finding like any other
            yield error

    # ---- the office in a known state --------------------------------------------------------------------------------

    def _prepare(self) -> None:
        scene, pc = self._scene, self._pc
        scene.receive_applications(_AT_FIRST)
        self._sign_in()
        self._expect_synced("the first sync")
        self._decide(CommandKind.AGREE, "同意聘用")
        self._expect_synced("the first decision")
        for kind, opinion in _DECISIONS:
            self._decide(kind, opinion)
        scene.receive_applications(_LATER)
        if self._cell.kind is Kind.BUCKET:
            pc.running.store.write(_damage)
        if self._cell.kind in {Kind.SNAPSHOT, Kind.RESUMED}:
            scene.service.registry.begin_epoch("restored")
            self._sign_in()  # a new epoch ends every session
        if self._cell.kind is Kind.RESUMED:
            self._cut_a_snapshot()
        if self._cell.kind is Kind.PING:
            pc.unlock(scene.account)
            pc.sync()  # so that there is an answer of an earlier ping
            pc.unlock(scene.account)
        if self._cell.kind is Kind.COURIER:
            self._write_a_file()
        self._oracle.watch(pc)

    def _decide(self, kind: CommandKind, opinion: str) -> None:
        reviews = self._pc.running.reviews
        assert reviews is not None
        application = self._pc.running.store.read(_undecided)
        reviews.decide(application, Decision(kind, 1, opinion))
        self._pc.tell(events.CommandSaved)

    def _cut_a_snapshot(self) -> None:
        """The first stream breaks off behind a mark; the cell is about the second."""
        self._scene.wire.ambush = Ambush("snapshot", 1, _cut_behind_a_mark, nullcontext)
        self._pc.tell(lambda at: events.Asked(at, Wish.NOW))
        self._pc.sync()
        self._scene.pass_by(_TRY_EVERY_S)

    def _write_a_file(self) -> None:
        """What waits goes to a courier first, and by the network after him."""
        pc = self._pc
        self._file.mkdir()
        pc.tell(lambda at: events.Asked(at, Wish.PAUSE))
        desk_of(pc).write_to(self._file)
        pc.sync()
        self._file /= pc.running.driver.report.bundle.name

    def _carry(self) -> None:
        with suppress(KnownFault):
            desk_of(self._pc).carry(self._file)
        self._pc.tell(lambda at: events.Asked(at, Wish.RESUME))

    # ---- the sync that meets the toxic ------------------------------------------------------------------------------

    def _meet(self) -> None:
        kind, pc = self._cell.kind, self._pc
        nth = 2 if kind is Kind.MORE_CHANGES else 1
        around = self._cell.toxic.around
        self._scene.wire.ambush = Ambush(kind.call, nth, self._strike, lambda: around(self._scene))
        if kind is Kind.SIGN_IN:
            pc.sign_in(self._scene.account.login)
        elif kind is Kind.SIGN_OUT:
            pc.sign_out()
        elif kind is Kind.COURIER:
            self._carry()
        else:
            pc.tell(lambda at: events.Asked(at, Wish.NOW))
            report = pc.sync()
            assert report is not None
            self.lamp = report.lamp.kind.value
            self._oracle.check_lamp(pc, report)
        self._oracle.watch(pc)
        self.cause = self._felt()

    def _strike(self, exchange: Exchange) -> None:
        self._met_at = exchange.target
        self._cell.toxic.script(self._scene, exchange)

    def _felt(self) -> str:
        """Return what the program noted of the exchange that met the toxic."""
        ambush = self._scene.wire.ambush
        if ambush is None or not ambush.was_met:
            return "never met"
        felt = self._scene.wire.link.log.all()[ambush.after]
        return f"{felt.kind}/{felt.code}"

    # ---- the tail ---------------------------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        scene, pc = self._scene, self._pc
        scene.wire.ambush = None
        pc.fate.disk_faults = []
        while self.tries < _TRIES:
            self.tries += 1
            self._obey_the_lamp()
            pc.sync()
            if self.tries == 2:
                self._deliver_late()
            self._oracle.watch(pc)
            if self.tries > 2 and self._is_quiet():
                return
            scene.pass_by(_TRY_EVERY_S)

    def _deliver_late(self) -> None:
        self._scene.pass_by(3600.0)
        while self._scene.wire.late:
            self._scene.proxy.send_again(self._scene.wire.late.pop(0))
        self._pc.tell(lambda at: events.Asked(at, Wish.NOW))

    def _obey_the_lamp(self) -> None:
        pc = self._pc
        report = pc.running.driver.report
        if report.lamp.kind is LampKind.SIGN_IN or report.sign_in_wanted or self._cell.kind in AT_THE_DOOR:
            self._sign_in()
        apart = [row for row in self._rows() if row.state is OutboxState.QUARANTINED]
        if apart and pc.running.outbox is not None:
            pc.running.outbox.retry([row.command.id for row in apart])
            pc.tell(events.CommandSaved)
        elif report.lamp.kind is LampKind.NEEDS_YOU and report.lamp.code:
            pc.tell(lambda at: events.Asked(at, Wish.NOW))

    def _sign_in(self) -> None:
        said = self._pc.sign_in(self._scene.account.login)
        if said != "in":
            raise AssertionError(f"the registrar cannot sign in: {said}")

    def _is_quiet(self) -> bool:
        waits = any(row.state is not OutboxState.DONE for row in self._rows())
        lamp = self._pc.running.driver.report.lamp.kind
        return not waits and lamp in {LampKind.SYNCED, LampKind.CLOCK}

    def _expect_synced(self, what: str) -> None:
        report = self._pc.sync()
        if report is None or report.lamp.kind is not LampKind.SYNCED:
            raise AssertionError(f"{what}: {report}")

    def _rows(self) -> list[outbox.OutboxRow]:
        return self._pc.running.store.read(every_row)

    # ---- the verdict ------------------------------------------------------------------------------------------------

    def wrong(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        yield from self._mistaken()
        scene, rows = self._scene, self._rows()
        done = effects(scene.service.environment.database, {scene.institution.id})
        if len(rows) != 1 + len(_DECISIONS):
            yield f"I1: {len(rows)} commands on the disk"
        for row in rows:
            what = f"{row.kind.value} {row.command.id}"
            if row.outcome is None or row.outcome.kind is not OutcomeKind.ACCEPTED:
                yield f"I4: {what} ended as {row.state.value}, {row.last_cause} {row.outcome}"
            if len(done.get(row.command.id, ())) != 1:
                yield f"I2: {what} took effect {len(done.get(row.command.id, ()))} times"
        if set(done) != {row.command.id for row in rows}:
            yield "I1: the register holds commands that the disk does not"
        yield from differences(self._pc.running.store, scene.service.environment.database, scene.institution.id)
        if not self._is_quiet():
            yield f"I3: not at rest after {self.tries} tries: {self._pc.running.driver.report.lamp}"
        yield from scene.register.fresh_complaints()

    def _mistaken(self) -> Iterator[str]:
        """Yield in what the client took the toxic for something else."""
        if self._cell.kind is Kind.RESUMED and self._met_at.endswith("after="):
            yield "the snapshot was begun, not taken up again"
        expected = self._cell.toxic.cause
        kind, _, code = self.cause.partition("/")
        if expected is None:
            if kind:
                yield f"cause: {self.cause}, where nothing should have been felt"
        elif kind != expected.kind or (expected.codes and code not in expected.codes):
            yield f"cause: {self.cause} instead of {expected.kind.value}/{'|'.join(sorted(expected.codes))}"
        lamps = lamps_after(self._cell.kind, self._cell.toxic)
        if self._cell.kind not in AT_THE_DOOR and self.lamp not in lamps:
            yield f"lamp: {self.lamp} instead of {'|'.join(sorted(lamps))}"


def _cut_behind_a_mark(exchange: Exchange) -> None:
    """Asked for unpacked, so that what has come can be read; cut where it is sure to hold marks."""
    answer = exchange.deliver_without("accept-encoding")
    exchange.send(answer.head() + answer.body[: len(answer.body) * 3 // 4])
    exchange.drop()


def _damage(conn: Connection) -> None:
    """One row is lost from the copy, one is older than it was."""
    undecided = _undecided(conn)
    conn.execute("DELETE FROM application WHERE id = ?", (undecided,))


def _undecided(conn: Connection) -> ApplicationId:
    query = "SELECT id FROM application WHERE id NOT IN (SELECT application_id FROM outbox) ORDER BY id LIMIT 1"
    row = conn.execute(query).fetchone()
    assert row is not None
    return ApplicationId(row[0])
