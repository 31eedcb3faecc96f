"""The way in: by the server, else by the local password; over a real encrypted cache and real key files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from medreg_core.contract.v1.messages import Account, Session, SignIn
from medreg_core.domain.records import AccountId, InstitutionId
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.auth.device_key import device_key
from medreg_desktop.services.auth.gate import Gate
from medreg_desktop.services.auth.office import load_office, save_office
from medreg_desktop.services.cache import sync_state
from medreg_desktop.services.cache.keys import Cost, DatabaseKeys
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind
from tests.desktop.cache.office import NOW, StillClock

OFFLINE = Trouble(TroubleKind.LINK, "server_unreachable")
WANG = Account(AccountId("wang"), "wang", "王医务", Role.REGISTRAR, InstitutionId("h1"))
LI = Account(AccountId("li"), "li", "李医务", Role.SUPERVISOR, InstitutionId("h1"))
FOREIGN = Account(AccountId("zhou"), "zhou", "周医务", Role.REGISTRAR, InstitutionId("h2"))
DOCTOR = Account(AccountId("dr"), "dr", "某医师", Role.PHYSICIAN)
PASSWORD = "correct horse"


class FakeDoor:
    """A server that knows four accounts with one password."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.token = ""
        self.expected = ""
        self.ended = 0

    def sign_in(self, query: SignIn) -> Session:
        if self.trouble is not None:
            raise TransportFault(self.trouble)
        account = {a.login: a for a in (WANG, LI, FOREIGN, DOCTOR)}.get(query.account)
        if account is None or query.password != PASSWORD:
            raise TransportFault(Trouble(TroubleKind.SIGN_IN, "bad_credentials", 401))
        return Session(f"token-{account.login}", NOW + timedelta(hours=12), account)

    def sign_out(self) -> None:
        if self.trouble is not None:
            raise TransportFault(self.trouble)
        self.ended += 1

    def use_token(self, token: str) -> None:
        self.token = token

    def expect(self, server_id: str) -> None:
        self.expected = server_id

    def answered_by(self) -> str:
        return "server-1"


class NoKeyring:
    """A PC without a key store worth the name."""

    def get(self, name: str) -> bytes | None:
        raise KnownFault("keyring_unavailable")

    def set(self, name: str, secret: bytes) -> None:
        raise KnownFault("keyring_unavailable")

    def delete(self, name: str) -> None:
        return


class MemoryKeyring:
    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.secrets.get(name)

    def set(self, name: str, secret: bytes) -> None:
        self.secrets[name] = secret

    def delete(self, name: str) -> None:
        self.secrets.pop(name, None)


