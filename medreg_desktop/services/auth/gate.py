"""The way in: online when the server answers, else by the local password; the session token never leaves memory."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from medreg_core.contract.v1.messages import Account, Session, SignIn
from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.auth.lock import ReadingLimit
from medreg_desktop.services.auth.office import Office, load_office, save_office
from medreg_desktop.services.auth.vouching import Vouched, note_refusal, vouched
from medreg_desktop.services.cache import account_limits, applications, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.keys import DatabaseKeys
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind

_log = logging.getLogger(__name__)

OFFICE_ROLES = frozenset({Role.REGISTRAR, Role.SUPERVISOR, Role.READ_ONLY, Role.INSTITUTION_ADMIN})
"""Who may use this program; physicians and the commission have their own."""

DECIDES = frozenset({TroubleKind.SIGN_IN, TroubleKind.REFUSED, TroubleKind.ENVELOPE, TroubleKind.TOO_OLD})
"""Answers of the server itself: they hold, and the local password does not get round them."""


NOBODY = AccountId("")

GREETING_S = 600.0
"""How long after an online sign-in the limit of reading is not looked at: hello is about to bring a new one."""


class Door(Protocol):
    """What sign-in needs of the transport."""

    def sign_in(self, query: SignIn) -> Session:
        """Open a session. Raises TransportFault."""
        ...

    def sign_out(self) -> None:
        """End the session. Raises TransportFault."""
        ...

    def use_token(self, token: str) -> None:
        """Put the token on every request from now on; empty for none."""
        ...

    def expect(self, server_id: str) -> None:
        """From now on only this server's answers are ours; empty accepts the first that answers."""
        ...

    def answered_by(self) -> str:
        """Return the id of the server that answered last."""
        ...


@dataclass(frozen=True, slots=True)
class Entrance:
    """Somebody came in. Offline, ``because`` says why the server could not be asked."""

    account: Account
    online: bool
    because: Trouble | None = None


