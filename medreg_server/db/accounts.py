"""Accounts, their sessions, and the attempts to sign in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import RowMapping, bindparam, case, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from medreg_core.domain.records import AccountId, DeviceId, InstitutionId, PhysicianId
from medreg_core.domain.vocabulary import Role
from medreg_server.db.insert import insert_if_absent
from medreg_server.db.tables import account, device, session, sign_in_throttle
from medreg_server.db.writes import Repository


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as the register holds it. Exactly one of the last three fields says where it belongs."""

    id: AccountId
    login: str
    name: str
    role: Role
    password_hash: str
    created_at: datetime
    institution_id: InstitutionId | None = None
    physician_id: PhysicianId | None = None
    region: str = ""
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has not ended, with its account."""

    account: AccountRecord
    device_id: DeviceId
    expires_at: datetime
    device_revoked: bool = False  # the device was shut out since


_SESSION: Final = (
    select(account, session.c.device_id, session.c.expires_at, device.c.revoked_at)
    .join(session, session.c.account_id == account.c.id)
    .outerjoin(device, device.c.id == session.c.device_id)  # a browser's session is of none
    .where(
        session.c.token_hash == bindparam("key"),
        session.c.expires_at > bindparam("now"),
        account.c.disabled_at.is_(None),
    )
)

_ONE: Final = select(account).where(account.c.id == bindparam("key"))
_LOCKED: Final = _ONE.with_for_update(key_share=True)
_DISABLED: Final = select(account.c.id).where(account.c.id == bindparam("key"), account.c.disabled_at.is_not(None))
_BY_LOGIN: Final = select(account).where(account.c.login == bindparam("key"))
_OPEN: Final = insert(session)
_END_OLD: Final = delete(session).where(session.c.expires_at < bindparam("now"))
_CLOSE: Final = delete(session).where(session.c.token_hash == bindparam("key"))
_ATTEMPTS: Final = select(sign_in_throttle.c.attempts, sign_in_throttle.c.since).where(
    sign_in_throttle.c.key == bindparam("of"),
    sign_in_throttle.c.since > bindparam("begun"),
    sign_in_throttle.c.since <= bindparam("ended"),
)
# Whoever counts under one of them just now waits for nobody: it is left to the next.
_OLD: Final = select(sign_in_throttle.c.key).where(sign_in_throttle.c.since <= bindparam("begun"))
_FORGET_OLD: Final = delete(sign_in_throttle).where(sign_in_throttle.c.key.in_(_OLD.with_for_update(skip_locked=True)))
_RETURN: Final = (
    update(sign_in_throttle)
    .where(sign_in_throttle.c.key == bindparam("of"), sign_in_throttle.c.attempts > 0)
    .values(attempts=sign_in_throttle.c.attempts - 1)
)
_FORGET: Final = delete(sign_in_throttle).where(sign_in_throttle.c.key == bindparam("of"))


class Accounts(Repository):
    """Accounts and sessions within one transaction."""

    def add(self, new: AccountRecord) -> bool:
        """Insert an account; return False when its login is taken."""
        row = {
            "id": new.id,
            "login": new.login.casefold(),
            "name": new.name,
            "role": new.role.value,
            "password_hash": new.password_hash,
            "institution_id": new.institution_id,
            "physician_id": new.physician_id,
            "region": new.region,
            "disabled_at": new.disabled_at,
            "created_at": new.created_at,
        }
        return insert_if_absent(self._connection, account, row)

    def by_login(self, login: str) -> AccountRecord | None:
        """Return the account with this login name, whatever its case, or None."""
        row = self._connection.execute(_BY_LOGIN, {"key": login.casefold()}).mappings().one_or_none()
        return None if row is None else _account(row)

    def get(self, account_id: AccountId) -> AccountRecord | None:
        """Return the account, or None."""
        row = self._connection.execute(_ONE, {"key": account_id}).mappings().one_or_none()
        return None if row is None else _account(row)

    def lock(self, account_id: AccountId) -> AccountRecord | None:
        """Return the account, or None; until the end of the transaction nobody else changes it or locks it."""
        row = self._connection.execute(_LOCKED, {"key": account_id}).mappings().one_or_none()
        return None if row is None else _account(row)

    def is_disabled(self, account_id: AccountId) -> bool:
        """Return whether the account was shut out; asked again and again by what answers for long."""
        return self._connection.execute(_DISABLED, {"key": account_id}).first() is not None

    def set_disabled(self, account_id: AccountId, since: datetime | None) -> None:
        """Shut an account out from a moment on, or let it in again; its sessions count for nothing meanwhile."""
        self._connection.execute(update(account).where(account.c.id == account_id).values(disabled_at=since))

    def set_password_hash(self, account_id: AccountId, password_hash: str) -> None:
        """Replace an account's password hash."""
        self._connection.execute(update(account).where(account.c.id == account_id).values(password_hash=password_hash))

    def open_session(self, token_hash: bytes, new: OpenSession, now: datetime) -> None:
        """Store a session and forget those that have ended."""
        self._connection.execute(_END_OLD, {"now": now})
        row = {
            "token_hash": token_hash,
            "account_id": new.account.id,
            "device_id": new.device_id,
            "created_at": now,
            "expires_at": new.expires_at,
        }
        self._connection.execute(_OPEN, row)

    def session(self, token_hash: bytes, now: datetime) -> OpenSession | None:
        """Return the open session of a token, or None when it ended, never was, or its account is disabled."""
        rows = self._connection.execute(_SESSION, {"key": token_hash, "now": now}).mappings()
        row = rows.one_or_none()
        if row is None:
            return None
        device_revoked = row["revoked_at"] is not None
        return OpenSession(_account(row), DeviceId(row["device_id"]), row["expires_at"], device_revoked)

    def close_session(self, token_hash: bytes) -> None:
        """End one session."""
        self._connection.execute(_CLOSE, {"key": token_hash})

    def close_sessions(self, account_id: AccountId) -> None:
        """End every session of an account."""
        self._connection.execute(delete(session).where(session.c.account_id == account_id))

    def close_all_sessions(self) -> None:
        """End every session there is."""
        self._connection.execute(delete(session))

    def count_attempt(self, key: bytes, now: datetime, window: timedelta) -> tuple[int, datetime]:
        """Count one attempt under ``key`` and return how many there were in this window, and since when.

        Counting comes before the password is looked at, so that attempts made at once cannot pass the limit together.
        """
        asked = {"key": key, "attempts": 1, "since": now, "begun": now - window, "ended": now + window}
        counted = self._connection.execute(_count(self._connection.dialect.name), asked).one()
        return counted.attempts, counted.since

    def attempts(self, key: bytes, now: datetime, window: timedelta) -> tuple[int, datetime]:
        """Return how many attempts were counted under ``key`` in this window, and since when; counts none."""
        asked = {"of": key, "begun": now - window, "ended": now + window}
        counted = self._connection.execute(_ATTEMPTS, asked).one_or_none()
        return (0, now) if counted is None else (counted.attempts, counted.since)

    def forget_old_attempts(self, now: datetime, window: timedelta) -> None:
        """Forget what was counted in windows that are over. Last in its transaction, it can wait for nobody's count."""
        self._connection.execute(_FORGET_OLD, {"begun": now - window})

    def return_attempt(self, key: bytes) -> None:
        """Take one attempt back: it was no guess."""
        self._connection.execute(_RETURN, {"of": key})

    def forget_attempts(self, key: bytes) -> None:
        """Start counting anew: the right password was given."""
        self._connection.execute(_FORGET, {"of": key})


