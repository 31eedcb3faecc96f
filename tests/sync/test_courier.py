"""Decisions carried on a stick: real caches and engines, the real service, and the network coming in between."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.commands import Outcome
from medreg_core.contract.v1.courier import BundleKind, answer_key, seal
from medreg_core.contract.v1.messages import CourierUpload
from medreg_core.domain.vocabulary import OutcomeKind, Role
from medreg_desktop.services.cache import device, receipts, sync_state
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.courier_desk import Brought, CourierDesk
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.conftest import OpenPc
from tests.sync.office import Pc
from tests.sync.test_against_the_server import register_row


class Loop:
    """Tells one PC's engine what the program's loop would."""

    def __init__(self, pc: Pc) -> None:
        self._tell = pc.driver.tell

    def bundle_wanted(self, folder: str) -> None:
        self._tell(lambda at: events.BundleWanted(at, folder))

    def answers_brought(self, outcomes: tuple[Outcome, ...], epoch: str, beside: str) -> None:
        self._tell(lambda at: events.AnswersBrought(at, outcomes, epoch, beside))


def desk_of(pc: Pc) -> CourierDesk:
    return CourierDesk(pc.store, pc.device_id, Loop(pc), pc.transport.carry)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


@pytest.fixture
def away(pc: Pc, hospital: Hospital, server: ServerHandle) -> Pc:
    """A PC that has its copy and is then without network: unlocked by the local password."""
    seed_applications(server.service, hospital.institution, 4)
    pc.until_quiet()
    pc.unlock_offline(pc.actor)
    return pc


@pytest.fixture
def carrier(open_pc: OpenPc, hospital: Hospital) -> CourierDesk:
    other = open_pc("other", hospital.logins[Role.SUPERVISOR])
    other.until_quiet()
    return desk_of(other)


def decide_all(pc: Pc) -> None:
    for application_id in [key for key in pc.applications() if "-" not in key]:
        pc.send_back(application_id)  # type: ignore[arg-type]


def write(pc: Pc, stick: Path) -> Path:
    desk_of(pc).write_to(stick)
    note = pc.sync().bundle
    assert note.code == ""
    return stick / note.name


def states(pc: Pc) -> set[OutboxState]:
    return {row.state for row in pc.rows()}


def test_there_and_back_without_a_network(away: Pc, carrier: CourierDesk, stick: Path, server: ServerHandle) -> None:
    decide_all(away)
    file = write(away, stick)
    rows = away.rows()
    assert {row.state for row in rows} == {OutboxState.QUEUED}
    assert all(row.handed_at is not None and row.sent for row in rows)
    carried = carrier.carry(file)
    assert (carried.carried_out, carried.left) == (4, 0)
    assert desk_of(away).read(stick / carried.name) == Brought(4, 4)
    report = away.sync()
    assert report.unsent == 0
    assert {row.outcome.kind for row in away.rows() if row.outcome} == {OutcomeKind.ACCEPTED}
    assert away.store.write(receipts.first_broken) is None
    proofs = [away.store.write(lambda conn, c=row.command.id: receipts.find(conn, c)) for row in rows]  # type: ignore[misc]
    assert all(proof is not None and proof.counter is not None for proof in proofs)


def test_the_file_tells_nobody_what_is_in_it(away: Pc, stick: Path) -> None:
    decide_all(away)
    file = write(away, stick)
    content = file.read_bytes()
    for row in away.rows():
        assert row.command.id.encode() not in content
        assert row.command.id not in file.name
    assert "请补充材料".encode() not in content
    assert list(stick.iterdir()) == [file]


@pytest.mark.parametrize("seed", range(6))
def test_stick_network_and_answers_in_any_order_come_to_the_same(
    away: Pc, carrier: CourierDesk, stick: Path, server: ServerHandle, hospital: Hospital, seed: int
) -> None:
    decide_all(away)
    file = write(away, stick)
    answers = file.with_suffix(".mra")

    def network() -> None:
        away.sign_in(hospital.logins[Role.REGISTRAR])
        away.until_quiet()

    def read() -> None:
        if answers.exists():
            desk_of(away).read(answers)
            away.sync()

    steps: list[Callable[[], object]] = [network, lambda: carrier.carry(file), read, lambda: write_if_any(away, stick)]
    chance = random.Random(seed)
    for step in [*chance.choices(steps, k=5), lambda: carrier.carry(file), read, network, read]:
        step()
    assert states(away) == {OutboxState.DONE}
    assert {row.outcome.kind for row in away.rows() if row.outcome} == {OutcomeKind.ACCEPTED}
    assert all(version == 2 for key, version in away.applications().items() if "-" not in key)


def write_if_any(pc: Pc, stick: Path) -> None:
    desk_of(pc).write_to(stick)
    assert pc.sync().bundle.code in {"", "courier_nothing"}


def test_a_stick_that_cannot_be_written_leaves_everything_waiting(away: Pc, stick: Path) -> None:
    decide_all(away)
    stick.rmdir()
    away.driver.tell(lambda at: events.BundleWanted(at, str(stick)))
    assert away.sync().bundle.code == "courier_not_written"
    assert states(away) == {OutboxState.QUEUED}
    assert all(row.handed_at is None for row in away.rows())
    with pytest.raises(KnownFault):
        desk_of(away).write_to(stick)


def test_with_nothing_to_carry_there_is_no_file(away: Pc, stick: Path) -> None:
    desk_of(away).write_to(stick)
    assert away.sync().bundle.code == "courier_nothing"
    assert list(stick.iterdir()) == []


def test_answers_of_another_computer_are_refused(
    away: Pc, carrier: CourierDesk, stick: Path, open_pc: OpenPc, hospital: Hospital
) -> None:
    decide_all(away)
    file = write(away, stick)
    carrier.carry(file)
    third = open_pc("third", hospital.logins[Role.REGISTRAR])
    third.until_quiet()
    with pytest.raises(KnownFault) as refused:
        desk_of(third).read(file.with_suffix(".mra"))
    assert refused.value.code == "courier_other_recipient"
    with pytest.raises(KnownFault) as confused:
        desk_of(away).read(file)
    assert confused.value.code == "courier_other_kind"


@pytest.mark.parametrize("odd", [b"7", b'{"kid":"\xff"}', b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_answers_that_cannot_be_read_are_damaged(away: Pc, stick: Path, odd: bytes) -> None:
    """Anybody can seal a file for a computer that has ever sent one."""
    own = answer_key(away.store.write(device.private_key)).public_key().public_bytes_raw()
    path = stick / "answers.mra"
    path.write_bytes(seal(BundleKind.ANSWERS, odd, Ed25519PrivateKey.generate(), own))
    with pytest.raises(KnownFault, match="courier_damaged"):
        desk_of(away).read(path)


def test_answers_from_before_a_restore_do_not_close_what_the_register_lost(
    away: Pc, carrier: CourierDesk, stick: Path, server: ServerHandle, hospital: Hospital
) -> None:
    decide_all(away)
    carrier.carry(write(away, stick))
    (answers,) = stick.glob("*.mra")
    server.service.registry.begin_epoch("restored from a backup")
    away.clock.world.ahead_s += 3600
    away.sign_in(hospital.logins[Role.REGISTRAR])
    away.until_quiet()
    assert away.store.write(sync_state.read).epoch == server.service.environment.identity().epoch
    with pytest.raises(KnownFault) as refused:
        desk_of(away).read(answers)
    assert refused.value.code == "courier_answers_of_another"


def test_a_file_that_is_none_is_refused_before_it_is_sent(carrier: CourierDesk, stick: Path) -> None:
    large = stick / "large.mrc"
    large.write_bytes(b"\0" * (1 << 20))
    other = stick / "other.mrc"
    other.write_bytes(b"%PDF")
    for path, code in ((large, "courier_too_large"), (other, "courier_not_a_bundle"), (stick, "courier_not_read")):
        with pytest.raises(KnownFault) as refused:
            carrier.carry(path)
        assert refused.value.code == code


def test_the_wire_says_what_is_wrong_with_a_file(pc: Pc) -> None:
    with pytest.raises(KnownFault) as refused:
        pc.transport.carry(CourierUpload(file=b"MEDREGC2" + b"\0" * 100))
    assert refused.value.code == "courier_newer"


def test_the_register_names_the_maker_and_not_the_carrier(
    away: Pc, carrier: CourierDesk, stick: Path, server: ServerHandle, hospital: Hospital
) -> None:
    application = away.find(next(key for key in away.applications() if "-" not in key))  # type: ignore[arg-type]
    away.send_back(application.id)
    carrier.carry(write(away, stick))
    decided = register_row(server, application).history[-1]
    assert decided.actor.endswith(hospital.logins[Role.REGISTRAR][-4:])
