"""The last day of a computer at one cell: shut out over work, its program hands that over and destroys the copy.

Whatever the network does to what it says then, a supervisor has every decision once, nothing took effect without him,
and nothing is left on the disk.
"""

from __future__ import annotations

from collections.abc import Iterator

from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind, RevocationReason, Role
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_server.services.callers import Caller
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.registry import NewAccount
from medreg_server.services.review_lane import ReviewLane
from simulator.compare import effects
from simulator.leaving import kept_in_lane
from simulator.real.cells.cell import Cell
from simulator.real.cells.day import Day
from simulator.real.cells.scene import Scene
from simulator.template import PASSWORD

_MAY_STAY = frozenset({"removed.json"})
"""What tells whoever starts the program next why there is nothing."""


class LastDay(Day):
    """One cell of a computer that has to go."""

    def __init__(self, cell: Cell, scene: Scene) -> None:
        super().__init__(cell, scene)
        self._unfinished: set[CommandId] = set()
        self._finished: set[CommandId] = set()

    def _prepare(self) -> None:
        super()._prepare()
        rows = self._rows()
        self._unfinished = {row.command.id for row in rows if row.is_open}
        self._finished = {row.command.id for row in rows} - self._unfinished
        self._pc.sees_off = lambda: self._oracle.see_off(self._pc)
        devices = DeviceDesk(self._scene.service.environment)
        devices.revoke_for_operator(self._pc.device_id, RevocationReason.LOST)

    def _obey_the_lamp(self) -> None:
        """Nobody is asked for anything any more; somebody may press the button."""
        self._pc.tell(lambda at: events.Asked(at, Wish.NOW))

    def _is_quiet(self) -> bool:
        return self._pc.is_gone

    def wrong(self) -> Iterator[str]:
        """Yield everything that does not hold."""
        yield from self._mistaken()
        scene, database = self._scene, self._scene.service.environment.database
        if not self._pc.is_gone:
            yield f"I4: not gone after {self.tries} tries: {self._pc.running.driver.report.removal}"
        if left := {name for name in self._pc.remains() if name not in _MAY_STAY}:
            yield f"I8: left on the disk: {sorted(left)}"
        handed_over = {i for i, (device, _) in kept_in_lane(database).items() if device == self._pc.device_id}
        if handed_over != self._unfinished:
            yield f"I1: {len(self._unfinished)} were unfinished, {len(handed_over)} are in the lane"
        if (done := set(effects(database, {scene.institution.id}))) != self._finished:
            yield f"I2: {len(done - self._finished)} took effect unasked, {len(self._finished - done)} no longer"
        yield from self._confirmed()
        yield from scene.register.fresh_complaints()

    def _confirmed(self) -> Iterator[str]:
        """Let the supervisor carry all of it out, twice over: each takes effect once."""
        scene, environment = self._scene, self._scene.service.environment
        lane, caller = ReviewLane(environment, CommandDesk(environment)), self._supervisor()
        for command in [*sorted(self._unfinished), *sorted(self._unfinished)]:
            outcome = lane.confirm(command, caller)
            if outcome.kind is not OutcomeKind.ACCEPTED:
                yield f"I4: the rescued {command} ended as {outcome.kind.value} {outcome.code}"
        for command, effect in effects(environment.database, {scene.institution.id}).items():
            if len(effect) != 1:
                yield f"I2: {command} took effect {len(effect)} times"

    def _supervisor(self) -> Caller:
        scene = self._scene
        new = NewAccount(
            f"fu-{scene.account.login}", "复核人", Role.SUPERVISOR, PASSWORD, institution_id=scene.institution.id
        )
        account_id = scene.service.registry.add_account(new)
        with scene.service.environment.database.read() as transaction:
            account = transaction.accounts.get(account_id)
        assert account is not None
        return Caller(account, DeviceId("browser"))