class Pc:
    """One installation; ``gate`` is the program that runs on it now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = StillClock()
        self.door = FakeDoor()
        self.keyring: MemoryKeyring | NoKeyring = MemoryKeyring()
        self.gate = self.start()

    def start(self) -> Gate:
        keys = DatabaseKeys(self.folder, self.keyring, self.clock, cost=Cost(memory_kib=64, rounds=1, lanes=1))
        path = self.folder / "cache.db"
        self.gate = Gate(self.folder, keys, self.door, lambda key: CacheStore.open(path, key, self.clock), self.clock)
        return self.gate

    def restart(self) -> Gate:
        self.gate.close()
        return self.start()

    def contact(self, offline_until: datetime) -> None:
        assert self.gate.store is not None
        self.gate.store.write(
            lambda conn: sync_state.write(
                conn, offline_until=offline_until.isoformat(), last_contact=self.clock.now().isoformat()
            )
        )


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    made = Pc(tmp_path / "office")
    yield made
    made.gate.close()


def code_of(pc: Pc, login: str, password: str = PASSWORD) -> str:
    with pytest.raises(KnownFault) as caught:
        pc.gate.enter(login, password)
    return caught.value.code


def test_the_first_sign_in_makes_the_copy_and_settles_the_office(pc: Pc) -> None:
    found = pc.gate.enter("wang", PASSWORD)
    assert (found.account, found.online, found.because) == (WANG, True, None)
    assert pc.door.token == "token-wang"
    office = load_office(pc.folder, pc.clock)
    assert (office.server_id, office.institution_id) == ("server-1", "h1")
    assert pc.door.expected == "server-1"


def test_the_device_keeps_its_id_and_its_key(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    assert pc.gate.store is not None
    before = (pc.gate.office.device_id, device_key(pc.gate.store).private_bytes_raw())
    gate = pc.restart()
    gate.enter("wang", PASSWORD)
    assert gate.store is not None
    assert (gate.office.device_id, device_key(gate.store).private_bytes_raw()) == before


def test_offline_the_password_opens_the_copy(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.restart()
    pc.door.trouble = OFFLINE
    found = pc.gate.enter("wang", PASSWORD)
    assert (found.account, found.online, found.because) == (WANG, False, OFFLINE)
    assert pc.door.token == ""


def test_offline_the_keyring_alone_opens_nothing(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.restart()
    pc.door.trouble = OFFLINE
    assert code_of(pc, "wang", "guess") == "offline_password_wrong"
    assert pc.gate.store is None


def test_guessing_offline_is_throttled_over_restarts(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.restart()
    pc.door.trouble = OFFLINE
    for _ in range(4):
        assert code_of(pc, "wang", "guess") == "offline_password_wrong"
        pc.restart()
    assert code_of(pc, "wang", "guess") == "too_many_attempts"
    pc.restart()
    assert code_of(pc, "wang") == "too_many_attempts"
    pc.clock.pass_by(minutes=16)
    assert pc.gate.enter("wang", PASSWORD).account == WANG


def test_an_account_never_seen_here_needs_the_server(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.door.trouble = OFFLINE
    assert code_of(pc, "li") == "server_unreachable"


def test_the_servers_no_holds_although_the_local_password_fits(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.door.trouble = Trouble(TroubleKind.REFUSED, "device_revoked", 403)
    assert code_of(pc, "wang") == "device_revoked"
    pc.door.trouble = Trouble(TroubleKind.SIGN_IN, "bad_credentials", 401)
    assert code_of(pc, "wang") == "bad_credentials"


def test_a_refused_device_opens_its_copy_only_for_whom_the_key_is_here(pc: Pc) -> None:
    """Nobody is let in: the copy is opened so that what was not sent can be handed over."""
    pc.gate.enter("wang", PASSWORD)
    gate = pc.restart()
    assert gate.open_refused("wang", PASSWORD), "the keyring has the key"
    assert gate.store is not None
    assert gate.account is None
    assert pc.door.token == ""
    pc.keyring = NoKeyring()
    gate = pc.restart()
    assert gate.open_refused("wang", PASSWORD), "his own password has it"
    gate = pc.restart()
    assert not gate.open_refused("li", PASSWORD), "never seen here"
    assert gate.store is None


def test_a_copy_that_sync_has_closed_for_good_meanwhile_was_not_blank(pc: Pc) -> None:
    """The order was obeyed while the service was asked at the door: the answer stays that this computer is removed."""
    pc.gate.enter("wang", PASSWORD)
    assert pc.gate.holds_nothing(), "hello has not filled it"
    assert pc.gate.store is not None
    pc.gate.store.close()
    assert not pc.gate.holds_nothing()


def test_a_computer_that_never_had_a_copy_makes_none_when_it_is_refused(pc: Pc) -> None:
    assert not pc.gate.open_refused("wang", PASSWORD)
    assert not (pc.folder / "cache.db").exists()
    assert not (pc.folder / "cache.keys").exists()


def test_throttled_by_the_server_the_copy_can_still_be_opened(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.door.trouble = Trouble(TroubleKind.TOLD, "too_many_attempts", 429, wait_s=60, params={"wait_s": "60"})
    found = pc.gate.enter("wang", PASSWORD)
    assert found.because is not None
    assert found.because.code == "too_many_attempts"


def test_a_second_registrar_uses_the_same_copy(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    first = pc.gate.store
    assert pc.gate.enter("li", PASSWORD).account == LI
    assert pc.gate.store is first
    assert first is not None
    assert first.write(sync_state.viewer).actor == LI.id
    pc.restart()
    pc.door.trouble = OFFLINE
    assert pc.gate.enter("li", PASSWORD).account == LI
    assert pc.gate.enter("wang", PASSWORD).account == WANG


def test_another_hospitals_registrar_gets_no_key(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    before = (pc.folder / "cache.keys").read_bytes()
    assert code_of(pc, "zhou") == "wrong_institution"
    assert (pc.folder / "cache.keys").read_bytes() == before
    assert pc.door.token == "token-wang"
    assert pc.gate.account == WANG


def test_a_physician_is_not_an_office(pc: Pc) -> None:
    assert code_of(pc, "dr") == "forbidden"
    assert pc.gate.store is None


def test_reading_offline_has_an_end_and_contact_lifts_it(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.contact(offline_until=NOW + timedelta(days=14))
    pc.restart()
    pc.door.trouble = OFFLINE
    pc.clock.pass_by(days=13)
    assert not pc.gate.enter("wang", PASSWORD).online
    pc.restart()
    pc.clock.pass_by(days=2)
    assert code_of(pc, "wang") == "offline_reading_locked"
    assert pc.gate.store is None
    pc.door.trouble = None
    assert pc.gate.enter("wang", PASSWORD).online


def test_signing_out_forgets_the_token_even_without_a_network(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.door.trouble = OFFLINE
    pc.gate.leave()
    assert pc.door.token == ""
    assert pc.gate.account is None
    assert pc.gate.store is not None
    assert pc.gate.store.write(sync_state.viewer).actor == ""


def test_the_locked_screen_opens_with_the_own_password_only(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.gate.confirm(PASSWORD)
    with pytest.raises(KnownFault, match="offline_password_wrong"):
        pc.gate.confirm("guess")


def test_without_a_keyring_the_first_registrar_lets_the_second_in(tmp_path: Path) -> None:
    pc = Pc(tmp_path / "bare")
    pc.keyring = NoKeyring()
    pc.start()
    pc.gate.enter("wang", PASSWORD)
    assert pc.gate.enter("li", PASSWORD).account == LI
    pc.restart()
    assert pc.gate.enter("li", PASSWORD).online
    pc.gate.close()


def test_no_secret_stands_in_any_file(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.gate.close()
    content = b"".join(path.read_bytes() for path in pc.folder.rglob("*") if path.is_file())
    for secret in (PASSWORD, "token-wang", "王医务", "wang"):
        assert secret.encode() not in content


@pytest.mark.skipif(os.name == "nt", reason="Windows orders renames by itself")
def test_whom_a_copy_belongs_to_outlives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file without it would let another institution's people see the copy."""
    office = load_office(tmp_path, StillClock())
    synced: list[Path] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == tmp_path.stat().st_ino:
            synced.append(tmp_path)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    save_office(tmp_path, msgspec.structs.replace(office, institution_id="h1"))
    assert synced == [tmp_path]


