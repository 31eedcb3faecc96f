"""Devices on the wire: their list, their revocation, and the way a revoked one leaves (``sync.md`` §5.10).

A revoked device has no session. It signs what it asks with the key that hello registered, and believes only answers
that the service has signed over its nonce: nobody in between can make an office destroy its copy, or make it believe
that its decisions are safe. Shapes follow the rule of :mod:`.messages`: a field may be added with a default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from medreg_core.contract.v1.commands import Command, Outcome
from medreg_core.contract.v1.messages import MAGIC
from medreg_core.contract.v1.receipts import Link
from medreg_core.domain.records import AccountId, CommandId, DeviceId
from medreg_core.domain.vocabulary import RescueState, RevocationReason, Role


class DeviceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One device in the answer to ``GET /api/v1/devices``."""

    id: DeviceId
    client_version: str
    first_seen: datetime
    last_seen: datetime
    last_used_by: str = ""  # name of the account that said hello last
    revoked_at: datetime | None = None
    revoked_by: str = ""  # the account's name; empty: the operator
    reason: RevocationReason | None = None
    wiped_at: datetime | None = None  # the device has said that its copy is destroyed


class Revocation(msgspec.Struct, frozen=True):
    """``POST /api/v1/devices/{id}/revoke``. It cannot be taken back."""

    reason: RevocationReason


class Purpose(StrEnum):
    """What a device signs for: a signature for one purpose is none for another."""

    WIPE_CHECK = "wipe-check"
    RESCUE = "rescue"
    WIPE_DONE = "wipe-done"


class SignedByDevice(msgspec.Struct, frozen=True):
    """Body of every request under ``/api/v1/device``: ``content`` is the JSON of the shape that the path names.

    The signature covers these very bytes, so that a reader who knows fewer fields can check it as well.
    """

    device_id: DeviceId
    content: bytes
    signature: bytes


class WipeCheck(msgspec.Struct, frozen=True):
    """``POST /api/v1/device/wipe/check``: shall this copy be destroyed? An older program does not ask for the epoch."""

    nonce: str
    asks_epoch: bool = False


class WipeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a wipe check; obeyed only if :func:`is_proven`. Without ``wipe`` the device is in order."""

    magic: str
    server_id: str
    device_id: DeviceId
    nonce: str
    wipe: bool
    reason: RevocationReason | None = None
    by: Role | None = None  # INSTITUTION_ADMIN, or SYSTEM for the service's operator: whom to ask
    revoked_at: datetime | None = None
    epoch: str = ""  # of the register, if asked for: what it accepted in another one it may have lost in a restore
    kid: str = ""
    proof: bytes = b""


class RescuedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command that a revoked device holds, with its testimony: unfinished, or accepted in another epoch."""

    command: Command
    account_id: AccountId  # who made it
    number: int  # the device's own counter: the order in which its registrars decided
    saved_at: datetime
    state: str = ""  # where it stood in the device's outbox
    receipt: Link | None = None  # its link in the device's chain (ADR 017); an older program hands over none


class Rescue(msgspec.Struct, frozen=True, kw_only=True):
    """``POST /api/v1/device/rescue``: at most ``BATCH_COMMANDS`` commands; sent twice, nothing changes."""

    nonce: str
    commands: tuple[RescuedCommand, ...]


class RescueReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the service now keeps. A command is safe only if its id stands here and the receipt :func:`is_proven`."""

    magic: str
    server_id: str
    device_id: DeviceId
    nonce: str
    kept: tuple[CommandId, ...]
    kid: str = ""
    proof: bytes = b""


class WipeDone(msgspec.Struct, frozen=True):
    """``POST /api/v1/device/wipe/done``: key and files are destroyed. Signed beforehand, while the key still exists."""

    rescued: int = 0  # commands that were handed over before


class RescuedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the review lane, in the answer to ``GET /api/v1/rescued``."""

    command: Command
    device_id: DeviceId
    made_by: str  # the account's name
    account_id: AccountId
    saved_at: datetime
    received_at: datetime
    state: RescueState
    settled_by: str = ""
    settled_at: datetime | None = None
    reason: str = ""  # of setting it aside
    outcome: Outcome | None = None  # once the register has answered
    receipt: Link | None = None  # with the outcome's counter-signature it proves the decision


class SetAside(msgspec.Struct, frozen=True):
    """``POST /api/v1/rescued/{id}/set-aside``."""

    reason: str


Proven = WipeAnswer | RescueReceipt
"""Answers that a device believes only with a proof."""


def sign_as_device(
    purpose: Purpose, content: msgspec.Struct, key: Ed25519PrivateKey, device_id: DeviceId, server_id: str
) -> SignedByDevice:
    """Return ``content`` as the device sends it; the signature holds for this service and this purpose alone."""
    body = msgspec.json.encode(content)
    return SignedByDevice(device_id, body, key.sign(_device_message(purpose, server_id, device_id, body)))


def is_signed_by_device(purpose: Purpose, signed: SignedByDevice, public_key: bytes, server_id: str) -> bool:
    """Return whether the holder of ``public_key`` (32 raw bytes) signed this request for this service."""
    message = _device_message(purpose, server_id, signed.device_id, signed.content)
    return _verifies(public_key, signed.signature, message)


def proof_message(answer: Proven) -> bytes:
    """Return the bytes that an answer's proof covers."""
    if isinstance(answer, WipeAnswer):
        revoked_at = answer.revoked_at.isoformat() if answer.revoked_at else ""
        facts = ["wipe", str(answer.wipe), answer.reason or "", answer.by or "", revoked_at]
        facts += [answer.epoch] if answer.epoch else []  # as older programs, who do not ask for it, put it together
    else:
        facts = ["rescued", _fingerprint(answer.kept)]
    return "\n".join([MAGIC, answer.server_id, answer.device_id, answer.nonce, *facts]).encode()


def is_proven(answer: Proven, device_id: DeviceId, nonce: str, keys: Mapping[str, bytes]) -> bool:
    """Return whether a service whose key is among ``keys`` (key id → 32 raw bytes) said this to this very device.

    What it told another device that asked with the same nonce, as one on the line may, proves nothing. Who knows no key
    believes nobody.
    """
    if (answer.magic, answer.device_id, answer.nonce) != (MAGIC, device_id, nonce) or answer.kid not in keys:
        return False
    return _verifies(keys[answer.kid], answer.proof, proof_message(answer))


def _device_message(purpose: Purpose, server_id: str, device_id: DeviceId, content: bytes) -> bytes:
    return f"medreg-device\n{purpose}\n{server_id}\n{device_id}\n".encode() + content


def _fingerprint(ids: Iterable[CommandId]) -> str:
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
