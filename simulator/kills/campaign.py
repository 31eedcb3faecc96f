"""What is killed when: every labelled place in turn, random moments in between, world after world from one seed.

A seed fixes who works, at what, and where or about when he dies; how far other threads have come by then is the
machine's. A seed that failed is run again as often as it takes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from medreg_desktop.services.search.names import fold_name, tails
from medreg_server.services.rule_tables import installed_tables
from simulator.ground import Ground
from simulator.kills.fate import Cell
from simulator.kills.plans import PLANS, Damage, Plan, is_of_the_first_day, plan_for
from simulator.kills.world import Aim, Life, World, new_world
from simulator.streams import Random, Streams

LIVES = 10
"""Lives in a world; then everything comes to rest and both sides are compared."""

AIMED = 9
"""So many of them end at labelled places, the last at a random moment."""

_TRIES = 3
_NOWHERE = Aim(Cell("", ""))


class WorldReport(msgspec.Struct):
    """What became of one world."""

    seed: int
    database: str
    kills: int = 0
    hit: list[str] = []
    missed: list[str] = []
    wrong: list[str] = []


def warm() -> None:
    """Load what every process would load anew; before the first fork, and without a thread."""
    tails(fold_name("王"))
    installed_tables()


def places(root: Path, ground: Ground) -> tuple[Cell, ...]:
    """Return every labelled place that any work passes: all kinds of work are done once, in peace.

    Nobody can decide, draft or call back on a copy that was never filled, so after the first start comes a sync.
    """
    with new_world(root, ground) as world:
        for plan in (PLANS["start"], PLANS["sync"], *PLANS.values()):
            for name in ("b", "a"):
                _in_peace(world.live(name, plan, _NOWHERE, Random(1)))
        world.census()
        wrong = world.rest()
        assert not wrong, wrong
        found = sorted(world.seen)
    random.Random("places").shuffle(found)  # noqa: S311 - neighbours in the list are to meet in no world
    return tuple(found)


def run(root: Path, ground: Ground, seed: int, cells: Sequence[Cell]) -> WorldReport:
    """Run one world."""
    report = WorldReport(seed, ground.name)
    _be_warm(root, ground)
    with new_world(root, ground) as world:
        try:
            _in_peace(world.live("a", PLANS["sync"], _NOWHERE, Streams(seed).of("first")))
            for number in range(LIVES):
                _one_life(world, seed, number, cells, report)
            report.wrong += world.rest()
        except AssertionError as error:
            report.wrong.append(str(error))
    return report


@cache
def _be_warm(root: Path, ground: Ground) -> None:
    with new_world(root, ground) as world:
        world.warm()


def _one_life(world: World, seed: int, number: int, cells: Sequence[Cell], report: WorldReport) -> None:
    chance = Streams(seed).of("life", number)
    if number >= AIMED:
        life = world.live(chance.choice("ab"), _random_plan(chance), _random_aim(chance), chance)
        _note(report, number, life)
        return
    cell = place_of(seed, number, cells)
    passes = chance.choice((0, 0, 1, 2, chance.randrange(20)))
    for tried in range(_TRIES):
        aim = _aim_at(cell, 0 if tried else passes)
        plan = _with_damage(plan_for(cell), chance)
        name = "b" if is_of_the_first_day(cell) and world.is_new("b") else chance.choice("aaab")
        life = world.live(name, plan, aim, chance)
        _note(report, number, life)
        if life.hit:
            report.hit.append(str(cell))
            return
    report.missed.append(str(cell))


def place_of(seed: int, number: int, cells: Sequence[Cell]) -> Cell:
    """Return the place at which this life of a seed's world ends: seeds in a row go through all places in turn."""
    return cells[(seed * AIMED + number) % len(cells)]


def _note(report: WorldReport, number: int, life: Life) -> None:
    report.kills += life.kills
    report.wrong += [f"life {number}: {wrong}" for wrong in life.wrong]


def _aim_at(cell: Cell, passes: int) -> Aim:
    is_server = cell.work.startswith("server ")
    return Aim(cell, passes, client=not is_server, server=is_server)


def _random_aim(chance: Random) -> Aim:
    client, server = chance.choice(((True, False), (True, False), (False, True), (True, True)))
    return Aim(None, 0, client, server, words=chance.randrange(12), moments=chance.random() * 0.03)


def _random_plan(chance: Random) -> Plan:
    return Plan(repeats=True, new_epoch=chance.random() < 0.2, migrates=chance.random() < 0.1)


def _with_damage(plan: Plan, chance: Random) -> Plan:
    return plan if not plan.damage else PLANS["rescue"].damaged(chance.choice([d for d in Damage if d]))


def _in_peace(life: Life) -> None:
    assert not life.wrong, life.wrong
    assert not life.kills
