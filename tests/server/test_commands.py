"""Commands as ``sync.md`` §5.6: outcomes, the decision matrix, repetition, dependence, rehearsal."""

from __future__ import annotations

from medreg_core.domain.vocabulary import OutcomeKind, Role
from tests.helpers.server import ServerHandle, seed_applications, seed_hospital
from tests.server.clients import Client


def test_an_agreed_application_gets_its_signed_form(server: ServerHandle) -> None:
    hospital = seed_hospital(server.service)
    (application,) = seed_applications(server.service, hospital.institution)
    client = Client(server.url, hospital.logins[Role.REGISTRAR]).ready()
    cursor = client.cursor()
    outcome = client.send_one(client.agree(application))
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.form is not None
    page = client.changes(cursor)
    assert page.last == outcome.seq
    client.close()
