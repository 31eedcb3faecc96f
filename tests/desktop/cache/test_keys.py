"""Who gets the key of the cache: keyring, passwords, a second registrar, and the thief."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from pathlib import Path

import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import pytest

from medreg_desktop.services.cache.keys import Cost, DatabaseKeys
from medreg_desktop.services.cache.system_keyring import SystemKeyring
from medreg_desktop.services.faults import KnownFault
from tests.desktop.cache.office import StillClock

CHEAP = Cost(memory_kib=64, rounds=1, lanes=1)
WORD, OTHER = "correct horse", "battery staple"


class DrawerKeyring:
    """A keyring that holds what it is given."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.secrets.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.secrets[name] = secret

    def delete(self, name: str) -> None:
        self.secrets.pop(name, None)


class NoKeyring(DrawerKeyring):
    """A computer without any."""

    def get(self, name: str) -> bytes | None:
        raise KnownFault("keyring_unavailable")

    def set(self, name: str, secret: bytes) -> None:
        raise KnownFault("keyring_unavailable")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def keys(folder: Path, clock: StillClock, drawer: DrawerKeyring) -> DatabaseKeys:
    return DatabaseKeys(folder, drawer, clock, cost=CHEAP)


def code_of(work) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(KnownFault) as fault:
        work()
    return fault.value.code


def test_the_key_is_random_and_opens_offline_by_the_password(tmp_path: Path, clock: StillClock) -> None:
    first = keys(tmp_path / "a", clock, DrawerKeyring()).admit("wang", WORD)
    second = keys(tmp_path / "b", clock, DrawerKeyring()).admit("wang", WORD)
    assert len(first) == 32
    assert first != second
    assert keys(tmp_path / "a", clock, DrawerKeyring()).unlock("wang", WORD) == first


def test_a_second_registrar_opens_the_same_copy_with_his_own_password(tmp_path: Path, clock: StillClock) -> None:
    drawer = DrawerKeyring()
    office = keys(tmp_path, clock, drawer)
    key = office.admit("wang", WORD)
    assert office.admit("li", OTHER) == key
    assert (office.unlock("li", OTHER), office.unlock("wang", WORD)) == (key, key)
    assert code_of(lambda: office.unlock("li", WORD)) == "offline_password_wrong"
    office.forget("li", b"x" * 32)
    assert office.unlock("li", OTHER) == key, "nowhere else, as far as the key store knows"
    office.forget("li", key)
    assert code_of(lambda: office.unlock("li", OTHER)) == "offline_unknown_account"
    assert office.unlock("wang", WORD) == key


def test_a_keyring_that_forgot_does_not_lose_the_copy(tmp_path: Path, clock: StillClock) -> None:
    drawer = DrawerKeyring()
    key = keys(tmp_path, clock, drawer).admit("wang", WORD)
    drawer.secrets.clear()
    assert keys(tmp_path, clock, drawer).admit("wang", WORD) == key
    assert list(drawer.secrets.values()) == [key]


def test_without_a_keyring_the_passwords_and_the_passphrase_are_all_there_is(tmp_path: Path, clock: StillClock) -> None:
    office = keys(tmp_path, clock, NoKeyring())
    key = office.admit("wang", WORD, passphrase="house word")
    assert code_of(lambda: office.admit("li", OTHER)) == "key_passphrase_needed"
    assert code_of(lambda: office.admit("li", OTHER, passphrase="wrong word")) == "key_passphrase_needed"
    assert office.admit("li", OTHER, passphrase="house word") == key
    assert office.admit("zhao", OTHER, known_key=key) == key
    assert office.unlock("zhao", OTHER) == key


def test_a_password_changed_online_needs_the_keyring_or_the_passphrase(tmp_path: Path, clock: StillClock) -> None:
    office = keys(tmp_path, clock, NoKeyring())
    key = office.admit("wang", WORD)
    assert code_of(lambda: office.admit("wang", OTHER)) == "key_passphrase_needed"
    assert office.admit("wang", OTHER, known_key=key) == key
    assert office.unlock("wang", OTHER) == key
    assert office.admit("wang", WORD, passphrase=OTHER) == key, "the former password is known as well"
    assert office.unlock("wang", WORD) == key
    assert code_of(lambda: office.admit("li", WORD, passphrase=OTHER)) == "key_passphrase_needed", "his alone"


def test_a_hundred_wrong_passwords_never_open_and_soon_have_to_wait(tmp_path: Path, clock: StillClock) -> None:
    office = keys(tmp_path, clock, DrawerKeyring())
    office.admit("wang", WORD)
    answers = [
        code_of(lambda n=n: keys(tmp_path, clock, DrawerKeyring()).unlock("wang", f"guess {n}")) for n in range(100)
    ]
    assert answers[:4] == ["offline_password_wrong"] * 4
    assert set(answers[4:]) == {"too_many_attempts"}
    assert code_of(lambda: office.unlock("wang", WORD)) == "too_many_attempts"
    clock.pass_by(seconds=30)
    assert len(office.unlock("wang", WORD)) == 32
    assert code_of(lambda: office.unlock("wang", "wrong")) == "offline_password_wrong"


