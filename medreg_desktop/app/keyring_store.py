"""The operating system's key store through the ``keyring`` package; plaintext back ends are refused."""

from __future__ import annotations

import base64
import binascii

import keyring
import keyring.errors

from medreg_desktop.services.faults import KnownFault

_SERVICE = "medreg"
_TRUSTED = (
    "keyring.backends.Windows",
    "keyring.backends.macOS",
    "keyring.backends.SecretService",
    "keyring.backends.kwallet",
    "keyring.backends.libsecret",
)
"""Back ends that keep secrets in the system's own store; others (``keyrings.alt`` …) write files anybody can read."""


class SystemKeyring:
    """Implements :class:`medreg_desktop.services.ports.Keyring`; any background thread."""

    def get(self, name: str) -> bytes | None:
        """Return the stored secret, or None: also where there is no store worth the name."""
        if not _is_trusted():
            return None
        try:
            text = keyring.get_password(_SERVICE, name)
            return base64.b64decode(text, validate=True) if text else None
        except (keyring.errors.KeyringError, binascii.Error):
            return None

    def set(self, name: str, secret: bytes) -> None:
        """Store ``secret``. Raises KnownFault ``keyring_unavailable``."""
        if not _is_trusted():
            raise KnownFault("keyring_unavailable")
        try:
            keyring.set_password(_SERVICE, name, base64.b64encode(secret).decode())
        except keyring.errors.KeyringError as error:
            raise KnownFault("keyring_unavailable") from error

    def delete(self, name: str) -> None:
        """Forget the secret; missing is not an error."""
        if _is_trusted():
            try:
                keyring.delete_password(_SERVICE, name)
            except keyring.errors.KeyringError:
                return


def _is_trusted() -> bool:
    backend = keyring.get_keyring()
    chain = getattr(backend, "backends", None)
    return all(type(each).__module__.startswith(_TRUSTED) for each in (chain if chain is not None else [backend])) and (
        chain is None or bool(chain)
    )
