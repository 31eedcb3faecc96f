"""Signing in and out: throttled before the password is looked at, the same answer whatever was wrong."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import Session, SignIn
from medreg_core.domain.vocabulary import Role
from medreg_server.db.accounts import AccountRecord, OpenSession
from medreg_server.db.audit import REGISTER, Event
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.identity_proof import proven_refusal, proven_session
from medreg_server.services.ids import is_id
from medreg_server.services.passwords import Passwords
from medreg_server.services.throttle import Limit, caller_at, count, throttle_key


class SignInDesk:
    """Opens, finds and closes sessions."""

    def __init__(self, environment: Environment, passwords: Passwords) -> None:
        self._environment = environment
        self._passwords = passwords

    def open(self, request: SignIn, address: str) -> Session:
        """Return a session. Raises ServiceFault BAD_CREDENTIALS, TOO_MANY_ATTEMPTS or DEVICE_REVOKED."""
        if not is_id(request.device_id):
            raise ServiceFault(FaultCode.BAD_REQUEST, where="device_id")
        limits = self._limits(request.account, address)
        count(self._environment, limits)
        while (session := self._opened(request, limits)) is None:
            pass  # the account was changed while its password was hashed: whoever holds it now is looked at
        return session

    def _opened(self, request: SignIn, limits: Sequence[Limit]) -> Session | None:
        """Return a session, or None when the account is another than it was when its password was looked at."""
        environment = self._environment
        with environment.database.read() as transaction:
            account = transaction.accounts.by_login(request.account) if request.account.isprintable() else None
        fits = self._passwords.verify(account.password_hash if account else None, request.password)
        if not fits or account is None or account.disabled_at is not None:
            with environment.database.write() as transaction:
                transaction.record(_refused(account))
            raise proven_refusal(request, environment.identity().server_id, environment.keys)
        rehashed = self._rehashed(account, request.password)
        with environment.database.write() as transaction:
            device = transaction.devices.get(request.device_id)
            if device is not None and device.revoked_at is not None:
                raise ServiceFault(FaultCode.DEVICE_REVOKED)
            if transaction.accounts.lock(account.id) != account:
                return None
            transaction.accounts.forget_attempts(limits[0].key)
            transaction.accounts.return_attempt(limits[1].key)  # an office behind one address signs in together
            if rehashed:
                transaction.accounts.set_password_hash(account.id, rehashed)
            session = self._open(transaction, Caller(account, request.device_id))
            return proven_session(session, request, transaction.server_state.identity().server_id, environment.keys)

    def _open(self, transaction: WriteTransaction, caller: Caller) -> Session:
        now = self._environment.now()
        token = secrets.token_urlsafe(32)
        expires_at = now + timedelta(hours=self._environment.settings.session_hours)
        opened = OpenSession(caller.account, caller.device_id, expires_at)
        transaction.accounts.open_session(token_hash(token), opened, now)
        transaction.record(caller.event("session.open"))
        return Session(token=token, expires_at=expires_at, account=caller.described())

    def caller(self, token: str) -> Caller:
        """Return who holds ``token``. Raises ServiceFault SESSION_EXPIRED or DEVICE_REVOKED."""
        with self._environment.database.glance() as transaction:
            opened = transaction.accounts.session(token_hash(token), self._environment.now())
        if opened is None:
            raise ServiceFault(FaultCode.SESSION_EXPIRED)
        if opened.device_revoked:
            raise ServiceFault(FaultCode.DEVICE_REVOKED)
        return Caller(opened.account, opened.device_id)

    def close(self, token: str, caller: Caller) -> None:
        """End the session of ``token``."""
        with self._environment.database.write() as transaction:
            transaction.accounts.close_session(token_hash(token))
            transaction.record(caller.event("session.close"))

    def _limits(self, login: str, address: str) -> tuple[Limit, ...]:
        settings, caller = self._environment.settings, caller_at(address)
        return (
            Limit(throttle_key("pair", login.casefold(), caller), settings.sign_in_attempts),
            Limit(throttle_key("address", caller), settings.sign_in_address_attempts),
        )

    def _rehashed(self, account: AccountRecord, password: str) -> str | None:
        return self._passwords.hash(password) if self._passwords.is_outdated(account.password_hash) else None


def token_hash(token: str) -> bytes:
    """Return what is stored of a bearer token."""
    return hashlib.sha256(token.encode()).digest()


def _refused(account: AccountRecord | None) -> Event:
    """Return the event of a failed sign-in. What was typed is not kept: it may be a password in the wrong field."""
    if account is None:
        return Event("session.refuse", role=Role.SYSTEM, chain=REGISTER)
    return Event("session.refuse", account.id, account.id, account.role, account.institution_id or REGISTER)
