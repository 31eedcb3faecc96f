"""Who calls: the signed-in account, its device, and what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Account
from medreg_core.domain.access import INSTITUTION_ROLES, Action, may
from medreg_core.domain.records import DeviceId, InstitutionId, PhysicianId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import REGISTER, Event
from medreg_server.db.scope import NOTHING, Scope
from medreg_server.db.transaction import ReadTransaction
from medreg_server.services.faults import ServiceFault

_REGION_PARTS: Final = ("0000", "00")


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in account on a device. ``confirms``: who made the rescued command that it confirms, if it does."""

    account: AccountRecord
    device_id: DeviceId
    confirms: AccountRecord | None = None

    @property
    def scope(self) -> Scope:
        """What this caller may see of the institution-scoped tables."""
        account = self.account
        if account.role in INSTITUTION_ROLES:
            return Scope(institution_id=self.institution_id)
        if account.role is Role.PHYSICIAN:
            return Scope(physician_id=self.physician_id)
        if account.role is Role.COMMISSION and account.region:
            return Scope(region=region_prefix(account.region))
        return NOTHING

    @property
    def decider(self) -> AccountRecord:
        """Whose decision it is that this caller sends: his own, or the one he confirms."""
        return self.confirms or self.account

    @property
    def institution_id(self) -> InstitutionId:
        """The caller's institution. Raises ServiceFault for accounts that have none."""
        if self.account.institution_id is None or self.account.role not in INSTITUTION_ROLES:
            raise ServiceFault(FaultCode.FORBIDDEN)
        return self.account.institution_id

    @property
    def physician_id(self) -> PhysicianId:
        """The caller as a physician. Raises ServiceFault for other accounts."""
        if self.account.physician_id is None or self.account.role is not Role.PHYSICIAN:
            raise ServiceFault(FaultCode.FORBIDDEN)
        return self.account.physician_id

    def check_admitted(self, transaction: ReadTransaction) -> None:
        """Look once more, for what answers for long. Raises ServiceFault DEVICE_REVOKED or SESSION_EXPIRED."""
        if transaction.devices.is_revoked(self.device_id):
            raise ServiceFault(FaultCode.DEVICE_REVOKED)
        if transaction.accounts.is_disabled(self.account.id):
            raise ServiceFault(FaultCode.SESSION_EXPIRED)

    def require(self, action: Action) -> None:
        """Raise ServiceFault unless the caller's role has the right to ``action``."""
        if not may(self.account.role, action):
            raise ServiceFault(FaultCode.FORBIDDEN)

    def event(self, action: str, subject: str = "", chain: str = "", **detail: str) -> Event:
        """Return an audit event done by this caller, in the chain of its institution unless ``chain`` names one."""
        maker = self.confirms
        return Event(
            action=action,
            subject=subject,
            actor=self.account.id,
            role=self.account.role,
            chain=chain or self.account.institution_id or REGISTER,
            detail={"device": self.device_id, **({"made_by": maker.id} if maker else {}), **detail},
        )

    def described(self) -> Account:
        """Return the account as its own client sees it."""
        account = self.account
        return Account(
            id=account.id,
            login=account.login,
            name=account.name,
            role=account.role,
            institution_id=account.institution_id,
        )


def region_prefix(region: str) -> str:
    """Return the leading digits shared by all regions under ``region``: 990000 → 99, 990100 → 9901."""
    for part in _REGION_PARTS:
        if region.endswith(part):
            return region.removesuffix(part)
    return region
