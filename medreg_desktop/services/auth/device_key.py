"""The key pair that makes this device known to the server; generated once, kept in the encrypted cache, never sent."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_desktop.services.cache import settings
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.store import CacheStore

_SETTING = "device_key"


def device_key(store: CacheStore) -> Ed25519PrivateKey:
    """Return the device's private key, made at the first call. It survives a rebuild of the cache with the settings."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(store.write(_found_or_made)))


def _found_or_made(conn: Connection) -> str:
    found = settings.find(conn, _SETTING)
    if found is None:
        found = Ed25519PrivateKey.generate().private_bytes_raw().hex()
        settings.store(conn, _SETTING, found)
    return found
