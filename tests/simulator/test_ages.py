"""Programs of two ages in the simulator: whatever is brought up to date meanwhile loses nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from simulator import people
from simulator.ages import PRESENT, Ages, drawn
from simulator.people import own_rows
from simulator.run import come_to_rest, small_pages
from simulator.steps import Kind, Step
from simulator.streams import Random, Streams, entropy_from
from simulator.world import World


@pytest.fixture
def older(tmp_path: Path) -> Iterator[World]:
    """An office whose service is of the version before until step 5."""
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path, Ages(service=5))
        world.open_offices()
        for pc in world.pcs.values():
            world.sync(pc)
        yield world
        world.close()


def wrong_at_the_end(world: World) -> list[str]:
    come_to_rest(world)
    return list(world.oracle.judge(list(world.pcs.values()), world.institutions))


def _schema(file: Path) -> str | None:
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    return found


def test_an_older_service_speaks_the_older_protocol(older: World) -> None:
    b = older.pcs["b"].running
    assert b.driver._state.contact.protocol == 1
    assert b.codes is not None
    assert b.codes.left() == 0


def test_decisions_outlive_the_update_that_meets_them_on_their_way(older: World) -> None:
    pc = older.pcs["b"]
    while not own_rows(pc):
        people.done(pc, people.decide, Random(1))
    pc.wire.meanwhile = lambda _: older.updates.service(older)
    for number in itertools.count(5):
        older.updates.step(older, number)
        pc.wire.rest()
        pc.tell(lambda at: events.Asked(at, Wish.NOW))
        older.sync(pc)
        if not older.register.is_older:
            break
    assert wrong_at_the_end(older) == []
    assert pc.running.driver._state.contact.protocol == 2


def test_a_copy_of_before_the_migration_is_migrated(older: World) -> None:
    older.register.back_up()
    assert _schema(older.register.folder / "backup.db") == "0003"
    older.register.bring_up_to_date()
    older.register.restore()
    assert older.register.is_older
    assert _schema(older.register.folder / "register.db") == "0006"


def test_an_older_program_learns_of_codes_by_its_update(tmp_path: Path) -> None:
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path, Ages(pc="b", program=3))
        world.live([Step(1, Kind.SYNC, "b"), Step(2, Kind.CODE, "b")])
        codes = world.pcs["b"].running.codes
        assert codes is not None
        assert codes.left() == 0
        world.do(Step(3, Kind.SYNC, "b"))
        codes = world.pcs["b"].running.codes
        assert codes is not None
        assert codes.left() > 0
        assert wrong_at_the_end(world) == []
        world.close()


def test_ages_are_drawn_by_chance_of_their_own() -> None:
    ages = [drawn(Streams(seed), 100) for seed in range(200)]
    assert sum(each == PRESENT for each in ages) > 100
    assert any(each.service for each in ages)
    assert any(each.pc for each in ages)
