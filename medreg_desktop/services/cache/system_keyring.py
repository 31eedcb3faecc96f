"""The operating system's keyring; only back ends that really protect are used."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import keyring
import keyring.backend

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
        with _unavailable():
            text = self._trusted().get_password(_SERVICE, name)
            return None if text is None else base64.b64decode(text, validate=True)

    def set(self, name: str, secret: bytes) -> None:
        """Store ``secret``. Raises KnownFault ``keyring_unavailable``."""
        with _unavailable():
            self._trusted().set_password(_SERVICE, name, base64.b64encode(secret).decode())

    def delete(self, name: str) -> None:
        """Forget the secret; missing is not an error, nor is a keyring that was never trusted with it.

        Nor is a failure told from a missing one: back ends use one error for both. Whoever must know asks for it again.
        """
        with suppress(KnownFault), _unavailable():
            self._trusted().delete_password(_SERVICE, name)

    def _trusted(self) -> keyring.backend.KeyringBackend:
        for candidate in _members(self._backend):
            if type(candidate).__module__.startswith(_TRUSTED):
                return candidate
        raise KnownFault("keyring_unavailable", cause=type(self._backend).__module__)


@contextmanager
def _unavailable() -> Iterator[None]:
    """Turn whatever a back end raises into KnownFault ``keyring_unavailable``.

    Windows with a policy against stored credentials answers with an error of its own, no ``KeyringError``.
    """
    try:
        yield
    except KnownFault:
        raise
    except Exception as error:  # each back end raises what its system does, in no common class
        raise KnownFault("keyring_unavailable", cause=type(error).__name__) from error


def _members(backend: keyring.backend.KeyringBackend) -> tuple[keyring.backend.KeyringBackend, ...]:
    """Return the back ends a chain would try in turn, or the one itself."""
    return tuple(getattr(backend, "backends", ())) or (backend,)
