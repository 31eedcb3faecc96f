"""Devices of institutions and their revocation (``sync.md`` §5.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, select, update

from medreg_core.contract.v1.devices import DeviceEntry
from medreg_core.domain.records import AccountId, DeviceId, InstitutionId
from medreg_core.domain.vocabulary import RevocationReason
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.scope import Scope, visible, within
from medreg_server.db.tables import account, device, device_user
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class Device:
    """A workplace computer that keeps a copy of its institution's rows."""

    id: DeviceId
    institution_id: InstitutionId
    public_key: bytes
    client_version: str
    revoked_at: datetime | None = None
    revoked_by: str = ""
    reason: RevocationReason | None = None
    wiped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shutout:
    """Why, when and by whom (an account's id; empty: the operator) a device is revoked."""

    reason: RevocationReason
    by: AccountId | None
    at: datetime


_USER: Final = account.alias("user")
_REVOKER: Final = account.alias("revoker")
_ONE: Final = select(device).where(device.c.id == bindparam("key"))
_TURN: Final = select(device.c.revoked_at).where(device.c.id == bindparam("key")).with_for_update(key_share=True)
_USES: Final = select(device_user.c.device_id).where(
    device_user.c.device_id == bindparam("device"), device_user.c.account_id == bindparam("account")
)
_REVOKED: Final = select(device.c.id).where(device.c.id == bindparam("key"), device.c.revoked_at.is_not(None))


class Devices(Repository):
    """Devices within one transaction."""

    def get(self, device_id: DeviceId) -> Device | None:
        """Return the device whatever its institution, or None."""
        row = self._connection.execute(_ONE, {"key": device_id}).one_or_none()
        return None if row is None else _device(row)

    def is_revoked(self, device_id: DeviceId) -> bool:
        """Return whether the device was shut out; asked again and again by what answers for long."""
        return self._connection.execute(_REVOKED, {"key": device_id}).first() is not None

    def take_turn(self, device_id: DeviceId) -> bool:
        """Let what is done for one device, and its revocation, come one after another; return whether it is shut out.

        Each then sees what was done before it. SQLite has one writer anyway.
        """
        return self._writes.beside(device).execute(_TURN, {"key": device_id}).scalar_one() is not None

    def find(self, device_id: DeviceId, scope: Scope) -> Device | None:
        """Return the device if ``scope`` may see it."""
        row = self._connection.execute(_found(scope.limits), {"key": device_id, **scope.values}).one_or_none()
        return None if row is None else _device(row)

    def entries(self, scope: Scope) -> list[DeviceEntry]:
        """Return what an administrator is shown of the devices in ``scope``, the one used last first."""
        query = (
            select(device, _USER.c.name.label("user_name"), _REVOKER.c.name.label("revoker_name"))
            .outerjoin(_USER, _USER.c.id == device.c.last_account_id)
            .outerjoin(_REVOKER, _REVOKER.c.id == device.c.revoked_by)
            .where(visible(device, scope))
            .order_by(device.c.last_seen.desc(), device.c.id)
        )
        return [_entry(row) for row in self._connection.execute(query)]

    def add(self, new: Device, account_id: AccountId, now: datetime) -> bool:
        """Register a device; return False when its id is known already."""
        row = {
            "id": new.id,
            "institution_id": new.institution_id,
            "public_key": new.public_key,
            "client_version": new.client_version,
            "first_seen": now,
            "last_seen": now,
            "last_account_id": account_id,
            "revoked_by": "",
            "reason": "",
        }
        return insert_if_absent(self._connection, device, row)

    def seen(self, device_id: DeviceId, client_version: str, account_id: AccountId, now: datetime) -> None:
        """Note that the device said hello, and for whom."""
        values = {"client_version": client_version, "last_account_id": account_id, "last_seen": now}
        self._writes.update(device, device_id, values)

    def note_user(self, device_id: DeviceId, account_id: AccountId) -> None:
        """Note that the account has greeted from the device, for good."""
        insert_if_absent(self._connection, device_user, {"device_id": device_id, "account_id": account_id})

    def is_used_by(self, device_id: DeviceId, account_id: AccountId) -> bool:
        """Return whether the account has ever greeted from the device, so that its password was given there."""
        return self._connection.execute(_USES, {"device": device_id, "account": account_id}).first() is not None

    def revoke(self, device_id: DeviceId, shutout: Shutout) -> bool:
        """Shut a device out for good; return False when it was already."""
        values = {"revoked_at": shutout.at, "revoked_by": shutout.by or "", "reason": shutout.reason.value}
        one = update(device).where(device.c.id == device_id, device.c.revoked_at.is_(None))
        return self._connection.execute(one.values(values)).rowcount == 1

    def gone(self, device_id: DeviceId, now: datetime) -> bool:
        """Shut out a device that has left by an order unknown here, so for no known reason; False if it was already."""
        one = update(device).where(device.c.id == device_id, device.c.revoked_at.is_(None))
        return self._connection.execute(one.values(revoked_at=now)).rowcount == 1

    def wiped(self, device_id: DeviceId, now: datetime) -> bool:
        """Note that a revoked device has destroyed its copy; return False when that was known."""
        one = update(device).where(
            device.c.id == device_id, device.c.revoked_at.is_not(None), device.c.wiped_at.is_(None)
        )
        return self._connection.execute(one.values(wiped_at=now)).rowcount == 1


@cache
def _found(limits: tuple[str, ...]) -> Select[Any]:
    return _ONE.where(within(device, limits))


def _device(row: Row[Any]) -> Device:
    return Device(
        id=DeviceId(row.id),
        institution_id=InstitutionId(row.institution_id),
        public_key=row.public_key,
        client_version=row.client_version,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        reason=_reason(row.reason),
        wiped_at=row.wiped_at,
    )


def _entry(row: Row[Any]) -> DeviceEntry:
    return DeviceEntry(
        id=DeviceId(row.id),
        client_version=row.client_version,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        last_used_by=row.user_name or "",
        revoked_at=row.revoked_at,
        revoked_by=row.revoker_name or "",
        reason=_reason(row.reason),
        wiped_at=row.wiped_at,
    )


def _reason(stored: str) -> RevocationReason | None:
    return RevocationReason(stored) if stored else None
