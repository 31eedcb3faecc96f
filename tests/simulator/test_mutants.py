"""Historic bugs, put back: each is found within a few seeds. ``dev.py sim --mutants`` prints the whole table."""

from __future__ import annotations

import pytest

from medreg_desktop.services.sync import circuit
from simulator import mutants
from simulator.mutants import Mutant
from simulator.run import STEPS

MOST_SEEDS = 6

FIRST_SEED = {
    "delay floor without cap": 1,
    "overlay dropped early": 1,
    "one outbox for everybody": 1,
    "changes of known rows are ignored": 1,
}
"""Where the search begins, so that a test takes seconds: the seeds before found nothing."""


@pytest.mark.parametrize(
    "mutant", [each for each in mutants.ALL if each.name in FIRST_SEED], ids=lambda mutant: mutant.name
)
def test_a_historic_bug_is_found(mutant: Mutant) -> None:
    first = FIRST_SEED[mutant.name]
    assert mutants.killer(mutant, range(first, first + MOST_SEEDS), STEPS) is not None


def test_the_program_is_whole_again_afterwards() -> None:
    before = circuit.back_off_s
    with mutants.ALL[0].alive():
        assert circuit.back_off_s is not before
    assert circuit.back_off_s is before
    assert {each.name for each in mutants.ALL} >= set(FIRST_SEED)
