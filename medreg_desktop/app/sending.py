"""What the sync centre asks of the sync loop; without a loop (nobody has signed in) nothing happens."""

from __future__ import annotations

from medreg_desktop.app.doorway import Doorway
from medreg_desktop.views.sync_center.view import SyncCenterView


class SendingWishes:
    """Joins the page's buttons to the loop of the day."""

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
