"""The courier file: only its recipient opens it, only its sender can have made it, every damage has a name."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.courier import (
    ANSWER_BYTES,
    BUNDLE_BYTES,
    PAYLOAD_BYTES,
    BundleKind,
    BundleRefused,
    answer_key,
    open_sealed,
    seal,
)
from medreg_core.contract.v1.faults import FaultCode

SENDER = Ed25519PrivateKey.from_private_bytes(b"d" * 32)
RECIPIENT = X25519PrivateKey.from_private_bytes(b"r" * 32)
PUBLIC = RECIPIENT.public_key().public_bytes_raw()
SIGNED_BY = SENDER.public_key().public_bytes_raw()
PAYLOAD = '{"applicant":"欧阳娜","opinion":"同意"}'.encode()


def flaw(file: bytes, kind: BundleKind = BundleKind.COMMANDS, key: X25519PrivateKey = RECIPIENT) -> FaultCode:
    with pytest.raises(BundleRefused) as refused:
        open_sealed(kind, file, key)
    return refused.value.code


@given(st.binary(max_size=9000), st.sampled_from(BundleKind))
def test_what_was_sealed_comes_out_and_names_its_sender(payload: bytes, kind: BundleKind) -> None:
    opened = open_sealed(kind, seal(kind, payload, SENDER, PUBLIC), RECIPIENT)
    assert opened.payload == payload
    assert opened.is_signed_by(SIGNED_BY)
    assert not opened.is_signed_by(Ed25519PrivateKey.generate().public_key().public_bytes_raw())


def test_nothing_of_the_payload_can_be_seen_not_even_how_much_it_is() -> None:
    file = seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC)
    assert "欧阳娜".encode() not in file
    assert len(file) == len(seal(BundleKind.COMMANDS, PAYLOAD * 20, SENDER, PUBLIC))
    assert file != seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC)


@given(st.data())
def test_no_flipped_bit_passes(data: st.DataObject) -> None:
    file = bytearray(seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC))
    place = data.draw(st.integers(0, len(file) - 1))
    file[place] ^= 1 << data.draw(st.integers(0, 7))
    assert flaw(bytes(file)) in set(FaultCode)


@given(st.integers(0, 4000))
def test_every_cut_is_noticed(keep: int) -> None:
    found = flaw(seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC)[:keep])
    assert found in {FaultCode.COURIER_CUT, FaultCode.COURIER_NOT_A_BUNDLE, FaultCode.COURIER_NEWER}


def test_every_wrong_file_has_its_name() -> None:
    file = seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC)
    assert flaw(b"") is FaultCode.COURIER_NOT_A_BUNDLE
    assert flaw(b"%PDF-1.4") is FaultCode.COURIER_NOT_A_BUNDLE
    assert flaw(b"MEDREGC2" + file[8:]) is FaultCode.COURIER_NEWER
    assert flaw(file, BundleKind.ANSWERS) is FaultCode.COURIER_OTHER_KIND
    assert flaw(file, key=X25519PrivateKey.generate()) is FaultCode.COURIER_OTHER_RECIPIENT
    assert flaw(file + b"\0") is FaultCode.COURIER_DAMAGED
    assert flaw(file[:17] + b"\0" * 32 + file[49:]) is FaultCode.COURIER_DAMAGED
    assert flaw(file + b"\0" * BUNDLE_BYTES) is FaultCode.COURIER_TOO_LARGE
    assert flaw(file + b"\0" * ANSWER_BYTES, BundleKind.ANSWERS) is FaultCode.COURIER_TOO_LARGE


def test_a_file_sealed_anew_for_another_does_not_carry_the_senders_signature() -> None:
    other = X25519PrivateKey.generate()
    opened = open_sealed(BundleKind.COMMANDS, seal(BundleKind.COMMANDS, PAYLOAD, SENDER, PUBLIC), RECIPIENT)
    thief = Ed25519PrivateKey.generate()
    sent_on = seal(BundleKind.COMMANDS, opened.payload, thief, other.public_key().public_bytes_raw())
    assert not open_sealed(BundleKind.COMMANDS, sent_on, other).is_signed_by(SIGNED_BY)


def test_the_largest_payload_fits_the_largest_file() -> None:
    assert len(seal(BundleKind.COMMANDS, b"x" * PAYLOAD_BYTES, SENDER, PUBLIC)) <= BUNDLE_BYTES


def test_answers_are_sealed_to_a_key_that_only_the_device_derives() -> None:
    assert answer_key(SENDER).private_bytes_raw() == answer_key(SENDER).private_bytes_raw()
    assert answer_key(SENDER).private_bytes_raw() != answer_key(Ed25519PrivateKey.generate()).private_bytes_raw()
