"""Until when each account may read the copy without signing in online: colleagues' contact renews the copy's own limit.

Kept among the settings, which a rebuilt copy has again.
"""

from __future__ import annotations

from datetime import UTC, datetime

from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import settings
from medreg_desktop.services.cache.connection import Connection

_OVER = datetime.min.replace(tzinfo=UTC)


def renew(conn: Connection, account_id: AccountId, until: datetime) -> None:
    """Note what the service has told this account."""
    settings.store(conn, _name(account_id), until.isoformat())


def find(conn: Connection, account_id: AccountId) -> datetime | None:
    """Return the account's limit; None before hello has told it one, and where an older program noted none."""
    text = settings.find(conn, _name(account_id))
    return None if text is None else datetime.fromisoformat(text)


def shut(conn: Connection, account_id: AccountId) -> None:
    """Note that the service lets this account in no more: only an online sign-in opens the copy to it again."""
    renew(conn, account_id, _OVER)


def lift(conn: Connection, account_id: AccountId) -> None:
    """Note that the service has let the account in: until hello, the copy's own limit counts."""
    conn.execute("DELETE FROM setting WHERE name = ?", (_name(account_id),))


def _name(account_id: AccountId) -> str:
    return f"until {account_id}"
