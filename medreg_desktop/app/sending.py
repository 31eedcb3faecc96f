"""What the sync centre works with, and what it asks of the sync loop."""

from __future__ import annotations

from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.recall_list import RecallPrinting
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.review.quarantine_desk import QuarantineDesk
from medreg_desktop.services.review.reconcile_desk import ReconcileDesk
from medreg_desktop.views.sync_center.state import CenterServices
from medreg_desktop.views.sync_center.view import SyncCenterView


def center_services(
    desk: Desk, outbox: OutboxDesk, papers: PaperDesk, doorway: Doorway, recalls: RecallPrinting
) -> CenterServices:
    """Return the desks of the page for the registrar of the day."""
    return CenterServices(
        outbox, papers, QuarantineDesk(desk), doorway.diary.log, ReconcileDesk(desk), recalls, desk.account.name
    )


class SendingWishes:
    """Joins the page's buttons to the loop of the day; without one (nobody has signed in) nothing happens."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def join(self, page: SyncCenterView) -> None:
        """Let the page's wishes reach the loop."""
        page.pause_wanted.connect(self.pause)
        page.rehearsal_wanted.connect(self.rehearse)
        page.send_wanted.connect(self.send)

    def pause(self, on: bool) -> None:
        """暂停发送, 继续发送."""
        loop = self._doorway.loop
        if loop is not None:
            (loop.pause if on else loop.resume)()

    def rehearse(self) -> None:
        """预演."""
        if self._doorway.loop is not None:
            self._doorway.loop.rehearse()

    def send(self, all_of_it: bool) -> None:
        """发送 n 条, 全部发送."""
        if self._doorway.loop is not None:
            self._doorway.loop.send_rehearsed(all_of_it=all_of_it)
