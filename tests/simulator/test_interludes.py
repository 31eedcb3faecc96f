"""Whoever acts while a request is under way: in wide seeds also the door of the office, the operator and the desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from simulator import interludes, operating
from simulator.interludes import STREAM, interlude
from simulator.run import come_to_rest, run, small_pages
from simulator.streams import WIDER_FROM, Random, Streams, entropy_from
from simulator.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with entropy_from(Streams(WIDER_FROM).of("entropy")), small_pages():
        world = World(WIDER_FROM, tmp_path)
        world.open_offices()
        for pc in world.pcs.values():
            world.sync(pc)
        world.register.back_up()
        yield world
        world.close()


def _meanwhile(seed: int) -> set[str]:
    """Return the words of what was done meanwhile in a run."""
    return {word for line in run(seed, 30).lines if " meanwhile " in line for word in line.split()}


def test_only_in_wide_seeds_the_door_opens_and_the_operator_acts() -> None:
    wide = set.union(*(_meanwhile(WIDER_FROM + number) for number in range(30)))
    assert wide >= {"yi", "out", "restored", "pruned", "kept", "print_agreed", "hand_out"}
    narrow = set.union(*(_meanwhile(WIDER_FROM - 1 - number) for number in range(10)))
    assert not narrow & {"out", "restored", "pruned", "kept", "print_agreed", "hand_out"}


def test_a_colleague_comes_in_while_the_answer_is_on_its_way(world: World) -> None:
    pc, said = world.pcs["a"], []

    def meanwhile(_: str) -> None:
        pc.wire.meanwhile = lambda _: None  # what she asks has no other beside it
        pc.wire.spent.interludes += 1
        said.append(interludes.another_comes_in(world, pc, Random(1)))

    pc.wire.meanwhile = meanwhile
    pc.tell(lambda at: events.Asked(at, Wish.NOW))
    world.sync(pc)
    assert said == ["yi in"]
    assert pc.actor == world.accounts["yi"]


def test_no_operator_acts_while_a_stream_is_open(world: World) -> None:
    said = {interlude(world, world.pcs["c"], STREAM, Random(number)) for number in range(200)}
    assert not said & {"restored", "pruned", "kept"}


def test_a_sync_over_a_restore_is_not_measured(world: World) -> None:
    pc = world.pcs["b"]
    pc.at_work = True
    operating.restore(world, pc, Random(1))
    pc.at_work = False
    assert world.over_a_restore == {"b"}
    world.sync(pc)
    assert world.over_a_restore == set()
    come_to_rest(world)
