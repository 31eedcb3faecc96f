"""What a device is given in advance: form numbers and activation codes (``sync.md`` §5.7, ADR 018, 019)."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec

from medreg_core.contract.v1.activation import CodeLease, LeasedCode
from medreg_core.contract.v1.messages import FormLease, Hello
from medreg_core.domain.access import Action, may
from medreg_core.domain.codes.activation_code import RANDOM_BYTES, make_activation_code
from medreg_core.domain.records import Institution
from medreg_core.domain.vocabulary import CodeState
from medreg_server.db.activation import CodeRecord
from medreg_server.db.leases import Holder
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.keys import Keys

_MOST_LEASES: Final = 20
_WITHIN: Final = timedelta(days=1)
"""Unused leases a device is given within so long: a faulty client must not use up its region's serials. A lost answer
costs one, and where many were lost the office must not be without numbers until these have expired."""

_MOST_OF_AN_OFFICE: Final = 500
"""Leases an institution is given within so long, by whatever number of devices: each sign-in may name a new one, and
whoever has one password could use up in minutes what a whole region has for the year."""

_EXPIRY_SINCE: Final = 2
"""The protocol whose clients know that leases expire; an older one would use its numbers for ever."""

_REFERENCE_BYTES: Final = 8


class LeaseDesk:
    """Grants leases inside the transaction of hello."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def numbers(
        self, transaction: WriteTransaction, hello: Hello, caller: Caller, institution: Institution, protocol: int
    ) -> FormLease | None:
        """Return form numbers for a device that runs low, if its account may agree; None otherwise."""
        settings, now = self._environment.settings, self._environment.now()
        if not may(caller.account.role, Action.AGREE) or hello.form_numbers_left >= settings.lease_refill_below:
            return None
        year = self._environment.today().year
        if transaction.leases.outstanding(hello.device_id, now - _WITHIN) >= _MOST_LEASES * settings.lease_size:
            return None
        holder = Holder(institution.id, hello.device_id)
        if transaction.leases.granted(holder, institution.region, year, now - _WITHIN) >= _MOST_OF_AN_OFFICE:
            return None
        expires_at = self._end(now) if protocol >= _EXPIRY_SINCE else None
        granted = transaction.leases.grant(holder, institution.region, year, settings.lease_size, now, expires_at)
        return None if granted is None else _proven(self._environment.keys, granted, holder)

    def codes(self, transaction: WriteTransaction, hello: Hello, caller: Caller) -> CodeLease | None:
        """Return activation codes up to the full number, if the account may activate; None otherwise.

        What the device did not receive of an earlier lease is lost with its answer, and worthless.
        """
        settings, now = self._environment.settings, self._environment.now()
        left = hello.activation_codes_left
        if left is None or left >= settings.code_refill_below:
            return None
        if not may(caller.account.role, Action.ACTIVATE_ACCOUNT):
            return None
        if (
            transaction.activation.outstanding(hello.device_id, now - _WITHIN)
            >= _MOST_LEASES * settings.code_lease_size
        ):
            return None
        codes = tuple(_new_code() for _ in range(settings.code_lease_size - max(left, 0)))
        lease = CodeLease(self._end(now), codes)
        transaction.activation.lease([self._record(code, lease, caller) for code in codes], now)
        return lease

    def take_back(self, transaction: WriteTransaction, hello: Hello, caller: Caller) -> None:
        """Learn from the device what a restore made this register forget: leases that it can prove were ours.

        Their numbers may be on paper, so nobody else may ever be leased them, and the device's consents stand.
        """
        holder = Holder(caller.institution_id, hello.device_id)
        for lease in hello.leases[: 2 * _MOST_LEASES]:
            if not hmac.compare_digest(lease.proof, _proven(self._environment.keys, lease, holder).proof):
                continue
            is_known = transaction.leases.adopt(lease, holder, self._granted_at(lease))
            detail = {"first": str(lease.first), "last": str(lease.last), "known": str(is_known).lower()}
            transaction.record(caller.event("lease.take_back", hello.device_id, **detail))

    def _granted_at(self, lease: FormLease) -> datetime:
        """Return when a lease was granted, by its end: taken back today, it is not one of today's."""
        ends, now = lease.expires_at, self._environment.now()
        return now - _WITHIN if ends is None else min(now, ends - timedelta(days=self._environment.settings.lease_days))

    def _end(self, now: datetime) -> datetime:
        return now + timedelta(days=self._environment.settings.lease_days)

    def _record(self, code: LeasedCode, lease: CodeLease, caller: Caller) -> CodeRecord:
        return CodeRecord(
            reference=code.reference,
            institution_id=caller.institution_id,
            device_id=caller.device_id,
            code_hash=self._environment.keys.code_hash(code.code),
            state=CodeState.LEASED,
            expires_at=lease.expires_at,
        )


def _new_code() -> LeasedCode:
    return LeasedCode(
        secrets.token_bytes(_REFERENCE_BYTES).hex(), make_activation_code(secrets.token_bytes(RANDOM_BYTES))
    )


def _proven(keys: Keys, lease: FormLease, holder: Holder) -> FormLease:
    """Return the lease with the seal over whose it is; nobody can make one, or show it from another device."""
    ends = None if lease.expires_at is None else lease.expires_at.isoformat()
    sealed = ["FormLease", lease.region, lease.year, lease.first, lease.last, ends, *_whose(holder)]
    return msgspec.structs.replace(lease, proof=keys.seal(msgspec.json.encode(sealed)))


def _whose(holder: Holder) -> tuple[str, str]:
    return holder.institution_id, holder.device_id
