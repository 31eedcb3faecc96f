"""When the power is cut: at any moment of a life, mostly just after something was said, on either disk or on both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from simulator.kills.plans import PLANS, Damage, Plan
from simulator.power.operations import Note, Operation, Sync
from simulator.power.platter import Cut
from simulator.power.town import End, Standing, Town
from simulator.streams import Random, Streams

LIVES = 4
"""Lives of a seed, each on what the last power cut of the one before has left."""

CUTS = 5
"""Power cuts tried of each life."""

_PLANS = tuple(PLANS)


class PowerReport(msgspec.Struct):
    """What became of one seed."""

    seed: int
    cuts: int = 0
    operations: int = 0
    works: dict[str, int] = {}
    wrong: list[str] = []


def run(folder: Path, seed: int) -> PowerReport:
    """Run one seed; the same seed lives the same lives, though times and random bytes inside the files differ."""
    report, works = PowerReport(seed), Counter[str]()
    town = Town(folder)
    standing = town.beginning()
    tape = town.live(standing, PLANS["sync"], Streams(seed).of("first"))
    for number in range(LIVES):
        chance = Streams(seed).of("life", number)
        for tried in range(CUTS):
            end = _end(tape, chance)
            left = town.cut(standing, tape, end, chance)
            report.wrong += [f"life {number}, cut {tried} ({end}): {wrong}" for wrong in town.judged(left)]
            report.cuts += 1
        report.operations += len(tape)
        if report.wrong:
            break
        name = chance.choice(_PLANS)
        works[name] += 1
        standing, tape = _next_life(town, left, PLANS[name], chance)
    report.works = dict(works)
    return report


def _next_life(town: Town, left: Standing, plan: Plan, chance: Random) -> tuple[Standing, list[Operation]]:
    how = chance.choice([each for each in Damage if each]) if plan.damage else Damage.NONE
    standing = town.damaged(left, how)
    return standing, town.live(standing, plan, chance)


def _end(tape: list[Operation], chance: Random) -> End:
    moments = [number + 1 for number, one in enumerate(tape) if isinstance(one, Note)]
    syncs = [number for number, one in enumerate(tape) if isinstance(one, Sync)]
    places = (moments, moments, syncs, range(len(tape) + 1))
    after = chance.choice(chance.choice([each for each in places if each]))
    office, register = chance.choice(((True, False), (True, False), (False, True), (True, True)))
    return End(after, office, register, chance.choice(tuple(Cut)))