def test_the_wait_doubles_and_ends_at_a_quarter_of_an_hour(tmp_path: Path, clock: StillClock) -> None:
    office = keys(tmp_path, clock, DrawerKeyring())
    office.admit("wang", WORD)
    waits = []
    for _ in range(14):
        with pytest.raises(KnownFault) as fault:
            office.unlock("wang", "wrong")
        waits.append(int(fault.value.params.get("wait_s", 0)))
        clock.pass_by(seconds=waits[-1])
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900, 900]


def test_a_wait_begun_under_a_clock_years_ahead_ends_in_a_quarter_of_an_hour_all_the_same(
    tmp_path: Path, clock: StillClock
) -> None:
    office = keys(tmp_path, clock, DrawerKeyring())
    office.admit("wang", WORD)
    clock.set_back(days=-3653)
    for _ in range(5):
        code_of(lambda: office.unlock("wang", "wrong"))
    clock.set_back(days=3653)
    with pytest.raises(KnownFault) as fault:
        office.unlock("wang", WORD)
    assert (fault.value.code, fault.value.params) == ("too_many_attempts", {"wait_s": "901"})
    clock.pass_by(seconds=600)
    assert code_of(lambda: keys(tmp_path, clock, DrawerKeyring()).unlock("wang", WORD)) == "too_many_attempts"
    clock.pass_by(seconds=300)
    assert len(office.unlock("wang", WORD)) == 32


def test_the_file_names_nobody_and_holds_no_key(tmp_path: Path, clock: StillClock) -> None:
    key = keys(tmp_path, clock, DrawerKeyring()).admit("wang", WORD, passphrase="house word")
    content = (tmp_path / "cache.keys").read_text()
    assert "wang" not in content
    assert WORD not in content
    assert key.hex() not in content
    assert all(entry["cost"]["memory_kib"] == 64 for entry in json.loads(content)["entries"].values())


def test_the_wipe_leaves_nothing_that_opens(tmp_path: Path, clock: StillClock) -> None:
    drawer = DrawerKeyring()
    office = keys(tmp_path, clock, drawer)
    office.admit("wang", WORD)
    office.destroy()
    assert drawer.secrets == {}
    assert code_of(lambda: office.unlock("wang", WORD)) == "offline_unknown_account"


def test_a_damaged_key_file_is_named_and_kept(tmp_path: Path, clock: StillClock) -> None:
    (tmp_path / "cache.keys").write_text("{not json")
    assert code_of(lambda: keys(tmp_path, clock, NoKeyring()).admit("wang", WORD)) == "key_file_damaged"
    assert (tmp_path / "cache.keys").read_text() == "{not json"


class PlainFile(keyring.backend.KeyringBackend):
    """What keyrings.alt brings: a file anybody can read."""

    priority = 9  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("a plain file was asked for a secret")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("a plain file was given a secret")

    def delete_password(self, service: str, username: str) -> None:
        raise AssertionError("a plain file was asked for a secret")


