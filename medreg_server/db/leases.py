"""Form numbers leased to devices (``sync.md`` §5.7). A serial is never in two leases, restores included (ADR 018)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Integer, bindparam, func, select, update

from medreg_core.contract.v1.messages import FormLease
from medreg_core.domain.forms import LAST_SERIAL, FormNumber
from medreg_core.domain.records import DeviceId, InstitutionId
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import form, form_lease, form_serial, server_state
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose the numbers of a lease are."""

    institution_id: InstitutionId
    device_id: DeviceId


class Counter(msgspec.Struct, frozen=True):
    """The last serial given of a region and year."""

    region: str
    year: int
    last: int


class Serials(msgspec.Struct, frozen=True):
    """Where the numbers stand: ``start`` for every region and year that is not begun."""

    start: int
    counters: tuple[Counter, ...] = ()


_HOLDER: Final = select(form_lease.c.institution_id, form_lease.c.device_id).where(
    form_lease.c.region == bindparam("of_region"),
    form_lease.c.year == bindparam("of_year"),
    form_lease.c.first <= bindparam("serial"),
    form_lease.c.last >= bindparam("serial"),
)

_TAKE: Final = (
    update(form_serial)
    .where(
        form_serial.c.region == bindparam("of_region"),
        form_serial.c.year == bindparam("of_year"),
        form_serial.c.last <= LAST_SERIAL - bindparam("count", type_=Integer),
    )
    .values(last=form_serial.c.last + bindparam("count", type_=Integer))
    .returning(form_serial.c.last)
)
_LEASED: Final = select(func.coalesce(func.sum(form_lease.c.last - form_lease.c.first + 1), 0)).where(
    form_lease.c.device_id == bindparam("device"), form_lease.c.granted_at > bindparam("since")
)
_USED: Final = (
    select(func.count())
    .select_from(form)
    .where(form.c.device_id == bindparam("device"), form.c.created_at > bindparam("since"))
)
_GRANTED: Final = (
    select(func.count())
    .select_from(form_lease)
    .where(
        form_lease.c.region == bindparam("of_region"),
        form_lease.c.year == bindparam("of_year"),
        form_lease.c.institution_id == bindparam("institution"),
        form_lease.c.granted_at > bindparam("since"),
    )
)
_OUTSTANDING: Final = select(_LEASED.scalar_subquery() - _USED.scalar_subquery())


class Leases(Repository):
    """Leases of form numbers within one transaction."""

    def grant(
        self, holder: Holder, region: str, year: int, count: int, now: datetime, expires_at: datetime | None = None
    ) -> FormLease | None:
        """Lease the next ``count`` form numbers of the region and year; None when the year has no more to give."""
        asked = {"of_region": region, "of_year": year, "count": count}
        last = self._connection.execute(_TAKE, asked).scalar_one_or_none()
        if last is None:
            self._found_counter(region, year)
            last = self._connection.execute(_TAKE, asked).scalar_one_or_none()
        if last is None:
            return None
        lease = FormLease(region=region, year=year, first=last - count + 1, last=last, expires_at=expires_at)
        self._insert(lease, holder, now)
        return lease

    def adopt(self, lease: FormLease, holder: Holder, granted_at: datetime) -> bool:
        """Take back a lease of ours that a restore has forgotten; return whether it is known from now on.

        False: some of its numbers have been leased anew since, or it is another's.
        """
        self._found_counter(lease.region, lease.year)
        # An update, so that the counter's row is locked from here on and nobody leases in between.
        counter = update(form_serial).where(form_serial.c.region == lease.region, form_serial.c.year == lease.year)
        self._connection.execute(counter.values(last=form_serial.c.last))
        known = self._overlapping(lease)
        if known:
            return known == [(lease.first, lease.last, holder.institution_id, holder.device_id)]
        self._connection.execute(counter.where(form_serial.c.last < lease.last).values(last=lease.last))
        self._insert(lease, holder, granted_at)
        return True

    def skip(self, count: int) -> None:
        """Leave ``count`` numbers out in every region and year, those not begun included: a backup was restored."""
        self._connection.execute(update(server_state).values(serial_start=server_state.c.serial_start + count))
        self._connection.execute(update(form_serial).values(last=form_serial.c.last + count))

    def serials(self) -> Serials:
        """Return where the counters stand."""
        start = self._connection.execute(select(server_state.c.serial_start)).scalar_one()
        counters = select(form_serial.c.region, form_serial.c.year, form_serial.c.last)
        rows = self._connection.execute(counters.order_by(form_serial.c.region, form_serial.c.year))
        return Serials(start, tuple(Counter(row.region, row.year, row.last) for row in rows))

    def raise_to(self, known: Serials) -> None:
        """Put no counter below where it is known to have stood."""
        below = server_state.c.serial_start < known.start
        self._connection.execute(update(server_state).where(below).values(serial_start=known.start))
        for counter in known.counters:
            self._found_counter(counter.region, counter.year)
            place = (form_serial.c.region == counter.region, form_serial.c.year == counter.year)
            lower = update(form_serial).where(*place, form_serial.c.last < counter.last)
            self._connection.execute(lower.values(last=counter.last))

    def burn(self, device_id: DeviceId, now: datetime) -> int:
        """Make what a device has not used of its numbers worthless: it was revoked. Return how many leases it held."""
        own = update(form_lease).where(form_lease.c.device_id == device_id, form_lease.c.burnt_at.is_(None))
        return self._connection.execute(own.values(burnt_at=now)).rowcount

    def outstanding(self, device_id: DeviceId, since: datetime) -> int:
        """Return how many more numbers have been leased to the device since then than forms of it were stored."""
        return int(self._connection.execute(_OUTSTANDING, {"device": device_id, "since": since}).scalar_one())

    def granted(self, holder: Holder, region: str, year: int, since: datetime) -> int:
        """Return how many leases of the region and year the holder's institution was given since then."""
        asked = {"of_region": region, "of_year": year, "institution": holder.institution_id, "since": since}
        return int(self._connection.execute(_GRANTED, asked).scalar_one())

    def holder_of(self, number: FormNumber) -> Holder | None:
        """Return who holds the lease that contains ``number``, or None when it was never leased."""
        asked = {"of_region": number.region, "of_year": number.year, "serial": number.serial}
        row = self._connection.execute(_HOLDER, asked).one_or_none()
        return None if row is None else Holder(InstitutionId(row.institution_id), DeviceId(row.device_id))

    def _found_counter(self, region: str, year: int) -> None:
        start = select(server_state.c.serial_start).scalar_subquery()
        begun = self._connection.execute(select(func.coalesce(start, 0))).scalar_one()
        insert_if_absent(self._connection, form_serial, {"region": region, "year": year, "last": begun})

    def _overlapping(self, lease: FormLease) -> list[tuple[int, int, str, str]]:
        rows = self._connection.execute(
            select(form_lease.c.first, form_lease.c.last, form_lease.c.institution_id, form_lease.c.device_id).where(
                form_lease.c.region == lease.region,
                form_lease.c.year == lease.year,
                form_lease.c.first <= lease.last,
                form_lease.c.last >= lease.first,
            )
        )
        return [(row.first, row.last, row.institution_id, row.device_id) for row in rows]

    def _insert(self, lease: FormLease, holder: Holder, granted_at: datetime) -> None:
        row = {
            "region": lease.region,
            "year": lease.year,
            "first": lease.first,
            "last": lease.last,
            "institution_id": holder.institution_id,
            "device_id": holder.device_id,
            "granted_at": granted_at,
            "expires_at": lease.expires_at,
        }
        self._writes.insert(form_lease, [row])
