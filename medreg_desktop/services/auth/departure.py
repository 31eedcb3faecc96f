"""The end of this installation, step by step: farewell, key, files (``sync.md`` §5.10). Every step may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.devices import Purpose, SignedByDevice, WipeAnswer, sign_as_device
from medreg_desktop.services.auth import farewell, office
from medreg_desktop.services.auth.farewell import Farewell
from medreg_desktop.services.auth.office import Office
from medreg_desktop.services.cache.files import CacheFiles
from medreg_desktop.services.cache.keys import DatabaseKeys
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.settings.store import delete_personal


class Departure:
    """Used by the sync thread. ``key``: this device's own, None once an earlier run has destroyed it."""

    def __init__(
        self,
        folder: Path,
        database: Path,
        keys: DatabaseKeys,
        key: Ed25519PrivateKey | None,
        *,
        identity: Callable[[], Office],
        institution: Callable[[], str] = str,
        let_go: Callable[[], None] = lambda: None,
    ) -> None:
        """``let_go`` ends what the program does with the copy and closes it; then nobody reads it any more."""
        self._folder = folder
        self._files = CacheFiles(database)
        self._keys = keys
        self._key = key
        self._identity = identity
        self._institution = institution
        self._let_go = let_go

    def signed(self, purpose: Purpose, content: msgspec.Struct) -> SignedByDevice:
        """Return the content as this device signs it for its service; of an earlier run, the last word it put down."""
        if self._key is None:
            return self.done()
        known = self._identity()
        return sign_as_device(purpose, content, self._key, known.device_id, known.server_id)

    def take_leave(self, order: WipeAnswer, done: SignedByDevice, rescued: int) -> None:
        """Put the farewell down, once, and let go of the copy."""
        if farewell.find(self._folder) is None:
            institution = self._institution()
            farewell.keep(self._folder, Farewell(order=order, done=done, rescued=rescued, institution=institution))
        self._let_go()

    def destroy_key(self) -> None:
        """Make the copy unreadable for ever; its files go first where the key store does not let go of the key."""
        try:
            self._keys.destroy()
        except KnownFault:
            self._files.delete()
            raise

    def delete_copy(self) -> None:
        """Delete the copy's files, what this installation was, and the settings that say something of persons."""
        self._files.delete()
        try:
            delete_personal(self._folder / "settings")
            office.forget(self._folder)
        except OSError as error:
            raise KnownFault("disk_trouble", cause=type(error).__name__) from error

    def done(self) -> SignedByDevice:
        """Return the word that was put down at leaving."""
        kept = farewell.find(self._folder)
        assert kept is not None, "it is written before anything is destroyed"
        return kept.done

    def note_gone(self) -> None:
        """Note that the service has heard it."""
        kept = farewell.find(self._folder)
        assert kept is not None, "it is forgotten only by whoever begins anew"
        farewell.keep(self._folder, msgspec.structs.replace(kept, gone=True))
