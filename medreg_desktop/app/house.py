"""What the program lends to the office of the day, and the desks a signed-in registrar works at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from medreg_core.domain.deadlines import china_date
from medreg_desktop.app.adapters import RandomIds
from medreg_desktop.app.doorway import Doorway
from medreg_desktop.app.forms import FormWorks
from medreg_desktop.services.review.desk import Desk
from medreg_desktop.services.review.judging import Judging
from medreg_desktop.services.review.outbox_desk import OutboxDesk
from medreg_desktop.services.review.paper_desk import PaperDesk
from medreg_desktop.services.review.service import ReviewService
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.ui.notices import Notices
from medreg_desktop.ui.printing.system_printers import SystemPrinters
from medreg_desktop.ui.tasks import TaskRunner


@dataclass(frozen=True, slots=True)
class House:
    """What the program lends to the office of the day."""

    doorway: Doorway
    settings: Settings
    notices: Notices
    searching: TaskRunner
    reading: TaskRunner
    writing: TaskRunner
    background: TaskRunner
    is_demo: bool

    def today(self) -> date:
        """Return the day in China."""
        return china_date(self.doorway.clock.now())


@dataclass(frozen=True, slots=True)
class Desks:
    """The services of one registrar's day."""

    desk: Desk
    reviews: ReviewService
    outbox: OutboxDesk
    papers: PaperDesk
    forms: FormWorks
    printers: SystemPrinters


def desks_of(doorway: Doorway, is_online: Callable[[], bool]) -> Desks:
    """Open the desks for whoever has just signed in."""
    account = doorway.gate.account
    assert account is not None
    desk = Desk(doorway.store, doorway.clock, RandomIds(), doorway.tables, account, is_online)
    judging = Judging(doorway.tables, doorway.clock)
    forms = FormWorks(doorway.tables)
    return Desks(desk, ReviewService(desk), OutboxDesk(desk, judging), PaperDesk(desk), forms, SystemPrinters())
