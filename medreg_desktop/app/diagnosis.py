"""Joins 诊断 to what it speaks of: the sync report, the diary, the copy, and the page it stands on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from PySide6.QtWidgets import QWidget

from medreg_core.domain.records import AccountId, ApplicationId, CommandId
from medreg_desktop.app.around import SYNC
from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.support import SupportDesk
from medreg_desktop.services.cache import outbox, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.ports import Clock, Runner
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.support.readiness import Readiness
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.terms import term
from medreg_desktop.views.diagnosis.box import DiagnosisBox
from medreg_desktop.views.diagnosis.bundle_presenter import BundlePresenter
from medreg_desktop.views.diagnosis.presenter import DiagnosisPresenter
from medreg_desktop.views.diagnosis.state import About, Page
from medreg_desktop.views.diagnosis.view import DiagnosisPanel
from medreg_desktop.views.sync_center.view import SyncCenterView


class DiagnosisSources:
    """Implements the panel's ``Sources`` for one registrar."""

    def __init__(
        self,
        store: CacheStore,
        clock: Clock,
        diary: Diary,
        account: AccountId,
        report: Callable[[], SyncReport],
        offline: Callable[[], Readiness],
    ) -> None:
        self.diary = diary
        self._store, self._clock, self._account = store, clock, account
        self._report, self._offline = report, offline

    @property
    def report(self) -> SyncReport:
        """The newest report of the sync loop."""
        return self._report()

    def now(self) -> datetime:
        """Return the present moment."""
        return self._clock.now()

    def readiness(self) -> Readiness:
        """Return whether the network may be left."""
        return self._offline()

    def command(self, command_id: CommandId) -> About | None:
        """Return a decision of the registrar; None if it is not his."""

        def look(conn: Connection) -> About | None:
            row = outbox.find(conn, command_id)
            return _about(conn, row) if row is not None and row.actor == self._account else None

        return self._store.read(look)

    def application(self, application_id: ApplicationId) -> About | None:
        """Return the registrar's last decision on an application, or the application alone; None if it is gone."""

        def look(conn: Connection) -> About | None:
            rows = outbox.of_application(conn, application_id, self._account)
            waiting = [row for row in rows if row.is_open]
            if waiting:
                return _about(conn, waiting[-1])
            application = synced.find(conn, application_id)
            return About(f"{application.person.name}  {term(application.kind)}") if application else None

        return self._store.read(look)


class Lent(Protocol):
    """What the program lends: its settings and the threads the panel's work is done on."""

    @property
    def settings(self) -> Settings:
        """The choices of the computer and the registrar."""
        ...

    @property
    def reading(self) -> Runner:
        """For short reads of the copy."""
        ...

    @property
    def background(self) -> Runner:
        """For slow work."""
        ...


class DiagnosisDesk:
    """Owns 诊断 of one office: in 同步中心, from where it leads back, or in a box over another window. UI thread."""

    def __init__(
        self, sources: DiagnosisSources, support: SupportDesk, runners: Lent, show_screen: Callable[[str], None]
    ) -> None:
        """``show_screen`` brings a screen to the front."""
        self._sources, self._support, self._runners, self._show_screen = sources, support, runners, show_screen
        self.panel: DiagnosisPanel | None = None
        self._presenter: DiagnosisPresenter | None = None
        self._page: SyncCenterView | None = None
        self._from = ""
        self.box: DiagnosisBox | None = None
        self._box_presenter: DiagnosisPresenter | None = None

    def join(self, page: SyncCenterView) -> None:
        """Give the page its panel."""
        panel, presenter = self._make_panel()
        page.set_aside(panel)
        page.why_wanted.connect(lambda command: self.explain(SYNC, command=CommandId(command)))
        page.diagnosis_wanted.connect(lambda: self.explain(SYNC))
        panel.closed.connect(self._back)
        self.panel, self._presenter, self._page = panel, presenter, page

    def _make_panel(self) -> tuple[DiagnosisPanel, DiagnosisPresenter]:
        panel, sources, lent = DiagnosisPanel(), self._sources, self._runners
        presenter = DiagnosisPresenter(panel, sources, lent.reading)
        bundles = BundlePresenter(
            panel.bundle, self._support, lent.background, lambda: sources.report, sources.readiness
        )
        panel.attach(presenter, bundles)
        return panel, presenter

    def explain_over(self, window: QWidget, application: ApplicationId | None) -> None:
        """Explain the word of the application that a window shows, over that window; of none, the lamp."""
        if self.box is not None:
            return
        panel, presenter = self._make_panel()
        box = DiagnosisBox(panel, window)
        box.closed.connect(self._box_closed)
        self.box, self._box_presenter = box, presenter
        if application is not None:
            presenter.explain_application(application)
        else:
            presenter.explain_lamp()
        box.open()
        panel.focus_first()

    def _box_closed(self) -> None:
        self.box = self._box_presenter = None

    def explain(self, shown: str, application: ApplicationId | None = None, command: CommandId | None = None) -> None:
        """Explain a decision, the word of an application, or the lamp; ``shown`` is the screen it is asked from."""
        presenter = self._open(shown)
        if command is not None:
            presenter.explain_command(command)
        elif application is not None:
            presenter.explain_application(application)
        else:
            presenter.explain_lamp()

    def show_offline(self, shown: str) -> None:
        """Show the offline verdict."""
        self._open(shown).choose(Page.OFFLINE)

    def renew(self) -> None:
        """The report changed."""
        for presenter in (self._presenter, self._box_presenter):
            if presenter is not None:
                presenter.renew()

    def reread(self) -> None:
        """The copy changed."""
        for presenter in (self._presenter, self._box_presenter):
            if presenter is not None:
                presenter.reread()

    def close(self) -> None:
        """The office closes."""
        if self.box is not None:
            self.box.close()
        if self.panel is not None:
            self.panel.close_work()

    def _open(self, shown: str) -> DiagnosisPresenter:
        if shown != SYNC or self._page is None:
            self._from = shown
            self._show_screen(SYNC)
        assert self._page is not None
        assert self.panel is not None
        assert self._presenter is not None
        self._page.show_aside(shown=True)
        self.panel.focus_first()
        return self._presenter

    def _back(self) -> None:
        """Esc: the item stands at the right again, and whoever came from another screen is there again."""
        assert self._page is not None
        self._page.show_aside(shown=False)
        came_from, self._from = self._from, ""
        if came_from and came_from != SYNC:
            self._show_screen(came_from)


def diagnosis_desk(
    doorway: Doorway,
    account_id: str,
    lent: Lent,
    report: Callable[[], SyncReport],
    offline: Callable[[], Readiness],
    show_screen: Callable[[str], None],
) -> DiagnosisDesk:
    """Join 诊断 of one registrar."""
    store, clock, diary, account = doorway.store, doorway.clock, doorway.diary, AccountId(account_id)
    sources = DiagnosisSources(store, clock, diary, account, report, offline)
    support = SupportDesk(store, clock, diary, account, lent.settings, doorway.token)
    return DiagnosisDesk(sources, support, lent, show_screen)


def _about(conn: Connection, row: OutboxRow) -> About:
    application = synced.find(conn, ApplicationId(row.command.application_id))
    name = f"  {application.person.name}  {term(application.kind)}" if application else ""
    return About(f"{term(row.kind)}{name}", row)
