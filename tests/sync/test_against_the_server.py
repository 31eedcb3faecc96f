"""The client's real cache and engine against the real service over real sockets."""

from __future__ import annotations

from medreg_core.domain.vocabulary import OutcomeKind, Role, State
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.sync.lamp import LampKind
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.office import Pc


def test_the_first_snapshot_brings_everything(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    made = seed_applications(server.service, hospital.institution, 600)
    report = pc.until_quiet()
    assert report.lamp.kind is LampKind.SYNCED
    assert pc.applications() == {**{a.id: 1 for a in made}, hospital.institution.id: 1}
    assert report.anomalies == 0


def test_a_decision_reaches_the_register_and_comes_back(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.agree(application.id)
    report = pc.until_quiet()
    (row,) = pc.rows()
    assert (row.state, row.outcome and row.outcome.kind) == (OutboxState.DONE, OutcomeKind.ACCEPTED)
    assert pc.find(application.id).state is State.AGREED
    assert report.lamp.kind is LampKind.SYNCED
    assert hospital.logins[Role.REGISTRAR]
