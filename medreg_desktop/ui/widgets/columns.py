"""The menu that chooses columns: one check item a column, and back to the design."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.widgets.table import Table


def column_menu(table: Table, parent: QWidget) -> QMenu:
    """Return the column chooser of a table; show it with ``popup``. It deletes itself when closed."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    for column in table.rows_model.columns:
        if column.hideable:
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(table.is_column_shown(column.key))
            action.setData(column.key)
    menu.addSeparator()
    reset = menu.addAction(tr("Restore default columns"))
    reset.triggered.connect(table.reset_header)
    menu.triggered.connect(partial(_on_chosen, table))
    return menu


def _on_chosen(table: Table, action: QAction) -> None:
    if key := action.data():
        table.set_column_shown(key, shown=action.isChecked())


def drop_column_menu(table: Table, button: QWidget) -> None:
    """Show the column chooser below a button."""
    column_menu(table, button).popup(button.mapToGlobal(QPoint(0, button.height() + 2)))
