"""Activation codes at the register: leased, dormant, handed out once, redeemed once (``sync.md`` §5.7, ADR 019)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from medreg_core.contract.v1.activation import LeasedCode
from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.records import PhysicianId
from medreg_core.domain.vocabulary import OutcomeKind, RegistrationState, RevocationReason, Role
from medreg_server.db.engine import open_engine
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.faults import ServiceFault
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, WorldClock, open_register, seed_hospital
from tests.server.code_office import (
    CodeOffice,
    account_of,
    redeem,
    reprint,
    seed_physician,
    void,
)
from tests.server.leaver import Leaver


@pytest.fixture
def office(register: Service, hospital: Hospital) -> CodeOffice:
    return CodeOffice(register, hospital)


@pytest.fixture
def colleague(register: Service, hospital: Hospital) -> CodeOffice:
    return CodeOffice(register, hospital, Role.SUPERVISOR)


@pytest.fixture
def physician(register: Service, hospital: Hospital) -> PhysicianId:
    return seed_physician(register, hospital.institution)


def said(outcome: Outcome) -> tuple[OutcomeKind, str]:
    return outcome.kind, outcome.code


def refused(work: Callable[[], object]) -> FaultCode:
    with pytest.raises(ServiceFault) as fault:
        work()
    return fault.value.code


def test_a_device_is_filled_up_to_a_hundred_codes_when_fewer_than_fifty_are_left(office: CodeOffice) -> None:
    assert len(office.codes) == 100
    assert len({code.code for code in office.codes} | {code.reference for code in office.codes}) == 200
    assert office.greet(50) is None
    lease = office.greet(49)
    assert lease is not None
    assert len(lease.codes) == 51


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.INSTITUTION_ADMIN])
def test_who_may_not_activate_gets_no_codes_and_may_send_no_hand_out(
    register: Service, hospital: Hospital, physician: PhysicianId, role: Role
) -> None:
    other = CodeOffice(register, hospital, role)
    assert other.codes == []
    outcome = other.send_one(other.hand_out(physician, LeasedCode("x", "y")))
    assert said(outcome) == (OutcomeKind.REJECTED, FaultCode.NOT_ALLOWED)


def test_a_program_of_protocol_1_gets_no_codes(office: CodeOffice) -> None:
    assert office.welcome(activation_codes_left=None).code_lease is None


def test_the_register_holds_no_code(office: CodeOffice, database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        tables = ("activation_code", "audit", "command", "device")
        held = " ".join(str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}")))
    engine.dispose()
    assert office.codes[0].reference in held
    assert not [code for code in office.codes if code.code in held or code.code.replace("-", "") in held]
    assert office.codes[0].code not in repr(office.codes[0])


def test_a_code_sleeps_until_its_hand_out_is_accepted_and_works_once(
    office: CodeOffice, register: Service, physician: PhysicianId
) -> None:
    account = account_of(register, physician)
    code = office.codes.pop()
    assert refused(lambda: redeem(register, account, code.code)) is FaultCode.ACTIVATION_REFUSED
    sent = office.hand_out(physician, code)
    assert office.send_one(sent).kind is OutcomeKind.ACCEPTED
    typed = code.code.lower().replace("-", " ").replace("0", "o").replace("1", "i")
    first = redeem(register, account, typed)
    assert first.institution == office.hospital.institution.name
    assert redeem(register, account, code.code) == first, "its answer may be lost on the way"
    again = office.send_one(office.hand_out(physician, code))
    assert said(again) == (OutcomeKind.REJECTED, FaultCode.CODE_SPENT)


def test_nobody_else_can_use_the_code(office: CodeOffice, register: Service, physician: PhysicianId) -> None:
    thief = account_of(register, seed_physician(register, office.hospital.institution))
    code = office.handed(physician)
    assert refused(lambda: redeem(register, thief, code.code)) is FaultCode.ACTIVATION_REFUSED
    registrar = office.caller
    assert refused(lambda: redeem(register, registrar, code.code)) is FaultCode.FORBIDDEN
    assert redeem(register, account_of(register, physician), code.code)


def test_guessing_ends_in_a_pause(office: CodeOffice, register: Service, physician: PhysicianId) -> None:
    account = account_of(register, physician)
    code = office.handed(physician)
    for _ in range(register.environment.settings.activation_attempts):
        assert refused(lambda: redeem(register, account, "0000-0000-0000")) is FaultCode.ACTIVATION_REFUSED
    assert refused(lambda: redeem(register, account, code.code)) is FaultCode.TOO_MANY_ATTEMPTS


def test_two_offices_hand_out_to_one_physician_the_second_learns_of_the_first(
    office: CodeOffice, colleague: CodeOffice, register: Service, physician: PhysicianId
) -> None:
    first, second = office.handed(physician), colleague.codes.pop()
    late = colleague.send_one(colleague.hand_out(physician, second))
    assert said(late) == (OutcomeKind.CONFLICT, FaultCode.CODE_HANDED_OUT)
    assert (late.by, late.at is not None) == (office.caller.account.name, True)
    account = account_of(register, physician)
    assert refused(lambda: redeem(register, account, second.code)) is FaultCode.ACTIVATION_REFUSED
    redeem(register, account, first.code)
    third = colleague.send_one(colleague.hand_out(physician, colleague.codes.pop()))
    assert said(third) == (OutcomeKind.SUPERSEDED, FaultCode.ALREADY_ACTIVE)


def test_a_voided_code_is_dead_and_makes_way_for_another(
    office: CodeOffice, colleague: CodeOffice, register: Service, physician: PhysicianId
) -> None:
    account = account_of(register, physician)
    lost = office.handed(physician)
    assert colleague.send_one(void(physician, lost)).kind is OutcomeKind.ACCEPTED
    assert said(office.send_one(void(physician, lost))) == (OutcomeKind.SUPERSEDED, FaultCode.CODE_SPENT)
    assert said(office.send_one(reprint(physician, lost))) == (OutcomeKind.CONFLICT, FaultCode.CODE_SPENT)
    assert refused(lambda: redeem(register, account, lost.code)) is FaultCode.ACTIVATION_REFUSED
    other = office.handed(physician)
    redeem(register, account, other.code)
    assert said(office.send_one(void(physician, other))) == (OutcomeKind.CONFLICT, FaultCode.ALREADY_ACTIVE)


def test_a_hand_out_and_what_hangs_on_it_travel_in_one_batch_in_any_number_of_copies(
    office: CodeOffice, physician: PhysicianId
) -> None:
    code = office.codes.pop()
    given = office.hand_out(physician, code)
    shown = reprint(physician, code)
    outcomes = office.send(given, shown, given, shown)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 4
    assert outcomes[:2] == outcomes[2:]


def test_only_the_device_that_holds_a_code_hands_it_out(
    office: CodeOffice, colleague: CodeOffice, physician: PhysicianId
) -> None:
    stolen = office.send_one(office.hand_out(physician, colleague.codes[0]))
    assert said(stolen) == (OutcomeKind.REJECTED, FaultCode.CODE_UNKNOWN)
    for reference in ("", "a\0b", "f" * 65):
        nameless = office.send_one(office.hand_out(physician, LeasedCode(reference, "")))
        assert said(nameless) == (OutcomeKind.REJECTED, FaultCode.CODE_UNKNOWN)
    invented = office.send_one(office.hand_out(physician, LeasedCode("f" * 16, "")))
    assert said(invented) == (OutcomeKind.REJECTED, FaultCode.CODE_UNKNOWN)


def test_a_burnt_device_hands_out_nothing_but_what_it_had_handed_out_stays_good(
    office: CodeOffice, register: Service, physician: PhysicianId
) -> None:
    given = office.handed(physician)
    DeviceDesk(register.environment).revoke_for_operator(office.device_id, RevocationReason.LOST)
    other = seed_physician(register, office.hospital.institution)
    assert refused(lambda: office.send_one(office.hand_out(other, office.codes.pop()))) is FaultCode.DEVICE_REVOKED
    assert redeem(register, account_of(register, physician), given.code)


def test_a_hand_out_that_a_revoked_device_had_not_sent_counts_on_a_supervisors_word(
    office: CodeOffice, register: Service, physician: PhysicianId, colleague: CodeOffice
) -> None:
    """The slip is in the physician's hands; the codes still on the device are worth nothing."""
    code, leaver = office.codes.pop(), Leaver(office)
    sent = office.hand_out(physician, code)
    leaver.revoke()
    assert leaver.rescue(sent).kept == (sent.id,)
    lane = ReviewLane(register.environment, CommandDesk(register.environment))
    assert lane.confirm(sent.id, colleague.caller).kind is OutcomeKind.ACCEPTED
    assert redeem(register, account_of(register, physician), code.code)
    unused = seed_physician(register, office.hospital.institution)
    assert refused(lambda: redeem(register, account_of(register, unused), office.codes.pop().code))


