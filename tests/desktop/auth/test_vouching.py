"""Whoever may type an address may have a server of his own: it opens no copy, and changes no key that one trusts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.identity import refusal_message, session_message, welcome_message
from medreg_core.contract.v1.messages import MAGIC, Account, FormLease, PublicKey, Session, SignIn, Welcome
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.cache import account_limits, sync_state
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind
from tests.desktop.auth.test_gate import LI, OFFLINE, PASSWORD, WANG, FakeDoor, NoKeyring, Pc, code_of
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import HOSPITAL


def public(key: Ed25519PrivateKey, kid: str) -> PublicKey:
    return PublicKey(kid, key.public_key().public_bytes_raw())


class ProvingDoor(FakeDoor):
    """A service that signs its sessions; without a key it is an older one. ``answers_as``: let in whoever asks."""

    def __init__(self) -> None:
        super().__init__()
        self.key: Ed25519PrivateKey | None = Ed25519PrivateKey.generate()
        self.kid = "ours"
        self.answers_as: Account | None = None

    def sign_in(self, query: SignIn) -> Session:
        if self.answers_as is not None:
            session = Session("stolen", NOW + timedelta(hours=12), self.answers_as)
        else:
            session = super().sign_in(query)
        if self.key is None:
            return session
        named = msgspec.structs.replace(session, kid=self.kid)
        return msgspec.structs.replace(named, proof=self.key.sign(session_message(named, query, "server-1")))

    def refuse(self, query: SignIn) -> Session:
        """Answer as to a wrong password, signed."""
        assert self.key is not None
        proof = self.key.sign(refusal_message(query, "server-1")).hex()
        raise TransportFault(
            Trouble(TroubleKind.SIGN_IN, "bad_credentials", 401, params={"kid": self.kid, "proof": proof})
        )

    def welcome(self, *others: PublicKey) -> Welcome:
        own = () if self.key is None else (public(self.key, self.kid),)
        welcome = Welcome(
            magic=MAGIC,
            server_id="server-1",
            protocol=2,
            server_version="1",
            epoch="e",
            server_time=NOW,
            account=WANG,
            institution=HOSPITAL,
            offline_until=NOW + timedelta(days=14),
            keys=(*own, *others),
            courier_key=b"c" * 32,
            kid=self.kid,
        )
        if self.key is None:
            return welcome
        return msgspec.structs.replace(welcome, proof=self.key.sign(welcome_message(welcome)))


class ProvingPc(Pc):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.door: ProvingDoor = ProvingDoor()
        self.restart()

    def greet(self, welcome: Welcome) -> dict[str, bytes]:
        """Note what hello says; return the keys trusted then."""
        assert self.gate.store is not None
        found = self.gate.store.write(lambda conn: sync_state.note_welcome(conn, welcome, self.clock.now()))
        assert found == self.gate.store.read(sync_state.public_keys)
        return {key.kid: key.key for key in found}

    def contact_as(self, account: Account) -> None:
        """Hello is answered to this account, who has just signed in, with fourteen days of reading."""
        self.gate.enter(account.login, PASSWORD)
        until = self.clock.now() + timedelta(days=14)
        plain = msgspec.structs.replace(
            self.door.welcome(), account=account, offline_until=until, server_time=self.clock.now()
        )
        assert self.door.key is not None
        self.greet(msgspec.structs.replace(plain, proof=self.door.key.sign(welcome_message(plain))))

    def impostor(self, account: Account, key: Ed25519PrivateKey | None = None) -> None:
        """The program is started anew, at the address of somebody who knows all that is no secret."""
        self.restart()
        self.door.key, self.door.answers_as = key, account


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[ProvingPc]:
    made = ProvingPc(tmp_path / "office")
    made.gate.enter("wang", PASSWORD)
    made.greet(made.door.welcome())
    made.restart().enter("wang", PASSWORD)
    yield made
    made.gate.close()


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_server_that_proves_no_key_of_the_copy_opens_nothing(pc: ProvingPc, is_signed: bool) -> None:
    """Not by the key store alone, whatever it says of who is let in; and nothing is written."""
    pc.impostor(LI, Ed25519PrivateKey.generate() if is_signed else None)
    before = (pc.folder / "cache.keys").read_bytes()
    assert code_of(pc, "anybody", "any password") == "service_unproven"
    assert pc.gate.store is None
    assert (pc.folder / "cache.keys").read_bytes() == before
    pc.door.trouble = Trouble(TroubleKind.REFUSED, "device_revoked", 403)
    assert pc.gate.open_refused("anybody", "any password"), "for nobody to see"
    pc.door.trouble = None
    assert code_of(pc, "anybody", "any password") == "service_unproven", "nobody was let in before him"


def test_a_proof_for_another_question_is_none(pc: ProvingPc) -> None:
    pc.restart()
    sign_in = pc.door.sign_in
    pc.door.sign_in = lambda query: sign_in(msgspec.structs.replace(query, nonce="another-nonce"))  # type: ignore[method-assign]
    assert code_of(pc, "li") == "service_unproven"


def test_whose_password_fits_is_nobody_else_and_nothing_more_by_it(pc: ProvingPc) -> None:
    """The service's key was lost: whoever worked here works on. One who asks a server of his own stays who he is."""
    pc.impostor(LI)
    assert code_of(pc, "wang") == "service_unproven"
    pc.impostor(msgspec.structs.replace(WANG, role=Role.SUPERVISOR))
    assert pc.gate.enter("wang", PASSWORD).account == WANG
    assert code_of(pc, "li") == "service_unproven", "he never worked here, and the open copy is no proof"


