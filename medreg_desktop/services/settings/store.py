"""Keeps the settings in small JSON files: one for the computer, one per registrar, named by the account's id.

A value that cannot be read falls back to its default; a damaged file is put aside, never deleted. Written at once and
whole (a temporary file replaces the old one), so that a kill leaves either the old or the new file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import platformdirs

from medreg_desktop.services.settings.options import LAST_ACCOUNT, Json, Option, Scope, Unreadable, is_registered

T = TypeVar("T")
Values = dict[str, Json]
log = logging.getLogger(__name__)

SCHEMA: Final = 1
UPGRADES: Final[Mapping[int, Callable[[Values], Values]]] = {}
"""From a file's schema to the next one; every step has a test. Schema 1 is the first."""


def default_folder() -> Path:
    """Return where the settings live: per user of the computer, not roaming."""
    return platformdirs.user_config_path("medreg", appauthor=False, roaming=False)


class Settings:
    """Reads and writes options; lives on the UI thread. ``use_registrar`` switches whose choices count."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._computer = _File(folder / "computer.json")
        self._registrar: _File | None = None
        self._watchers: list[Callable[[str], None]] = []

    def use_registrar(self, account_id: str | None) -> None:
        """Take the settings of this registrar; None while nobody is signed in: his options then show defaults."""
        self._registrar = self._registrar_file(account_id) if account_id else None
        for watcher in self._watchers:
            watcher("")

    def get(self, option: Option[T]) -> T:
        """Return the value, or the default when there is none or it cannot be read."""
        _must_be_registered(option.key)
        file = self._file(option)
        if file is None or option.key not in file.values:
            return option.default
        try:
            return option.read(file.values[option.key])
        except Unreadable:
            return option.default

    def set(self, option: Option[T], value: T) -> None:
        """Store a value; a registrar's option only while he is signed in. Raises Unreadable for a bad value."""
        _must_be_registered(option.key)
        written = option.write(value)
        option.read(written)
        file = self._file(option)
        if file is not None and file.values.get(option.key) != written:
            file.put(option.key, written)
            for watcher in self._watchers:
                watcher(option.key)

    def of_registrars(self, option: Option[T]) -> dict[str, T]:
        """Return what every registrar of this computer has chosen, by account id; what cannot be read is left out."""
        _must_be_registered(option.key)
        found: dict[str, T] = {}
        for path in sorted((self._folder / "registrars").glob("*.json")):
            values = _File(path).values
            if option.key in values:
                with suppress(Unreadable):
                    found[path.stem] = option.read(values[option.key])
        return found

    def forget(self, option: Option[T], account_id: str) -> None:
        """Delete a registrar's choice, whoever is signed in."""
        _must_be_registered(option.key)
        file = self._registrar_file(account_id)
        if self._registrar is not None and self._registrar.path == file.path:
            file = self._registrar
        file.drop(option.key)

    def watch(self, on_changed: Callable[[str], None]) -> None:
        """Call ``on_changed`` with a key after each change, and with "" when another registrar's choices count."""
        self._watchers.append(on_changed)

    def _registrar_file(self, account_id: str) -> _File:
        return _File(self._folder / "registrars" / f"{account_id}.json")

    def _file(self, option: Option[T]) -> _File | None:
        return self._computer if option.scope is Scope.COMPUTER else self._registrar


def _must_be_registered(key: str) -> None:
    if not is_registered(key):
        raise KeyError(key)


def delete_personal(folder: Path) -> None:
    """Delete what the settings in ``folder`` hold of persons; the computer's own choices stay. Raises OSError."""
    for path in (*folder.glob("registrars/*"), *folder.glob("*.damaged"), *folder.glob("*.new")):
        path.unlink(missing_ok=True)
    computer = _File(folder / "computer.json")
    if LAST_ACCOUNT.key in computer.values:
        computer.put(LAST_ACCOUNT.key, "")


class _File:
    """One JSON file: ``{"schema": 1, "values": {…}}``. Keys of a newer program are kept as they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._schema = SCHEMA
        self.values = self._load()

    def _load(self) -> Values:
        try:
            content = json.loads(self.path.read_text("utf-8"))
            self._schema = max(int(content["schema"]), SCHEMA)
            return _upgraded(dict(content["values"]), int(content["schema"]))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            self._put_aside()
            return {}

    def _put_aside(self) -> None:
        try:
            self.path.replace(self.path.with_suffix(".damaged"))
        except OSError:
            log.info("settings file cannot be moved aside")

    def put(self, key: str, value: Json) -> None:
        """Store one value; a full disk loses the choice, not the program."""
        self._write({**self.values, key: value})

    def drop(self, key: str) -> None:
        """Delete one value."""
        if key in self.values:
            self._write({name: value for name, value in self.values.items() if name != key})

    def _write(self, values: Values) -> None:
        self.values = values
        text = json.dumps({"schema": self._schema, "values": self.values}, ensure_ascii=False, indent=1, sort_keys=True)
        fresh = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text, "utf-8")
            fresh.replace(self.path)
        except OSError as error:
            log.info("settings not stored: %s", error.errno)


def _upgraded(values: Values, schema: int) -> Values:
    while schema < SCHEMA:
        values = UPGRADES[schema](values)
        schema += 1
    return values
