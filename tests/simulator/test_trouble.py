"""What wide seeds come to besides bad networks: old sheets, late requests, a courier, a disk that refuses half way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from medreg_desktop.services.cache.outbox import OutboxState
from simulator import content, courier, people, trouble
from simulator.befall import DISK_FAULTS, disk_fault
from simulator.compare import every_row
from simulator.reached import DEEDS, MANY_RUNS, WIDE_DEEDS, missing, told_of
from simulator.run import small_pages
from simulator.streams import WIDER_FROM, Random, Streams, entropy_from
from simulator.toxics import Weather
from simulator.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with entropy_from(Streams(WIDER_FROM).of("entropy")), small_pages():
        world = World(WIDER_FROM, tmp_path)
        world.open_offices()
        for pc in world.pcs.values():
            world.sync(pc)
        yield world
        world.close()


def _rows_written(world: World) -> int:
    return world.pcs["a"].running.store.read(lambda conn: conn.execute("SELECT count(*) FROM outbox").fetchall()[0][0])


@pytest.mark.parametrize("code", ["disk_full", "disk_trouble", "cache_locked", "cache_read_only"])
@pytest.mark.parametrize("place", ["", "@1", "@3", "@99"])
def test_a_disk_refuses_before_within_and_at_the_end_and_nothing_is_left(world: World, code: str, place: str) -> None:
    pc = world.pcs["a"]
    pc.fate.disk_faults = [code + place]
    assert people.done(pc, people.decide, Random(1)) == f"decide fault:{code}"
    assert _rows_written(world) == 0
    assert people.done(pc, people.decide, Random(1)).startswith("decide ")
    assert _rows_written(world) == 1


def test_every_fault_of_the_disk_comes_at_every_place() -> None:
    drawn = {disk_fault(number) for number in range(20)}
    assert {fault.partition("@")[0] for fault in drawn} == {*DISK_FAULTS, "cache_read_only"}
    assert len(drawn) == 20


def test_a_sheet_of_before_is_met_by_another_content(world: World) -> None:
    chance = Random(2)
    said = [content.content(world, world.pcs[name], chance) for name in "abab" * 10]
    assert any("resubmit" in each for each in said)
    assert any("refused:content_changed" in each for each in said)


def test_a_late_request_comes_an_hour_later_from_wherever_it_was_kept(world: World) -> None:
    before = world.time.seconds
    assert trouble.late(world, world.pcs["a"], Random(3)) == "delivered"
    assert world.time.seconds >= before + 3600.0
    assert world.pcs["a"].wire.weather is Weather.CLEAR


def test_a_file_is_packed_without_the_network_carried_and_answered(world: World) -> None:
    pc, chance = world.pcs["a"], Random(4)
    courier.pack(world, pc, chance)
    assert pc.wire.weather is Weather.OFFLINE
    said = [courier.take_answers(world, world.pcs["b"], chance) for _ in range(6)]
    assert any(re.match(r"[1-9]\d* of them open [1-9]", each) for each in said)
    assert {row.state for row in pc.running.store.read(every_row)} == {OutboxState.DONE}


def test_a_computer_is_shut_out_over_work_and_the_lane_has_it(world: World) -> None:
    said = trouble.review(world, world.pcs["b"], Random(5))
    assert re.search(r"accepted|aside", said)


def test_the_deeds_of_a_trace_are_counted() -> None:
    lines = (
        *(
            "  decide refused:content_changed",
            "  resubmit 0a1b2c3d",
            "  review_again 0a1b2c3d x",
            "a late POST /x 200",
        ),
        *("  a 3daac1 5 {'quarantined': 1}", "  restored", "  a removed gone", "killed at leave.noted"),
        *("  f.mrc console 2 left 0", "  1 of them open 1 synced/", "  decide fault:disk_full"),
    )
    assert told_of(lines) == Counter(dict.fromkeys(WIDE_DEEDS, 1))
    assert missing(Counter(dict.fromkeys(DEEDS, 1)), MANY_RUNS, wide=True) == [*WIDE_DEEDS]
    assert missing(Counter(dict.fromkeys(DEEDS, 1)), MANY_RUNS) == []
