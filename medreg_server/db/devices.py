"""Devices of institutions and the form numbers leased to them (``sync.md`` §5.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update

from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.forms import FormNumber
from medreg_core.domain.records import DeviceId, InstitutionId
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import device, form, form_lease, form_serial
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Device:
    """A workplace computer that keeps a copy of its institution's rows."""

    id: DeviceId
    institution_id: InstitutionId
    public_key: bytes
    client_version: str
    revoked_at: datetime | None = None


_ONE: Final = select(device).where(device.c.id == bindparam("key"))
_HOLDER: Final = select(form_lease.c.institution_id, form_lease.c.device_id).where(
    form_lease.c.region == bindparam("of_region"),
    form_lease.c.year == bindparam("of_year"),
    form_lease.c.first <= bindparam("serial"),
    form_lease.c.last >= bindparam("serial"),
)


class Devices(Repository):
    """Devices and their leases within one transaction."""

    def get(self, device_id: DeviceId) -> Device | None:
        """Return the device whatever its institution, or None."""
        row = self._connection.execute(_ONE, {"key": device_id}).one_or_none()
        if row is None:
            return None
        return Device(
            DeviceId(row.id), InstitutionId(row.institution_id), row.public_key, row.client_version, row.revoked_at
        )

    def add(self, new: Device, now: datetime) -> bool:
        """Register a device; return False when its id is known already."""
        row = {
            "id": new.id,
            "institution_id": new.institution_id,
            "public_key": new.public_key,
            "client_version": new.client_version,
            "first_seen": now,
            "last_seen": now,
        }
        return insert_if_absent(self._connection, device, row)

    def seen(self, device_id: DeviceId, client_version: str, now: datetime) -> None:
        """Note that the device said hello."""
        self._connection.execute(
            update(device).where(device.c.id == device_id).values(client_version=client_version, last_seen=now)
        )

    def revoke(self, device_id: DeviceId, now: datetime) -> None:
        """Shut a device out for good; its unused form numbers are burnt with it."""
        self._connection.execute(update(device).where(device.c.id == device_id).values(revoked_at=now))

    def lease_numbers(
        self, institution_id: InstitutionId, device_id: DeviceId, region: str, year: int, count: int, now: datetime
    ) -> FormLease:
        """Lease the next ``count`` form numbers of the region and year to the device."""
        insert_if_absent(self._connection, form_serial, {"region": region, "year": year, "last": 0})
        last = int(
            self._connection.execute(
                update(form_serial)
                .where(form_serial.c.region == region, form_serial.c.year == year)
                .values(last=form_serial.c.last + count)
                .returning(form_serial.c.last)
            ).scalar_one()
        )
        lease = FormLease(region=region, year=year, first=last - count + 1, last=last)
        self._connection.execute(
            insert(form_lease).values(
                region=region,
                year=year,
                first=lease.first,
                last=lease.last,
                institution_id=institution_id,
                device_id=device_id,
                granted_at=now,
            )
        )
        return lease

    def outstanding(self, device_id: DeviceId, year: int) -> int:
        """Return how many numbers of ``year`` the device was leased and has not used on a stored form."""
        leased = select(func.coalesce(func.sum(form_lease.c.last - form_lease.c.first + 1), 0)).where(
            form_lease.c.device_id == device_id, form_lease.c.year == year
        )
        used = select(func.count()).select_from(form).where(form.c.device_id == device_id)
        return int(self._connection.execute(leased).scalar_one()) - int(self._connection.execute(used).scalar_one())

    def holder_of(self, number: FormNumber) -> tuple[InstitutionId, DeviceId] | None:
        """Return who holds the lease that contains ``number``, or None when it was never leased."""
        asked = {"of_region": number.region, "of_year": number.year, "serial": number.serial}
        row = self._connection.execute(_HOLDER, asked).one_or_none()
        return None if row is None else (InstitutionId(row.institution_id), DeviceId(row.device_id))
