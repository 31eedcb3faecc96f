"""The work list taken out as a file or by the clipboard: an audit line first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from medreg_core.domain.deadlines import CHINA
from medreg_core.domain.records import AccountId
from medreg_desktop.services.cache import audit
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.printing.workbook import write_workbook
from medreg_desktop.services.texts.translator import tr


class ListExports:
    """Implements the work list's ``Exports``; asked on the writer thread only."""

    def __init__(
        self, store: CacheStore, clock: Clock, account: AccountId, registrar: str, institution: Callable[[], str]
    ) -> None:
        self._store, self._clock = store, clock
        self._account, self._registrar, self._institution = account, registrar, institution

    def write(
        self, path: Path, titles: Sequence[str], rows: Sequence[Sequence[str]], conditions: Sequence[str]
    ) -> None:
        """Note that rows leave the program, under which conditions, and write them; raises KnownFault.

        The note is durable before the file exists: a file that fails leaves a note too many, never one too few.
        """
        now = self._clock.now()
        self._note("export_list", len(rows), conditions, now)
        watermark = tr(
            "{institution}, {registrar}, {at}: for work only, not to be passed on",
            institution=self._institution(),
            registrar=self._registrar,
            at=f"{now.astimezone(CHINA):%Y-%m-%d %H:%M}",
        )
        write_workbook(path, watermark, titles, rows)

    def note_copied(self, rows: int, conditions: Sequence[str]) -> None:
        """Note that rows leave by the clipboard, before they do; raises KnownFault."""
        self._note("copy_list", rows, conditions, self._clock.now())

    def _note(self, action: str, rows: int, conditions: Sequence[str], now: datetime) -> None:
        detail = {"rows": str(rows), "conditions": ",".join(conditions)}
        self._store.write(lambda conn: audit.append(conn, now, self._account, action, "", detail))
