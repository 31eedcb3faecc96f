"""Decides what 打印预览 shows and does. Knows no Qt; runs on the window's thread.

The document is drawn once, off the window's thread; what is shown, saved and printed are those bytes. After a print the
document is prepared anew, because the next one is 补打 n and says so in its footer; so it is when what it says of the
consent is no longer so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TypeVar

from medreg_core.domain.records import ApplicationId
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.cache.papers import PrintRecord
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Handle, Progress, Runner
from medreg_desktop.services.printing.fields import FormJob
from medreg_desktop.services.printing.form_desk import PreparedForm, PreparedForms
from medreg_desktop.services.printing.form_document import RenderCancelled
from medreg_desktop.services.printing.printers import (
    COPIES_MAX,
    Duplex,
    PrintCancelled,
    PrinterDescription,
    Printers,
    PrintMemory,
    PrintSettings,
    Tray,
    fitted,
    settings_from_text,
    settings_to_text,
)
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.views.preview.second_check import second_check
from medreg_desktop.views.preview.state import (
    Forms,
    Late,
    Phase,
    PrintLine,
    ScreenState,
    ShownForm,
    Standing,
    Trouble,
    View,
)

T = TypeVar("T")


class PreviewPresenter:
    """Owned by the view; one per opened preview. ``late`` outlives it: hears what failed after it was closed."""

    def __init__(
        self, view: View, forms: Forms, printers: Printers, memory: PrintMemory, runner: Runner, late: Late
    ) -> None:
        self._view, self._forms, self._printers = view, forms, printers
        self._memory, self._runner, self._late = memory, runner, late
        self._ids: tuple[ApplicationId, ...] = ()
        self._prepared: PreparedForms | None = None
        self._state = ScreenState(settings=settings_from_text(memory.load()))
        self._handles: list[Handle] = []
        self._stop = Event()
        self._closed = False

    @property
    def state(self) -> ScreenState:
        """What is shown now."""
        return self._state

    # -- opening ----------------------------------------------------------------------------------------------------

    def open(self, ids: Sequence[ApplicationId]) -> None:
        """Show the forms of these applications as one document."""
        self._ids = tuple(ids)
        self._prepare()
        self._submit(self._printers.available, self._show_printers, self._no_printers)

    def try_again(self) -> None:
        """Prepare the document once more after a fault."""
        self._prepare()

    def reload(self) -> None:
        """The copy has changed: draw the document anew if what it says is no longer so."""
        prepared = self._prepared
        if prepared is None or self._state.phase is not Phase.READY:
            return

        def looked(stands: bool) -> None:
            if not stands and self._prepared is prepared and self._state.phase is Phase.READY:
                self._prepare()

        self._submit(lambda: self._forms.stands(prepared), looked, _not_now)

    def close(self) -> None:
        """Drop everything under way. A document already on its way to the printer is finished and recorded.

        That it failed is told all the same: whoever closed the screen counts on the paper.
        """
        self._closed = True
        if self._state.phase is Phase.PREPARING:
            self._stop.set()
        for handle in self._handles:
            handle.cancel()

    def cancel(self) -> None:
        """Stop drawing or printing after the page it is at; with nothing under way leave the screen."""
        if self._state.phase in (Phase.PREPARING, Phase.PRINTING):
            self._stop.set()
        elif self._state.phase is not Phase.SAVING:
            self._view.leave()

    # -- pages ------------------------------------------------------------------------------------------------------

    def show_page(self, page: int) -> None:
        """Take over which page is in view; the right column follows it."""
        if self._prepared is not None and 0 <= page < self._state.pages and page != self._state.page:
            self._render(page=page, form=_form_at(self._prepared, page))

    def turn(self, pages: int) -> None:
        """Go forward or back by some pages, within the document."""
        self.show_page(max(0, min(self._state.pages - 1, self._state.page + pages)))

    def next_defective(self) -> None:
        """Go to the next form that does not show everything as written, going round."""
        pages = self._state.defective
        if pages:
            self.show_page(next((page for page in pages if page > self._state.page), pages[0]))

    # -- settings ---------------------------------------------------------------------------------------------------

    def choose_printer(self, name: str) -> None:
        """Print there from now on."""
        self._set(replace(self._state.settings, printer=name))

    def choose_tray(self, tray: Tray) -> None:
        """Take the paper from there."""
        self._set(replace(self._state.settings, tray=tray))

    def choose_duplex(self, duplex: Duplex) -> None:
        """Print one or both sides."""
        self._set(replace(self._state.settings, duplex=duplex))

    def choose_copies(self, copies: int) -> None:
        """Print so many copies, 1 to 20."""
        self._set(replace(self._state.settings, copies=max(1, min(COPIES_MAX, copies))))

    # -- paper ------------------------------------------------------------------------------------------------------

    def print(self) -> None:
        """Print the document; nothing happens while it may not be printed."""
        prepared, settings = self._prepared, self._state.settings
        if prepared is None or not self._state.can_print:
            return
        self._stop = Event()
        stop = self._stop
        total = prepared.pages * settings.copies
        self._render(phase=Phase.PRINTING, progress=Progress(0, total), trouble=None)

        def printed() -> None:
            self._view.tell_printed(len(prepared.forms), settings.copies)
            self._prepare()

        work = self._forms.send
        self._finish(
            prepared.name,
            lambda: work(prepared, settings, self._hear, stop.is_set),
            printed,
            self._printing_failed,
        )

    def save(self) -> None:
        """Ask where to save the document as a file."""
        if self._prepared is not None and self._state.can_save:
            self._view.ask_where_to_save(f"{self._prepared.name}.pdf")

    def save_to(self, path: Path) -> None:
        """Save the document there."""
        prepared = self._prepared
        if prepared is None or not self._state.can_save:
            return
        self._render(phase=Phase.SAVING, trouble=None)

        def saved() -> None:
            self._view.tell_saved(path)
            self._prepare()

        work = self._forms.save
        self._finish(prepared.name, lambda: work(prepared, path), saved, self._saving_failed)

    def show_progress(self, done: int, total: int) -> None:
        """Show how far the work is; the view calls this on the window's thread."""
        if self._state.phase in (Phase.PREPARING, Phase.PRINTING):
            self._render(progress=Progress(done, total))

    # -- inside -----------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._stop = Event()
        ids, stop = self._ids, self._stop
        self._render(phase=Phase.PREPARING, progress=None)
        self._submit(lambda: self._forms.prepare(ids, self._hear, stop.is_set), self._show, self._preparing_failed)

    def _show(self, prepared: PreparedForms) -> None:
        self._prepared = prepared
        page = min(self._state.page, prepared.pages - 1)
        self._render(
            phase=Phase.READY,
            pdf=prepared.pdf,
            title=prepared.title,
            page=page,
            pages=prepared.pages,
            forms=len(prepared.forms),
            left_out=len(prepared.left_out),
            defective=tuple(form.first_page for form in prepared.forms if form.warnings),
            barred=prepared.barred,
            form=_form_at(prepared, page),
            progress=None,
        )

    def _show_printers(self, printers: tuple[PrinterDescription, ...]) -> None:
        self._render(printers=printers, settings=fitted(self._state.settings, printers))

    def _no_printers(self, error: Exception) -> None:
        if not isinstance(error, KnownFault):
            raise error
        self._show_printers(())

    def _set(self, settings: PrintSettings) -> None:
        settings = fitted(settings, self._state.printers or ())
        self._render(settings=settings)
        self._memory.keep(settings_to_text(settings))

    def _preparing_failed(self, error: Exception) -> None:
        if isinstance(error, RenderCancelled):
            self._view.leave()
            return
        self._prepared = None
        self._render(phase=Phase.FAILED, pdf=b"", pages=0, form=None, progress=None, trouble=_trouble(error))

    def _printing_failed(self, error: Exception) -> None:
        progress = self._state.progress or Progress(0, 0)
        if isinstance(error, PrintCancelled):
            self._view.tell_stopped(progress.done, progress.total)
        else:
            self._render(trouble=_trouble(error))
        # What came out is recorded, so the next print is a 补打: show the document that says so.
        self._prepare()

    def _saving_failed(self, error: Exception) -> None:
        self._render(trouble=_trouble(error))
        # The file may be there with nobody able to record it: the announced print counts, so the next is a 补打.
        self._prepare()

    def _hear(self, done: int, total: int) -> None:
        """Pass a worker's progress on, while there is somebody to hear it."""
        if not self._closed:
            self._view.progressed(done, total)

    def _finish(
        self, name: str, work: Callable[[], None], done: Callable[[], None], failed: Callable[[Exception], None]
    ) -> None:
        """Submit what must run to its end; a screen closed meanwhile hears nothing of it, the registrar of a fault."""

        def ended(_: None) -> None:
            if not self._closed:
                done()

        def broke(error: Exception) -> None:
            if not self._closed:
                failed(error)
            elif not isinstance(error, PrintCancelled):
                self._late(name, _trouble(error))

        self._runner.submit(work, ended, broke)

    def _submit(self, work: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]) -> None:
        self._handles.append(self._runner.submit(work, done, failed))

    def _render(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names and types are the caller's
        self._view.show_state(self._state)


def _not_now(error: Exception) -> None:
    """It could not be looked up; before it leaves it is looked up once more."""
    if not isinstance(error, KnownFault):
        raise error


def _trouble(error: Exception) -> Trouble:
    """Return what to show of a fault; anything that is not one is a bug and goes on."""
    if isinstance(error, Refused):
        return Trouble(error.reasons[0].code)
    if isinstance(error, KnownFault):
        return Trouble(error.code, error.params)
    raise error


def _form_at(prepared: PreparedForms, page: int) -> ShownForm:
    for index, form in enumerate(prepared.forms):
        if page < form.first_page + form.pages:
            return _shown(index, form)
    raise IndexError(page)


def _shown(index: int, form: PreparedForm) -> ShownForm:
    job = form.job
    return ShownForm(
        index=index,
        application_id=job.application.id,
        standing=_standing(job),
        check=second_check(form),
        form_number=job.form_number,
        content_version=form.printed.content_version if form.printed else job.application.content_version,
        digest=job.digest,
        reprint=job.reprint,
        prints=tuple(map(_line, form.prints)),
        warnings=form.warnings,
    )


def _standing(job: FormJob) -> Standing:
    match job.state:
        case None:
            return Standing.UNDECIDED
        case FormState.PENDING:
            return Standing.PENDING
        case FormState.AGREED:
            return Standing.AGREED


def _line(record: PrintRecord) -> PrintLine:
    return PrintLine(
        record.printed_at,
        record.copies,
        record.reprint,
        record.to_file,
        record.form_state is FormState.PENDING,
        record.perhaps,
    )
