"""Practice codes 执业证书编码: never on two certificates, restores included (ADR 018)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from medreg_core.domain.records import Application, PhysicianId
from medreg_core.domain.vocabulary import OutcomeKind
from medreg_server.cli import main
from medreg_server.db.physicians import Registered
from medreg_server.services.serials import FILE, Begun
from medreg_server.services.service import Service
from tests.helpers.server import Hospital, open_register, seed_applications, seed_hospital
from tests.server.clients import Office
from tests.server.neighbours import rule


def accepted(service: Service, hospital: Hospital) -> Application:
    """A first registration that waits for the commission's decision."""
    office = Office(service, hospital)
    (application,) = seed_applications(service, hospital.institution)
    assert office.send_one(office.agree(application)).kind is OutcomeKind.ACCEPTED
    return rule(service, office.now(application), "accept", region=hospital.institution.region)


def given(service: Service, hospital: Hospital) -> str:
    """Register somebody; return the practice code on the certificate."""
    region = hospital.institution.region
    approved = rule(service, accepted(service, hospital), "approve", region=region)
    certified = rule(service, approved, "certify", region=region).registered
    assert certified is not None
    return certified.practice_code


@pytest.mark.usefixtures("at_console")
def test_a_backup_restored_twice_gives_nobody_the_code_of_a_certificate(
    database_url: str, other_url: str, third_url: str, tmp_path: Path
) -> None:
    """The backup knows nothing of the lives after it, and in ``late`` nobody had been registered when it was made."""
    copy = tmp_path / "copy"
    with open_register(database_url, tmp_path) as service:
        early, late = seed_hospital(service), seed_hospital(service, "990200")
        codes = [given(service, early)]
        assert main(["backup", str(copy)]) == 0
        codes += [given(service, hospital) for hospital in (early, late)]
    for url in (other_url, third_url):
        assert main(["--database", url, "restore", str(copy)]) == 0
        with open_register(url, tmp_path) as service:
            codes += [given(service, hospital) for hospital in (early, late, seed_hospital(service, "990300"))]
    assert len(set(codes)) == len(codes)
    assert codes[-1].endswith("002001"), "in a region where nobody was registered in any life the margin counts too"


def test_a_file_that_the_program_before_has_left_counts_for_form_numbers_alone(
    register: Service, hospital: Hospital
) -> None:
    kept = Path(register.environment.settings.data_dir) / FILE
    kept.write_bytes(b'{"start":20000,"counters":[]}')
    assert given(register, hospital).endswith("000001")
    register.registry.begin_epoch("test")
    begun = msgspec.json.decode(kept.read_bytes(), type=Begun)
    assert (begun.start, set(begun.practice.values())) == (30_000, {1_000, 1_001})


def test_a_code_that_somebody_holds_already_is_passed_by(register: Service, hospital: Hospital) -> None:
    approved = rule(register, accepted(register, hospital), "approve")
    assert approved.registered is not None
    code = f"{int(approved.registered.practice_code) + 1}"
    (holder,) = seed_applications(register, hospital.institution)
    held = Registered(holder.physician_id, hospital.institution.id, replace(approved.registered, practice_code=code))
    with register.environment.database.write() as transaction:
        transaction.physicians.add_registrations([held])
    waiting = accepted(register, hospital)
    rule(register, waiting, "approve")
    assert codes_of(register, holder.physician_id) == [code]
    assert codes_of(register, waiting.physician_id) == [f"{int(code) + 1}"]


def codes_of(service: Service, physician_id: PhysicianId) -> list[str]:
    with service.environment.database.read() as transaction:
        found = transaction.physicians.registrations_of(physician_id)
    return [entry.registration.practice_code for entry in found]