class Gate:
    """Owns the open copy and who works on it. Used by one background thread at a time: argon2 and the wire are slow."""

    def __init__(
        self,
        folder: Path,
        keys: DatabaseKeys,
        door: Door,
        open_store: Callable[[bytes], CacheStore],
        clock: Clock,
    ) -> None:
        """``open_store`` opens the cache with its key, mending what can be mended."""
        self._folder = folder
        self._keys = keys
        self._door = door
        self._open_store = open_store
        self._clock = clock
        self._key: bytes | None = None
        self._has_let_in = False  # somebody, since the copy was opened: it may be open for nobody to see
        self._noted: tuple[float, datetime] | None = None  # monotonic, and the server's time noted at it
        self._let_in_until = 0.0  # monotonic
        self.office: Office = load_office(folder, clock)
        self.store: CacheStore | None = None
        self.account: Account | None = None
        self.session_until: datetime | None = None  # by the service's clock; None without a session
        door.expect(self.office.server_id)

    def enter(self, login: str, password: str, passphrase: str = "") -> Entrance:
        """Let somebody in: by the server if it answers, else by the password that opens the copy.

        Raises:
            KnownFault: what the server said (``bad_credentials``, ``too_many_attempts``, ``device_revoked`` …), why it
                could not be asked if the account is not known here, what stands against the local password
                (``offline_password_wrong`` …), ``wrong_institution``, ``offline_reading_locked``, ``service_unproven``,
                or what the cache raises.
        """
        nonce = secrets.token_hex(16)
        query = SignIn(account=login, password=password, device_id=self.office.device_id, nonce=nonce)
        try:
            session = self._door.sign_in(query)
        except TransportFault as fault:
            if "proof" in fault.trouble.params:
                self._note_refusal(query, fault.trouble.params)
            if fault.trouble.kind in DECIDES or not self._keys.knows(login):
                raise
            return self._enter_offline(login, password, fault.trouble)
        return self._enter_online(query, passphrase, session)

    def enter_offline(self, login: str, password: str) -> Entrance:
        """Open the copy without asking the server. Raises KnownFault as :meth:`enter`."""
        return self._enter_offline(login, password, None)

    def confirm(self, password: str) -> None:
        """Check the password of whoever is signed in, to open the locked screen. Raises KnownFault as offline."""
        assert self.account is not None
        self._keys.unlock(self.account.login, password)

    def open_refused(self, login: str, password: str) -> bool:
        """Open the copy of a device that the service refuses, for nobody to see: its unfinished work is handed over.

        Return False when there is none, or no key to it. Raises KnownFault.
        """
        if self.store is None and self.office.institution_id:
            key = self._keys.found(login, password)
            if key is not None:
                self._opened(key)
        return self.store is not None

    def holds_nothing(self) -> bool:
        """Return whether the copy is open and blank: no order to destroy it can be proven, and none is needed.

        One that has just been closed for good was not blank: sync has obeyed an order while the service was asked.
        """
        try:
            return self.store is not None and self.store.read(sync_state.is_blank)
        except KnownFault as fault:
            if fault.code != "cache_closed":
                raise
            return False

    def leave(self) -> None:
        """Sign out: the token is forgotten here at once, and ended on the server if it can be reached."""
        self.account = self.session_until = None
        try:
            if self.store is not None:
                self.store.write(lambda conn: applications.switch_actor(conn, NOBODY, ""))
        except KnownFault as fault:
            _log.info("the copy could not be left in order: %s", fault.code)
        try:
            self._door.sign_out()
        except TransportFault as fault:
            _log.info("the session could not be ended on the server: %s", fault.code)
        finally:
            self._door.use_token("")

    def close(self) -> None:
        """Leave nothing open; the token is forgotten."""
        self._door.use_token("")
        self._key = None
        self._has_let_in = False
        if self.store is not None:
            self.store.close()
            self.store = None

    def reading_limit(self) -> ReadingLimit:
        """Return until when the copy may be read without contact, by whoever is in."""
        if self.store is None:
            return ReadingLimit(None, None)
        account = self.account
        return self.store.read(lambda conn: _limit(conn, account))

    def reading_is_over(self) -> bool:
        """Look at the clocks: note how late it is, and return whether the copy may be read no longer.

        Called every minute while somebody works: so the time of work counts even on a computer whose clock is set
        back again and again. After an online sign-in there is a while for hello to bring the new limit.
        """
        if self.store is None or self._clock.monotonic() < self._let_in_until:
            return False
        try:
            self.store.write(self._note_time)
        except KnownFault as fault:  # a full disk notes nothing; what is known holds all the same
            _log.info("how late it is could not be noted: %s", fault.code)
        return self.reading_limit().is_reached(self._clock.now())

    def _note_time(self, conn: Connection) -> None:
        mono, at = self._clock.monotonic(), sync_state.server_time(conn, self._clock.now())
        # What was noted counts on only while nobody knew better: a contact since then has set the time anew.
        if self._noted is not None and sync_state.read(conn).server_seen == self._noted[1]:
            at = max(at, self._noted[1] + timedelta(seconds=mono - self._noted[0]))
        sync_state.note_server_time(conn, at)
        self._noted = (mono, at)

    # ---- online -----------------------------------------------------------------------------------------------------

    def _enter_online(self, query: SignIn, passphrase: str, session: Session) -> Entrance:
        self._check_belongs_here(session.account)
        entering, store = self._vouched(query, passphrase, session)
        account = entering.account
        # Only now: whoever is signed in stays so if somebody else could not come in.
        self._door.use_token(session.token)
        self._let_in_until = self._clock.monotonic() + (GREETING_S if entering.in_full else 0.0)
        self.session_until = session.expires_at
        self._settle_office(account)
        store.write(lambda conn: _let_in(conn, account))
        self.account = account
        self._has_let_in = True
        return Entrance(account, online=True)

    def _vouched(self, query: SignIn, passphrase: str, session: Session) -> tuple[Vouched, CacheStore]:
        """Return who comes in and the open copy, once it says that the session is its own service's."""
        was_open, entering = self.store is not None, Vouched(session.account)
        broken: KnownFault | None = None

        def judge(key: bytes, by_password: bool) -> None:
            nonlocal entering, broken
            try:
                store = self._opened(key)
            except KnownFault as fault:
                if not by_password:
                    raise
                broken = fault  # whose password fits may rebuild the copy: his entry is renewed first
                return
            is_open = self._has_let_in
            entering = store.write(lambda c: vouched(c, session, query, by_password=by_password, is_open=is_open))
            if not entering.in_full:
                self._check_limit(store, entering.account)

        try:
            key = self._keys.admit(
                query.account, query.password, known_key=self._key, passphrase=passphrase, fits=self._fits, judge=judge
            )
            if broken is not None:
                raise broken
            return entering, self._opened(key)
        except KnownFault:
            if not was_open:
                self.close()
            raise

    def _check_belongs_here(self, account: Account) -> None:
        """A copy is one institution's; another's people must not even get a key to it."""
        if account.role not in OFFICE_ROLES or account.institution_id is None:
            raise KnownFault("forbidden")
        expected = self.office.institution_id
        if expected and expected != account.institution_id:
            raise KnownFault("wrong_institution", expected=expected, found=account.institution_id)

    def _settle_office(self, account: Account) -> None:
        """The first sign-in says to which server and institution this installation belongs."""
        server_id = self.office.server_id or self._door.answered_by()
        office = msgspec.structs.replace(self.office, server_id=server_id, institution_id=str(account.institution_id))
        if office != self.office:
            save_office(self._folder, office)
            self.office = office
        self._door.expect(office.server_id)

    # ---- offline ----------------------------------------------------------------------------------------------------

    def _enter_offline(self, login: str, password: str, because: Trouble | None) -> Entrance:
        was_open = self.store is not None
        store = self._opened(self._keys.unlock(login, password))
        try:
            account = _recalled(store, login, because)
            self._check_limit(store, account)
        except KnownFault:
            if not was_open:
                self.close()
            raise
        self._door.use_token("")
        self.session_until = None
        store.write(lambda conn: _let_in(conn, account, for_offline=True))
        self.account = account
        return Entrance(account, online=False, because=because)

    def _check_limit(self, store: CacheStore, account: Account) -> None:
        """Raise KnownFault ``offline_reading_locked`` where the account may read only after the service lets it in."""
        limit = store.read(lambda conn: _limit(conn, account))
        if limit.is_reached(self._clock.now()):
            since = limit.last_contact.isoformat() if limit.last_contact else ""
            raise KnownFault("offline_reading_locked", since=since)

    def _note_refusal(self, query: SignIn, params: Mapping[str, str]) -> None:
        """Forget the entry of whom the service lets in no more, if it proves to be this copy's; its answer stands."""
        was_open = self.store is not None
        try:
            key = self._keys.unlock(query.account, query.password)  # a wrong password is counted here as well
            if self._opened(key).write(lambda conn: note_refusal(conn, query, params)):
                self._keys.forget(query.account, key)
        except KnownFault as fault:
            _log.info("a refusal could not be noted: %s", fault.code)
        finally:
            if not was_open:
                self.close()

    def _fits(self, key: bytes) -> bool:
        """Return whether the copy is this key's; what else may be wrong with it, opening it says."""
        try:
            self._opened(key)
        except KnownFault as fault:
            return fault.code != "cache_key_wrong"
        return True

    def _opened(self, key: bytes) -> CacheStore:
        if self.store is None:
            self.store = self._open_store(key)
            self._key = key
        return self.store


def _recalled(store: CacheStore, login: str, because: Trouble | None) -> Account:
    account = store.write(lambda conn: known_accounts.recall(conn, login))
    if account is None and because is not None:
        raise TransportFault(because)  # a copy just rebuilt: it must be fetched first
    if account is None:
        raise KnownFault("offline_unknown_account")
    return account


def _limit(conn: Connection, account: Account | None) -> ReadingLimit:
    """Return the copy's limit, or the account's own where that is earlier."""
    known = sync_state.read(conn)
    own = account_limits.find(conn, account.id) if account is not None else None
    until = min((at for at in (own, known.offline_until) if at is not None), default=None)
    return ReadingLimit(until, known.last_contact, known.server_offset_s, known.server_seen)


def _let_in(conn: Connection, account: Account, *, for_offline: bool = False) -> None:
    """Show the copy to this person: his own unsent work, of the others' only the number."""
    known_accounts.remember(conn, account)
    until = sync_state.read(conn).offline_until
    if for_offline and until is not None and account_limits.find(conn, account.id) is None:
        account_limits.renew(conn, account.id, until)  # of an older program: no colleague lengthens it from here on
    applications.switch_actor(conn, account.id, account.name)
