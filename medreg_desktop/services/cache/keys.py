"""The key of the cache: random, in the system's keyring, and opened offline by each registrar's password.

Source: ``sync.md`` §5.10. The keyring lets a registrar whom the server has just let in open the copy on this Windows
account. The key file holds the same key once per registrar, wrapped by his password (argon2id, AES-GCM): for
unlocking offline, for a second registrar on this PC, and for the day the keyring has forgotten its entry. Where there
is no keyring worth the name, the key file is all there is; then a passphrase of the office may be set beside the
passwords. Never is the key itself written to a file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from medreg_desktop.services.cache.files import file_faults
from medreg_desktop.services.cache.journal import sync_folder
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock, Keyring

KEY_BYTES = 32
_NONCE_BYTES = 12
_PASSPHRASE = "passphrase"  # noqa: S105 - the name of an entry, not a secret
_FREE_TRIES = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)


class Cost(msgspec.Struct, frozen=True):
    """What one guess costs (argon2id). Stored with each entry, so that it can rise."""

    memory_kib: int = 64 * 1024
    rounds: int = 3
    lanes: int = 2


class Entry(msgspec.Struct, frozen=True):
    """The database key under one password, and how often a wrong one was tried."""

    salt: bytes
    cost: Cost
    sealed: bytes
    wrong: int = 0
    wait_until: datetime | None = None


class KeyFile(msgspec.Struct, frozen=True):
    """Content of the key file. Accounts are stood for by a hash of the login name: the file names nobody."""

    format: int = 1
    entries: dict[str, Entry] = {}


class DatabaseKeys:
    """Gives the key of the cache in ``folder`` to whoever may have it. Slow on purpose: call it off the event loop."""

    def __init__(
        self,
        folder: Path,
        keyring: Keyring,
        clock: Clock,
        *,
        cost: Cost | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._path = folder / "cache.keys"
        self._keyring = keyring
        self._keyring_name = f"cache {hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"
        self._clock = clock
        self._cost = cost or Cost()
        self._random = random

    def knows(self, login: str) -> bool:
        """Return whether this account has signed in on this PC before; a file that cannot be read knows nobody."""
        try:
            return _name_of(login) in self._read().entries
        except KnownFault:
            return False

    def admit(
        self,
        login: str,
        password: str,
        *,
        known_key: bytes | None = None,
        passphrase: str = "",
        fits: Callable[[bytes], bool] = lambda _key: True,
        judge: Callable[[bytes, bool], None] = lambda _key, _by_password: None,
    ) -> bytes:
        """Return the key to an account the server has just let in, and wrap it by its password for offline use.

        The first account on a device makes the key. ``known_key`` is that of a copy already open in this program.
        ``passphrase`` may be this account's former password as well.

        ``fits`` tells whether a key opens the copy. It is asked about one that the key store alone has: nobody's entry,
        by which the right one may still be found, is written over with a wrong one.

        ``judge`` is asked before anything is written, unless the key is a new one. Told whether ``password`` or
        ``passphrase`` opened an entry, it refuses by raising.

        A damaged key file is put aside where the key is known all the same: everybody signs in once more.

        Raises:
            KnownFault: ``key_passphrase_needed``: no keyring, and neither this password nor ``passphrase`` opens the
                key file. A colleague signs in once, or the passphrase is entered, or the copy is begun anew.
                ``key_file_damaged``: and nothing else knows the key.
                ``cache_key_wrong``: only the key store has a key, and it is another copy's.
                Or what ``judge`` raises.
        """
        kept = known_key or self._from_keyring()
        file = self._read_or_begun_anew() if kept else self._read()
        # The file lies beside the copy and comes with it; the keyring may hold the key of another copy at this place.
        opened = self._unwrapped_by(file, login, password, passphrase)
        key = known_key or opened
        if key is None and kept is not None and fits(kept):
            key = kept
        if key is None and file.entries:
            raise KnownFault("key_passphrase_needed")
        if key is None and kept is not None:
            raise KnownFault("cache_key_wrong")
        if key is None:
            key = self._random(KEY_BYTES)
        else:
            judge(key, opened is not None)
        entries = {**file.entries, _name_of(login): self._wrapped(key, password)}
        former = file.entries.get(_name_of(login))
        if passphrase and not (former and _unwrapped(former, passphrase)):
            entries[_PASSPHRASE] = self._wrapped(key, passphrase)
        # The file first: a key that is only in the keyring would be lost with it.
        self._write(KeyFile(entries=entries))
        self._to_keyring(key)
        return key

    def unlock(self, login: str, password: str) -> bytes:
        """Return the key offline.

        Raises:
            KnownFault: ``offline_unknown_account``; ``offline_password_wrong`` with ``left`` tries;
            ``too_many_attempts``
                with ``wait_s``: the waiting time doubles and outlives a restart of the program. It never exceeds the
                longest, counted from the first try under this clock: the one it was set by may have been years ahead.
        """
        file = self._read()
        name = _name_of(login)
        entry = file.entries.get(name)
        if entry is None:
            raise KnownFault("offline_unknown_account")
        now = self._clock.now()
        until = entry.wait_until
        if until is not None and now < until:
            if until - now > _LONGEST_WAIT:
                until = now + _LONGEST_WAIT
                self._write(_with(file, name, msgspec.structs.replace(entry, wait_until=until)))
            raise KnownFault("too_many_attempts", wait_s=str(int((until - now).total_seconds()) + 1))
        # Counted before the try: killing the program does not buy another one.
        self._write(_with(file, name, _after_wrong(entry, now)))
        key = _unwrapped(entry, password)
        if key is None:
            left = _FREE_TRIES - entry.wrong - 1
            if left > 0:
                raise KnownFault("offline_password_wrong", left=str(left))
            wait = _after_wrong(entry, now).wait_until or now
            raise KnownFault("too_many_attempts", wait_s=str(int((wait - now).total_seconds())))
        self._write(_with(file, name, msgspec.structs.replace(entry, wrong=0, wait_until=None)))
        return key

    def found(self, login: str, password: str) -> bytes | None:
        """Return the key for an account whose password the server has just accepted although it refuses this device.

        Nothing is made and nothing counted. None: neither this password nor the keyring has it.
        """
        try:
            key = self._unwrapped_by(self._read(), login, password, "")
        except KnownFault:
            key = None
        return key or self._from_keyring()

    def forget(self, login: str, key: bytes) -> None:
        """Remove one account's entry: it may no longer use this PC. The copy and its work stay.

        Nothing is removed where the key store does not hold ``key``: it might be the last way to what was not sent.
        """
        if self._from_keyring() != key:
            return
        file = self._read()
        self._write(KeyFile(entries={n: e for n, e in file.entries.items() if n != _name_of(login)}))

    def destroy(self) -> None:
        """Make the copy unreadable for ever (remote wipe): without the key its bytes are noise.

        Raises KnownFault ``disk_trouble``, also when the key store still has the key afterwards: to be repeated. One
        that does not even answer holds nobody up: it may never have taken a key.
        """
        self._keyring.delete(self._keyring_name)
        try:
            self._path.unlink(missing_ok=True)
            for suffix in (".keys-new", ".keys-damaged"):
                self._path.with_suffix(suffix).unlink(missing_ok=True)
            sync_folder(self._path.parent)
        except OSError as error:
            raise KnownFault("disk_trouble", cause=type(error).__name__) from error
        if self._from_keyring() is not None:
            raise KnownFault("disk_trouble", cause="keyring")

    def _from_keyring(self) -> bytes | None:
        try:
            return self._keyring.get(self._keyring_name)
        except KnownFault:
            return None

    def _to_keyring(self, key: bytes) -> None:
        try:
            self._keyring.set(self._keyring_name, key)
        except KnownFault as fault:
            if fault.code != "keyring_unavailable":
                raise

    def _unwrapped_by(self, file: KeyFile, login: str, password: str, passphrase: str) -> bytes | None:
        name = _name_of(login)
        tries = ((name, password), (_PASSPHRASE, passphrase), (name, passphrase))
        found = (_unwrapped(file.entries[name], word) for name, word in tries if word and name in file.entries)
        return next((key for key in found if key is not None), None)

    def _wrapped(self, key: bytes, password: str) -> Entry:
        salt = self._random(16)
        nonce = self._random(_NONCE_BYTES)
        sealed = AESGCM(_stretched(password, salt, self._cost)).encrypt(nonce, key, None)
        return Entry(salt, self._cost, nonce + sealed)

    def _read(self) -> KeyFile:
        try:
            with file_faults():  # held by a virus scanner it is not damaged
                return msgspec.json.decode(self._path.read_bytes(), type=KeyFile) if self._path.exists() else KeyFile()
        except msgspec.DecodeError as error:
            raise KnownFault("key_file_damaged") from error

    def _read_or_begun_anew(self) -> KeyFile:
        try:
            return self._read()
        except KnownFault as fault:
            if fault.code != "key_file_damaged":
                raise
            with file_faults():
                self._path.replace(self._path.with_suffix(".keys-damaged"))
            return KeyFile()

    def _write(self, file: KeyFile) -> None:
        fresh = self._path.with_suffix(".keys-new")
        with file_faults():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as out:
                out.write(msgspec.json.encode(file))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._path)
            sync_folder(self._path.parent)


def _name_of(login: str) -> str:
    return hashlib.sha256(login.strip().casefold().encode()).hexdigest()[:32]


def _stretched(password: str, salt: bytes, cost: Cost) -> bytes:
    return hash_secret_raw(
        password.encode(), salt, cost.rounds, cost.memory_kib, cost.lanes, hash_len=KEY_BYTES, type=Type.ID
    )


def _unwrapped(entry: Entry, password: str) -> bytes | None:
    nonce, sealed = entry.sealed[:_NONCE_BYTES], entry.sealed[_NONCE_BYTES:]
    try:
        return AESGCM(_stretched(password, entry.salt, entry.cost)).decrypt(nonce, sealed, None)
    except InvalidTag:
        return None


def _after_wrong(entry: Entry, now: datetime) -> Entry:
    wrong = entry.wrong + 1
    if wrong < _FREE_TRIES:
        return msgspec.structs.replace(entry, wrong=wrong)
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(wrong - _FREE_TRIES, 10))
    return msgspec.structs.replace(entry, wrong=wrong, wait_until=now + wait)


def _with(file: KeyFile, name: str, entry: Entry) -> KeyFile:
    return KeyFile(entries={**file.entries, name: entry})