def test_an_older_service_lets_in_by_password_and_then_a_colleague(tmp_path: Path) -> None:
    pc = ProvingPc(tmp_path / "office")
    key, pc.door.key = pc.door.key, None
    pc.gate.enter("wang", PASSWORD)
    assert key is not None
    pc.greet(pc.door.welcome(public(key, "ours")))
    pc.restart()
    assert code_of(pc, "li") == "service_unproven"
    supervisor = msgspec.structs.replace(WANG, role=Role.SUPERVISOR)
    pc.door.answers_as = supervisor
    assert pc.gate.enter("wang", PASSWORD).account == supervisor
    pc.door.answers_as = None
    assert pc.gate.enter("li", PASSWORD).account == LI
    pc.gate.close()


def test_new_keys_are_taken_beside_the_signature_of_a_known_one_alone(pc: ProvingPc) -> None:
    ours, thief, next_one = pc.door.key, Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    assert ours is not None
    welcome = pc.door.welcome()
    until = pc.gate.reading_limit().offline_until
    late = {
        "offline_until": NOW + timedelta(days=3000),
        "lease": FormLease("110101", 2026, 1, 9),
        "courier_key": b"t" * 32,
    }
    pc.door.key = thief
    forged = msgspec.structs.replace(pc.door.welcome(public(ours, "ours")), **late)
    assert pc.greet(forged) == {"ours": public(ours, "ours").key}
    assert pc.greet(msgspec.structs.replace(welcome, **late)) == {"ours": public(ours, "ours").key}
    assert pc.gate.store is not None
    assert pc.gate.reading_limit().offline_until == until
    assert pc.gate.store.read(sync_state.courier_key) == b"c" * 32
    pc.door.key = ours
    assert set(pc.greet(pc.door.welcome(public(next_one, "next")))) == {"ours", "next"}
    pc.door.key, pc.door.kid = next_one, "next"
    assert set(pc.greet(pc.door.welcome())) == {"next"}


def test_the_password_opens_the_copy_offline_as_ever(pc: ProvingPc) -> None:
    pc.restart()
    pc.door.trouble = OFFLINE
    assert pc.gate.enter("wang", PASSWORD).account == WANG
    with pytest.raises(KnownFault, match="offline_unknown_account"):
        pc.gate.enter_offline("li", PASSWORD)


