"""What the window shows around the page: counted off the UI thread, put into words on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import AccountId, Institution
from medreg_core.domain.tables import Tables
from medreg_desktop.services.cache import outbox, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxCounts
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.support.readiness import Readiness, readiness
from medreg_desktop.services.support.situation import Stock, situation, stock
from medreg_desktop.services.sync.lamp import LampKind
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.moments import near
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.lamp import lamp_word
from medreg_desktop.ui.readiness import readiness_brief
from medreg_desktop.ui.shell.state import Count, ShellState
from medreg_desktop.views.signin.state import Entered

APPLICATIONS, SYNC = "applications", "sync"


_AGEING_MS, _COUNTING_MS = 30_000, 1_000


def ageing_ms(report: SyncReport) -> int:
    """Return how soon to look again though nothing happens: data, sign-in and lease age, the lamp may count seconds."""
    return _COUNTING_MS if report.lamp.kind is LampKind.SERVER_SILENT else _AGEING_MS


@dataclass(frozen=True, slots=True)
class Counted:
    """What was last read of the copy."""

    institution: Institution | None = None
    counts: OutboxCounts | None = None
    waiting: int = 0
    stock: Stock = field(default_factory=Stock)


@dataclass(frozen=True, slots=True)
class Around:
    """Knows where everything around the page comes from. ``count`` runs on any thread, the rest on the UI thread."""

    store: CacheStore
    clock: Clock
    tables: Tables
    entered: Entered
    waiting: Callable[[], int]  # applications that wait for the institution
    session_until: Callable[[], datetime | None]
    decides: bool
    is_demo: bool

    def count(self) -> Counted:
        """Read the copy and the disk."""

        def look(conn: Connection) -> tuple[Institution | None, OutboxCounts, Stock]:
            held = stock(conn, self.store.path.parent, self.clock.now(), decides=self.decides)
            counts = outbox.counts(conn, AccountId(self.entered.account_id))
            return sync_state.institution(conn), counts, held

        institution, counts, held = self.store.read(look)
        return Counted(institution, counts, self.waiting(), held)

    def readiness(self, counted: Counted, report: SyncReport) -> Readiness:
        """Return whether the registrar may leave the network at this moment."""
        now, until = self.clock.now(), self.session_until()
        return readiness(situation(report, counted.stock, counted.counts, now, until))

    def state(self, counted: Counted, report: SyncReport) -> ShellState:
        """Put it into words."""
        institution, counts = counted.institution, counted.counts
        needs = counts.need_you if counts else 0
        return ShellState(
            institution=institution.name if institution else self.entered.institution,
            registrar=self.entered.name,
            is_demo=self.is_demo,
            lamp=lamp_word(report.lamp, self.clock.now()),
            waiting=counts.unsent if counts else 0,
            offline=readiness_brief(self.readiness(counted, report)),
            as_of=near(report.synced_at, self.clock.now()) if report.synced_at else "",
            calendar=self._calendar(),
            authority=institution.authority if institution else "",
            counts={APPLICATIONS: Count(counted.waiting), SYNC: Count(needs, urgent=needs > 0)},
        )

    def _calendar(self) -> str:
        published = self.tables.calendar.published()
        year = china_date(self.clock.now()).year
        words = tr("{years} published", years=tr(", ").join(str(y) for y in published if y >= year))
        return words if year + 1 in published else words + tr(", ") + tr("{year} not published", year=year + 1)
