"""导出: asks where to, and tells which columns are seen; the file holds exactly those, masked as shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from medreg_core.domain.masking import MASK
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.widgets.button import Button, Kind
from medreg_desktop.ui.widgets.cells import Cell, MaskedCell
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.views.applications.columns import ACTION


class ExportButton(Button):
    """Opens the file dialog; no name of a person stands in the file's name."""

    file_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Export"), Kind.PLAIN, icon="download", keys="Ctrl+E", parent=parent)
        self.clicked.connect(self._ask)

    def _ask(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self, tr("Export the list"), folder, tr("Excel workbooks (*.xlsx)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("xlsx")
        dialog.selectFile(tr("Applications") + ".xlsx")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.file_chosen.emit(Path(name)))
        dialog.open()


def shown_texts(table: Table) -> list[tuple[str, Callable[[Any], str]]]:
    """Return title and text of each column seen, in the order seen; the column of buttons has nothing to tell."""
    columns = [table.rows_model.columns[position] for position in table.shown_columns()]
    return [(column.title, _text(column.cell)) for column in columns if column.key != ACTION]


def _text(cell: Callable[[Any], Cell]) -> Callable[[Any], str]:
    def text(row: object) -> str:
        shown = cell(row)
        return f"{shown.head}{MASK}{shown.tail}" if isinstance(shown, MaskedCell) else shown.accessible

    return text
