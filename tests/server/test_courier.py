"""Files of a courier at the service: exactly as if sent, however often and in any order; bad files change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.commands import Outcome, Refuse, Return
from medreg_core.contract.v1.courier import BUNDLE_BYTES, Parcel
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import Application, CommandId
from medreg_core.domain.vocabulary import OutcomeKind, RevocationReason, Role, State
from medreg_server.cli import main
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.courier import CourierDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain, undated
from tests.helpers.server import Hospital, open_register, seed_applications, seed_hospital, sqlite_url
from tests.server.clients import Office, command, new_id
from tests.server.couriers import Sender

RETURN = Return(opinion="请补充资料")


@pytest.fixture
def sender(register: Service, hospital: Hospital) -> Sender:
    return Sender.of(register, hospital)


@pytest.fixture
def desk(register: Service) -> CourierDesk:
    return CourierDesk(register.environment)


@pytest.fixture
def applications(register: Service, hospital: Hospital) -> list[Application]:
    return seed_applications(register, hospital.institution, 4)


def in_register(service: Service, application: Application) -> Application:
    with service.environment.database.read() as transaction:
        found = transaction.applications.get(application.id, WHOLE_REGISTER)
    assert found is not None
    return found


def kinds(outcomes: dict[CommandId, Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes.values()]


def test_a_colleague_brings_the_file_and_takes_the_answers_back(
    register: Service, hospital: Hospital, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    carrier = Office(register, hospital, Role.SUPERVISOR)
    parcels = [sender.decide(each, RETURN) for each in applications]
    answer = desk.take(sender.file(parcels), carrier.caller)
    outcomes = sender.answers(answer.file)
    assert (answer.carried_out, answer.left) == (4, 0)
    assert kinds(outcomes) == [OutcomeKind.ACCEPTED] * 4
    assert all(outcome.receipt is not None for outcome in outcomes.values())
    decided = in_register(register, applications[0])
    assert (decided.state, decided.history[-1].actor) == (State.RETURNED, sender.office.caller.account.name)


def test_brought_twice_it_changes_nothing_and_says_the_same(
    register: Service, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    file = sender.file([sender.decide(applications[0], RETURN)])
    first, second = sender.answers(desk.take(file).file), sender.answers(desk.take(file).file)
    assert first == second
    assert in_register(register, applications[0]).version == applications[0].version + 1


def test_a_decision_on_an_older_version_is_a_conflict_as_over_the_network(
    register: Service, hospital: Hospital, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    parcel = sender.decide(applications[0], RETURN)
    colleague = Sender.of(register, hospital, Role.SUPERVISOR)
    colleague.send([colleague.decide(applications[0], Refuse(opinion="不聘用"))])
    (outcome,) = sender.answers(desk.take(sender.file([parcel])).file).values()
    assert outcome.kind is OutcomeKind.CONFLICT
    assert outcome.current is not None


def test_what_stands_behind_one_that_waits_waits_with_it(
    sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    waiting = sender.decide(applications[0], RETURN, depends_on=CommandId(new_id()))
    behind = sender.decide(applications[0], Refuse(opinion="不聘用"))
    other = sender.decide(applications[1], RETURN)
    answer = desk.take(sender.file([waiting, behind, other]))
    assert (answer.carried_out, answer.left) == (1, 2)
    assert list(sender.answers(answer.file)) == [other.command.id]


# ---- files that are refused -----------------------------------------------------------------------------------------


def _cut(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels)[:-40]


def _damaged(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels)[:-1] + b"\0"


def _by_another_key(sender: Sender, parcels: list[Parcel]) -> bytes:
    return Sender(sender.office, Chain()).file(parcels)


def _link_of_another_device(sender: Sender, parcels: list[Parcel]) -> bytes:
    foreign = Chain().link(parcels[0].command, sender.office.caller.account.id)
    return sender.file([Parcel(command=parcels[0].command, link=foreign), *parcels[1:]])


def _other_body(sender: Sender, parcels: list[Parcel]) -> bytes:
    changed = msgspec.structs.replace(parcels[1].command, body=Refuse(opinion="不聘用"))
    return sender.file([parcels[0], Parcel(command=changed, link=parcels[1].link)])


def _in_anothers_name(sender: Sender, parcels: list[Parcel]) -> bytes:
    other = Office(sender.office.service, sender.office.hospital, Role.SUPERVISOR)
    return sender.file(parcels, account_id=other.caller.account.id)


def _unknown_device(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, device_id=new_id())


def _weak_answer_key(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, answer_key=b"\0" * 32)


def _no_payload(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.sealed(b'{"parcels": 7}')


def _too_large(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels) + b"\0" * BUNDLE_BYTES


def _nobody(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, account_id=new_id())


def _nested(sender: Sender, _: list[Parcel]) -> bytes:
    return sender.sealed(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def _no_utf8(sender: Sender, _: list[Parcel]) -> bytes:
    return sender.sealed(b'{"bundle_id":"\xff"}')


def _device_of_no_id(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, device_id="a\0")


def _maker_of_no_id(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, account_id="a\0")


def _undated(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file([Parcel(command=parcels[0].command, link=undated(sender.chain, parcels[0].link)), *parcels[1:]])


def _id_with_a_line_end(sender: Sender, parcels: list[Parcel]) -> bytes:
    return sender.file(parcels, bundle_id=f"{'a' * 64}\n")


REFUSED: dict[str, tuple[Callable[[Sender, list[Parcel]], bytes], FaultCode]] = {
    "cut": (_cut, FaultCode.COURIER_CUT),
    "damaged": (_damaged, FaultCode.COURIER_DAMAGED),
    "another_key": (_by_another_key, FaultCode.COURIER_FORGED),
    "another_device": (_link_of_another_device, FaultCode.COURIER_FORGED),
    "another_body": (_other_body, FaultCode.COURIER_FORGED),
    "anothers_name": (_in_anothers_name, FaultCode.COURIER_FORGED),
    "unknown_device": (_unknown_device, FaultCode.COURIER_UNKNOWN_DEVICE),
    "weak_answer_key": (_weak_answer_key, FaultCode.COURIER_FORGED),
    "no_payload": (_no_payload, FaultCode.COURIER_DAMAGED),
    "nested": (_nested, FaultCode.COURIER_DAMAGED),
    "no_utf8": (_no_utf8, FaultCode.COURIER_DAMAGED),
    "device_of_no_id": (_device_of_no_id, FaultCode.COURIER_UNKNOWN_DEVICE),
    "maker_of_no_id": (_maker_of_no_id, FaultCode.COURIER_MAKER_GONE),
    "id_with_a_line_end": (_id_with_a_line_end, FaultCode.COURIER_DAMAGED),
    "undated": (_undated, FaultCode.COURIER_FORGED),
    "too_large": (_too_large, FaultCode.COURIER_TOO_LARGE),
    "nobody": (_nobody, FaultCode.COURIER_MAKER_GONE),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_bad_file_is_named_and_nothing_of_it_is_carried_out(
    register: Service, sender: Sender, desk: CourierDesk, applications: list[Application], what: str
) -> None:
    make, code = REFUSED[what]
    file = make(sender, [sender.decide(each, RETURN) for each in applications[:2]])
    with pytest.raises(ServiceFault) as refused:
        desk.take(file)
    assert refused.value.code is code
    assert [in_register(register, each) for each in applications[:2]] == applications[:2]


def test_a_file_in_the_name_of_one_who_never_used_the_computer_is_refused(
    register: Service, hospital: Hospital, desk: CourierDesk, applications: list[Application]
) -> None:
    """The device's key signs whatever its user wants: here that a supervisor has decided what he himself may not."""
    reader = Sender.of(register, hospital, Role.READ_ONLY)
    supervisor = hospital.accounts[Role.SUPERVISOR]
    sent = command(applications[0], RETURN)
    file = reader.file([Parcel(command=sent, link=reader.chain.link(sent, supervisor))], account_id=supervisor)
    with pytest.raises(ServiceFault) as refused:
        desk.take(file)
    assert refused.value.code is FaultCode.COURIER_MAKER_UNKNOWN
    assert in_register(register, applications[0]) == applications[0]