def test_colleagues_keep_nobody_reading_who_never_signs_in_himself(pc: ProvingPc) -> None:
    """He was dismissed on the first day. Each day of a colleague's work renews the copy's limit, not his."""
    pc.contact_as(WANG)
    for _ in range(15):
        pc.clock.pass_by(days=1)
        pc.contact_as(LI)
    pc.restart()
    pc.door.trouble = OFFLINE
    assert code_of(pc, "wang") == "offline_reading_locked"
    assert pc.gate.store is None
    assert pc.gate.enter("li", PASSWORD).account == LI
    pc.door.trouble = None
    assert pc.gate.enter("wang", PASSWORD).online
    assert not pc.gate.reading_is_over()


def test_of_an_older_program_an_account_has_the_copys_time_once(pc: ProvingPc) -> None:
    pc.contact_as(WANG)
    assert pc.gate.store is not None
    pc.gate.store.write(lambda conn: account_limits.lift(conn, WANG.id))
    pc.restart()
    pc.door.trouble = OFFLINE
    assert pc.gate.enter("wang", PASSWORD).account == WANG
    pc.door.trouble = None
    pc.clock.pass_by(days=13)
    pc.contact_as(LI)
    pc.clock.pass_by(days=2)
    pc.restart()
    pc.door.trouble = OFFLINE
    assert code_of(pc, "wang") == "offline_reading_locked"


@pytest.mark.parametrize("has_keyring", [True, False])
def test_whom_the_service_refuses_reads_no_longer_with_the_password_of_before(pc: ProvingPc, has_keyring: bool) -> None:
    """He is shut out, or has another password: signed in with that he is let in again, and nothing is lost."""
    pc.contact_as(WANG)
    if not has_keyring:
        pc.keyring = NoKeyring()
    pc.restart()
    sign_in, pc.door.sign_in = pc.door.sign_in, pc.door.refuse  # type: ignore[method-assign]
    assert code_of(pc, "wang") == "bad_credentials"
    assert pc.gate.store is None
    refused = "offline_unknown_account" if has_keyring else "offline_reading_locked"
    with pytest.raises(KnownFault, match=refused):
        pc.gate.enter_offline("wang", PASSWORD)
    assert pc.gate.store is None
    pc.door.sign_in = lambda query: sign_in(msgspec.structs.replace(query, password=PASSWORD))  # type: ignore[method-assign]
    assert pc.gate.enter("wang", "new password", "" if has_keyring else PASSWORD).online
    pc.restart().enter_offline("wang", "new password")


@pytest.mark.parametrize("is_signed", [False, True])
def test_a_refusal_that_proves_nothing_shuts_nobody_out(pc: ProvingPc, is_signed: bool) -> None:
    """Nor does a proven one for another question: anybody may get himself refused."""
    pc.contact_as(WANG)
    pc.restart()
    refuse = pc.door.refuse
    if is_signed:
        pc.door.sign_in = lambda query: refuse(msgspec.structs.replace(query, nonce="another-nonce"))  # type: ignore[method-assign]
    else:
        pc.door.trouble = Trouble(TroubleKind.SIGN_IN, "bad_credentials", 401)
    assert code_of(pc, "wang") == "bad_credentials"
    pc.gate.enter_offline("wang", PASSWORD)


def test_whoever_is_shut_out_is_not_let_in_by_a_server_of_his_own(pc: ProvingPc) -> None:
    pc.contact_as(WANG)
    pc.keyring = NoKeyring()
    pc.restart()
    pc.door.sign_in, sign_in = pc.door.refuse, pc.door.sign_in  # type: ignore[method-assign]
    assert code_of(pc, "wang") == "bad_credentials"
    pc.door.sign_in = sign_in  # type: ignore[method-assign]
    pc.impostor(WANG)
    assert code_of(pc, "wang") == "offline_reading_locked"