class Locker(PlainFile):
    """Stands for the Windows Credential Locker."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


Locker.__module__ = "keyring.backends.Windows"


@pytest.mark.parametrize("backend", [PlainFile(), keyring.backends.fail.Keyring()])
def test_plain_and_missing_back_ends_are_refused(backend: keyring.backend.KeyringBackend) -> None:
    system = SystemKeyring(backend)
    assert code_of(lambda: system.get("a")) == "keyring_unavailable"
    assert code_of(lambda: system.set("a", b"s")) == "keyring_unavailable"
    system.delete("a")


def test_a_chain_is_searched_for_a_back_end_that_protects() -> None:
    chain = keyring.backends.chainer.ChainerBackend()
    chain.__dict__["backends"] = [PlainFile(), Locker()]
    system = SystemKeyring(chain)
    system.set("cache", b"\x00\xff secret")
    assert system.get("cache") == b"\x00\xff secret"
    system.delete("cache")
    assert system.get("cache") is None
    assert "keyrings.alt" not in sys.modules


class PyWinError(Exception):
    """Stands for ``pywintypes.error``, which is no ``KeyringError``."""


class PolicyLocker(Locker):
    """The Windows Credential Locker under a policy against stored credentials: CredWrite fails with error 1312."""

    priority = -1  # type: ignore[assignment]  # no chain finds it

    def get_password(self, service: str, username: str) -> str | None:
        raise PyWinError(1312, "CredRead", "no such logon session")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PyWinError(1312, "CredWrite", "no such logon session")

    def delete_password(self, service: str, username: str) -> None:
        raise PyWinError(1312, "CredRead", "no such logon session")


PolicyLocker.__module__ = "keyring.backends.Windows"


def test_a_key_store_that_fails_in_its_systems_own_words_keeps_nobody_out(tmp_path: Path, clock: StillClock) -> None:
    office = DatabaseKeys(tmp_path, SystemKeyring(PolicyLocker()), clock, cost=CHEAP)
    key = office.admit("wang", WORD)
    assert office.unlock("wang", WORD) == key
    assert office.found("wang", WORD) == key
    office.destroy()
    assert not (tmp_path / "cache.keys").exists(), "a computer that has to go is not held up by its key store"


class BusyLocker(Locker):
    """The Windows Credential Locker that fails to delete, once."""

    priority = -1  # type: ignore[assignment]  # no chain finds it
    is_busy = True

    def delete_password(self, service: str, username: str) -> None:
        if self.is_busy:
            self.is_busy = False
            raise PyWinError(1312, "CredDelete", "no such logon session")
        super().delete_password(service, username)


BusyLocker.__module__ = "keyring.backends.Windows"


def test_a_key_that_the_store_did_not_let_go_of_is_not_said_to_be_destroyed(tmp_path: Path, clock: StillClock) -> None:
    locker = BusyLocker()
    office = DatabaseKeys(tmp_path, SystemKeyring(locker), clock, cost=CHEAP)
    office.admit("wang", WORD)
    assert code_of(office.destroy) == "disk_trouble"
    assert not (tmp_path / "cache.keys").exists(), "what can go has gone"
    assert locker.kept
    office.destroy()
    assert not locker.kept


def test_what_stands_in_the_key_store_and_is_no_key_is_no_key() -> None:
    locker = Locker()
    locker.set_password("MedReg", "cache", "钥匙")
    assert code_of(lambda: SystemKeyring(locker).get("cache")) == "keyring_unavailable"


def test_a_damaged_key_file_is_written_anew_with_the_key_of_the_key_store(tmp_path: Path, clock: StillClock) -> None:
    drawer = DrawerKeyring()
    key = keys(tmp_path, clock, drawer).admit("wang", WORD)
    (tmp_path / "cache.keys").write_bytes(bytes(200))
    office = keys(tmp_path, clock, drawer)
    assert not office.knows("wang"), "the sign-in page asks at every key press"
    assert office.found("wang", WORD) == key
    assert office.admit("wang", WORD) == key
    assert office.unlock("wang", WORD) == key
    assert (tmp_path / "cache.keys-damaged").read_bytes() == bytes(200)


def test_a_key_file_that_a_scanner_holds_is_not_taken_for_a_damaged_one(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer = DrawerKeyring()
    office = keys(tmp_path, clock, drawer)
    office.admit("wang", WORD)

    def held(_path: Path) -> bytes:
        raise PermissionError

    with monkeypatch.context() as scanner:
        scanner.setattr(Path, "read_bytes", held)
        assert code_of(lambda: office.admit("li", OTHER)) == "cache_locked"
        assert code_of(lambda: office.unlock("wang", WORD)) == "cache_locked"
    assert office.knows("wang")
    assert not office.knows("li")


def test_the_key_beside_the_copy_has_the_word_over_that_of_the_key_store(tmp_path: Path, clock: StillClock) -> None:
    """A folder brought over from an old computer, or credentials that roam: the entry in the key store is another's."""
    old, new = DrawerKeyring(), DrawerKeyring()
    key = keys(tmp_path / "old", clock, old).admit("wang", WORD)
    office = keys(tmp_path / "new", clock, new)
    other = office.admit("wang", WORD)
    shutil.copy(tmp_path / "old" / "cache.keys", tmp_path / "new" / "cache.keys")
    assert other != key
    assert office.found("wang", WORD) == key
    assert office.admit("wang", WORD) == key
    assert office.unlock("wang", WORD) == key
    assert office.admit("li", OTHER) == key, "and the key store has learnt it"


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(OSError(errno.ENOSPC, ""), "disk_full"), (PermissionError(), "cache_locked"), (OSError(), "disk_trouble")],
)
def test_what_keeps_the_key_file_from_being_written_is_named(
    tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch, trouble: OSError, code: str
) -> None:
    """Whoever unlocks is told what to do about it: free some space, or try again in a moment."""
    office = keys(tmp_path, clock, DrawerKeyring())
    key = office.admit("wang", WORD)

    def held(_path: Path, _target: Path) -> None:
        raise trouble

    with monkeypatch.context() as disk:
        disk.setattr(Path, "replace", held)
        assert code_of(lambda: office.unlock("wang", WORD)) == code
    assert office.unlock("wang", WORD) == key
