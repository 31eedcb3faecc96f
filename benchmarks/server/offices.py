"""Hospitals with a registrar each, and the consents they will send: everything outside the measured time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medreg_core.contract.v1.commands import Command
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import Application, Institution
from medreg_server.db.clock import system_clock
from medreg_server.db.leases import Holder
from medreg_server.services.service import Service
from tests.helpers.server import make_application, make_person, seed_hospital, store_applications
from tests.server.clients import Office


@dataclass
class Desk:
    """One registrar with consents to send, each on an application of its own."""

    office: Office
    consents: list[Command]

    def take(self, count: int) -> tuple[Command, ...]:
        """Return the next ``count`` consents; each is taken once."""
        taken, self.consents = self.consents[:count], self.consents[count:]
        return tuple(taken)


def open_desks(service: Service, desks: int, consents: int) -> list[Desk]:
    """Seed ``desks`` hospitals with ``consents`` applications each and write the consents."""
    return [_desk(service, consents) for _ in range(desks)]


def _desk(service: Service, consents: int) -> Desk:
    hospital = seed_hospital(service)
    office = Office(service, hospital)
    made = applications(hospital.institution, consents)
    store_applications(service, made)
    with service.environment.database.write() as transaction:
        now = system_clock()
        office.lease = transaction.leases.grant(
            Holder(hospital.institution.id, office.device_id),
            hospital.institution.region,
            china_date(now).year,
            max(consents, 1),
            now,
        )
    return Desk(office, [office.agree(one) for one in made])


def applications(institution: Institution, count: int) -> list[Application]:
    """Return ``count`` sound applications of different physicians."""
    return [replace(make_application(institution, make_person())) for _ in range(count)]
