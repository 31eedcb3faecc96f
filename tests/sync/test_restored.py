"""A register restored from a backup, and computers that know more than it does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import OutcomeKind, Role, State
from medreg_desktop.services.cache import leases
from medreg_desktop.services.sync.lamp import LampKind
from medreg_server.db.backup import back_up
from medreg_server.db.scope import WHOLE_REGISTER
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.server import Hospital, ServerHandle, seed_applications, sqlite_url
from tests.server.neighbours import resubmit
from tests.sync.office import Pc


def put_back(server: ServerHandle, folder: Path) -> None:
    """Fill the database from the backup while the service runs on, as pg_restore does; begin an epoch."""
    with (
        closing(sqlite3.connect(folder / "backup.db")) as kept,
        closing(sqlite3.connect(folder / "register.db")) as now,
    ):
        kept.backup(now)
    server.service.registry.begin_epoch("restored from a backup")


def register_row(server: ServerHandle, application: Application) -> Application:
    with server.service.environment.database.read() as transaction:
        found = transaction.applications.get(application.id, WHOLE_REGISTER)
    assert found is not None
    return found


@pytest.fixture
def returned(server: ServerHandle, hospital: Hospital, pc: Pc, tmp_path: Path) -> Application:
    """An application sent back at version 2: so it stands in the backup, and submitted again after it."""
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.send_back(application.id)
    pc.until_quiet()
    back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    resubmit(server.service, register_row(server, application), department="内科")
    pc.later()
    pc.until_quiet()
    return application


def test_a_refusal_never_lands_on_what_its_author_has_not_seen(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy, returned: Application, tmp_path: Path
) -> None:
    """Offline he refuses version 3; the restored register gives that number to what the applicant writes then."""
    proxy.cut_all()
    pc.sync()
    pc.refuse(returned.id)
    put_back(server, tmp_path)
    resubmit(server.service, register_row(server, returned), department="外科")
    proxy.restore()
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.until_quiet(3)
    row = register_row(server, returned)
    outcome = pc.rows()[-1].outcome
    assert (row.version, row.state, row.request.department) == (3, State.SUBMITTED, "外科")
    assert outcome is not None
    assert (outcome.kind, outcome.code, outcome.by) == (OutcomeKind.CONFLICT, "version_conflict", "applicant")
    assert outcome.current == row


def test_it_lands_on_what_he_has_seen(
    server: ServerHandle, hospital: Hospital, pc: Pc, returned: Application, tmp_path: Path
) -> None:
    put_back(server, tmp_path)
    resubmit(server.service, register_row(server, returned), department="外科")
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    pc.refuse(returned.id)
    pc.until_quiet()
    assert register_row(server, returned).state is State.REFUSED


def test_nobody_goes_on_with_a_session_of_before(
    server: ServerHandle, hospital: Hospital, pc: Pc, tmp_path: Path
) -> None:
    """It may have been ended since the backup; and its computer would not greet, which takes its leases back."""
    pc.until_quiet()
    back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    put_back(server, tmp_path)
    assert pc.later().lamp.kind is LampKind.SIGN_IN
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    assert pc.until_quiet().lamp.kind is LampKind.SYNCED


def test_paper_stands_whose_lease_the_restored_register_has_forgotten(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy, tmp_path: Path
) -> None:
    made = seed_applications(server.service, hospital.institution, 112)
    pc.until_quiet()
    pc.agree_to_all(made[:60])
    pc.until_quiet()
    back_up(sqlite_url(tmp_path), tmp_path / "backup.db")
    pc.later(61)
    pc.until_quiet()
    assert len(pc.store.write(leases.held)) == 2, "the second lease is of after the backup"
    proxy.cut_all()
    pc.sync()
    pc.agree_to_all(made[60:110])  # the last ten of the second lease
    put_back(server, tmp_path)
    proxy.restore()
    pc.sync()  # with what session he has
    pc.sign_in(hospital.logins[Role.REGISTRAR])
    pc.until_quiet()
    pc.agree_to_all(made[110:])
    pc.until_quiet()
    assert {row.outcome and row.outcome.kind for row in pc.rows()} == {OutcomeKind.ACCEPTED}
