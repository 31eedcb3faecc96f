"""Gathers the support bundle: from the program, the copy, the diary, the log; notes in the audit that it left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from PySide6.QtCore import qVersion

from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import audit, codes, figures, persons
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.figures import Figures
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.support import bundle, contents
from medreg_desktop.services.support.bundle import Bundle, Facts
from medreg_desktop.services.support.contents import SettingsFacts
from medreg_desktop.services.support.readiness import Readiness
from medreg_desktop.services.support.scan import Known
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.report import SyncReport

LOGS = "logs"
"""Folder of the log beside the copy."""


@dataclass(frozen=True, slots=True)
class SupportDesk:
    """Implements the panel's ``Support`` for one registrar. ``settings`` runs on the UI thread, the rest on any."""

    store: CacheStore
    clock: Clock
    diary: Diary
    account: AccountId
    choices: Settings
    token: Callable[[], str]

    def settings(self) -> SettingsFacts:
        """Return the settings that may be handed over."""
        return contents.settings_facts(self.choices)

    def prepare(self, settings: SettingsFacts, report: SyncReport, offline: Readiness) -> Bundle:
        """Put the bundle together. Raises KnownFault ``bundle_not_clean`` or what the copy raises."""
        counted, now = self._figures(), self.clock.now()
        facts = Facts(
            contents.program_facts(version("medreg"), qVersion(), counted.cipher, settings.language),
            contents.sync_facts(report, self.diary.lamp_changes(), self.diary.log.all(), now),
            contents.copy_facts(counted, is_suspect=self.store.is_suspect),
            settings,
            contents.offline_facts(offline),
        )
        return bundle.prepare(facts, self._folder / LOGS, self._known(), now)

    def save(self, made: Bundle, path: Path) -> int:
        """Save exactly what was shown; return its size. Raises KnownFault as :func:`bundle.save`."""
        return bundle.save(made, path, self._known(), lambda: self._note(made))

    def _figures(self) -> Figures:
        now = self.clock.now()
        return self.store.read(lambda conn: figures.read(conn, now))

    @property
    def _folder(self) -> Path:
        return self.store.path.parent

    def _note(self, made: Bundle) -> None:
        now, detail = self.clock.now(), {"parts": str(len(made.parts))}
        self.store.write(lambda conn: audit.append(conn, now, self.account, "support_bundle", "", detail))

    def _known(self) -> Known:
        def look(conn: Connection) -> Known:
            names = persons.latin_names(conn) | persons.account_names(conn)
            return Known(self._numbers, frozenset(names), frozenset({self.token()}), self._holds_code)

        return self.store.read(look)

    def _holds_code(self, text: str) -> bool:
        return self.store.read(lambda conn: codes.stands_in(conn, text))

    def _numbers(self, candidates: Iterable[str]) -> set[str]:
        wanted = set(candidates)
        return self.store.read(lambda conn: persons.numbers_among(conn, wanted)) if wanted else set()
