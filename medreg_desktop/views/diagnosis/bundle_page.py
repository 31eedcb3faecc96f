"""支持包: every file that would be handed over, to be read before it is saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from medreg_desktop.services.support.bundle import Bundle, Part
from medreg_desktop.services.texts.translator import mark, tr
from medreg_desktop.ui.notices import Tone
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import Banner
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.cells import TextCell
from medreg_desktop.ui.widgets.labels import Text
from medreg_desktop.ui.widgets.rows_model import Column, RowsModel
from medreg_desktop.ui.widgets.scrolling import use_thin_bars
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.views.diagnosis.bundle_presenter import BundleState

SHOWN_LINES = 400
"""Of a long part the newest lines are shown; a text of megabytes would hold the window up."""

_HOLDS = {
    "program.json": mark("versions of the program and of the system"),
    "sync.json": mark("states of sync and the last exchanges"),
    "copy.json": mark("counts of the local copy"),
    "settings.json": mark("settings without free text"),
    "offline.json": mark("whether the network may be left"),
    "log.jsonl": mark("log, messages only"),
}


class BundlePage(QWidget):
    """The list of parts, the content of one, and the button that saves exactly this."""

    save_wanted = Signal(object)
    part_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = BundleState()
        self._about = Text("", Type.BODY, wrap=True)
        self._about.setText(
            tr(
                "For the operator. It holds versions, settings, states, counts, exchanges and the log; no names, "
                "ID numbers, telephones, codes or opinions. Read it before you hand it over."
            )
        )
        self.model = RowsModel[Part](_columns(), identity=lambda part: part.name, parent=self)
        self.table = Table(self.model, tr("Files of the bundle"))
        self.content = QPlainTextEdit()
        self.content.setReadOnly(True)
        self.content.setFrameShape(QFrame.Shape.NoFrame)
        self.content.setTabChangesFocus(True)
        self.content.setAccessibleName(tr("Content of the file"))
        self.content.document().setDocumentMargin(look().px(Space.CONTROL))
        self.content.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        use_thin_bars(self.content)
        self.news = Banner(Tone.DONE, "")
        self.news.hide()
        self._size = Text("", Type.SMALL, Colour.TEXT2)
        self.save = Button(tr("Save…"), Kind.FILLED, icon="save", keys="Ctrl+S")
        self.save.clicked.connect(self._ask)
        self.table.current_changed.connect(self._on_part)
        self._lay_out()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.addWidget(self._size, 1)
        foot.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look().px(Space.BAND))
        column.addWidget(self._about)
        column.addWidget(self.table)
        column.addWidget(self.content, 1)
        column.addWidget(self.news)
        column.addLayout(foot)

    def show_bundle(self, state: BundleState) -> None:
        """Show the bundle as it would be saved, and what became of it."""
        before, self._state = self._state, state
        made = state.bundle
        self.save.setEnabled(made is not None and not state.is_busy)
        if made is not None and made != before.bundle:
            self.model.set_rows(made.parts)
            self._fit()
        if made is not None and (made != before.bundle or state.shown != before.shown):
            self._show_part(made, state.shown)
        self._size.setText(_size_words(made) if not state.is_busy else tr("One moment…"))
        self._show_news(state)

    def _show_part(self, made: Bundle, name: str) -> None:
        part = next((part for part in made.parts if part.name == name), made.parts[0])
        lines = part.content.decode("ascii", "replace").splitlines()
        cut = tr("… only the last {n} lines are shown", n=SHOWN_LINES) if len(lines) > SHOWN_LINES else ""
        self.content.setPlainText("\n".join(([cut] if cut else []) + lines[-SHOWN_LINES:]))
        self.content.setFont(look().font(Type.SMALL))
        row = self.model.position_of(part.name)
        if row >= 0 and row != self.table.current_row:
            self.table.select_row(row)

    def _show_news(self, state: BundleState) -> None:
        self.news.setVisible(bool(state.problem or state.saved_as))
        if state.problem:
            self.news.show_news(Tone.FAULT, state.problem)
        elif state.saved_as:
            kib = max(1, round(state.saved_bytes / 1024))
            said = tr("Saved: {name}, {n} KB.", name=state.saved_as, n=kib)
            self.news.show_news(Tone.DONE, said, tr("Hand this file to the operator."))

    def _fit(self) -> None:
        head = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head + len(self.model.rows) * look().metrics.row + 2)

    def _on_part(self, row: int) -> None:
        if 0 <= row < len(self.model.rows):
            self.part_chosen.emit(self.model.row(row).name)

    def _ask(self) -> None:
        made = self._state.bundle
        if made is None:
            return
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, tr("Save the support bundle"), folder, tr("Zip files (*.zip)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.selectFile(made.file_name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.save_wanted.emit(Path(name)))
        dialog.open()


def _columns() -> tuple[Column[Part], ...]:
    column: type[Column[Part]] = Column
    return (
        column("name", tr("File"), 110, lambda part: TextCell(part.name), sortable=False),
        column("holds", tr("Holds"), 200, lambda part: TextCell(tr(_HOLDS[part.name])), stretch=True, sortable=False),
        column("size", tr("Size"), 70, lambda part: TextCell(_bytes_words(len(part.content))), sortable=False),
    )


def _bytes_words(size: int) -> str:
    return f"{size} B" if size < 1024 else f"{size / 1024:.1f} KB"


def _size_words(made: Bundle | None) -> str:
    if made is None:
        return ""
    size = sum(len(part.content) for part in made.parts)
    return tr("{n} files, {size}", n=len(made.parts), size=_bytes_words(size))
