"""The key pair that makes this device known to the service; generated once, kept with the settings, never sent."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_desktop.services.cache import settings
from medreg_desktop.services.cache.connection import Connection

_SETTING = "device_key"


def private_key(conn: Connection) -> Ed25519PrivateKey:
    """Return the device's private key, made at the first call. It survives a rebuild of the cache with the settings."""
    found = settings.find(conn, _SETTING)
    if found is None:
        found = Ed25519PrivateKey.generate().private_bytes_raw().hex()
        settings.store(conn, _SETTING, found)
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(found))


def adopt(conn: Connection, key: Ed25519PrivateKey) -> None:
    """Make ``key`` the device's: for a device that is known to the service already."""
    settings.store(conn, _SETTING, key.private_bytes_raw().hex())
