"""账户激活 by the physician: he types the code his institution gave him (``design.md`` §7, route a)."""

from __future__ import annotations

import hmac

from medreg_core.contract.v1.activation import Activated, Redemption
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.domain.codes.activation_code import read_activation_code
from medreg_core.domain.vocabulary import CodeState
from medreg_server.db.activation import ActivationRecord, CodeRecord
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.throttle import Limit, caller_at, count, throttle_key


class ActivationDesk:
    """Redeems codes: each at most once, for the one physician it was handed to, at the institution that did."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def redeem(self, redemption: Redemption, caller: Caller, address: str) -> Activated:
        """Activate the caller's account; the code that did it gives the same answer again.

        Raises ServiceFault TOO_MANY_ATTEMPTS, FORBIDDEN for who is no physician, and ACTIVATION_REFUSED alike for a
        code that is wrong, another's, void, expired, or whose hand-out has not arrived: a guess learns nothing.
        """
        physician_id = caller.physician_id
        limits = self._limits(caller, address)
        count(self._environment, limits)
        typed = read_activation_code(redemption.code) or ""
        digest = self._environment.keys.code_hash(typed)
        with self._environment.database.write() as transaction:
            transaction.physicians.lock(physician_id)
            active = self._repeated(transaction, digest, caller) or self._activated(transaction, digest, caller)
            if active is None:
                transaction.record(caller.event("activation.refuse", physician_id))
                answer = None
            else:
                transaction.accounts.forget_attempts(limits[0].key)
                transaction.accounts.return_attempt(limits[1].key)
                answer = _answer(transaction, active)
        if answer is None:
            raise ServiceFault(FaultCode.ACTIVATION_REFUSED)
        return answer

    def _limits(self, caller: Caller, address: str) -> tuple[Limit, Limit]:
        settings = self._environment.settings
        return (
            Limit(throttle_key("activation", caller.account.id), settings.activation_attempts),
            Limit(throttle_key("activation address", caller_at(address)), settings.sign_in_address_attempts),
        )

    def _repeated(self, transaction: WriteTransaction, digest: bytes, caller: Caller) -> ActivationRecord | None:
        """Return the activation that this very code made: its answer was lost on the way."""
        active = transaction.activation.of(caller.physician_id)
        used = None if active is None else transaction.activation.used(active)
        return active if used is not None and hmac.compare_digest(used.code_hash, digest) else None

    def _activated(self, transaction: WriteTransaction, digest: bytes, caller: Caller) -> ActivationRecord | None:
        # The code is compared with the one the physician holds, and never looked up: no index sees what was typed.
        code = transaction.activation.held_by(caller.physician_id)
        if code is None or not hmac.compare_digest(code.code_hash, digest) or not self._stands(transaction, code):
            return None
        now = self._environment.now()
        active = ActivationRecord(caller.physician_id, code.institution_id, code.reference, caller.account.id, now)
        if not transaction.activation.activate(active):
            return None
        transaction.activation.end(code.reference, CodeState.REDEEMED, now)
        transaction.record(
            caller.event("activation.redeem", caller.physician_id, chain=code.institution_id, code=code.reference)
        )
        return active

    def _stands(self, transaction: WriteTransaction, code: CodeRecord) -> bool:
        """Whether the code may still be redeemed: not expired, and its institution still the physician's."""
        if code.physician_id is None or code.expires_at <= self._environment.now():
            return False
        return transaction.physicians.is_registered_at(code.physician_id, code.institution_id)


def _answer(transaction: WriteTransaction, active: ActivationRecord) -> Activated:
    institution = transaction.institutions.get(active.institution_id)
    return Activated(at=active.activated_at, institution="" if institution is None else institution.name)
