"""Faults that wide seeds found, each as the shortest story that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import CommandKind, OutcomeKind
from medreg_desktop.services.cache import synced
from medreg_desktop.services.review.deciding import Decision
from simulator import people
from simulator.compare import every_row
from simulator.pc import Pc
from simulator.run import come_to_rest, small_pages
from simulator.streams import Random, Streams, entropy_from
from simulator.toxics import Weather
from simulator.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path)
        world.open_offices()
        for pc in world.pcs.values():
            world.sync(pc)
        yield world
        world.close()


def test_what_hangs_on_a_colleagues_step_is_not_done_on_another_that_a_restore_gave_its_number(world: World) -> None:
    first, second = world.pcs["a"], world.pcs["b"]
    application_id = people.held(first)[0]
    world.register.back_up()
    people.done(first, partial(_agree, application_id), Random(1))
    world.sync(first)
    people.done(second, partial(_agree, application_id), Random(1))
    second.wire.meanwhile = lambda _: _cut_off_behind(world, second)
    world.sync(second)  # the same decision stands already, and the row itself has not come
    assert second.running.reviews is not None
    second.running.reviews.withdraw(application_id, "误操作")
    world.register.restore()
    first.sign_in("jia")
    world.sync(first)
    people.done(first, _agree_again, Random(1))
    world.sync(first)
    come_to_rest(world)
    assert list(world.oracle.judge(list(world.pcs.values()), world.institutions)) == []
    withdrawal = second.running.store.read(every_row)[-1]
    assert withdrawal.outcome is not None
    assert withdrawal.outcome.kind is OutcomeKind.CONFLICT


def _cut_off_behind(world: World, pc: Pc) -> None:
    """Let the register's answer still come, and nothing behind it."""
    (row,) = pc.running.store.read(every_row)
    with world.register.service.environment.database.read() as transaction:
        if transaction.commands.answered(row.command.id) is not None:
            pc.wire.weather = Weather.OFFLINE


def _agree(application_id: ApplicationId, pc: Pc, _: Random) -> str:
    sheet = pc.running.store.read(lambda conn: synced.find(conn, application_id))
    assert sheet is not None
    return people.decided(pc, sheet, Decision(CommandKind.AGREE, sheet.content_version, "同意聘用"))


def _agree_again(pc: Pc, _: Random) -> str:
    (lost,) = pc.running.store.read(every_row)
    assert pc.running.outbox is not None
    return _agree(pc.running.outbox.review_again(lost.command.id).application.id, pc, Random(1))
