"""打印预览 as a page: thumbnails, the page itself, the right column, and the two buttons at its foot."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QStandardPaths, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from medreg_core.domain.records import ApplicationId
from medreg_desktop.services.ports import Runner
from medreg_desktop.services.printing.printers import Duplex, Printers, PrintMemory, Tray
from medreg_desktop.services.texts.faults import sentence
from medreg_desktop.services.texts.translator import together, tr, trn
from medreg_desktop.ui.notices import Notices, Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import EmptyState
from medreg_desktop.ui.widgets.button import Button, IconButton, Kind
from medreg_desktop.ui.widgets.labels import Hairline, Panel, Text
from medreg_desktop.ui.widgets.progress import ProgressStrip
from medreg_desktop.ui.widgets.scrolling import ScrollArea
from medreg_desktop.views.preview.page_area import PageArea
from medreg_desktop.views.preview.presenter import PreviewPresenter
from medreg_desktop.views.preview.side_column import WIDTH, SideColumn
from medreg_desktop.views.preview.state import Forms, Phase, ScreenState, Trouble
from medreg_desktop.views.preview.thumbnails import Thumbnails
from medreg_desktop.views.preview.words import defect_count, late_sentence, trouble_words


class PreviewView(Panel):
    """The screen; ``left`` asks its owner to close it. Call :meth:`open` once it is in place."""

    left = Signal()
    _heard = Signal(int, int)

    def __init__(
        self,
        forms: Forms,
        printers: Printers,
        memory: PrintMemory,
        runner: Runner,
        notices: Notices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(Colour.WINDOW, 0, parent)
        self._notices = notices
        self._presenter = PreviewPresenter(self, forms, printers, memory, runner, partial(_tell_late, notices))
        self._dialog: QFileDialog | None = None
        self._make_head()
        self._make_body()
        self._make_foot()
        self._lay_out()
        self._connect()
        self.area.leave_document_to(self)
        self.setAccessibleName(tr("Print preview"))

    def open(self, ids: Sequence[ApplicationId]) -> None:
        """Show the forms of these applications."""
        self._presenter.open(ids)

    def reload(self) -> None:
        """Follow the copy, which has changed."""
        self._presenter.reload()

    def close_work(self) -> None:
        """Drop what is under way; the owner calls this before the screen goes."""
        self._presenter.close()

    @property
    def shown_application(self) -> ApplicationId | None:
        """The application whose page is in view; None while there is no document."""
        form = self._presenter.state.form
        return form.application_id if form is not None else None

    # -- building ---------------------------------------------------------------------------------------------------

    def _make_head(self) -> None:
        self._title = Text("", Type.BODY, Colour.TEXT2)
        self._number = Text("", Type.NAME)
        self.smaller = IconButton("zoom-out", tr("Smaller"), keys="Ctrl+-")
        self.larger = IconButton("zoom-in", tr("Larger"), keys="Ctrl+=")
        self._percent = Text("", Type.BODY)
        self.fit_width = Button(tr("Fit width"), Kind.PLAIN, keys="Ctrl+0")
        self.fit_page = Button(tr("Whole page"), Kind.PLAIN, keys="Ctrl+9")
        self._where = Text("", Type.BODY)
        self.previous = Button(tr("Previous page"), Kind.PLAIN, shown_keys="PgUp")
        self.next = Button(tr("Next page"), Kind.PLAIN, shown_keys="PgDn")
        self.back = Button(tr("Back"), Kind.OUTLINED, icon="arrow-back", shown_keys="Esc")

    def _make_body(self) -> None:
        self.area = PageArea(self)
        self.thumbnails = Thumbnails(self.area.pages)
        self._empty = EmptyState(tr("Preparing the form…"), icon="documents")
        self._middle = QStackedWidget()
        self._middle.addWidget(self._empty)
        self._middle.addWidget(self.area)
        self.side = SideColumn()

    def _make_foot(self) -> None:
        self._why_not = Text("", Type.SMALL, Colour.TEXT2, wrap=True)
        self.progress = ProgressStrip()
        self.save = Button(tr("Save PDF"), Kind.OUTLINED, icon="download", keys="Ctrl+S", tall=True)
        self.print = Button(tr("Print"), Kind.FILLED, icon="printer", keys="Ctrl+P", tall=True)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head_row())
        column.addWidget(Hairline())
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.thumbnails)
        body.addWidget(self._middle, 1)
        body.addWidget(self._right_pane())
        column.addLayout(body, 1)

    def _head_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(Space.PAGE, 10, Space.PAGE, 10)
        row.setSpacing(Space.CONTROL)
        row.addWidget(Text(tr("Print preview"), Type.TITLE))
        row.addWidget(self._title)
        row.addWidget(self._number)
        row.addStretch(1)
        for widget in (self.smaller, self._percent, self.larger, self.fit_width, self.fit_page):
            row.addWidget(widget)
        row.addWidget(Hairline(vertical=True))
        for widget in (self._where, self.previous, self.next, self.back):
            row.addWidget(widget)
        return row

    def _right_pane(self) -> QWidget:
        pane = Panel(Colour.SURFACE, 0)
        pane.setFixedWidth(look().px(WIDTH))
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.CONTROL)
        buttons.addWidget(self.save)
        buttons.addWidget(self.print)
        foot = QVBoxLayout()
        foot.setContentsMargins(Space.PAGE, Space.CONTROL, Space.PAGE, 12)
        foot.setSpacing(Space.CONTROL)
        foot.addWidget(self._why_not)
        foot.addWidget(self.progress)
        foot.addLayout(buttons)
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(ScrollArea(self.side), 1)
        column.addLayout(foot)
        return pane

    def _connect(self) -> None:
        presenter = self._presenter
        self._heard.connect(presenter.show_progress, Qt.ConnectionType.QueuedConnection)
        self.area.page_changed.connect(presenter.show_page)
        self.area.zoom_changed.connect(self._show_zoom)
        self.thumbnails.chosen.connect(presenter.show_page)
        self.smaller.clicked.connect(self._on_smaller)
        self.larger.clicked.connect(self._on_larger)
        self.fit_width.clicked.connect(self.area.fit_width)
        self.fit_page.clicked.connect(self.area.fit_page)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.back.clicked.connect(presenter.cancel)
        self.progress.cancelled.connect(presenter.cancel)
        self._empty.pressed.connect(presenter.try_again)
        self.side.printer_chosen.connect(presenter.choose_printer)
        self.side.tray_chosen.connect(self._on_tray)
        self.side.duplex_chosen.connect(self._on_duplex)
        self.side.copies_chosen.connect(presenter.choose_copies)
        self.side.defect_wanted.connect(presenter.next_defective)
        self.save.clicked.connect(presenter.save)
        self.print.clicked.connect(presenter.print)

    # -- showing ----------------------------------------------------------------------------------------------------

    def show_state(self, state: ScreenState) -> None:
        """Show ``state``, whole."""
        self._show_document(state)
        self._show_head(state)
        self.side.show_state(state)
        self._show_foot(state)

    def _show_document(self, state: ScreenState) -> None:
        if self.area.show_pdf(state.pdf):
            self.thumbnails.reload()
        shown = self.area if state.pdf else self._empty
        if shown is not self._middle.currentWidget():
            self._middle.setCurrentWidget(shown)
            shown.setFocus()
        if state.pdf:
            self.area.show_page(state.page)
            self.thumbnails.show_page(state.page)
        elif state.phase is Phase.FAILED and state.trouble is not None:
            self._empty.show_words(*trouble_words(state.trouble), button=tr("Try again"))
        else:
            self._empty.show_words(tr("Preparing the form…"))

    def _show_head(self, state: ScreenState) -> None:
        self._title.setText(state.title)
        number = state.form.form_number if state.form else ""
        self._number.setText(number)
        of = tr("Page {n} of {m}", n=state.page + 1, m=state.pages) if state.pages else ""
        self._where.setText(of)
        self.previous.setEnabled(state.page > 0)
        self.next.setEnabled(state.page + 1 < state.pages)
        for button in (self.smaller, self.larger, self.fit_width, self.fit_page):
            button.setEnabled(bool(state.pdf))
        self._show_zoom()

    def _show_zoom(self) -> None:
        self._percent.setText(f"{self.area.percent} %" if self.area.pages.pageCount() else "")

    def _show_foot(self, state: ScreenState) -> None:
        copies = state.settings.copies
        self.print.set_label(trn("Print {n}", "Print {n}", copies))
        self.print.setEnabled(state.can_print)
        self.save.setEnabled(state.can_save)
        no_printer = state.printers == () and state.is_usable
        self.save.set_kind(Kind.FILLED if no_printer else Kind.OUTLINED)
        self.print.set_kind(Kind.OUTLINED if no_printer else Kind.FILLED)
        self._why_not.setText(_why_not(state))
        self._why_not.setVisible(bool(self._why_not.text()))
        self._show_progress(state)

    def _show_progress(self, state: ScreenState) -> None:
        if state.progress is None or state.progress.total < 2:
            self.progress.finish()
            return
        if not self.progress.isVisibleTo(self):
            self.progress.start(tr("Printing") if state.phase is Phase.PRINTING else tr("Preparing"))
        self.progress.set_progress(state.progress.done, state.progress.total)

    # -- asked by the presenter -------------------------------------------------------------------------------------

    def progressed(self, done: int, total: int) -> None:
        """Bring a worker's progress to this thread."""
        # The screen may go between the presenter's look and this line; a print must not break off for that.
        with contextlib.suppress(RuntimeError):
            self._heard.emit(done, total)

    def ask_where_to_save(self, suggested: str) -> None:
        """Open the file dialog beside the page; it reports back by itself."""
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, tr("Save as PDF"), folder, tr("PDF files (*.pdf)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("pdf")
        dialog.selectFile(suggested)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_file)
        self._dialog = dialog
        dialog.open()

    def tell_printed(self, forms: int, copies: int) -> None:
        """Say that the printer has it."""
        self._notices.say(
            trn(
                "Sent to the printer: {n} form, {copies} × each.",
                "Sent to the printer: {n} forms, {copies} × each.",
                forms,
                copies=copies,
            )
        )

    def tell_saved(self, path: Path) -> None:
        """Say where the file is."""
        self._notices.say(tr("Saved: {file}", file=str(path)))

    def tell_stopped(self, sent: int, total: int) -> None:
        """Say how much came out."""
        text = tr("Printing stopped after {n} of {m} pages; what came out is recorded.", n=sent, m=total)
        self._notices.say(text, Tone.CARE)

    def leave(self) -> None:
        """Ask the owner to close the screen."""
        self.left.emit()

    # -- gestures ---------------------------------------------------------------------------------------------------

    def _on_smaller(self) -> None:
        self.area.zoom(-1)

    def _on_larger(self) -> None:
        self.area.zoom(1)

    def _on_previous(self) -> None:
        self._presenter.turn(-1)

    def _on_next(self) -> None:
        self._presenter.turn(1)

    def _on_tray(self, value: str) -> None:
        self._presenter.choose_tray(Tray(value))

    def _on_duplex(self, value: str) -> None:
        self._presenter.choose_duplex(Duplex(value))

    def _on_file(self, path: str) -> None:
        self._presenter.save_to(Path(path))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """PgUp and PgDn turn pages, Esc stops or leaves."""
        match event.key():
            case Qt.Key.Key_PageUp:
                self._presenter.turn(-1)
            case Qt.Key.Key_PageDown:
                self._presenter.turn(1)
            case Qt.Key.Key_Escape:
                self._presenter.cancel()
            case _:
                super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme; the page stays black on white."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "area"):
            self.area.follow_theme()


def _tell_late(notices: Notices, name: str, trouble: Trouble) -> None:
    """Say it where it stays in sight; knows nothing of the screen, which is gone."""
    notices.say(late_sentence(name, trouble), Tone.FAULT)


def _why_not(state: ScreenState) -> str:
    """Return what stands beside a button that is not alive, or what the user should know before pressing it."""
    if state.form is not None and state.barred:
        return sentence(state.barred)
    if state.form is not None and not state.is_usable:
        return tr("Can be printed after agreeing.")
    if state.left_out or (state.defective and state.forms > 1):
        defects = defect_count(state) if state.defective and state.forms > 1 else ""
        return together(_left_out(state.left_out), defects)
    if state.printers == () and state.is_usable:
        return tr("This computer has no printer. Save the form as PDF and print it elsewhere.")
    return ""


def _left_out(n: int) -> str:
    text = "{n} chosen application has no form that may be printed and is left out."
    return trn(text, "{n} chosen applications have no form that may be printed and are left out.", n) if n else ""
