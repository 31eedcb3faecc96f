"""Decides what 诊断 explains, and keeps it level with what happens. Knows no Qt; runs on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from medreg_core.domain.records import ApplicationId, CommandId
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Runner
from medreg_desktop.services.support import explain
from medreg_desktop.services.support.explain import Explanation
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.views.diagnosis.state import About, Page, ScreenState, Sources, View
from medreg_desktop.views.diagnosis.words import as_text


class DiagnosisPresenter:
    """Owned by the panel. ``reading`` is the runner of the copy's readers."""

    def __init__(self, view: View, sources: Sources, reading: Runner) -> None:
        self._view, self._sources, self._reading = view, sources, reading
        self._state = ScreenState(sources.now())
        self._look_up: Callable[[], About | None] | None = None  # None: the lamp is explained
        self._asked = 0
        self._is_reading = False
        self._is_closed = False

    def explain_lamp(self) -> None:
        """Explain the lamp."""
        self._asked += 1
        self._look_up = None
        self._show(page=Page.WHY, about=None, notice="", problem="")

    def explain_command(self, command_id: CommandId) -> None:
        """Explain where a decision of the registrar stands."""
        self._explain(lambda: self._sources.command(command_id))

    def explain_application(self, application_id: ApplicationId) -> None:
        """Explain the sync word of an application."""
        self._explain(lambda: self._sources.application(application_id))

    def choose(self, page: Page) -> None:
        """Show another tab."""
        self._show(page=page, notice="", problem="")

    def renew(self) -> None:
        """Something happened, or a second went by: show how it stands; a decision is read again."""
        self._show()

    def reread(self) -> None:
        """The copy changed: read the decision that is explained again."""
        if self._look_up is not None and not self._is_reading:
            self._read(self._look_up)

    def copy(self) -> None:
        """Put the explanation on the clipboard, without names or anything else of a person."""
        if self._state.explanation is not None:
            self._view.copy_text(as_text(self._state))
            self._show(notice=tr("Copied, without personal data."))

    def close(self) -> None:
        """The panel is gone: late answers are dropped."""
        self._is_closed = True

    # -- inside -----------------------------------------------------------------------------------------------------

    def _explain(self, look_up: Callable[[], About | None]) -> None:
        self._asked += 1
        self._look_up = look_up
        self._show(page=Page.WHY, notice="", problem="")
        self._read(look_up)

    def _read(self, look_up: Callable[[], About | None]) -> None:
        asked, self._is_reading = self._asked, True

        def found(about: About | None) -> None:
            self._is_reading = False
            if asked == self._asked and about is None:
                self.explain_lamp()
            elif asked == self._asked:
                self._follow(about)
                self._show(about=about)

        def failed(error: Exception) -> None:
            self._is_reading = False
            if not isinstance(error, KnownFault):
                raise error
            self._show(problem=error.code)

        self._reading.submit(look_up, found, failed)

    def _follow(self, about: About | None) -> None:
        """Stay with the decision that was found, also once it no longer waits."""
        if about is not None and about.row is not None:
            command_id = about.row.command.id
            self._look_up = lambda: self._sources.command(command_id)

    def _explanation(self, about: About | None) -> Explanation:
        report, diary = self._sources.report, self._sources.diary
        if about is None:
            return explain.of_lamp(report, diary)
        return explain.of_command(about.row, report, diary) if about.row else explain.of_settled(report, diary)

    def _show(self, **changes: object) -> None:
        if self._is_closed:
            return
        state = replace(self._state, now=self._sources.now(), **changes)  # type: ignore[arg-type]  # own fields
        self._state = replace(
            state,
            lamp=self._sources.report.lamp,
            explanation=self._explanation(state.about),
            readiness=self._sources.readiness(),
        )
        self._view.show_state(self._state)
