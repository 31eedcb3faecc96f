"""The courier bundle: decisions carried on a USB stick where no network reaches, and the answers carried back.

``sync.md`` §3 (none has, 9). One file, all numbers big-endian::

    0   8  magic "MEDREGC1"
    8   1  kind: 1 commands for the service, 2 answers for a device
    9   8  first bytes of SHA-256 of the recipient's X25519 key
    17 32  ephemeral X25519 key
    49  4  length n of what follows
    53  n  ChaCha20-Poly1305 under HKDF-SHA256(X25519(ephemeral, recipient), salt = ephemeral key || recipient key,
           info "medreg courier 1" || kind), nonce 0 (the key is used once), with bytes 0-52 as associated data

Sealed inside: 4 bytes length of the payload, 64 bytes Ed25519 signature of magic, kind, recipient key and payload, the
payload as JSON, zeros up to a multiple of 4 KiB. Neither name nor open header tells who decided what about whom, nor
how much; only the recipient can open it, and nobody but the sender can have made it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from medreg_core.contract.v1.commands import Command, OutcomeBatch
from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.receipts import Digest, Instant, Link
from medreg_core.contract.v1.signing import is_signed
from medreg_core.domain.records import AccountId, DeviceId

MAGIC = b"MEDREGC1"
COMMANDS_SUFFIX, ANSWERS_SUFFIX = ".mrc", ".mra"

BUNDLE_BYTES = 640 * 1024
"""Largest file of commands; as base64 in a request it stays below the megabyte that the service reads."""

ANSWER_BYTES = 8 * 1024 * 1024
"""Largest file of answers: each conflict brings the register's row with it."""

PAYLOAD_BYTES = BUNDLE_BYTES - 8 * 1024
"""Most JSON that fits a file of commands."""

_FAMILY = MAGIC[:7]
_HEADER_BYTES = 53
_LENGTH_BYTES, _SIGNATURE_BYTES, _TAG_BYTES = 4, 64, 16
_PAD = 4096
_NONCE = b"\0" * 12


class BundleKind(IntEnum):
    """What a file carries."""

    COMMANDS = 1
    ANSWERS = 2


class BundleRefused(Exception):
    """A file cannot be taken; nothing was changed. ``code`` is one of the courier's."""

    def __init__(self, code: FaultCode) -> None:
        super().__init__(code.value)
        self.code = code


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One command with the receipt that proves who made it and on which device."""

    command: Command
    link: Link


class CommandsBundle(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of a file of commands, in the order in which they were made."""

    bundle_id: Digest
    server_id: str
    device_id: DeviceId
    answer_key: bytes  # X25519, 32 raw bytes; the answers are sealed to it
    made_at: Instant
    account_id: AccountId  # whose commands they are
    parcels: tuple[Parcel, ...]


class AnswersBundle(msgspec.Struct, frozen=True, kw_only=True):
    """Payload of a file of answers; ``kid`` is the service's key that signed it."""

    bundle_id: Digest
    server_id: str
    device_id: DeviceId
    kid: str
    answers: OutcomeBatch


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload that was meant for us, and who must have signed it."""

    payload: bytes
    _signature: bytes
    _signed: bytes

    def is_signed_by(self, public_key: bytes) -> bool:
        """Return whether the holder of the Ed25519 key made this very file for us."""
        return is_signed(public_key, self._signature, self._signed)


def seal(kind: BundleKind, payload: bytes, sender: Ed25519PrivateKey, recipient: bytes) -> bytes:
    """Return the file: ``payload`` signed by the sender, readable by the holder of the X25519 key ``recipient``."""
    ephemeral = X25519PrivateKey.generate()
    inside = len(payload).to_bytes(_LENGTH_BYTES, "big") + sender.sign(_signed(kind, recipient, payload)) + payload
    inside += b"\0" * (-len(inside) % _PAD)
    public = ephemeral.public_key().public_bytes_raw()
    header = MAGIC + bytes([kind]) + _name_of(recipient) + public + (len(inside) + _TAG_BYTES).to_bytes(4, "big")
    key = _key(kind, ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient)), public, recipient)
    return header + ChaCha20Poly1305(key).encrypt(_NONCE, inside, header)


def open_sealed(kind: BundleKind, file: bytes, recipient: X25519PrivateKey) -> Opened:
    """Open a file. Raises BundleRefused. Who signed it is to be asked of the answer: the payload says who should."""
    public = recipient.public_key().public_bytes_raw()
    _check_header(kind, file, public)
    header, sealed = file[:_HEADER_BYTES], file[_HEADER_BYTES:]
    try:
        shared = recipient.exchange(X25519PublicKey.from_public_bytes(header[17:49]))
        inside = ChaCha20Poly1305(_key(kind, shared, header[17:49], public)).decrypt(_NONCE, sealed, header)
    except (InvalidTag, ValueError) as error:  # ValueError: an ephemeral key of low order
        raise BundleRefused(FaultCode.COURIER_DAMAGED) from error
    start = _LENGTH_BYTES + _SIGNATURE_BYTES
    payload = inside[start : start + int.from_bytes(inside[:_LENGTH_BYTES], "big")]
    return Opened(payload, inside[_LENGTH_BYTES:start], _signed(kind, public, payload))


def can_be_sealed_to(recipient: bytes) -> bool:
    """Return whether ``recipient`` is a key to which a file can be sealed."""
    try:
        X25519PrivateKey.generate().exchange(X25519PublicKey.from_public_bytes(recipient))
    except ValueError:  # another length, or a point of low order
        return False
    return True


def answer_key(device_key: Ed25519PrivateKey) -> X25519PrivateKey:
    """Return the key to which a device's answers are sealed: derived, so that there is no second secret to keep."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"medreg courier answers 1").derive(device_key.private_bytes_raw())
    return X25519PrivateKey.from_private_bytes(derived)


def _check_header(kind: BundleKind, file: bytes, public: bytes) -> None:
    most = BUNDLE_BYTES if kind is BundleKind.COMMANDS else ANSWER_BYTES
    if not file.startswith(_FAMILY):
        raise BundleRefused(FaultCode.COURIER_NOT_A_BUNDLE)
    if not file.startswith(MAGIC):
        raise BundleRefused(FaultCode.COURIER_NEWER)
    if len(file) > most:
        raise BundleRefused(FaultCode.COURIER_TOO_LARGE)
    if len(file) < _HEADER_BYTES or len(file) < _HEADER_BYTES + int.from_bytes(file[49:53], "big"):
        raise BundleRefused(FaultCode.COURIER_CUT)
    if file[8] != kind:
        raise BundleRefused(FaultCode.COURIER_OTHER_KIND)
    if file[9:17] != _name_of(public):
        raise BundleRefused(FaultCode.COURIER_OTHER_RECIPIENT)


def _signed(kind: BundleKind, recipient: bytes, payload: bytes) -> bytes:
    return MAGIC + bytes([kind]) + recipient + payload


def _name_of(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:8]


def _key(kind: BundleKind, shared: bytes, ephemeral: bytes, recipient: bytes) -> bytes:
    info = b"medreg courier 1" + bytes([kind])
    return HKDF(SHA256(), 32, salt=ephemeral + recipient, info=info).derive(shared)
