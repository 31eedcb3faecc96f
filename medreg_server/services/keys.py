"""The server's secrets: files under the data directory, readable by the service alone, never in the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from medreg_server.db.durable import sync_folder

_SIGNING: Final = "signing.key"
_CURSOR: Final = "cursor.key"
_CODES: Final = "codes.key"
_COURIER: Final = "courier.key"


def key_id(public_key: bytes) -> str:
    """Return the short name of a public key: 8 hex characters of its SHA-256, to save room in the QR."""
    return hashlib.sha256(public_key).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Keys:
    """The Ed25519 key that signs forms, pongs, receipts and audit heads, and what else only the service may know.

    ``cursor_secret`` seals cursors, ``code_secret`` activation codes, ``courier_key`` opens the files of couriers.
    """

    private_key: Ed25519PrivateKey
    cursor_secret: bytes
    code_secret: bytes
    courier_key: X25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """32 raw bytes."""
        return self.private_key.public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        """Name of the signing key."""
        return key_id(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of ``message``."""
        return self.private_key.sign(message)

    def seal(self, payload: bytes) -> bytes:
        """Return the 16 byte tag that proves ``payload`` was ours."""
        return hmac.digest(self.cursor_secret, payload, "sha256")[:16]

    def code_hash(self, code: str) -> bytes:
        """Return what is stored of an activation code: whoever reads the database can neither use nor guess one."""
        return hmac.digest(self.code_secret, code.encode(), "sha256")


def open_keys(directory: Path) -> Keys:
    """Read the secrets in ``directory``, making them at the first start."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Keys(
        private_key=Ed25519PrivateKey.from_private_bytes(_secret(directory / _SIGNING)),
        cursor_secret=_secret(directory / _CURSOR),
        code_secret=_secret(directory / _CODES),
        courier_key=X25519PrivateKey.from_private_bytes(_secret(directory / _COURIER)),
    )


def own_public_key(directory: Path) -> dict[str, bytes]:
    """Return the public half of the signing key in ``directory`` by its id; makes nothing. Raises OSError."""
    public = Ed25519PrivateKey.from_private_bytes((directory / _SIGNING).read_bytes()).public_key().public_bytes_raw()
    return {key_id(public): public}


def _secret(path: Path) -> bytes:
    """Return the 32 bytes in ``path``; two processes that start together agree on the first one's file."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
            sync_folder(path.parent)  # whatever is sealed or signed from here on must stay readable
    return path.read_bytes()
