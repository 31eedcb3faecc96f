"""Joins 信使与小结 to the office: the courier, the reports, and the page it is opened from."""

from __future__ import annotations

from pathlib import Path

from medreg_core.domain.records import CommandId
from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.forms import FormWorks
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.ports import Clock, Runner
from medreg_desktop.services.printing.outage_report import OutageReport
from medreg_desktop.services.printing.reports import ReportDesk
from medreg_desktop.services.printing.whole_file import save_whole
from medreg_desktop.services.sync.bundles import BundleNote
from medreg_desktop.services.sync.courier_desk import Brought, Carried, CourierDesk
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.ui import assets
from medreg_desktop.views.sync_center.handouts import HandoutsWindow, open_page
from medreg_desktop.views.sync_center.handouts_presenter import HandoutsPresenter
from medreg_desktop.views.sync_center.view import SyncCenterView


class HandoutSource:
    """Implements the window's ``Source``; made at the first use, for fonts are slow to open."""

    def __init__(self, doorway: Doorway, forms: FormWorks, clock: Clock) -> None:
        self._doorway, self._forms, self._clock = doorway, forms, clock

    def write_to(self, folder: Path) -> None:
        """Have what waits written into a file."""
        self._courier().write_to(folder)

    def read(self, path: Path) -> Brought:
        """Take the answers a courier brought back."""
        return self._courier().read(path)

    def carry(self, path: Path) -> Carried:
        """Bring a colleague's file to the service."""
        return self._courier().carry(path)

    def outages(self) -> list[OutageReport]:
        """Return the outages, newest first."""
        return self._reports().outages()

    def save_outage(self, report: OutageReport, path: Path) -> None:
        """Save the page of one outage."""
        causes = {code: sentence(code) for code in report.outage.causes}
        save_whole(path, self._reports().outage_page(report.outage, causes))

    def save_receipt(self, command_id: CommandId, path: Path) -> None:
        """Save the page that proves a decision."""
        save_whole(path, self._reports().receipt_page(command_id)[1])

    def _courier(self) -> CourierDesk:
        doorway = self._doorway
        assert doorway.loop is not None
        return CourierDesk(doorway.store, doorway.gate.office.device_id, doorway.loop, doorway.carry)

    def _reports(self) -> ReportDesk:
        engine = self._forms.engine()
        return ReportDesk(self._doorway.store, engine, assets.path("reports"), self._clock, known_accounts.names)


class HandoutWorks:
    """Opens the window over 同步中心, and hands it the reports of sync."""

    def __init__(self, doorway: Doorway, forms: FormWorks, clock: Clock, runner: Runner) -> None:
        self._source = HandoutSource(doorway, forms, clock)
        self._runner = runner
        self._note = BundleNote()
        self._presenter: HandoutsPresenter | None = None

    def join(self, page: SyncCenterView) -> None:
        """Open the window when the page asks for it."""
        window = HandoutsWindow(page)
        presenter = HandoutsPresenter(self._source, self._runner, window.show_handouts, open_page)
        window.attach(presenter)
        self._presenter = presenter

        def opened(decision: str) -> None:
            presenter.open(CommandId(decision) if decision else None, self._note)
            window.open()

        page.handouts_wanted.connect(opened)

    def report(self, report: SyncReport) -> None:
        """Take the newest report of sync."""
        self._note = report.bundle
        if self._presenter is not None:
            self._presenter.report(report.bundle)
