"""What a sync may cost (I9): the model is what finds a client that asks for more than is due, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator import mutants, operating, people, wire
from simulator.mutants import KILLERS, Mutant
from simulator.pc import Pc
from simulator.run import STEPS
from simulator.thrift import Due, Spent, Thrift
from simulator.toxics import Toxic, Trial
from simulator.world import World

_WASTEFUL = (
    "copy anew at each sign-in",
    "copy anew after any fault",
    "every receipt with each batch",
    "greets after each page",
)


def _spent(*calls: str, sent: int = 0, received: int = 0) -> Spent:
    spent = Spent()
    for call in calls:
        spent.begins(call)
        spent.went_well(call, sent, received)
    return spent


@pytest.mark.parametrize("mutant", [each for each in mutants.ALL if each.name in _WASTEFUL], ids=lambda each: each.name)
def test_only_the_model_finds_a_wasteful_client(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    found = mutants.killer(mutant, [KILLERS[mutant.name]], STEPS)
    assert found is not None
    assert found.names == {"I9"}
    monkeypatch.setattr(Thrift, "excess", lambda *_: "")
    assert mutants.killer(mutant, [KILLERS[mutant.name]], STEPS) is None


def test_a_day_without_news_costs_a_hello_two_looks_and_a_digest() -> None:
    idle = _spent("hello", "changes", "digest", "changes", received=200)
    assert Due(0).exceeded_by(idle) == []
    again = _spent("hello", "changes", "hello", "changes", received=200)
    assert Due(0).exceeded_by(again) == ["2 hello where 1 are enough"]


def test_rows_come_once() -> None:
    page = _spent("changes", "changes", received=5_000)
    assert Due(0, changes=4).exceeded_by(page) == []
    assert Due(0).exceeded_by(page) == ["10000 bytes received where 4200 are enough"]


def test_a_fault_excuses_one_more_of_each() -> None:
    spent = _spent("hello", "changes")
    spent.begins("hello")  # and no answer
    assert Due(0).exceeded_by(spent) == []
    spent.begins("snapshot")
    assert Due(0).exceeded_by(spent) == ["1 snapshot where 0 are enough"]


def test_a_page_of_many_removals_costs_a_digest_of_its_own() -> None:
    asked_first = _spent("changes", "digest", "digest", "changes")
    assert Due(0, changes=4, doubts=1).exceeded_by(asked_first) == []
    assert Due(0, changes=4).exceeded_by(asked_first) == ["2 digest where 1 are enough"]


def test_a_page_of_many_removals_behind_a_new_copy_costs_two_more() -> None:
    filled = _spent("snapshot", "changes", "snapshot", "snapshot", "changes")
    assert Due(0, changes=4, anew=11, doubts=1).exceeded_by(filled) == []
    assert Due(0, changes=4, anew=11).exceeded_by(filled) == ["3 snapshot where 2 are enough"]


@pytest.fixture
def quiet(world: World) -> Pc:
    """A computer that has received everything."""
    pc = world.pcs["b"]
    world.sync(pc)
    return pc


def test_a_fault_alone_excuses_no_snapshot(world: World, quiet: Pc) -> None:
    spent = _snapshot_beside(world, quiet, lambda spent: spent.begins("changes"))
    assert spent.disturbances == 1
    assert "1 snapshot where 0 are enough" in world.thrift.excess(quiet)


def test_a_feed_that_broke_excuses_one_until_a_page_has_come(world: World, quiet: Pc) -> None:
    _snapshot_beside(world, quiet, Spent.breaks_off)
    assert world.thrift.excess(quiet) == ""
    _snapshot_beside(world, quiet, lambda _: None)  # it was broken off, and goes on
    assert world.thrift.excess(quiet) == ""
    _snapshot_beside(world, quiet, lambda spent: spent.went_well("changes", 0, 0))
    assert world.thrift.excess(quiet) == ""
    _snapshot_beside(world, quiet, lambda _: None)
    assert "1 snapshot where 0 are enough" in world.thrift.excess(quiet)


@pytest.mark.parametrize(("toxic", "breaks"), [(Toxic.STALE, 1), (Toxic.LOST_ANSWER, 0)])
def test_a_page_of_before_breaks_the_feed(
    world: World, quiet: Pc, toxic: Toxic, breaks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "trial", lambda *_: Trial(toxic))
    world.thrift.begin(quiet)
    quiet.sync()
    assert min(1, quiet.wire.spent.breaks) == breaks


def test_a_dead_cursor_breaks_the_feed(world: World, quiet: Pc) -> None:
    world.register.service.registry.begin_epoch("test")
    quiet.sync()
    quiet.sign_in("bing")  # its session has ended with the epoch
    world.thrift.begin(quiet)
    quiet.sync()
    assert quiet.wire.spent.breaks == 1
    assert world.thrift.excess(quiet) == ""


def _snapshot_beside(world: World, pc: Pc, befalls: Callable[[Spent], None]) -> Spent:
    """Let a sync cost a snapshot, and something befall it."""
    world.thrift.begin(pc)
    spent = pc.wire.spent
    spent.begins("snapshot")
    spent.went_well("snapshot", 0, 0)
    befalls(spent)
    return spent


def test_rows_that_came_before_the_feed_forgot_them_were_due(world: World, quiet: Pc) -> None:
    home, other = world.institutions["b"], world.institutions["c"]
    people.applications_leave(world.register, home, other, 8, world.streams.of("leave"))
    world.thrift.begin(quiet)
    quiet.wire.spent = _spent("hello", "changes", "changes", received=5_000)
    operating.prune(world, quiet, world.streams.of("prune"))
    assert world.thrift.excess(quiet) == ""
    world.thrift.begin(quiet)
    quiet.wire.spent = _spent("hello", "changes", "changes", received=5_000)
    assert "bytes received" in world.thrift.excess(quiet)


def test_a_copy_of_an_older_epoch_is_due_anew_though_no_page_was_asked_for(world: World, quiet: Pc) -> None:
    _snapshot_beside(world, quiet, lambda _: None)
    assert "1 snapshot where 0 are enough" in world.thrift.excess(quiet)
    world.register.service.registry.begin_epoch("test")
    assert world.thrift.excess(quiet) == ""


def test_removals_that_were_doubted_before_the_feed_forgot_them_are_so_behind_it(world: World, quiet: Pc) -> None:
    home, other = world.institutions["b"], world.institutions["c"]
    people.applications_leave(world.register, home, other, 8, world.streams.of("leave"))
    world.thrift.begin(quiet)
    quiet.wire.spent = _spent("changes")
    operating.prune(world, quiet, world.streams.of("prune"))
    assert world.thrift.excess(quiet) == ""
    _snapshot_beside(world, quiet, lambda _: None)
    assert world.thrift.excess(quiet) == ""
    quiet.sign_in("bing")
    world.sync(quiet)
    _snapshot_beside(world, quiet, lambda _: None)
    assert "1 snapshot where 0 are enough" in world.thrift.excess(quiet)