def test_a_colleague_who_greeted_from_the_same_computer_decides_there_too(
    register: Service, hospital: Hospital, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    colleague = Office(
        register, hospital, Role.SUPERVISOR, device_id=sender.office.device_id, device_key=sender.chain.public
    )
    parcel = Sender(colleague, sender.chain).decide(applications[0], RETURN)
    desk.take(sender.file([parcel], account_id=colleague.caller.account.id))
    assert in_register(register, applications[0]).history[-1].actor == colleague.caller.account.name


def test_a_file_of_another_institution_is_not_taken_from_a_stranger(
    register: Service, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    stranger = Office(register, seed_hospital(register))
    with pytest.raises(ServiceFault) as refused:
        desk.take(sender.file([sender.decide(applications[0], RETURN)]), stranger.caller)
    assert refused.value.code is FaultCode.COURIER_OTHER_INSTITUTION
    assert in_register(register, applications[0]) == applications[0]


def test_a_decision_on_anothers_application_is_rejected_as_over_the_network(
    register: Service, sender: Sender, desk: CourierDesk
) -> None:
    foreign = seed_applications(register, seed_hospital(register).institution)[0]
    (outcome,) = sender.answers(desk.take(sender.file([sender.decide(foreign, RETURN)])).file).values()
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, FaultCode.APPLICATION_UNKNOWN)


def test_who_may_only_read_carries_nothing(
    register: Service, hospital: Hospital, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    reader = Office(register, hospital, Role.READ_ONLY)
    with pytest.raises(ServiceFault):
        desk.take(sender.file([sender.decide(applications[0], RETURN)]), reader.caller)
    assert in_register(register, applications[0]) == applications[0]


def test_a_revoked_device_brings_nothing(
    register: Service, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    file = sender.file([sender.decide(applications[0], RETURN)])
    DeviceDesk(register.environment).revoke_for_operator(sender.office.device_id, RevocationReason.LOST)
    with pytest.raises(ServiceFault) as refused:
        desk.take(file)
    assert refused.value.code is FaultCode.COURIER_DEVICE_REVOKED, "the carrier's own computer is not meant"
    assert in_register(register, applications[0]) == applications[0]


def test_a_device_revoked_under_its_file_brings_no_more_of_it(
    register: Service, sender: Sender, desk: CourierDesk, applications: list[Application]
) -> None:
    """The carrier's computer is not meant, and what was done before is answered and stands in the audit."""
    devices, answer = DeviceDesk(register.environment), desk._commands.answer_one

    def then_revoked(*asked: Any) -> Outcome:
        outcome = answer(*asked)
        devices.revoke_for_operator(sender.office.device_id, RevocationReason.LOST)
        return outcome

    desk._commands.answer_one = then_revoked  # type: ignore[method-assign]
    parcels = [sender.decide(each, RETURN) for each in applications[:3]]
    answered = desk.take(sender.file(parcels), sender.office.caller)
    assert (answered.carried_out, answered.left) == (1, 2)
    assert kinds(sender.answers(answered.file)) == [OutcomeKind.ACCEPTED]
    assert [in_register(register, each).version for each in applications[:3]] == [2, 1, 1]


# ---- any order ------------------------------------------------------------------------------------------------------

WAYS = st.lists(st.tuples(st.sampled_from(["stick", "net"]), st.integers(0, 3), st.integers(1, 4)), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WAYS)
def test_in_whatever_order_stick_and_network_come_each_decision_takes_effect_once(
    tmp_path_factory: pytest.TempPathFactory, ways: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("any-order")
    with open_register(sqlite_url(folder), folder) as service:
        hospital = seed_hospital(service)
        made = seed_applications(service, hospital.institution, 4)
        sender, desk = Sender.of(service, hospital), CourierDesk(service.environment)
        parcels = [sender.decide(each, RETURN) for each in made]
        told: dict[CommandId, set[bytes]] = {}
        for way, first, count in [*ways, ("stick", 0, 4), ("net", 0, 4)]:
            some = parcels[first : first + count]
            outcomes = (
                sender.send(some) if way == "net" else tuple(sender.answers(desk.take(sender.file(some)).file).values())
            )
            for outcome in outcomes:
                told.setdefault(outcome.id, set()).add(msgspec.json.encode(outcome))
        assert all(len(answers) == 1 for answers in told.values())
        assert [in_register(service, each).version for each in made] == [each.version + 1 for each in made]


# ---- the operator's console -----------------------------------------------------------------------------------------


def test_the_operator_imports_a_file_and_gets_the_answers_beside_it(
    register: Service,
    database_url: str,
    sender: Sender,
    applications: list[Application],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "bundle.mrc"
    path.write_bytes(sender.file([sender.decide(applications[0], RETURN)]))
    place = ("--database", database_url, "--data-dir", register.environment.settings.data_dir)
    assert main(["import-courier", str(path), *place]) == 0
    assert "1 answered, 0 to be brought again" in capsys.readouterr().out
    assert kinds(sender.answers(path.with_suffix(".mra").read_bytes())) == [OutcomeKind.ACCEPTED]
    path.write_bytes(b"something else")
    assert main(["import-courier", str(path), *place]) == 1
    assert "no courier's file" in capsys.readouterr().err
