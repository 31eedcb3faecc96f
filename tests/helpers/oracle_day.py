"""An honest day in a simulated office, for tests of the oracle: what it must see is put into it by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from medreg_core.domain.records import ApplicationId, CommandId, InstitutionId
from medreg_core.domain.vocabulary import CommandKind, State
from medreg_desktop.services.cache import synced
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.sync import events
from simulator import people
from simulator.compare import Books
from simulator.pc import Pc
from simulator.told import told
from simulator.world import World


@dataclass(frozen=True)
class Day:
    """A decision that was sent and accepted, and what both sides say of it."""

    world: World
    pc: Pc
    row: OutboxRow
    books: Books
    place: InstitutionId

    def told(self, row: OutboxRow, *others: OutboxRow, **other_books: Any) -> list[str]:
        """Return what is wrong with a row, if the register said something else than it does."""
        return list(told(replace(self.books, **other_books), row, [row, *others], self.place))

    def answered(self, **otherwise: Any) -> OutboxRow:
        """Return the row as if its answer had been another one."""
        assert self.row.outcome is not None
        return replace(self.row, outcome=msgspec.structs.replace(self.row.outcome, **otherwise))

    def undone(self) -> dict[str, Any]:
        """Return the register's books as if nothing had been done on the application."""
        before = self.books.applications[self.row.command.application_id]
        fresh = replace(before, history=before.history[:-1], version=before.version - 1, state=State.SUBMITTED)
        return {"applications": {fresh.id: fresh}, "effects": {}}

    def judged(self) -> list[str]:
        """Return what the oracle finds as things stand."""
        return list(self.world.oracle.judge(list(self.world.pcs.values()), self.world.institutions))

    def tampered(self, statement: str, *values: Any) -> None:
        """Leave the copy as a broken program would."""
        self.pc.running.store.write(lambda conn: conn.execute(statement, values))


def nth(pc: Pc, number: int) -> ApplicationId:
    """Return one of the applications that a copy holds."""
    return people.held(pc)[number]


def decide(pc: Pc, application_id: ApplicationId, kind: CommandKind = CommandKind.AGREE) -> CommandId:
    """Decide on the sheet as it is now, and do no more about it."""
    assert pc.running.reviews is not None
    sheet = pc.running.store.read(lambda conn: synced.find(conn, application_id))
    assert sheet is not None
    receipt = pc.running.reviews.decide(application_id, Decision(kind, sheet.content_version, "意见"))
    pc.tell(events.CommandSaved)
    assert receipt.command_id is not None
    return receipt.command_id


def one(found: list[str], words: str) -> None:
    """Something that is wrong is told in these words."""
    assert [line for line in found if words in line], found
