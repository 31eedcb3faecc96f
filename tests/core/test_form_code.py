from __future__ import annotations

from datetime import UTC, datetime

import base45
import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.contract.v1.form_code import (
    MAX_CHARACTERS,
    PREFIX,
    FormClaims,
    FormCodeForged,
    key_id_of,
    read_form_code,
    sign_form_code,
)
from medreg_core.domain.vocabulary import FormState

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KID = "s-2026"
KEYS = {KID: KEY.public_key().public_bytes_raw()}
CLAIMS = FormClaims("990100-2026-000371-B", 2, "7c419e0b" * 4, FormState.PENDING, datetime(2026, 11, 23, 2, tzinfo=UTC))
CODE = sign_form_code(CLAIMS, KEY, KID)
MESSAGE = base45.b45decode(CODE.removeprefix(PREFIX))


@pytest.mark.parametrize("state", FormState)
def test_reads_back_what_was_signed(state: FormState) -> None:
    claims = FormClaims(CLAIMS.form_number, 1, CLAIMS.digest, state, CLAIMS.issued_at)
    assert read_form_code(sign_form_code(claims, KEY, KID), KEYS) == claims


def test_is_short_and_alphanumeric_for_qr() -> None:
    assert CODE.startswith(PREFIX)
    assert len(CODE) <= 200
    assert set(CODE) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert key_id_of(CODE) == KID


def test_a_key_id_of_a_device_still_fits() -> None:
    assert len(sign_form_code(CLAIMS, KEY, "0198c0ffee0070008000000000000001")) <= MAX_CHARACTERS
    with pytest.raises(ValueError, match="characters"):
        sign_form_code(CLAIMS, KEY, "k" * 120)


def test_names_no_person() -> None:
    message = cbor2.loads(base45.b45decode(CODE.removeprefix(PREFIX)))
    payload = cbor2.loads(message.value[2])
    assert payload == ["990100-2026-000371-B", 2, bytes.fromhex(CLAIMS.digest), 0, 1795399200]


def test_another_key_under_the_same_name_is_forged() -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(sign_form_code(CLAIMS, OTHER, KID), KEYS)


def test_an_unknown_key_is_forged() -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(sign_form_code(CLAIMS, OTHER, "x"), KEYS)
    with pytest.raises(FormCodeForged):
        read_form_code(CODE, {})


@given(st.integers(0, len(CODE) - 1), st.sampled_from(base45.BASE45_CHARSET))
def test_no_changed_character_ever_reads_as_something_else(place: int, sign: str) -> None:
    spoiled = CODE[:place] + sign + CODE[place + 1 :]
    if spoiled != CODE:
        with pytest.raises(FormCodeForged):
            read_form_code(spoiled, KEYS)


def test_no_flipped_bit_ever_reads_as_something_else() -> None:
    for bit in range(8 * len(MESSAGE)):
        message = bytearray(MESSAGE)
        message[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormCodeForged):
            read_form_code(PREFIX + base45.b45encode(bytes(message)).decode(), KEYS)


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(message: bytes) -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(PREFIX + base45.b45encode(message).decode(), KEYS)


@given(st.text(max_size=400))
def test_any_text_gets_an_answer(text: str) -> None:
    for candidate in (text, PREFIX + text):
        with pytest.raises(FormCodeForged):
            read_form_code(candidate, KEYS)
        with pytest.raises(FormCodeForged):
            key_id_of(candidate)


def signed(payload: object) -> str:
    """A code over any payload, rightly signed with our key: what a fault of ours, or of another program, might make."""
    key = COSEKey.new({1: 1, 2: KID.encode(), 3: -8, -1: 6, -2: KEYS[KID], -4: KEY.private_bytes_raw()})
    message = COSE.new().encode(cbor2.dumps(payload), key, protected={1: -8, 4: KID.encode()}, unprotected={})
    return PREFIX + base45.b45encode(message).decode()


@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(max_size=20), st.lists, max_leaves=8))
def test_a_signed_payload_of_another_shape_is_forged(payload: object) -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(signed(payload), KEYS)


@pytest.mark.parametrize("issued_at", [1 << 80, -(1 << 62), 10.5, "now"])
def test_a_moment_outside_every_calendar_is_forged(issued_at: object) -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(signed(["990100-2026-000371-B", 1, bytes(16), 0, issued_at]), KEYS)


def test_a_number_that_no_arithmetic_holds_is_forged() -> None:
    """Any QR can be laid under the counter's scanner."""
    sealed = bytes.fromhex("c4823b7fffffffffffffff01")  # a decimal fraction, 1 × 10 to the power of -2 to the 63rd
    for read in (key_id_of, lambda text: read_form_code(text, KEYS)):
        with pytest.raises(FormCodeForged):
            read(PREFIX + base45.b45encode(sealed).decode())


def test_another_kind_of_message_names_no_key() -> None:
    message = cbor2.loads(MESSAGE)
    sealed = cbor2.dumps(cbor2.CBORTag(17, message.value))  # COSE_Mac0
    with pytest.raises(FormCodeForged):
        key_id_of(PREFIX + base45.b45encode(sealed).decode())


def test_the_message_does_not_choose_the_algorithm() -> None:
    protected, unprotected, payload, signature = cbor2.loads(MESSAGE).value
    for algorithm in (5, -7, 0):  # HMAC, ECDSA, none
        header = cbor2.dumps({**cbor2.loads(protected), 1: algorithm})
        sealed = cbor2.dumps(cbor2.CBORTag(18, [header, unprotected, payload, signature]))
        with pytest.raises(FormCodeForged):
            read_form_code(PREFIX + base45.b45encode(sealed).decode(), KEYS)


def test_an_unknown_claim_of_state_is_forged() -> None:
    with pytest.raises(FormCodeForged):
        read_form_code(signed(["990100-2026-000371-B", 1, bytes(16), 7, 1795399200]), KEYS)
