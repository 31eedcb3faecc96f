"""Activation codes at the office: handed out once, shown again by command, worthless when voided (ADR 019)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medreg_core.contract.v1.activation import CodeLease, HandOutCode, LeasedCode, ReprintCode, VoidCode
from medreg_core.domain.records import PhysicianId
from medreg_core.domain.vocabulary import HandOutWay, OutcomeKind
from medreg_desktop.services.activation.code_desk import CodeDesk
from medreg_desktop.services.cache import audit, codes, outbox, rescue
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxState, Resolution
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.desk import Desk, Refused
from tests.desktop.cache.office import KEY, NOW, StillClock
from tests.desktop.review.office import LI, READER, Office, tables

ANNA, BEN = PhysicianId("physician-anna"), PhysicianId("physician-ben")
SLIP = HandOutWay.SLIP
ACTS = ("hand", "show", "void", "send", "yes", "no")


def lease(count: int = 5, prefix: str = "r", days: int = 60) -> CodeLease:
    return CodeLease(
        NOW + timedelta(days=days), tuple(LeasedCode(f"{prefix}{n}", f"CODE-{prefix}-{n}") for n in range(count))
    )


def _tables(conn: Connection) -> list[str]:
    return [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def _content(conn: Connection, table: str) -> str:
    return str(conn.execute(f"SELECT * FROM {table}").fetchall())


def desk_of(office: Office) -> CodeDesk:
    return CodeDesk(Desk(office.store, office.clock, office.ids, tables(), office.account, is_online=lambda: False))


@pytest.fixture
def desk(office: Office) -> CodeDesk:
    office.store.write(lambda conn: codes.add(conn, lease()))
    return desk_of(office)


def reasons(work: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as refused:
        work()
    return [reason.code for reason in refused.value.reasons]


def test_a_hand_out_is_one_command_that_names_no_code(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    (row,) = office.store.read(lambda conn: outbox.rows(conn, office.account.id))
    assert (row.command.body, row.command.subject) == (HandOutCode(reference=slip.reference, way=SLIP), ANNA)
    assert (row.command.schema, slip.sleeps, slip.reprint) == (2, True, 0)
    assert desk.left() == 4
    assert slip.code not in repr(slip) + repr(row) + repr(desk.codes_of(ANNA))


def test_the_code_stands_in_no_line_of_the_copy_but_its_own_and_in_no_file_readably(
    office: Office, desk: CodeDesk, path: Path
) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    desk.reprint(slip.reference, SLIP)
    holding = office.store.read(lambda conn: [name for name in _tables(conn) if slip.code in _content(conn, name)])
    assert holding == ["activation_code"]
    for file in path.parent.iterdir():
        assert slip.code.encode() not in file.read_bytes(), file


def test_one_physician_is_not_given_two_codes_here(office: Office, desk: CodeDesk) -> None:
    first = desk.hand_out(ANNA, SLIP)
    assert reasons(lambda: desk.hand_out(ANNA, SLIP)) == ["code_given_already"]
    assert desk.hand_out(BEN, SLIP).reference != first.reference
    office.sends()
    office.hears(first.command_id, OutcomeKind.CONFLICT, code="code_handed_out", by="李经办")
    assert desk.hand_out(ANNA, SLIP).reference != first.reference, "his own has come to nothing"


def test_showing_it_again_is_a_command_of_its_own(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    again = desk.reprint(slip.reference, HandOutWay.SMS)
    assert (again.code, again.sleeps, again.reprint) == (slip.code, True, 1)
    command = office.store.read(lambda conn: outbox.row_of(conn, again.command_id)).command
    assert command.body == ReprintCode(reference=slip.reference, way=HandOutWay.SMS, reprint=1)
    assert command.depends_on == slip.command_id
    office.sends()
    office.hears(slip.command_id, OutcomeKind.ACCEPTED)
    third = desk.reprint(slip.reference, SLIP)
    assert (third.sleeps, third.reprint) == (False, 2)
    assert reasons(lambda: desk.reprint("of-another-device", SLIP)) == ["code_not_here"]


def test_a_refused_hand_out_takes_its_reprints_with_it(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    again = desk.reprint(slip.reference, SLIP)
    office.sends()
    office.hears(slip.command_id, OutcomeKind.REJECTED, code="physician_elsewhere")
    assert office.store.read(lambda conn: outbox.row_of(conn, again.command_id)).resolution is Resolution.STOPPED
    assert reasons(lambda: desk.reprint(slip.reference, SLIP)) == ["code_spent"]


def test_voiding_a_hand_out_that_never_left_sends_nothing(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    assert reasons(lambda: desk.void(ANNA, slip.reference, " ")) == ["reason_missing"]
    desk.void(ANNA, slip.reference, "发错了人")
    assert office.sends() == []
    assert reasons(lambda: desk.reprint(slip.reference, SLIP)) == ["code_spent"]
    assert desk.hand_out(BEN, SLIP).code != slip.code, "a code once shown is never handed out to somebody else"


def test_nothing_is_saved_on_a_computer_that_no_service_knows(tmp_path: Path, clock: StillClock) -> None:
    """Found by seed 310252: shut out before its first answer, it could prove nothing and hand nothing over."""
    store = CacheStore.open(tmp_path / "blank.db", KEY, clock)
    blank = Office(store, clock)
    assert reasons(lambda: desk_of(blank).void(ANNA, "of-another-device", "发错了人")) == ["never_greeted"]
    assert blank.sends() == []
    blank.greeted()
    desk_of(blank).void(ANNA, "of-another-device", "发错了人")
    assert len(blank.sends()) == 1
    store.close()


def test_the_audit_names_the_colleague_who_voided(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    colleague = Office(office.store, office.clock, LI, office.ids)
    desk_of(colleague).void(ANNA, slip.reference, "发错了人")
    (line,) = office.store.read(lambda conn: audit.lines(conn, 1))
    assert (line.action, line.actor, line.detail) == ("command_cancelled", LI.id, f'{{"command":"{slip.command_id}"}}')
    row = office.store.read(lambda conn: outbox.row_of(conn, slip.command_id))
    assert (row.actor, row.resolution) == (office.account.id, Resolution.CANCELLED)


def test_voiding_one_that_the_register_may_know_is_a_command(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    office.sends()
    desk.void(ANNA, slip.reference, "发错了人")
    newest = office.store.read(lambda conn: outbox.rows(conn, office.account.id))[-1].command
    assert newest.body == VoidCode(reference=slip.reference, reason="发错了人")
    assert newest.depends_on == slip.command_id
    desk.void(BEN, "of-another-device", "遗失")
    assert office.store.read(lambda conn: codes.held_by(conn, BEN)) == []


def test_who_may_not_activate_is_refused(office: Office, desk: CodeDesk) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    reader = desk_of(Office(office.store, office.clock, READER, office.ids))
    for work in (
        lambda: reader.hand_out(BEN, SLIP),
        lambda: reader.reprint(slip.reference, SLIP),
        lambda: reader.void(ANNA, slip.reference, "x"),
    ):
        assert reasons(work) == ["not_allowed"]


def test_without_codes_it_says_so_and_ended_ones_are_none(office: Office, desk: CodeDesk, clock: StillClock) -> None:
    clock.pass_by(days=61)
    assert desk.left() == 0
    with pytest.raises(KnownFault, match="activation_codes_used_up"):
        desk.hand_out(ANNA, SLIP)
    assert office.sends() == []


def test_a_rebuilt_copy_hands_out_no_code_again(office: Office, desk: CodeDesk, path: Path) -> None:
    slip = desk.hand_out(ANNA, SLIP)
    office.store.close()
    path.write_bytes(b"x" * path.stat().st_size)
    rescue.rescue(path, KEY, StillClock())
    store = CacheStore.open(path, KEY, StillClock())
    later = desk_of(Office(store, StillClock(), LI, office.ids))
    assert later.left() == 4
    assert later.hand_out(BEN, SLIP).reference != slip.reference
    store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["hand", "show", "void", "send", "yes", "no"]), st.integers(0, 2)), max_size=14
    )
)
def test_whatever_is_done_no_code_reaches_two_physicians(
    office_factory: Callable[[], Office], acts: list[tuple[str, int]]
) -> None:
    office = office_factory()
    office.store.write(lambda conn: codes.add(conn, lease(12)))
    desk, owner = desk_of(office), dict[str, str]()
    people = [PhysicianId(f"physician-{n}") for n in range(3)]
    for act, n in acts:
        who = people[n]
        lines = desk.codes_of(who)
        try:
            match act:
                case "hand":
                    slip = desk.hand_out(who, SLIP)
                    assert owner.setdefault(slip.code, who) == who
                case "show" if lines:
                    assert owner[desk.reprint(lines[-1].code.reference, SLIP).code] == who
                case "void" if lines:
                    desk.void(who, lines[-1].code.reference, "作废")
                case "send":
                    office.sends()
                case "yes" | "no" if lines and lines[-1].hand_out.state is OutboxState.IN_FLIGHT:
                    kind = OutcomeKind.ACCEPTED if act == "yes" else OutcomeKind.CONFLICT
                    office.hears(lines[-1].hand_out.command.id, kind)
        except Refused:
            continue
    for who in people:
        assert sum(line.stands for line in desk.codes_of(who)) <= 1
