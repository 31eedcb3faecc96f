"""The device's key pair for the program: it signs papers made offline, receipts and courier bundles."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_desktop.services.cache import device
from medreg_desktop.services.cache.store import CacheStore


def device_key(store: CacheStore) -> Ed25519PrivateKey:
    """Return the device's private key, made at the first call. It survives a rebuild of the cache with the settings."""
    return store.write(device.private_key)
