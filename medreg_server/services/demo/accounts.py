"""Who can sign in to the demo province."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from medreg_core.domain.records import Application, ApplicationId, InstitutionId, PhysicianId
from medreg_core.domain.vocabulary import Role
from medreg_server.services.demo.province import COUNTY, HOME, NEIGHBOUR, REGISTER_REGION, Hospital
from medreg_server.services.demo.timeline import OFFICER, REGISTRARS


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demo; all share the password that was given when it was made."""

    login: str
    name: str
    role: Role
    institution_id: InstitutionId | None = None
    region: str = ""
    physician_id: PhysicianId | None = None
    application_id: ApplicationId | None = None  # of a physician: the application they may withdraw or submit again


def _at(hospital: Hospital, login: str, name: str, role: Role) -> DemoAccount:
    return DemoAccount(login, name, role, hospital.institution.id)


STAFF: Final = (
    _at(HOME, "zharuoxi", REGISTRARS[0], Role.REGISTRAR),
    _at(HOME, "lisi", REGISTRARS[1], Role.REGISTRAR),
    _at(HOME, "shenliyan", "沈立言", Role.SUPERVISOR),
    _at(HOME, "qiaowang", "乔望", Role.READ_ONLY),
    _at(HOME, "cenyuan", "岑远", Role.INSTITUTION_ADMIN),
    _at(NEIGHBOUR, "bailu", "白露", Role.REGISTRAR),
    _at(COUNTY, "jiangcai", "江采", Role.REGISTRAR),
    DemoAccount("zhouzhengyan", OFFICER, Role.COMMISSION, region=REGISTER_REGION),
)


def applicant_account(application: Application, number: int) -> DemoAccount:
    """Return the ``number``-th account of an applicant, ``yishi001`` for the first."""
    return DemoAccount(
        f"yishi{number:03d}",
        application.person.name,
        Role.PHYSICIAN,
        physician_id=application.physician_id,
        application_id=application.id,
    )