def test_only_the_physicians_own_institution_activates_her(office: CodeOffice, register: Service) -> None:
    elsewhere = seed_hospital(register, "980100")
    hers = seed_physician(register, elsewhere.institution)
    outcome = office.send_one(office.hand_out(hers, office.codes.pop()))
    assert said(outcome) == (OutcomeKind.REJECTED, FaultCode.PHYSICIAN_ELSEWHERE)
    nobody = office.send_one(office.hand_out(PhysicianId("nobody"), office.codes.pop()))
    assert said(nobody) == (OutcomeKind.REJECTED, FaultCode.PHYSICIAN_ELSEWHERE)


def test_a_physician_who_has_moved_away_uses_the_code_of_the_new_place_alone(
    office: CodeOffice, register: Service, physician: PhysicianId
) -> None:
    old = office.handed(physician)
    with register.environment.database.write() as transaction:
        (entry,) = transaction.physicians.registrations_of(physician)
        moved = type(entry)(physician, None, type(entry.registration)(**_fields(entry.registration)))
        transaction.physicians.save_registration(moved)
    account = account_of(register, physician)
    assert refused(lambda: redeem(register, account, old.code)) is FaultCode.ACTIVATION_REFUSED
    elsewhere = seed_hospital(register, "980100")
    seed_physician(register, elsewhere.institution, physician)
    redeem(register, account, CodeOffice(register, elsewhere).handed(physician).code)


