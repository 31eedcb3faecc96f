"""Activation codes and the accounts they activated. Of a code only a keyed hash is stored (``sync.md`` §5.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import RowMapping, Select, bindparam, func, select, update

from medreg_core.domain.records import AccountId, DeviceId, InstitutionId, PhysicianId
from medreg_core.domain.vocabulary import CodeState
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.scope import Scope, within
from medreg_server.db.tables import account, activation, activation_code
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """An activation code: on which device it lies, who was given it, where it stands."""

    reference: str
    institution_id: InstitutionId
    device_id: DeviceId
    code_hash: bytes
    state: CodeState
    expires_at: datetime
    physician_id: PhysicianId | None = None
    handed_out_by: str = ""  # the registrar's name
    handed_out_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivationRecord:
    """That a physician's account is active, since when and by which code."""

    physician_id: PhysicianId
    institution_id: InstitutionId
    reference: str
    account_id: AccountId
    activated_at: datetime


_CODE: Final = select(activation_code, account.c.name.label("registrar")).outerjoin(
    account, account.c.id == activation_code.c.handed_out_by
)

_HELD: Final = _CODE.where(
    activation_code.c.physician_id == bindparam("key"), activation_code.c.state == CodeState.HANDED_OUT.value
)
_OUTSTANDING: Final = (
    select(func.count())
    .select_from(activation_code)
    .where(
        activation_code.c.device_id == bindparam("device"),
        activation_code.c.state == CodeState.LEASED.value,
        activation_code.c.leased_at > bindparam("since"),
    )
)
_COUNT_REPRINT: Final = (
    update(activation_code)
    .where(activation_code.c.reference == bindparam("key"))
    .values(reprints=activation_code.c.reprints + 1)
)
_OF: Final = select(activation).where(activation.c.physician_id == bindparam("key"))


class Activation(Repository):
    """账户激活 within one transaction. The physician's row is locked by whoever moves one of his codes."""

    def lease(self, new: Sequence[CodeRecord], now: datetime) -> None:
        """Store codes that a device is about to receive."""
        rows = [
            {
                "reference": code.reference,
                "institution_id": code.institution_id,
                "device_id": code.device_id,
                "code_hash": code.code_hash,
                "state": code.state.value,
                "leased_at": now,
                "expires_at": code.expires_at,
                "reprints": 0,
            }
            for code in new
        ]
        self._writes.insert(activation_code, rows)

    def outstanding(self, device_id: DeviceId, since: datetime) -> int:
        """Return how many codes have been leased to the device since then and are not handed out."""
        return int(self._connection.execute(_OUTSTANDING, {"device": device_id, "since": since}).scalar_one())

    def code(self, reference: str, scope: Scope) -> CodeRecord | None:
        """Return a code of ``scope``, or None."""
        found = self._connection.execute(_one(scope.limits), {"key": reference, **scope.values})
        row = found.mappings().one_or_none()
        return None if row is None else _record(row)

    def held_by(self, physician_id: PhysicianId) -> CodeRecord | None:
        """Return the one code that was handed out to the physician and may be redeemed, or None."""
        row = self._connection.execute(_HELD, {"key": physician_id}).mappings().one_or_none()
        return None if row is None else _record(row)

    def used(self, record: ActivationRecord) -> CodeRecord | None:
        """Return the code that made an activation."""
        return self.code(record.reference, Scope(institution_id=record.institution_id))

    def hand_out(
        self, reference: str, physician_id: PhysicianId, by: AccountId, now: datetime, expires_at: datetime
    ) -> None:
        """Wake a code for one physician."""
        self._change(
            reference,
            state=CodeState.HANDED_OUT.value,
            physician_id=physician_id,
            handed_out_by=by,
            handed_out_at=now,
            expires_at=expires_at,
        )

    def count_reprint(self, reference: str) -> None:
        """Note that the code was shown once more."""
        self._connection.execute(_COUNT_REPRINT, {"key": reference})

    def end(self, reference: str, state: CodeState, now: datetime) -> None:
        """Let a code be worth nothing from now on: redeemed or voided."""
        self._change(reference, state=state.value, ended_at=now)

    def burn(self, device_id: DeviceId, now: datetime) -> None:
        """Make the codes that lie on a device worthless: it was revoked. Those handed out stay good."""
        self._connection.execute(
            update(activation_code)
            .where(activation_code.c.device_id == device_id, activation_code.c.state == CodeState.LEASED.value)
            .values(state=CodeState.BURNT.value, ended_at=now)
        )

    def activate(self, new: ActivationRecord) -> bool:
        """Note that an account is active; return False when it was already."""
        row = {
            "physician_id": new.physician_id,
            "institution_id": new.institution_id,
            "reference": new.reference,
            "account_id": new.account_id,
            "activated_at": new.activated_at,
        }
        return insert_if_absent(self._connection, activation, row)

    def of(self, physician_id: PhysicianId) -> ActivationRecord | None:
        """Return the activation of a physician's account, or None."""
        row = self._connection.execute(_OF, {"key": physician_id}).one_or_none()
        if row is None:
            return None
        return ActivationRecord(
            PhysicianId(row.physician_id),
            InstitutionId(row.institution_id),
            row.reference,
            AccountId(row.account_id),
            row.activated_at,
        )

    def _change(self, reference: str, **values: object) -> None:
        self._writes.update(activation_code, reference, values)


@cache
def _one(limits: tuple[str, ...]) -> Select[Any]:
    return _CODE.where(activation_code.c.reference == bindparam("key"), within(activation_code, limits))


def _record(row: RowMapping) -> CodeRecord:
    physician_id = row["physician_id"]
    return CodeRecord(
        reference=row["reference"],
        institution_id=InstitutionId(row["institution_id"]),
        device_id=DeviceId(row["device_id"]),
        code_hash=row["code_hash"],
        state=CodeState(row["state"]),
        expires_at=row["expires_at"],
        physician_id=None if physician_id is None else PhysicianId(physician_id),
        handed_out_by=row["registrar"] or "",
        handed_out_at=row["handed_out_at"],
    )
