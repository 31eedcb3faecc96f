"""Back-off and circuit: full jitter under a cap, open after five failures, a ping before the trial (sync.md §5.8)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.sync.circuit import CAP_S, PORTAL_CAP_S, Circuit, back_off_s, draw
from medreg_desktop.services.sync.events import Moment
from medreg_desktop.services.transport.trouble import Trouble, TroubleKind

LINK = Trouble(TroubleKind.LINK, "server_unreachable")
TOLD = Trouble(TroubleKind.TOLD, "server_busy", wait_s=40)


def at(mono: float) -> Moment:
    return Moment(mono, datetime(2026, 11, 23, 2, 0, tzinfo=UTC))


def failed(times: int, trouble: Trouble = LINK) -> Circuit:
    circuit = Circuit()
    for _ in range(times):
        circuit = circuit.failed(trouble, at(0), 1.0)
    return circuit


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_above_the_cap(failures: int, chance: float) -> None:
    assert 0 <= back_off_s(failures, chance) <= CAP_S


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (50, 300)])
def test_the_ceiling_doubles_up_to_the_cap(failures: int, ceiling: float) -> None:
    assert back_off_s(failures, 1.0) == ceiling


def test_a_portal_is_looked_at_more_often() -> None:
    assert failed(20, Trouble(TroubleKind.PORTAL, "captive_portal")).next_try == PORTAL_CAP_S


def test_it_opens_at_five_and_a_ping_allows_one_trial() -> None:
    assert [failed(n).is_open for n in range(7)] == [False, False, False, False, False, True, True]
    trial = failed(5).answered(3.0)
    assert not trial.is_open
    assert trial.is_due(3.0)
    assert trial.failed(LINK, at(3), 1.0).is_open


def test_what_the_server_told_holds_over_a_ping_but_not_over_a_person() -> None:
    told = Circuit().failed(TOLD, at(0), 0.5)
    assert (told.next_try, told.failures) == (40.0, 0)
    assert not told.answered(1.0).is_due(1.0)
    assert not told.hastened(1.0).is_due(1.0)
    assert told.forced(1.0).is_due(1.0)


def test_another_network_starts_the_ladder_again() -> None:
    fresh = failed(9).hastened(5.0)
    assert fresh.is_due(5.0)
    assert not fresh.is_open


@given(st.integers(0, 2**64 - 1))
def test_draws_are_repeatable_and_in_range(seed: int) -> None:
    after, chance = draw(seed)
    assert draw(seed) == (after, chance)
    assert after != seed
    assert 0 <= chance < 1
