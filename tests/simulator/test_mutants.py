"""Historic bugs, put back: each is found by the seed known to show it. ``dev.py sim --mutants`` prints the table."""

from __future__ import annotations

import pytest

from medreg_desktop.services.sync import circuit
from simulator import mutants
from simulator.mutants import KILLERS, Mutant
from simulator.run import STEPS, run

SEED_THAT_WAITS = 1


@pytest.mark.parametrize("mutant", mutants.ALL, ids=lambda mutant: mutant.name)
def test_a_historic_bug_is_found(mutant: Mutant) -> None:
    assert mutants.killer(mutant, [KILLERS[mutant.name]], STEPS) is not None


@pytest.mark.parametrize("seed", sorted(set(KILLERS.values())))
def test_the_seed_holds_without_it(seed: int) -> None:
    assert run(seed).wrong == ()


def test_a_mutant_that_only_falls_over_is_not_found() -> None:
    fits_no_caller = Mutant("fits no caller", "a change of what it replaces", ((circuit, "back_off_s", lambda: 0.0),))
    assert run(SEED_THAT_WAITS).wrong == ()
    assert mutants.killer(fits_no_caller, [SEED_THAT_WAITS], STEPS) is None
    with fits_no_caller.alive():
        assert run(SEED_THAT_WAITS).names == {"BUG"}


def test_the_program_is_whole_again_afterwards() -> None:
    before = circuit.back_off_s
    with mutants.ALL[0].alive():
        assert circuit.back_off_s is not before
    assert circuit.back_off_s is before
    assert {each.name for each in mutants.ALL} == set(KILLERS)