def test_a_damaged_office_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "office.json").write_bytes(b"{")
    with pytest.raises(KnownFault, match="office_file_damaged"):
        load_office(tmp_path, StillClock())


def test_a_key_that_does_not_open_the_copy_is_written_over_nobodys_right_one(pc: Pc) -> None:
    """The password was changed online, and the key store has the key of another copy at this place."""
    key = pc.gate._keys.admit("wang", "word before")
    CacheStore.open(pc.folder / "cache.db", key, pc.clock).close()
    assert isinstance(pc.keyring, MemoryKeyring)
    pc.keyring.secrets = dict.fromkeys(pc.keyring.secrets, b"x" * 32)
    assert code_of(pc, "wang") == "key_passphrase_needed"
    assert pc.gate._keys.unlock("wang", "word before") == key
    (pc.folder / "cache.keys").unlink()
    assert code_of(pc, "wang") == "cache_key_wrong"
    assert not (pc.folder / "cache.keys").exists()


def test_a_disk_that_takes_nothing_lets_nobody_read_on_past_the_limit(pc: Pc) -> None:
    """How late it is cannot be noted there, each minute anew: that is no bug, and no reason not to look."""
    pc.gate.enter("wang", PASSWORD)
    pc.contact(offline_until=NOW + timedelta(days=14))
    pc.restart()
    pc.door.trouble = OFFLINE
    pc.gate.enter("wang", PASSWORD)
    assert pc.gate.store is not None
    pc.gate.store.write(lambda conn: conn.execute("PRAGMA query_only = ON"))
    assert not pc.gate.reading_is_over()
    pc.clock.pass_by(days=15)
    assert pc.gate.reading_is_over()


def test_work_counts_though_the_clock_is_set_back_again_and_again(pc: Pc) -> None:
    """Each minute of work is noted, so no setting of the clock gives any of it back (``sync.md`` §5.10)."""
    pc.gate.enter("wang", PASSWORD)
    pc.contact(offline_until=NOW + timedelta(days=14))
    pc.restart()
    pc.door.trouble = OFFLINE
    pc.gate.enter("wang", PASSWORD)
    hours = 0
    while not pc.gate.reading_is_over():
        hours += 1
        pc.clock.pass_by(hours=1)
        pc.clock.set_back(hours=1)
    assert 14 * 24 <= hours <= 14 * 24 + 1
    assert code_of(pc, "wang") == "offline_reading_locked"
    pc.restart()
    assert code_of(pc, "wang") == "offline_reading_locked", "also after a restart"
    assert pc.gate.store is None
    pc.door.trouble = None
    pc.gate.enter("wang", PASSWORD)
    assert not pc.gate.reading_is_over(), "hello is about to bring the new limit"


def test_a_contact_sets_a_clock_right_that_had_run_ahead(pc: Pc) -> None:
    pc.gate.enter("wang", PASSWORD)
    pc.contact(offline_until=NOW + timedelta(days=14))
    pc.clock.pass_by(days=400)
    assert pc.gate.reading_is_over()
    pc.clock.set_back(days=400)
    assert pc.gate.store is not None
    pc.gate.store.write(lambda conn: sync_state.note_contact(conn, pc.clock.now(), pc.clock.now()))
    assert not pc.gate.reading_is_over()
