"""The operating system's keyring; only back ends that really protect are used."""

from __future__ import annotations

import base64
import binascii

import keyring
import keyring.backend
import keyring.errors

from medreg_desktop.services.faults import KnownFault

_SERVICE = "MedReg"

_TRUSTED = (
    "keyring.backends.Windows",
    "keyring.backends.macOS",
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
)
"""Named one by one: a back end that keeps secrets in a plain file must not slip in with some package."""


class SystemKeyring:
    """The first trusted back end among those the ``keyring`` package would use here."""

    def __init__(self, backend: keyring.backend.KeyringBackend | None = None) -> None:
        """Use ``backend``, else the one the package chose; it is judged at each use, not here."""
        self._backend = backend or keyring.get_keyring()

    def get(self, name: str) -> bytes | None:
        """Return the stored secret, or None. Raises KnownFault ``keyring_unavailable``."""
        try:
            text = self._trusted().get_password(_SERVICE, name)
            return None if text is None else base64.b64decode(text, validate=True)
        except (keyring.errors.KeyringError, binascii.Error) as error:
            raise KnownFault("keyring_unavailable", cause=type(error).__name__) from error

    def set(self, name: str, secret: bytes) -> None:
        """Store ``secret``. Raises KnownFault ``keyring_unavailable``."""
        try:
            self._trusted().set_password(_SERVICE, name, base64.b64encode(secret).decode())
        except keyring.errors.KeyringError as error:
            raise KnownFault("keyring_unavailable", cause=type(error).__name__) from error

    def delete(self, name: str) -> None:
        """Forget the secret; missing is not an error, nor is a keyring that was never trusted with it."""
        try:
            self._trusted().delete_password(_SERVICE, name)
        except (keyring.errors.KeyringError, KnownFault):
            return

    def _trusted(self) -> keyring.backend.KeyringBackend:
        for candidate in _members(self._backend):
            if type(candidate).__module__.startswith(_TRUSTED):
                return candidate
        raise KnownFault("keyring_unavailable", cause=type(self._backend).__module__)


def _members(backend: keyring.backend.KeyringBackend) -> tuple[keyring.backend.KeyringBackend, ...]:
    """Return the back ends a chain would try in turn, or the one itself."""
    return tuple(getattr(backend, "backends", ())) or (backend,)
