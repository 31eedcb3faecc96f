"""What a sync may cost (I9): the model is what finds a client that asks for more than is due, and nothing else is."""

from __future__ import annotations

import pytest

from simulator import mutants
from simulator.mutants import KILLERS, Mutant
from simulator.run import STEPS
from simulator.thrift import Due, Spent, Thrift

_WASTEFUL = ("copy anew at each sign-in", "every receipt with each batch", "greets after each page")


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
