"""What the operator does with accounts that are there: shut out, let in again, given another password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import REGISTER, Event
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.environment import Environment
from medreg_server.services.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from medreg_server.services.registry import RegistryFault


class AccountDesk:
    """The operator's operations; they are not reachable over the network. Accounts are named by their login."""

    def __init__(self, environment: Environment, passwords: Passwords) -> None:
        self._environment = environment
        self._passwords = passwords

    def disable(self, login: str) -> None:
        """Shut an account out and end its sessions; done twice it is done once. Raises RegistryFault login_unknown."""
        with self._changed(login) as (transaction, account):
            if account.disabled_at is None:
                transaction.accounts.set_disabled(account.id, self._environment.now())
                transaction.accounts.close_sessions(account.id)
                transaction.record(_event("account.disable", account))

    def enable(self, login: str) -> None:
        """Let an account in again; it signs in anew. Raises RegistryFault login_unknown."""
        with self._changed(login) as (transaction, account):
            if account.disabled_at is not None:
                transaction.accounts.set_disabled(account.id, None)
                transaction.record(_event("account.enable", account))

    def set_password(self, login: str, password: str) -> None:
        """Give an account another password and end its sessions, whoever opened them with the one before.

        Raises RegistryFault login_unknown, password_length.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise RegistryFault("password_length")
        password_hash = self._passwords.hash(password)
        with self._changed(login) as (transaction, account):
            transaction.accounts.set_password_hash(account.id, password_hash)
            transaction.accounts.close_sessions(account.id)
            transaction.record(_event("account.password", account))

    @contextmanager
    def _changed(self, login: str) -> Iterator[tuple[WriteTransaction, AccountRecord]]:
        """Give the account as nobody else changes it meanwhile: who signs in with it comes before or after."""
        with self._environment.database.write() as transaction:
            found = transaction.accounts.by_login(login)
            account = found and transaction.accounts.lock(found.id)
            if account is None:
                raise RegistryFault("login_unknown")
            yield transaction, account


def _event(action: str, account: AccountRecord) -> Event:
    return Event(action, account.id, chain=account.institution_id or REGISTER)
