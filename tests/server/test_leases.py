"""Leases of form numbers: they end, they are proven, and no restore gives one out twice (``sync.md`` §5.7, ADR 018)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.records import Application, DeviceId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.db.backup import back_up
from medreg_server.db.clock import Clock, system_clock
from medreg_server.db.leases import Holder
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services import leases as desk
from medreg_server.services.registry import RegistryFault
from medreg_server.services.serials import FILE as SERIALS
from medreg_server.services.service import Service, restore
from tests.helpers.server import (
    Hospital,
    WorldClock,
    open_register,
    seed_applications,
    seed_hospital,
    test_settings,
)
from tests.server.clients import Office
from tests.server.code_office import CodeOffice


def numbers(*leases: FormLease | None) -> set[tuple[str, int, int]]:
    return {
        (lease.region, lease.year, serial) for lease in leases if lease for serial in range(lease.first, lease.last + 1)
    }


def leased(office: CodeOffice, **changes: object) -> FormLease:
    """Say hello with none left."""
    lease = office.welcome(**{"form_numbers_left": 0, **changes}).lease
    assert lease is not None
    return lease


# ---- the end of a lease ---------------------------------------------------------------------------------------------


@dataclass
class Aging:
    """A register in which time passes."""

    clock: WorldClock
    service: Service
    office: CodeOffice

    def application(self) -> Application:
        return seed_applications(self.service, self.office.hospital.institution)[0]


@pytest.fixture
def aging(database_url: str, tmp_path: Path) -> Iterator[Aging]:
    clock = WorldClock()
    with open_register(database_url, tmp_path, clock) as service:
        office = CodeOffice(service, seed_hospital(service))
        office.lease = leased(office)
        yield Aging(clock, service, office)


def test_a_lease_ends_after_sixty_days_and_is_proven(aging: Aging) -> None:
    lease = aging.office.lease
    assert lease is not None
    assert lease.expires_at is not None
    assert (lease.expires_at - aging.clock()).days == 59
    assert len(lease.proof) == 16


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_a_hello_looks_at_no_form_of_other_devices(aging: Aging) -> None:
    """Two hundred offices may come back within a second, and a province issues some hundred thousand forms a year."""
    plan: list[str] = []

    def look(_connection: Connection, cursor: Any, statement: str, values: Any, *_more: object) -> None:
        if statement.startswith("SELECT"):
            plan.extend(step for *_, step in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    event.listen(aging.service.environment.database._engine, "before_cursor_execute", look)
    leased(aging.office)
    assert [step for step in plan if "SEARCH form USING" in step and "ix_form_device" in step]
    assert [step for step in plan if step.startswith("SCAN form")] == []


LATE = (OutcomeKind.REJECTED, FaultCode.FORM_NUMBER_EXPIRED)


@pytest.mark.parametrize(
    ("days", "expected"), [(61, (OutcomeKind.ACCEPTED, "")), (89, (OutcomeKind.ACCEPTED, "")), (90, LATE)]
)
def test_a_number_taken_in_time_counts_until_the_grace_is_over(
    aging: Aging, days: int, expected: tuple[OutcomeKind, str]
) -> None:
    application = aging.application()
    sent = aging.office.agree(application)
    aging.clock.pass_days(days + 0.01)
    outcome = aging.office.send_one(sent)
    assert (outcome.kind, outcome.code) == expected
    assert bool(outcome.params.get("expired_on")) == (outcome.kind is OutcomeKind.REJECTED)


def test_after_a_late_number_the_same_decision_stands_under_another(aging: Aging) -> None:
    application = aging.application()
    late = aging.office.agree(application)
    aging.clock.pass_days(120)
    assert aging.office.send_one(late).code == FaultCode.FORM_NUMBER_EXPIRED
    assert aging.office.send_one(late).code == FaultCode.FORM_NUMBER_EXPIRED, "the same answer again"
    aging.office.lease, aging.office.used = leased(aging.office), 0
    assert aging.office.send_one(aging.office.agree(application)).kind is OutcomeKind.ACCEPTED


def test_ended_leases_do_not_keep_a_device_from_new_ones(aging: Aging) -> None:
    while aging.office.welcome(form_numbers_left=0).lease is not None:
        pass
    aging.clock.pass_days(61)
    assert leased(aging.office)


def test_answers_lost_on_the_way_keep_a_device_from_new_leases_for_a_day_at_most(aging: Aging) -> None:
    """Behind a proxy that swallows answers each greeting costs a lease; none of them ever reached the office."""
    lost = {"form_numbers_left": 0, "activation_codes_left": 0}
    for _ in range(25):
        swallowed = aging.office.welcome(**lost)
    assert (swallowed.lease, swallowed.code_lease) == (None, None), "a faulty program must not take them all"
    aging.clock.pass_days(1.01)
    arrived = aging.office.welcome(**lost)
    assert arrived.lease is not None
    assert arrived.code_lease is not None


def test_a_year_gives_no_more_than_its_serials(register: Service, hospital: Hospital) -> None:
    office = Office(register, hospital)
    holder = Holder(hospital.institution.id, office.device_id)
    with register.environment.database.write() as transaction:
        assert transaction.leases.grant(holder, "980000", 2026, 999_999, register.environment.now()) is not None
        assert transaction.leases.grant(holder, "980000", 2026, 1, register.environment.now()) is None


# ---- the restore ----------------------------------------------------------------------------------------------------


@contextmanager
def restored(source: Path, url: str, directory: Path, clock: Clock = system_clock) -> Iterator[Service]:
    """A register as the operator brings it back: the older database, the same data directory, a new epoch."""
    restore(test_settings(url, directory), source, "restored in a test", clock)
    with open_register(url, directory, clock) as service:
        yield service


def again(office: CodeOffice, service: Service) -> CodeOffice:
    """Return the same device at the restored register, as if it had said hello to it before."""
    same = CodeOffice(service, office.hospital, device_id=office.device_id, signing_key=office.signing_key)
    same.lease = office.lease
    return same


def test_a_restored_register_leases_no_number_again(
    database_url: str, other_url: str, tmp_path: Path, register: Service, hospital: Hospital
) -> None:
    """Backup, lease, restore, lease again: disjoint; also where nothing had been leased before the backup."""
    far = seed_hospital(register, "970100")
    before, beside = CodeOffice(register, hospital), CodeOffice(register, hospital)
    given = [leased(before), leased(beside)]
    back_up(database_url, tmp_path / "backup")
    given += [leased(before) for _ in range(5)] + [leased(CodeOffice(register, hospital))]
    given += [leased(CodeOffice(register, far))]
    with restored(tmp_path / "backup", other_url, tmp_path) as service:
        later = [leased(again(beside, service)) for _ in range(3)]
        later += [leased(CodeOffice(service, hospital)), leased(CodeOffice(service, far))]
        assert numbers(*given) & numbers(*later) == set()
        assert len(numbers(*later)) == 500


def test_a_backup_restored_twice_leads_to_other_numbers_each_time(
    database_url: str, other_url: str, third_url: str, tmp_path: Path, register: Service, hospital: Hospital
) -> None:
    """The margin counts from where the life between began, of which the backup knows nothing."""
    far = seed_hospital(register, "970100")
    office = CodeOffice(register, hospital)
    given = [leased(office)]
    back_up(database_url, tmp_path / "backup")
    for url in (other_url, third_url):
        with restored(tmp_path / "backup", url, tmp_path) as service:
            given += [leased(again(office, service)), leased(CodeOffice(service, hospital))]
            given += [leased(CodeOffice(service, far))]
    assert len(numbers(*given)) == 700


def test_without_its_data_directory_a_restored_register_still_leaves_the_margin_out(
    database_url: str, other_url: str, tmp_path: Path, register: Service, hospital: Hospital
) -> None:
    """Then no lease can be proven either (ADR 018); a file that says nothing true is not believed to be none."""
    leased(CodeOffice(register, hospital))
    back_up(database_url, tmp_path / "backup")
    kept = Path(register.environment.settings.data_dir) / SERIALS
    with restored(tmp_path / "backup", other_url, tmp_path / "new") as service:
        assert leased(CodeOffice(service, hospital)).first > 10_000
    assert not kept.exists(), "the first life began with no restore"
    kept.write_bytes(b"{")
    with pytest.raises(RegistryFault, match="serials_damaged"):
        register.registry.begin_epoch("test")


def test_a_device_proves_its_lease_to_a_restored_register_and_its_paper_stands(
    database_url: str, other_url: str, tmp_path: Path, register: Service, hospital: Hospital
) -> None:
    office = CodeOffice(register, hospital)
    (application,) = seed_applications(register, hospital.institution)
    back_up(database_url, tmp_path / "backup")
    office.lease = leased(office)
    sent = office.agree(application)
    with restored(tmp_path / "backup", other_url, tmp_path) as service:
        back = CodeOffice(service, hospital, device_id=office.device_id, signing_key=office.signing_key)
        assert back.send_one(sent).code == FaultCode.FORM_NUMBER_INVALID
        fresh = back.agree(application, form_number=sent.body.form_number)  # type: ignore[union-attr] # a consent
        back.welcome(leases=(office.lease,), known_epoch="the epoch before")
        assert back.send_one(fresh).kind is OutcomeKind.ACCEPTED
        assert numbers(office.lease) & numbers(leased(CodeOffice(service, hospital))) == set()


def test_leases_taken_back_after_a_restore_keep_nobody_from_new_numbers(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    """The day's limit is of what was granted within a day, and not of what the register was reminded of."""
    clock = WorldClock()
    with open_register(database_url, tmp_path, clock) as service:
        hospital = seed_hospital(service)
        office = CodeOffice(service, hospital)
        back_up(database_url, tmp_path / "backup")
        held = []
        for _ in range(25):
            held.append(leased(office))
            clock.pass_days(1)
    with restored(tmp_path / "backup", other_url, tmp_path, clock) as service:
        back = CodeOffice(service, hospital, device_id=office.device_id, signing_key=office.signing_key)
        assert leased(back, leases=tuple(held), known_epoch="the epoch before").first > max(one.last for one in held)


