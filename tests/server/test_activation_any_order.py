"""Whatever offices, physicians and the line do, in any order: a code activates once, for one physician (I2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.activation import LeasedCode
from medreg_core.contract.v1.commands import Command
from medreg_core.domain.records import PhysicianId
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service
from tests.helpers.server import Hospital
from tests.server.code_office import CodeOffice, account_of, redeem, reprint, seed_physician, void

ACTS = st.tuples(
    st.sampled_from(["hand", "void", "show", "repeat", "redeem", "redeem", "guess"]),
    st.integers(0, 1),  # which office
    st.integers(0, 2),  # which physician
    st.integers(0, 7),  # which code or command of those known
)


@dataclass
class Town:
    """Two offices of one hospital, three physicians, and what an onlooker has seen."""

    offices: list[CodeOffice]
    physicians: list[tuple[PhysicianId, Caller]]
    given: list[tuple[PhysicianId, LeasedCode]] = field(default_factory=list)  # on slips, whatever became of them
    sent: list[tuple[CodeOffice, Command, OutcomeKind]] = field(default_factory=list)
    redeemed: list[tuple[PhysicianId, str]] = field(default_factory=list)

    def send(self, office: CodeOffice, command: Command) -> None:
        self.sent.append((office, command, office.send_one(command).kind))


def step(town: Town, service: Service, act: str, office: CodeOffice, who: int, which: int) -> None:
    physician, account = town.physicians[who]
    slip = town.given[which % len(town.given)] if town.given else None
    if act == "hand":
        code = office.codes.pop()
        town.given.append((physician, code))
        town.send(office, office.hand_out(physician, code))
    elif act == "void" and slip:
        town.send(office, void(*slip))
    elif act == "show" and slip:
        town.send(office, reprint(*slip))
    elif act == "repeat" and town.sent:
        sender, command, kind = town.sent[which % len(town.sent)]
        assert sender.send_one(command).kind is kind, "the same id, the same answer"
    elif act == "redeem" and slip:
        try:
            redeem(service, account, slip[1].code)
            town.redeemed.append((physician, slip[1].code))
        except ServiceFault:
            return
    elif act == "guess":
        try:
            redeem(service, account, office.codes[0].code)  # of a stolen pool: it sleeps
        except ServiceFault:
            return
        raise AssertionError("a code that was never handed out was redeemed")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=12))
def test_a_code_activates_once_and_for_one_physician(
    register: Service, hospital: Hospital, acts: list[tuple[str, int, int, int]]
) -> None:
    people = [seed_physician(register, hospital.institution) for _ in range(3)]
    town = Town(
        [CodeOffice(register, hospital), CodeOffice(register, hospital, Role.SUPERVISOR)],
        [(one, account_of(register, one)) for one in people],
    )
    for act, office, who, which in acts:
        step(town, register, act, town.offices[office], who, which)
    owners = {code.code: physician for physician, code in town.given}
    for physician, code in town.redeemed:
        assert owners[code] == physician, "by the one it was handed to"
    assert len({code for _, code in town.redeemed}) == len({physician for physician, _ in town.redeemed})
    with register.environment.database.read() as transaction:
        active = [transaction.activation.of(one) for one in people]
        held = [transaction.activation.held_by(one) for one in people]
    assert {a.physician_id for a in active if a} == {physician for physician, _ in town.redeemed}
    assert not [one for one, a, h in zip(people, active, held, strict=True) if a and h], "nothing is left to redeem"
