"""Toxics at requests and positions, on the real thing: a sample of all, and what guards the whole."""

from __future__ import annotations

import msgspec
import pytest

from medreg_core.contract.v1.commands import CommandBatch, Outcome, OutcomeBatch
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.vocabulary import OutcomeKind
from simulator import mutants
from simulator.real.cells.cell import Cell, every_cell, smoke
from simulator.real.cells.scene import Scene
from simulator.real.cells.toxic import UNREACHABLE, Kind, Toxic, plain
from simulator.real.cells.trial import judged
from simulator.real.exchange import Exchange
from simulator.real.http import Answer
from tests.simulator.real.conftest import Office

SAMPLE = smoke(every_cell(), 60)


@pytest.mark.parametrize("cell", SAMPLE, ids=[cell.name.replace(" ", "-") for cell in SAMPLE])
def test_the_office_comes_through(office: Office, cell: Cell) -> None:
    assert judged(cell, *office).wrong == ()


def test_there_are_enough_cells_and_each_has_a_name_of_its_own() -> None:
    cells = every_cell()
    assert len({cell.name for cell in cells}) == len(cells) >= 600


def test_the_sample_meets_every_kind_of_request_and_every_toxic() -> None:
    assert {cell.kind for cell in SAMPLE} == set(Kind)
    assert {cell.toxic.name for cell in SAMPLE} == {cell.toxic.name for cell in every_cell()}


def test_a_toxic_that_does_not_strike_is_found_out(office: Office) -> None:
    """A cell that proves nothing must not pass: this one expects a trouble that never comes."""
    verdict = judged(Cell(Kind.COMMANDS, Toxic("none", "nowhere", UNREACHABLE, plain)), *office)
    assert [line.split(":")[0] for line in verdict.wrong] == ["cause", "lamp"]


def forged(scene: Scene, exchange: Exchange) -> None:
    """Answer for the service that all is accepted, and tell it nothing."""
    batch = msgspec.json.decode(exchange.body, type=CommandBatch)
    outcomes = tuple(Outcome(id=item.id, kind=OutcomeKind.ACCEPTED, version=2) for item in batch.commands)
    answer = OutcomeBatch(magic=MAGIC, outcomes=outcomes, server_time=scene.register.clock())
    headers = (("Content-Type", "application/json"), ("X-MedReg-Server", scene.register.server_id))
    exchange.reply(Answer(200, headers, msgspec.json.encode(answer)))


def test_a_command_that_the_register_lacks_is_found_out(office: Office) -> None:
    """The client believes an answer that nobody gave: the verdict must see that the register has nothing of it."""
    verdict = judged(Cell(Kind.COMMANDS, Toxic("forged", "all accepted", None, forged)), *office)
    assert any("is shown as accepted" in line for line in verdict.wrong)


@pytest.mark.parametrize(
    ("bug", "name", "found"),
    [
        ("dropped on 401", "commands / status 401 / of the service", "I"),
        ("absurd Retry-After believed", "commands / status 429 / of the service, Retry-After: 31536000", "Violat"),
    ],
)
def test_a_historic_bug_put_back_is_found(office: Office, bug: str, name: str, found: str) -> None:
    """The verdict has teeth: a client that once lost decisions so loses them here too, and it is seen."""
    (mutant,) = [mutant for mutant in mutants.ALL if mutant.name == bug]
    (cell,) = [cell for cell in every_cell() if cell.name == name]
    with mutant.alive():
        verdict = judged(cell, *office)
    assert any(line.startswith(found) for line in verdict.wrong)
