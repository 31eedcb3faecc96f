"""信使与小结: the window with the courier's files, the pages on outages and the receipt of a decision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner, SectionHeader
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.labels import Panel, Text
from medreg_desktop.views.sync_center.files import ask_where
from medreg_desktop.views.sync_center.handouts_presenter import SHOWN, Handouts, HandoutsPresenter, outage_line

_WIDTH = 720


class HandoutsWindow(QDialog):
    """Lives on the UI thread; hidden, not destroyed, when it is left."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._presenter: HandoutsPresenter | None = None
        self.setWindowTitle(tr("Courier and reports"))
        self.setMinimumWidth(look().px(_WIDTH))
        self.write = Button(tr("Write to a stick…"), Kind.FILLED, icon="save")
        self.read = Button(tr("Read answers…"), icon="download")
        self.carry = Button(tr("Bring a colleague's file…"), icon="arrow-from-line")
        self.receipt = Button(tr("Receipt of the decision shown…"), icon="stamp")
        self.leave = Button(tr("Close"), Kind.PLAIN, shown_keys="Esc")
        self.news = Banner(Tone.DONE, "")
        self.news.hide()
        self._lines = tuple(Text("") for _ in range(SHOWN))
        self.pages = tuple(Button(tr("Page…"), Kind.PLAIN, icon="printer") for _ in range(SHOWN))
        self._none = Text(tr("No outage of a minute or more is on record."))
        self._lay_out()

    def attach(self, presenter: HandoutsPresenter) -> None:
        """Join the presenter."""
        self._presenter = presenter
        self.leave.clicked.connect(self.close)
        self.write.clicked.connect(lambda: self._ask_folder(presenter.write_to))
        self.read.clicked.connect(lambda: self._ask_file(tr("Answers (*.mra)"), presenter.read))
        self.carry.clicked.connect(lambda: self._ask_file(tr("Decisions (*.mrc)"), presenter.carry))
        self.receipt.clicked.connect(
            lambda: ask_where(self, tr("Save as PDF"), tr("Decision receipt") + ".pdf", presenter.save_receipt)
        )
        for place, page in enumerate(self.pages):
            page.clicked.connect(lambda _on=False, n=place: self._ask_page(n))
        self.write.setFocus()

    def show_handouts(self, state: Handouts) -> None:
        """Show ``state``, whole."""
        self.news.setVisible(bool(state.news))
        if state.news:
            self.news.show_news(Tone.FAULT if state.is_bad else Tone.DONE, state.news)
        self.receipt.setEnabled(state.decision is not None)
        self._none.setVisible(not state.outages)
        for place, (line, page) in enumerate(zip(self._lines, self.pages, strict=True)):
            there = place < len(state.outages)
            line.setVisible(there)
            page.setVisible(there)
            if there:
                line.setText(outage_line(state.outages[place]))
                page.setAccessibleName(tr("Page of the outage: {line}", line=outage_line(state.outages[place])))

    def _lay_out(self) -> None:
        paper = Panel(Colour.SURFACE, 0)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(paper)
        column = QVBoxLayout(paper)
        edge = look().px(Space.PAGE)
        column.setContentsMargins(edge, edge, edge, edge)
        column.setSpacing(look().px(Space.BAND))
        head = QHBoxLayout()
        head.addWidget(Text(tr("Courier and reports"), Type.TITLE))
        head.addStretch(1)
        head.addWidget(self.leave)
        column.addLayout(head)
        column.addWidget(self.news)
        column.addWidget(
            SectionHeader(tr("Courier"), tr("decisions travel sealed on a stick where no network reaches"))
        )
        row = QHBoxLayout()
        for button in (self.write, self.read, self.carry):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(SectionHeader(tr("Outages"), tr("one page each for the head physician")))
        column.addWidget(self._none)
        for line, page in zip(self._lines, self.pages, strict=True):
            both = QHBoxLayout()
            both.addWidget(line, 1)
            both.addWidget(page)
            column.addLayout(both)
        column.addWidget(SectionHeader(tr("Receipt"), tr("proves who decided what when, and the service's answer")))
        last = QHBoxLayout()
        last.addWidget(self.receipt)
        last.addStretch(1)
        column.addLayout(last)
        column.addStretch(1)

    def _ask_page(self, place: int) -> None:
        presenter = self._presenter
        if presenter is not None:
            name = tr("Outage report") + ".pdf"
            ask_where(self, tr("Save as PDF"), name, lambda path: presenter.save_outage(place, path))

    def _ask_folder(self, chosen: Callable[[Path], None]) -> None:
        self._ask(tr("Choose the stick"), "", QFileDialog.FileMode.Directory, chosen)

    def _ask_file(self, files: str, chosen: Callable[[Path], None]) -> None:
        self._ask(tr("Choose the file on the stick"), files, QFileDialog.FileMode.ExistingFile, chosen)

    def _ask(self, title: str, files: str, mode: QFileDialog.FileMode, chosen: Callable[[Path], None]) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation)
        dialog = QFileDialog(self, title, folder, files)
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: chosen(Path(path)))
        dialog.open()


def open_page(path: Path) -> None:
    """Show a saved page in the system's own viewer, which prints it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
