"""The table of every list: whole rows only, one current row, tick boxes, painted buttons, keyboard throughout."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from PySide6.QtCore import QByteArray, QEvent, QItemSelectionModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from medreg_desktop.ui import clipboard
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.widgets.cell_delegate import CellDelegate
from medreg_desktop.ui.widgets.cells import ButtonCell
from medreg_desktop.ui.widgets.header import TableHeader
from medreg_desktop.ui.widgets.rows_model import TICK_KEY, Index, RowsModel
from medreg_desktop.ui.widgets.rows_painter import Marked, RowsPainter, Span
from medreg_desktop.ui.widgets.scrolling import use_thin_bars

RowT = TypeVar("RowT")

_ACTING = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space})


class Table(QTableView):
    """A list of rows. Signals carry row positions.

    Enter or double click ``opened``; a click or Space on a painted button ``pressed`` (row, column key), a double click
    once, and never for a row that came under the pointer meanwhile; Space elsewhere ticks; a click on a title
    ``sort_requested`` (column key). Ctrl+C copies what the current or ticked rows show. ``header_changed`` says that
    widths, order or shown columns are worth storing (:meth:`header_state`).
    """

    opened = Signal(int)
    pressed = Signal(int, str)
    sort_requested = Signal(str)
    current_changed = Signal(int)
    header_changed = Signal()
    many_copied = Signal(str, int)

    def __init__(self, model: RowsModel[RowT], name: str, *, schema: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._schema = schema
        self._hidden_keys: set[str] = set()
        self._rows: RowsModel[Any] = model
        self._painter = RowsPainter(model)
        self._focused = False
        self._fitting = False
        self._is_given_room = False
        self._restoring = False
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(self))
        self._header = TableHeader(self)
        self.setHorizontalHeader(self._header)
        self.setModel(model)
        self._set_up_view()
        self._set_up_columns()
        self._connect()
        self._dress()

    def _set_up_view(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        use_thin_bars(self)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        vertical = self.verticalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setMinimumSectionSize(16)

    def _set_up_columns(self) -> None:
        for position, column in enumerate(self._rows.columns):
            self.setColumnWidth(position, look().px(column.width))
            mode = QHeaderView.ResizeMode.Stretch if column.stretch else QHeaderView.ResizeMode.Interactive
            if column.key == TICK_KEY:
                mode = QHeaderView.ResizeMode.Fixed
            self._header.setSectionResizeMode(position, mode)

    def _connect(self) -> None:
        self._header.sectionClicked.connect(self._on_title_clicked)
        self._header.sectionResized.connect(self._on_header_changed)
        self._header.sectionMoved.connect(self._on_header_changed)
        self.doubleClicked.connect(self._on_double_clicked)
        self._rows.modelAboutToBeReset.connect(self._remember_place)
        self._rows.modelReset.connect(self._return_to_place)
        self._place: tuple[Any, int, int] | None = None
        self._down_on: Any = None  # whose button or tick box the mouse went down on

    # current row

    @property
    def current_row(self) -> int:
        """The position of the current row, -1 when there is none."""
        return self.currentIndex().row()

    def select_row(self, position: int) -> None:
        """Make a row current and visible, keeping the current column."""
        column = self.currentIndex().column()
        index = self._rows.index(position, max(column, self._first_column()))
        self.setCurrentIndex(index)

    def _first_column(self) -> int:
        return self._header.logicalIndex(0)

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell the screen which row is current."""
        super().currentChanged(current, previous)
        if current.row() != previous.row() or not previous.isValid():
            self.current_changed.emit(current.row())

    def _remember_place(self) -> None:
        row = self.current_row
        if 0 <= row < self._rows.rowCount():
            self._place = (self._rows.identity_at(row), row, self.currentIndex().column())

    def _return_to_place(self) -> None:
        """After a refresh: the same row stays current; if it is gone, the row now in its place."""
        if self._place is None or self._rows.rowCount() == 0:
            return
        key, row, column = self._place
        found = self._rows.position_of(key)
        row = found if found >= 0 else min(row, self._rows.rowCount() - 1)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self._rows.index(row, column), flags)

    # sizes

    def updateGeometries(self) -> None:
        """Cut the viewport at a row edge: half a row looks like clipped text."""
        with self._room_changes():
            super().updateGeometries()
            if not self._fitting and self.height() > 0:
                self._cut_at_a_row()

    def _cut_at_a_row(self) -> None:
        margins = self.viewportMargins()
        bar = self.horizontalScrollBar().height() if self.horizontalScrollBar().isVisible() else 0
        rest = max(self.height() - margins.top() - bar, 0) % look().metrics.row
        if rest != margins.bottom():
            self._fitting = True
            self.setViewportMargins(margins.left(), margins.top(), margins.right(), rest)
            super().updateGeometries()
            self.setViewportMargins(margins.left(), margins.top(), margins.right(), rest)
            self._fitting = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Drop the columns that a narrow window has no room for."""
        with self._room_changes():
            super().resizeEvent(event)
            width = self.window().width()
            for position, column in enumerate(self._rows.columns):
                if column.drops_below:
                    dropped = width < look().px(column.drops_below)
                    self.setColumnHidden(position, dropped or column.key in self._hidden_keys)

    @contextmanager
    def _room_changes(self) -> Iterator[None]:
        """What the room does to the columns meanwhile is nobody's choice: each would be stored in a file."""
        before, self._is_given_room = self._is_given_room, True
        try:
            yield
        finally:
            self._is_given_room = before

    # header state

    def set_column_shown(self, key: str, *, shown: bool) -> None:
        """Show or hide a column, as the column chooser does."""
        position = next(i for i, column in enumerate(self._rows.columns) if column.key == key)
        hidden = self._hidden_keys
        hidden.discard(key) if shown else hidden.add(key)
        self.setColumnHidden(position, not shown)
        self.header_changed.emit()

    def is_column_shown(self, key: str) -> bool:
        """Whether the user wants to see a column."""
        return key not in self._hidden_keys

    @property
    def rows_model(self) -> RowsModel[Any]:
        """The model given at construction."""
        return self._rows

    def header_state(self) -> str:
        """Return widths, order and hidden columns as text for the settings; it names this table's schema."""
        raw = self._header.saveState().toBase64().data()
        return f"{self._schema}:{','.join(sorted(self._hidden_keys))}:{bytes(raw).decode()}"

    def restore_header(self, state: str) -> bool:
        """Return to a stored state; a state of another schema or a damaged one changes nothing and returns False."""
        schema, _, rest = state.partition(":")
        hidden, _, raw = rest.partition(":")
        if schema != str(self._schema) or not raw:
            return False
        self._restoring = True
        restored = self._header.restoreState(QByteArray(base64.b64decode(raw)))
        self._restoring = False
        self._hidden_keys.clear()
        self._hidden_keys.update(key for key in hidden.split(",") if key)
        return restored

    def reset_header(self) -> None:
        """Return to the designed columns."""
        self._hidden_keys.clear()
        for position in range(len(self._rows.columns)):
            self.setColumnHidden(position, False)
            self._header.moveSection(self._header.visualIndex(position), position)
        self._set_up_columns()
        self.header_changed.emit()

    def _on_header_changed(self) -> None:
        if not (self._restoring or self._is_given_room) and self.isVisible():
            self.header_changed.emit()

    def show_sort(self, key: str, *, descending: bool) -> None:
        """Mark the column the rows are sorted by."""
        self._header.show_sort(key, descending=descending)

    # input

    def _on_title_clicked(self, section: int) -> None:
        column = self._rows.columns[section]
        if column.key == TICK_KEY:
            self._rows.tick_all(on=self._rows.tick_state != Qt.CheckState.Checked)
        elif column.sortable:
            self.sort_requested.emit(column.key)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if not self._is_tick_box(index) and not self._is_button(index):
            self.opened.emit(index.row())

    def _is_button(self, index: QModelIndex) -> bool:
        return index.isValid() and isinstance(self._rows.cell(index), ButtonCell)

    def _is_tick_box(self, index: QModelIndex) -> bool:
        return index.isValid() and self._rows.columns[index.column()].key == TICK_KEY

    def _press(self, index: QModelIndex) -> None:
        self.pressed.emit(index.row(), self._rows.columns[index.column()].key)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Note whose button or box it is: until the mouse comes up the rows may have been read again."""
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        acts = self._is_button(index) or self._is_tick_box(index)
        self._down_on = self._rows.identity_at(index.row()) if acts else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a double click presses no button; on the same row's tick box it counts."""
        first = self._down_on
        super().mouseDoubleClickEvent(event)  # where the rows have changed, Qt makes a press of it
        index = self.indexAt(event.position().toPoint())
        same = self._is_tick_box(index) and self._rows.identity_at(index.row()) == first
        self._down_on = first if same else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a tick box ticks; on a painted button presses."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid() or index != self.currentIndex():
            return
        if self._rows.identity_at(index.row()) != self._down_on:
            return
        if self._is_tick_box(index):
            self._rows.toggle_tick(index.row())
        elif self._is_button(index):
            self._press(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the row under the pointer."""
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Forget the pointer."""
        super().leaveEvent(event)
        self._hover(QModelIndex())

    def _hover(self, index: QModelIndex) -> None:
        button = self._is_button(index)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if button else Qt.CursorShape.ArrowCursor)
        if index.row() != self._painter.hovered_row:
            self._painter.hovered_row = index.row()
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Space presses or ticks, Ctrl+A ticks all, Ctrl+C copies; the rest moves as usual."""
        if event.isAutoRepeat() and event.key() in _ACTING:
            return  # held down: by now another row may be the current one
        index = self.currentIndex()
        plain = event.modifiers() in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier}
        if plain and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and index.isValid():
            self.opened.emit(index.row())
        elif plain and event.key() == Qt.Key.Key_Space and index.isValid():
            self._on_space(index)
        elif event.matches(QKeySequence.StandardKey.SelectAll) and self._rows.is_tickable:
            self._rows.tick_all(on=True)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _on_space(self, index: QModelIndex) -> None:
        if self._is_button(index):
            self._press(index)
        elif self._rows.is_tickable:
            self._rows.toggle_tick(index.row())

    def _copy(self) -> None:
        """Copy the current row, tab-separated, as shown: masked stays masked. The screen lets ticked ones out."""
        ticked = [p for p in range(self._rows.rowCount()) if self._rows.is_ticked(p)]
        rows, shown = ticked or [self.current_row], self.shown_columns()
        lines = ["\t".join(str(self._rows.index(r, c).data() or "") for c in shown) for r in rows if r >= 0]
        if rows == [self.current_row]:
            clipboard.put("\n".join(lines))
        else:
            self.many_copied.emit("\n".join(lines), len(lines))

    def shown_columns(self) -> list[int]:
        """Return the positions of the columns that are seen, in the order they are seen, without the ticks."""
        order = [self._header.logicalIndex(v) for v in range(self._header.count())]
        return [c for c in order if not self.isColumnHidden(c) and self._rows.columns[c].key != TICK_KEY]

    # look

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows that are touched; Qt's own way is four calls of Python and more for each cell."""
        area, height = event.rect(), look().metrics.row
        first, last = self.rowAt(area.top()), self.rowAt(area.bottom())
        spans = self._spans(area)
        if first < 0 or not spans:
            return
        painter = QPainter(self.viewport())
        rows = range(first, (last if last >= 0 else self._rows.rowCount() - 1) + 1)
        self._painter.paint(painter, rows, self.rowViewportPosition(first), height, spans, self._marked())
        painter.end()

    def _spans(self, area: QRect) -> list[Span]:
        columns = range(len(self._rows.columns))
        spans = (Span(c, self.columnViewportPosition(c), self.columnWidth(c)) for c in columns)  # hidden: no width
        return [s for s in spans if s.width and s.left <= area.right() and s.left + s.width > area.left()]

    def _marked(self) -> Marked:
        selected = self.selectionModel().selectedRows()
        if not selected:
            return Marked()
        current = self.currentIndex()
        focused = self._focused and current.row() == selected[0].row()
        return Marked(selected[0].row(), current.column() if focused else -1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring of the focused cell; give the first row to a keyboard user."""
        super().focusInEvent(event)
        self._focused = True
        if not self.currentIndex().isValid() and self._rows.rowCount():
            self.select_row(0)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring of the focused cell."""
        super().focusOutEvent(event)
        self._focused = False
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_header"):
            self._dress()

    def _dress(self) -> None:
        self._header.dress()
        self._painter.forget()
        self.verticalHeader().setDefaultSectionSize(look().metrics.row)
        self.updateGeometries()
        self.viewport().update()
