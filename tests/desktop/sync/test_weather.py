"""The engine in any weather: nothing lost or doubled, bounded work, the same seed the same way."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.feed import Op
from medreg_core.domain.records import CommandId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.outbox_view import FOR_A_PERSON, RowState
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.sync.state import Habits
from tests.desktop.sync.desk import Desk
from tests.desktop.sync.world import weather


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.6))
def test_in_any_weather_nothing_is_lost_doubled_or_reordered(seed: int, share: float) -> None:
    chance = random.Random(seed)
    desk = stormy_weeks(chance, seed, share)
    report = desk.calm()
    nothing_is_lost(desk)
    # The copy is the register.
    assert desk.copy.rows == desk.world.rows
    # The lamp tells the truth.
    needs = [row for row in desk.copy.queue_rows.values() if row.state in FOR_A_PERSON]
    assert report.lamp.kind is (LampKind.NEEDS_YOU if needs else LampKind.SYNCED)
    # Work is bounded: a calm hour of long polls, hellos and digests.
    desk.world.calls.clear()
    for _ in range(12):
        desk.sync(300)
    assert len(desk.world.calls) <= 12 * 3


def stormy_weeks(chance: random.Random, seed: int, share: float) -> Desk:
    """Decisions, kills, restores and other people's changes while every exchange may fail."""
    desk = Desk(seed=seed, rows=chance.choice([3, 40, 300]), habits=Habits(rehearse_from=seed % 4))
    desk.world.fail = weather(seed, share)
    kinds = [OutcomeKind.ACCEPTED] * 6 + [
        OutcomeKind.CONFLICT, OutcomeKind.SUPERSEDED, OutcomeKind.RETRY, OutcomeKind.DEFERRED
    ]  # fmt: skip
    desk.world.decide = lambda command: chance.choice(kinds)
    last: dict[str, CommandId] = {}
    for _ in range(40):
        desk.sync(chance.choice([0.1, 3, 60, 900]))
        for _ in range(chance.choice([0, 0, 1, 5])):
            application = f"a{chance.randrange(3):04}"
            depends_on = last.get(application) if chance.random() < 0.5 else None
            last[application] = desk.save(application, depends_on)
        match chance.randrange(12):
            case 0:
                desk.start(seed)  # killed and started again
            case 1:
                desk.world.change(f"x{chance.randrange(9)}", chance.choice([Op.UPSERT, Op.TOMBSTONE]))
            case 2:
                desk.world.epoch += "'"  # restored: every cursor is dead
                desk.driver.tell(lambda at: events.Asked(at, Wish.NOW))
            case 3:
                desk.driver.tell(events.NetworkChanged)
            case _:
                pass
    desk.world.decide = lambda _: OutcomeKind.ACCEPTED
    return desk


def nothing_is_lost(desk: Desk) -> None:
    """Check that each command has a named outcome or stands where a person sees it; none silently waits."""
    assert set(desk.copy.queue_rows) == {CommandId(f"c{n}") for n in range(1, desk.saved + 1)}
    blocked = {row.subject for row in desk.copy.queue_rows.values() if row.state is RowState.QUARANTINED}
    for command, row in desk.copy.queue_rows.items():
        final = row.state is RowState.DONE or row.state in FOR_A_PERSON
        assert final or row.subject in blocked, (command, row)
        if row.state is RowState.DONE:
            assert desk.copy.outcomes[command] == desk.world.answers[command]
    # Nothing doubled, and in the order they were made, per application.
    assert len(desk.world.effects) == len(set(desk.world.effects))
    for application in ("a0000", "a0001", "a0002"):
        numbers = [int(c[1:]) for c in desk.world.effects if desk.copy.bodies[c].application_id == application]
        assert numbers == sorted(numbers)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_seed_runs_the_same_way(seed: int) -> None:
    def run() -> tuple[list[str], list[SyncReport]]:
        desk = Desk(seed=seed)
        desk.world.fail = weather(seed, 0.4)
        for number in range(15):
            desk.save(f"a{number % 4:04}")
            desk.sync(20)
        return desk.world.calls, desk.reports

    assert run() == run()
