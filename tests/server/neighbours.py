"""The two neighbours of an institution in tests: the applicant and the commission, through the real use cases."""

from __future__ import annotations

import secrets
from dataclasses import replace

from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import Role
from medreg_server.api.commission import MOVES
from medreg_server.services.applicants import ApplicantDesk, Content
from medreg_server.services.authority import AuthorityDesk, Ruling
from medreg_server.services.callers import Caller
from medreg_server.services.moves import Seen
from medreg_server.services.service import Service
from tests.helpers.server import full_materials, seed_account


def _caller(service: Service, role: Role, **place: object) -> Caller:
    login = f"{role.value}-{secrets.token_hex(6)}"
    seed_account(service, login, role, **place)
    with service.environment.database.read() as transaction:
        account = transaction.accounts.by_login(login)
    assert account is not None
    return Caller(account, secrets.token_hex(16))


def physician(service: Service, application: Application) -> Caller:
    return _caller(service, Role.PHYSICIAN, physician_id=application.physician_id)


def commission(service: Service, region: str = "990100") -> Caller:
    return _caller(service, Role.COMMISSION, region=region)


def seen(application: Application) -> Seen:
    return Seen(application.version, application.moved_at)


def withdraw(service: Service, application: Application) -> Application:
    desk = ApplicantDesk(service.environment)
    return desk.withdraw(application.id, seen(application), "", physician(service, application))


def resubmit(service: Service, application: Application, **request: object) -> Application:
    content = Content(
        request=replace(application.request, **request),
        statement=application.statement,
        materials=full_materials(application),
    )
    desk = ApplicantDesk(service.environment)
    return desk.resubmit(application.id, seen(application), content, physician(service, application))


def rule(service: Service, application: Application, path: str, *notes: str, region: str = "990100") -> Application:
    """Make the commission's move that the API offers under ``path``."""
    desk = AuthorityDesk(service.environment)
    ruling = Ruling(application.version, notes, application.moved_at)
    return desk.move(application.id, MOVES[path], ruling, commission(service, region))
