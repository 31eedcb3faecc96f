"""The registrar's 方案 in the encrypted copy: conditions and names tell of persons, and settings lie in the clear."""

from __future__ import annotations

from collections.abc import Mapping

from medreg_core.domain.records import AccountId
from medreg_desktop.app.house import House
from medreg_desktop.services.cache import settings
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.settings import options
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.ui.notices import Tone


class SchemeShelf:
    """Reads at once, on the UI thread, and writes in the background. What an older program left in the clear moves."""

    def __init__(self, house: House, account_id: AccountId, screen: str) -> None:
        self._house = house
        self._account_id = account_id
        self._screen = screen
        self._can_be_read = True

    def read(self) -> str:
        """Return what is kept, as the screen wrote it; "" if nothing is, or while the copy cannot be read."""
        old = self._house.settings.of_registrars(options.schemes(self._screen))
        if old:
            self._move_in(old)
        try:
            found = self._house.doorway.store.read(lambda conn: settings.find(conn, self._name(self._account_id)))
        except KnownFault:
            self._can_be_read = False  # and is not written over either
            return ""
        return found if found is not None else old.get(self._account_id, "")

    def keep(self, text: str) -> None:
        """Store what the screen wrote."""
        if not self._can_be_read:
            return
        store, name = self._house.doorway.store, self._name(self._account_id)
        self._house.writing.submit(
            lambda: store.write(lambda conn: settings.store(conn, name, text)), lambda _: None, self._on_error
        )

    def _move_in(self, old: Mapping[str, str]) -> None:
        """Move everybody's: who has left this office never comes to fetch his."""
        store = self._house.doorway.store

        def work(conn: Connection) -> None:
            for account_id, text in old.items():
                if settings.find(conn, self._name(AccountId(account_id))) is None:
                    settings.store(conn, self._name(AccountId(account_id)), text)

        def forget(_: object) -> None:
            for account_id in old:
                self._house.settings.forget(options.schemes(self._screen), account_id)

        self._house.writing.submit(lambda: store.write(work), forget, self._on_error)

    def _name(self, account_id: AccountId) -> str:
        return f"schemes {self._screen} {account_id}"

    def _on_error(self, error: Exception) -> None:
        if not isinstance(error, KnownFault):
            raise error
        self._house.notices.say(sentence(error.code, **error.params), Tone.FAULT)
