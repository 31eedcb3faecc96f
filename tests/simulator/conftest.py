"""An honest day in a simulated office."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.compare import books, every_row
from simulator.run import small_pages
from simulator.streams import Streams, entropy_from
from simulator.world import World
from tests.helpers.oracle_day import Day, decide, nth


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Somebody sits at each computer, and all copies are filled."""
    with entropy_from(Streams(1).of("entropy")), small_pages():
        world = World(1, tmp_path)
        world.open_offices()
        for pc in world.pcs.values():
            world.sync(pc)
        yield world
        world.close()


@pytest.fixture
def day(world: World) -> Day:
    """One decision was sent and accepted."""
    pc = world.pcs["b"]
    decide(pc, nth(pc, 0))
    world.oracle.watch(pc)
    for other in ("b", "a", "b"):
        world.sync(world.pcs[other])
        world.oracle.watch(world.pcs[other])
    (row,) = pc.running.store.read(every_row)
    found = books(world.register.service.environment.database, {row.command.id: row.actor})
    return Day(world, pc, row, found, world.institutions["b"])
