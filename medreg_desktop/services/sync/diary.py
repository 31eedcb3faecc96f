"""Keeps what sync went through, for the explain panel and support, without a disk write while all is well (ADR 016).

Everything is noted in memory at once. It is written to the copy when there is trouble to remember, at most once a
minute, and when the copy is closed. A kill may cost the last minute of this diary; a decision never waits for it.
"""

from __future__ import annotations

import logging
import threading

from medreg_desktop.services.cache import diary
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.diary import LampChange
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.sync.events import Call
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.transport.attempts import AttemptLog

_log = logging.getLogger(__name__)

EVERY_S = 60.0
"""Trouble lasts; once a minute is often enough to remember it, and rare enough never to be felt."""

CHANGES = 100
"""Changes of the lamp kept."""

CALM = frozenset({LampKind.SYNCED, LampKind.SENDING})
"""Kinds of the lamp that nobody will ask about tomorrow."""

_RECEIVING = (Call.HELLO, Call.SNAPSHOT, Call.CHANGES, Call.DIGEST, Call.BUCKET, Call.PING)


class Diary:
    """Owned by the doorway. ``heard`` runs on the sync thread, the rest where the copy is opened, closed or looked at.

    The lock guards the lamp's changes; the attempts have their own. No lock is held while the disk is written.
    """

    def __init__(self, clock: Clock) -> None:
        self.log = AttemptLog()
        self._clock = clock
        self._store: CacheStore | None = None
        self._lock = threading.Lock()
        self._changes: list[LampChange] = []
        self._noted = 0  # changes of the lamp since the program began
        self._written = (0, 0)
        self._written_at: float | None = None

    def opened(self, store: CacheStore) -> None:
        """Take up what earlier runs kept in this copy."""
        kept, changes = store.read(lambda conn: (diary.attempts(conn), diary.lamp_changes(conn)))
        self.log.restore(kept)
        with self._lock:
            self._changes = [*changes, *self._changes][-CHANGES:]
        self._store, self._written = store, self._position()

    def heard(self, report: SyncReport) -> None:
        """Note the lamp and when each class of call is tried next; write, if there is trouble that is not kept yet."""
        self.log.note_next_try((Call.COMMANDS,), report.sending.next_try_at)
        self.log.note_next_try(_RECEIVING, report.receiving.next_try_at)
        self._note_lamp(report.lamp)
        if self._has_trouble() and self._is_due():
            self.flush()

    def lamp_changes(self) -> tuple[LampChange, ...]:
        """Return what the lamp showed, oldest first."""
        with self._lock:
            return tuple(self._changes)

    def lamp_since(self, lamp: Lamp) -> LampChange | None:
        """Return when the lamp took on the kind it shows, whatever the cause named meanwhile."""
        found = None
        for change in reversed(self.lamp_changes()):
            if change.kind != lamp.kind:
                break
            found = change
        return found

    def flush(self) -> None:
        """Write what is new. A disk in trouble is the lamp's matter, never the diary's."""
        position = self._position()
        if self._store is None or position == self._written:
            return
        attempts, changes = self.log.all(), self.lamp_changes()

        def work(conn: Connection) -> None:
            diary.write(conn, attempts, changes)

        self._written, self._written_at = position, self._clock.monotonic()
        try:
            self._store.write(work)
        except KnownFault as fault:
            _log.info("the diary of sync could not be kept: %s", fault.code)

    def closing(self) -> None:
        """Write the rest and forget it; the copy is closed next, and what is opened then brings its own."""
        self.flush()
        self._store = None
        self.log.clear()
        with self._lock:
            self._changes = []

    def _note_lamp(self, lamp: Lamp) -> None:
        with self._lock:
            last = self._changes[-1] if self._changes else None
            if last is None or (last.kind, last.code) != (lamp.kind, lamp.code):
                change = LampChange(self._clock.now(), lamp.kind.value, lamp.code)
                self._changes = [*self._changes, change][-CHANGES:]
                self._noted += 1

    def _position(self) -> tuple[int, int]:
        """Return how far the diary is: the last attempt's number, and how often the lamp has changed."""
        attempts = self.log.all()
        return (attempts[-1].n if attempts else 0, self._noted)

    def _has_trouble(self) -> bool:
        attempts, noted = self._written
        changes = self.lamp_changes()
        lamp_is_news = noted < self._noted and bool(changes) and changes[-1].kind not in CALM
        return lamp_is_news or any(item.failed for item in self.log.all() if item.n > attempts)

    def _is_due(self) -> bool:
        return self._written_at is None or self._clock.monotonic() - self._written_at >= EVERY_S
