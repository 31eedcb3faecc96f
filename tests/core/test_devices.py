"""What a device signs, and which answers it believes: one changed fact, another key, an old nonce: it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.devices import (
    Proven,
    Purpose,
    RescueReceipt,
    WipeAnswer,
    WipeCheck,
    is_proven,
    is_signed_by_device,
    proof_message,
    sign_as_device,
)
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.domain.records import CommandId, DeviceId
from medreg_core.domain.vocabulary import RevocationReason, Role

DEVICE, SERVER, NONCE, KID = DeviceId("device"), "server", "n" * 16, "key-1"
SERVICE_KEY, DEVICE_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS = {KID: SERVICE_KEY.public_key().public_bytes_raw()}
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

ORDER = WipeAnswer(
    magic=MAGIC,
    server_id=SERVER,
    device_id=DEVICE,
    nonce=NONCE,
    wipe=True,
    reason=RevocationReason.LOST,
    by=Role.INSTITUTION_ADMIN,
    revoked_at=AT,
    kid=KID,
)
RECEIPT = RescueReceipt(
    magic=MAGIC, server_id=SERVER, device_id=DEVICE, nonce=NONCE, kept=(CommandId("a"), CommandId("b")), kid=KID
)


def proven(answer: Proven) -> Proven:
    return msgspec.structs.replace(answer, proof=SERVICE_KEY.sign(proof_message(answer)))


@pytest.mark.parametrize("answer", [ORDER, RECEIPT])
def test_what_the_service_signed_over_our_nonce_is_believed(answer: Proven) -> None:
    good = proven(answer)
    assert is_proven(good, DEVICE, NONCE, KEYS)
    assert is_proven(msgspec.json.decode(msgspec.json.encode(good), type=type(answer)), DEVICE, NONCE, KEYS)


@pytest.mark.parametrize(
    ("answer", "change"),
    [
        (ORDER, {"wipe": False}),
        (ORDER, {"reason": RevocationReason.RETIRED}),
        (ORDER, {"reason": None}),
        (ORDER, {"by": Role.SYSTEM}),
        (ORDER, {"revoked_at": None}),
        (RECEIPT, {"kept": (CommandId("a"), CommandId("b"), CommandId("c"))}),
        (RECEIPT, {"kept": (CommandId("b"), CommandId("a"))}),
        (RECEIPT, {"kept": ()}),
        *(
            (answer, change)
            for answer in (ORDER, RECEIPT)
            for change in (
                {"device_id": DeviceId("other")},
                {"server_id": "other"},
                {"nonce": "m" * 16},
                {"magic": "other"},
                {"kid": "key-2"},
                {"kid": ""},
                {"proof": b""},
                {"proof": b"\0" * 64},
            )
        ),
    ],
)
def test_any_change_makes_the_proof_worthless(answer: Proven, change: dict[str, object]) -> None:
    assert not is_proven(msgspec.structs.replace(proven(answer), **change), DEVICE, NONCE, KEYS)


def test_an_answer_to_another_nonce_or_under_another_key_is_not_believed() -> None:
    good = proven(ORDER)
    assert not is_proven(good, DEVICE, "m" * 16, KEYS)
    assert not is_proven(good, DEVICE, NONCE, {KID: DEVICE_KEY.public_key().public_bytes_raw()})
    assert not is_proven(good, DEVICE, NONCE, {KID: b"no key"})
    assert not is_proven(good, DEVICE, NONCE, {}), "who knows no key believes nobody"


@pytest.mark.parametrize("answer", [ORDER, RECEIPT])
def test_what_another_device_was_told_for_our_nonce_is_not_believed(answer: Proven) -> None:
    """Who sits on the line can ask with a device of his own: no copy is destroyed or spared on such a word."""
    others = proven(msgspec.structs.replace(answer, device_id=DeviceId("other")))
    assert is_proven(others, DeviceId("other"), NONCE, KEYS)
    assert not is_proven(others, DEVICE, NONCE, KEYS)


def test_a_refusal_to_wipe_is_no_order() -> None:
    """The two answers differ in what is signed, so neither can be turned into the other."""
    refusal = proven(msgspec.structs.replace(ORDER, wipe=False, reason=None, by=None, revoked_at=None))
    assert is_proven(refusal, DEVICE, NONCE, KEYS)
    assert not is_proven(msgspec.structs.replace(refusal, wipe=True), DEVICE, NONCE, KEYS)


def test_a_device_signs_for_one_purpose_and_one_service() -> None:
    signed = sign_as_device(Purpose.WIPE_CHECK, WipeCheck(NONCE), DEVICE_KEY, DEVICE, SERVER)
    public = DEVICE_KEY.public_key().public_bytes_raw()
    assert is_signed_by_device(Purpose.WIPE_CHECK, signed, public, SERVER)
    assert msgspec.json.decode(signed.content, type=WipeCheck) == WipeCheck(NONCE)
    assert not is_signed_by_device(Purpose.RESCUE, signed, public, SERVER)
    assert not is_signed_by_device(Purpose.WIPE_CHECK, signed, public, "other")
    assert not is_signed_by_device(Purpose.WIPE_CHECK, signed, KEYS[KID], SERVER)
    other = msgspec.structs.replace(signed, content=b"{}")
    assert not is_signed_by_device(Purpose.WIPE_CHECK, other, public, SERVER)