@cache
def _count(engine: str) -> ReturningInsert[int, datetime]:
    """Return the statement that counts an attempt as the first of a window or as one more of it."""
    known = sign_in_throttle.c
    first: postgresql.Insert | sqlite.Insert = (
        postgresql.insert(sign_in_throttle) if engine == "postgresql" else sqlite.insert(sign_in_throttle)
    )
    # One that begins later than this one ends was counted under a clock that has been set right since. Somewhat later
    # is what an attempt sees that waited for its turn here.
    is_over = or_(known.since <= bindparam("begun"), known.since > bindparam("ended"))
    counted = {
        "attempts": case((is_over, 1), else_=known.attempts + 1),
        "since": case((is_over, first.excluded.since), else_=known.since),
    }
    return first.on_conflict_do_update(index_elements=[known.key], set_=counted).returning(known.attempts, known.since)


def _account(row: RowMapping) -> AccountRecord:
    institution_id, physician_id = row["institution_id"], row["physician_id"]
    return AccountRecord(
        id=AccountId(row["id"]),
        login=row["login"],
        name=row["name"],
        role=Role(row["role"]),
        password_hash=row["password_hash"],
        created_at=row["created_at"],
        institution_id=None if institution_id is None else InstitutionId(institution_id),
        physician_id=None if physician_id is None else PhysicianId(physician_id),
        region=row["region"],
        disabled_at=row["disabled_at"],
    )
