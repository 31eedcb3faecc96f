"""The devices of an institution: seen by its administrator, shut out by him or by the service's operator."""

from __future__ import annotations

from datetime import datetime

from medreg_core.contract.v1.devices import DeviceEntry
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.access import Action
from medreg_core.domain.records import DeviceId
from medreg_core.domain.vocabulary import RevocationReason, Role
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import Event
from medreg_server.db.devices import Device, Shutout
from medreg_server.db.scope import WHOLE_REGISTER, Scope
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.ids import is_id


class DeviceDesk:
    """Lists and revokes devices."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def listed(self, caller: Caller) -> list[DeviceEntry]:
        """Return the devices of the caller's institution. Raises ServiceFault FORBIDDEN."""
        caller.require(Action.MANAGE_DEVICES)
        return self.entries(caller.scope)

    def entries(self, scope: Scope) -> list[DeviceEntry]:
        """Return the devices in ``scope``, for the operator."""
        with self._environment.database.read() as transaction:
            return transaction.devices.entries(scope)

    def revoke(self, device_id: DeviceId, reason: RevocationReason, caller: Caller) -> None:
        """Shut a device of the caller's institution out. Raises ServiceFault FORBIDDEN, NOT_FOUND."""
        caller.require(Action.MANAGE_DEVICES)
        self._revoke(device_id, reason, caller.scope, caller.account)

    def revoke_for_operator(self, device_id: DeviceId, reason: RevocationReason) -> None:
        """Shut any device out. Raises ServiceFault NOT_FOUND."""
        self._revoke(device_id, reason, WHOLE_REGISTER, None)

    def _revoke(
        self, device_id: DeviceId, reason: RevocationReason, scope: Scope, account: AccountRecord | None
    ) -> None:
        """Done twice it is done once: who was first stands in the register.

        The device's sessions are left to expire: whatever is asked with them is answered with DEVICE_REVOKED, which
        tells the program there what to do, while an unknown token would only make it ask for the password.
        """
        shutout = Shutout(reason, account.id if account else None, self._environment.now())
        with self._environment.database.write() as transaction:
            device = transaction.devices.find(device_id, scope) if is_id(device_id) else None
            if device is None:
                raise ServiceFault(FaultCode.NOT_FOUND)
            if transaction.devices.revoke(device_id, shutout):
                burnt = burn_leases(transaction, device_id, shutout.at)
                transaction.record(_event(device, shutout, account, burnt))


def burn_leases(transaction: WriteTransaction, device_id: DeviceId, at: datetime) -> int:
    """Make what was leased to the device and not used worthless at once (``sync.md`` §5.7).

    Return how many leases of form numbers it held.
    """
    transaction.activation.burn(device_id, at)
    return transaction.leases.burn(device_id, at)


def _event(device: Device, shutout: Shutout, account: AccountRecord | None, burnt: int) -> Event:
    return Event(
        action="device.revoke",
        subject=device.id,
        actor=shutout.by,
        role=account.role if account else Role.SYSTEM,
        chain=device.institution_id,
        detail={"reason": shutout.reason.value, "leases_burnt": str(burnt)},
    )