def _fields(registration: object) -> dict[str, object]:
    held = {name: getattr(registration, name) for name in type(registration).__dataclass_fields__}  # type: ignore[attr-defined] # a dataclass
    return {**held, "state": RegistrationState.CHANGED_OUT}


def test_codes_and_hand_outs_that_come_too_late_are_told_apart(database_url: str, tmp_path: Path) -> None:
    clock = WorldClock()
    with open_register(database_url, tmp_path, clock) as service:
        office = CodeOffice(service, seed_hospital(service))
        early, late = (seed_physician(service, office.hospital.institution) for _ in range(2))
        clock.pass_days(60 + 29)
        kept = office.handed(early)
        account = account_of(service, early)
        clock.pass_days(1)
        outcome = office.send_one(office.hand_out(late, office.codes.pop()))
        assert said(outcome) == (OutcomeKind.REJECTED, FaultCode.CODE_EXPIRED)
        clock.pass_days(29)
        assert refused(lambda: redeem(service, account, kept.code)) is FaultCode.ACTIVATION_REFUSED
        assert len(office.greet(0).codes) == 100  # type: ignore[union-attr] # a lease: the old ones have ended
        redeem(service, account, office.handed(early).code)


def test_many_at_once_activate_once(register: Service, hospital: Hospital, physician: PhysicianId) -> None:
    """Two desks of the office and two browsers of the physician, all at the same moment."""
    offices = [CodeOffice(register, hospital) for _ in range(4)]
    codes = [office.codes.pop() for office in offices]
    outcomes: list[Outcome] = []
    _together(
        [
            lambda office=office, code=code: outcomes.append(_settled(office, office.hand_out(physician, code)))
            for office, code in zip(offices, codes, strict=True)
        ]
    )
    kinds = [outcome.kind for outcome in outcomes]
    assert sorted(kinds) == [OutcomeKind.ACCEPTED, *[OutcomeKind.CONFLICT] * 3]
    account = account_of(register, physician)
    activated: list[object] = []
    refusals: list[FaultCode] = []

    def attempt(code: LeasedCode) -> None:
        try:
            activated.append(redeem(register, account, code.code))
        except ServiceFault as fault:
            refusals.append(fault.code)

    _together([lambda code=code: attempt(code) for code in codes + codes])
    assert len(set(map(str, activated))) == 1
    assert len(activated) == 2, "the one good code, typed twice"
    assert refusals == [FaultCode.ACTIVATION_REFUSED] * 6


def _settled(office: CodeOffice, command: Command) -> Outcome:
    """Send until there is a final answer, as a client does."""
    while (outcome := office.send_one(command)).kind is OutcomeKind.RETRY:
        pass
    return outcome


def _together(works: list[Callable[[], object]]) -> None:
    barrier = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        barrier.wait(timeout=30)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(thread.join, 60)
    assert failures == []
