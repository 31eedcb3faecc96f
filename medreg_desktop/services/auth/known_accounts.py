"""Who has signed in on this PC: kept in the encrypted cache, so that an offline unlock knows id, name and role."""

from __future__ import annotations

import hashlib

import msgspec

from medreg_core.contract.v1.messages import Account
from medreg_desktop.services.cache import settings
from medreg_desktop.services.cache.connection import Connection


def remember(conn: Connection, account: Account) -> None:
    """Keep what the server said of an account."""
    settings.store(conn, _name(account.login), msgspec.json.encode(account).decode())


def recall(conn: Connection, login: str) -> Account | None:
    """Return what the server last said of the account, or None."""
    found = settings.find(conn, _name(login))
    return None if found is None else msgspec.json.decode(found, type=Account)


def names(conn: Connection) -> dict[str, str]:
    """Return the names of all who have worked here, by account id."""
    accounts = (msgspec.json.decode(text, type=Account) for text in settings.starting(conn, "account "))
    return {account.id: account.name for account in accounts}


def _name(login: str) -> str:
    return f"account {hashlib.sha256(login.strip().casefold().encode()).hexdigest()[:32]}"
