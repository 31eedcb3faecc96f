"""Historic bugs, put back: each is found within a few seeds. ``dev.py sim --mutants`` prints the whole table."""

from __future__ import annotations

import pytest

from medreg_desktop.services.sync import circuit
from simulator import mutants
from simulator.mutants import Mutant
from simulator.run import STEPS

MOST_SEEDS = 6

QUICK = (
    "delay floor without cap",
    "no idempotency key",
    "overlay dropped early",
    "same epoch after a restore",
    "one outbox for everybody",
    "receipts not compared after a restore",
    "called back though sent",
    "outbox not read after a snapshot",
    "changes of known rows are ignored",
)
"""Those that a few seeds find; the others need up to some dozens."""


@pytest.mark.parametrize("mutant", [each for each in mutants.ALL if each.name in QUICK], ids=lambda mutant: mutant.name)
def test_a_historic_bug_is_found(mutant: Mutant) -> None:
    assert mutants.killer(mutant, range(1, MOST_SEEDS + 1), STEPS) is not None


def test_the_program_is_whole_again_afterwards() -> None:
    before = circuit.back_off_s
    with mutants.ALL[0].alive():
        assert circuit.back_off_s is not before
    assert circuit.back_off_s is before
    assert {each.name for each in mutants.ALL} >= set(QUICK)