def test_a_claimed_lease_that_this_service_did_not_seal_is_not_taken(register: Service, hospital: Hospital) -> None:
    office, other = CodeOffice(register, hospital), CodeOffice(register, hospital)
    own = leased(office)
    forged = (
        msgspec.structs.replace(own, last=own.last + 900_000),
        msgspec.structs.replace(own, first=500_001, last=500_100),
        msgspec.structs.replace(own, proof=b""),
    )
    office.welcome(leases=forged, known_epoch="x")
    other.welcome(leases=(own,), known_epoch="x")  # sealed, but for another device
    assert leased(other).last < 10_000
    with register.environment.database.read() as transaction:
        rows = transaction.leases._overlapping(msgspec.structs.replace(own, first=1, last=999_999))
    assert (own.first, own.last, hospital.institution.id, other.device_id) not in rows
    assert max(row[1] for row in rows) < 10_000


def test_no_office_uses_up_what_its_region_has_by_naming_new_devices(
    register: Service, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_MOST_OF_AN_OFFICE", 5)
    given = [Office(register, hospital).lease for _ in range(8)]
    assert [lease is not None for lease in given] == [True] * 5 + [False] * 3
    assert Office(register, seed_hospital(register)).lease, "the region has numbers for the others"


# ---- any order of events --------------------------------------------------------------------------------------------


@dataclass
class Shelf:
    """What devices hold, and what the register has been restored from."""

    held: list[tuple[DeviceId, FormLease]] = field(default_factory=list)


ACTS = st.tuples(st.sampled_from(["lease", "lose", "return", "skip"]), st.integers(0, 3), st.integers(1, 40))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=25))
def test_leases_never_overlap(register: Service, hospital: Hospital, acts: list[tuple[str, int, int]]) -> None:
    """Whatever is leased, forgotten by a restore, brought back by its device: no number is ever given twice.

    A restore is an older state and the margin; at most 120 numbers are leased between two of them.
    """
    devices = _devices(register, hospital)
    shelf, since = Shelf(), 0
    with register.environment.database.write() as transaction:
        now = register.environment.now()
        for act, device, count in acts:
            holder = Holder(hospital.institution.id, devices[device])
            if act == "lease" and since + count <= 120:
                granted = transaction.leases.grant(holder, "960000", 2026, count, now)
                assert granted is not None
                shelf.held.append((holder.device_id, granted))
                since += count
            elif act == "lose":
                _forget(transaction, shelf, since)
                transaction.leases.skip(120)
                since = 0
            elif act == "return" and shelf.held:
                owner, lease = shelf.held[count % len(shelf.held)]
                assert transaction.leases.adopt(lease, Holder(hospital.institution.id, owner), now)
            elif act == "skip":
                transaction.leases.skip(count)
        given = [lease for _, lease in shelf.held]
        assert len(numbers(*given)) == sum(lease.size for lease in given)


def _devices(register: Service, hospital: Hospital) -> list[DeviceId]:
    """Four devices of the hospital, known by their hello."""
    return [Office(register, hospital).device_id for _ in range(4)]


def _forget(transaction: WriteTransaction, shelf: Shelf, since: int) -> None:
    """Put the region back to an older state: its counter as it was ``since`` numbers ago, the leases since unknown."""
    connection = transaction.leases._connection
    connection.exec_driver_sql(f"UPDATE form_serial SET last = last - {since} WHERE region = '960000'")
    last = connection.exec_driver_sql("SELECT last FROM form_serial WHERE region = '960000'").scalar()
    connection.exec_driver_sql(f"DELETE FROM form_lease WHERE region = '960000' AND first > {last or 0}")
