"""Decides what the page of the support bundle shows: prepared anew when looked at, saved as it was shown. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Handle, Runner
from medreg_desktop.services.support.bundle import Bundle
from medreg_desktop.services.support.contents import SettingsFacts
from medreg_desktop.services.support.readiness import Readiness
from medreg_desktop.services.sync.report import SyncReport
from medreg_desktop.services.texts.faults import sentence


@dataclass(frozen=True, slots=True)
class BundleState:
    """Everything the page renders."""

    bundle: Bundle | None = None
    shown: str = "program.json"  # the part that is looked at
    is_busy: bool = False
    saved_as: str = ""  # file name
    saved_bytes: int = 0
    problem: str = ""  # a whole sentence


class Support(Protocol):
    """Where the bundle comes from. ``settings`` is asked on the UI thread, the rest on a runner's."""

    def settings(self) -> SettingsFacts:
        """Return the settings that may be handed over."""
        ...

    def prepare(self, settings: SettingsFacts, report: SyncReport, offline: Readiness) -> Bundle:
        """Put the bundle together. Raises KnownFault."""
        ...

    def save(self, made: Bundle, path: Path) -> int:
        """Save it; return its size. Raises KnownFault."""
        ...


class BundleView(Protocol):
    """What the presenter asks of the page."""

    def show_bundle(self, state: BundleState) -> None:
        """Show ``state``, whole."""
        ...


class BundlePresenter:
    """Owned by the page. ``background`` is the runner of slow work: the window never waits for it."""

    def __init__(
        self,
        view: BundleView,
        support: Support,
        background: Runner,
        report: Callable[[], SyncReport],
        offline: Callable[[], Readiness],
    ) -> None:
        self._view, self._support, self._background = view, support, background
        self._report, self._offline = report, offline
        self._state = BundleState()
        self._running: Handle | None = None

    def prepare(self) -> None:
        """Put the bundle together as things stand now; only the newest one is shown."""
        self._drop()
        settings, report, offline = self._support.settings(), self._report(), self._offline()
        self._show(is_busy=True, problem="", saved_as="")
        self._running = self._background.submit(
            lambda: self._support.prepare(settings, report, offline), self._prepared, self._failed
        )

    def look_at(self, part: str) -> None:
        """Show another part."""
        self._show(shown=part)

    def save(self, path: Path) -> None:
        """Save what is shown."""
        made = self._state.bundle
        if made is None or self._state.is_busy:
            return

        def saved(size: int) -> None:
            self._show(is_busy=False, saved_as=path.name, saved_bytes=size)

        self._show(is_busy=True, problem="", saved_as="")
        self._running = self._background.submit(lambda: self._support.save(made, path), saved, self._failed)

    def close(self) -> None:
        """The page is gone: late answers are dropped."""
        self._drop()

    def _prepared(self, made: Bundle) -> None:
        self._show(bundle=made, is_busy=False)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, KnownFault):
            raise error
        self._show(is_busy=False, problem=sentence(error.code, **error.params))

    def _drop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _show(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names are BundleState's own fields
        self._view.show_bundle(self._state)
