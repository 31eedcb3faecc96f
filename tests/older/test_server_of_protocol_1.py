"""This client works against a service one version older, and keeps from it what it could not understand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from medreg_core.contract.v1.activation import HandOutCode
from medreg_core.contract.v1.commands import Command, CommandBatch
from medreg_core.domain.records import CommandId, PhysicianId
from medreg_core.domain.vocabulary import HandOutWay, OutcomeKind
from medreg_desktop.services.cache import commands
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from tests.older.older_server import OlderServer, older_server
from tests.older.protocol1 import messages as older
from tests.older.recording import DEVICE, wire
from tests.sync.office import Pc, WorldTime, judge


class ThatMoment(WorldTime):
    """The moment of the recording."""

    def now(self) -> object:  # type: ignore[override] # a datetime
        return wire().at + timedelta(seconds=self.ahead_s)


@pytest.fixture
def server() -> Iterator[OlderServer]:
    with older_server() as running:
        yield running


@pytest.fixture
def pc(tmp_path: Path, server: OlderServer) -> Iterator[Pc]:
    opened = Pc.open(tmp_path, server.url, ThatMoment(), device=DEVICE)
    opened.sign_in(wire().account["login"])
    yield opened
    opened.close()


def save(pc: Pc, *made: Command) -> None:
    for command in made:
        pc.store.write(lambda conn, one=command: commands.save(conn, one, pc.actor, pc.clock.now()))  # type: ignore[misc]
    pc.driver.tell(events.CommandSaved)


def recorded_batches() -> list[CommandBatch]:
    return [msgspec.json.decode(exchange.body, type=CommandBatch) for exchange in wire().of("/sync/commands")]


def test_it_fetches_the_copy_and_a_lease_without_end(pc: Pc, server: OlderServer) -> None:
    pc.sync()
    assert len(pc.applications()) == len(wire().applications) + 1
    (hello,) = [heard for heard in server.heard if isinstance(heard, older.Hello)]
    assert hello.protocol_min <= 1 <= hello.protocol_max
    stock = CacheCopy(pc.store, judge).stock(pc.clock.now() + timedelta(days=365))
    assert (stock.form_numbers, stock.codes) == (100, 0)
    assert server.refused == []


def test_its_decisions_are_understood_and_answered(pc: Pc, server: OlderServer) -> None:
    pc.sync()
    for batch in recorded_batches():
        save(pc, *batch.commands)
        pc.sync()
    heard = [command for one in server.heard if isinstance(one, older.CommandBatch) for command in one.commands]
    sent = [msgspec.json.decode(exchange.body, type=older.CommandBatch) for exchange in wire().of("/sync/commands")]
    assert heard == [command for batch in sent for command in batch.commands], "as the older client sent them"
    kinds = {row.outcome.kind for row in pc.rows() if row.outcome is not None}
    assert kinds == {*OutcomeKind} - {OutcomeKind.DEFERRED, OutcomeKind.RETRY, OutcomeKind.MISMATCH}
    assert server.refused == []


def test_what_it_cannot_understand_waits_in_sight_and_delays_nothing(pc: Pc, server: OlderServer) -> None:
    pc.sync()
    first = recorded_batches()[0]
    code = Command(
        id=CommandId("0195code000000000000000000000001"),
        physician_id=PhysicianId("p"),
        base_version=0,
        made_at=wire().at,
        body=HandOutCode(reference="r", way=HandOutWay.SLIP),
        schema=2,
    )
    save(pc, code, *first.commands)
    report = pc.sync()
    states = {row.command.id: row.state for row in pc.rows()}
    assert states.pop(code.id) is OutboxState.QUEUED
    assert set(states.values()) == {OutboxState.DONE}
    assert server.refused == [], "it was never asked to read it"
    assert report.unsent == 1
    assert (report.lamp.kind, report.lamp.code) == (LampKind.SENDING, "server_too_old")


def test_it_is_asked_for_no_rehearsal_whose_answer_would_not_say_what_it_is(pc: Pc, server: OlderServer) -> None:
    pc.sync()
    first = recorded_batches()[0]
    save(pc, *first.commands)
    pc.driver.tell(lambda at: events.Asked(at, Wish.REHEARSE))
    pc.sync()
    heard = [one for one in server.heard if isinstance(one, older.CommandBatch)]
    assert [(one.dry_run, len(one.commands)) for one in heard] == [(False, len(first.commands))]
    assert {row.state for row in pc.rows()} == {OutboxState.DONE}
