"""What 诊断 shows, as one immutable value, and what it needs of the services."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.cache.outbox import OutboxRow
from medreg_desktop.services.support.explain import Explanation
from medreg_desktop.services.support.readiness import Readiness
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.lamp import Lamp
from medreg_desktop.services.sync.report import SyncReport


class Page(StrEnum):
    """The tabs."""

    WHY = "why"  # 为什么
    OFFLINE = "offline"  # 能否离线
    BUNDLE = "bundle"  # 支持包


@dataclass(frozen=True, slots=True)
class About:
    """The decision, or the application without one, that is explained. ``title`` names a person: screen only."""

    title: str
    row: OutboxRow | None = None


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Everything the panel renders. Without ``about`` it is the lamp that is explained."""

    now: datetime
    page: Page = Page.WHY
    lamp: Lamp = field(default_factory=lambda: SyncReport().lamp)
    about: About | None = None
    explanation: Explanation | None = None
    readiness: Readiness | None = None
    notice: str = ""  # what has just been done, in words
    problem: str = ""  # a fault code


class Sources(Protocol):
    """Where the panel's knowledge comes from. The two lookups read the copy and run off the UI thread."""

    @property
    def report(self) -> SyncReport:
        """The newest report of the sync loop."""
        ...

    @property
    def diary(self) -> Diary:
        """What sync went through."""
        ...

    def now(self) -> datetime:
        """Return the present moment."""
        ...

    def readiness(self) -> Readiness:
        """Return whether the network may be left."""
        ...

    def command(self, command_id: CommandId) -> About | None:
        """Return a decision of the registrar; None if it is not his."""
        ...

    def application(self, application_id: ApplicationId) -> About | None:
        """Return the registrar's last decision on an application, or the application alone; None if it is gone."""
        ...


class View(Protocol):
    """What the presenter asks of the panel."""

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        ...

    def copy_text(self, text: str) -> None:
        """Put a text on the clipboard."""
        ...
