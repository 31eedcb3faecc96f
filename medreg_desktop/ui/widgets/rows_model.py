"""The model below every table: rows are dataclasses, columns are values that turn a row into a cell."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.widgets.cells import Cell, TickCell, TickState

RowT = TypeVar("RowT")
Index = QModelIndex | QPersistentModelIndex
CELL_ROLE = int(Qt.ItemDataRole.UserRole)
TICK_KEY = "tick"
_CELL_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
"""Joined once: Qt asks for them twice a cell at every repaint."""


@dataclass(frozen=True, slots=True)
class Column(Generic[RowT]):
    """One column. ``key`` is stored in the user's settings: never rename it without raising the table's schema.

    ``width`` in pixels at 100 %; one column may stretch. ``drops_below`` hides it in windows narrower than that.
    """

    key: str
    title: str
    width: int
    cell: Callable[[RowT], Cell]
    stretch: bool = False
    sortable: bool = True
    hideable: bool = True
    drops_below: int = 0


class RowsModel(QAbstractTableModel, Generic[RowT]):
    """Rows of one table. With ``tickable`` the first column holds tick boxes; barred rows cannot be ticked.

    ``identity`` names a row across refreshes: ticks, the current row and the scroll position follow it.
    """

    more_wanted = Signal()
    ticks_changed = Signal()

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        identity: Callable[[RowT], Hashable],
        *,
        tickable: Callable[[RowT], bool] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._tickable = tickable
        tick = Column(TICK_KEY, "", 32, self._tick_cell, sortable=False, hideable=False)
        self.columns: tuple[Column[RowT], ...] = (*((tick,) if tickable else ()), *columns)
        self._identity = identity
        self._rows: list[RowT] = []
        self._ticked: dict[Hashable, RowT] = {}
        self._has_more = False

    # rows

    @property
    def rows(self) -> tuple[RowT, ...]:
        """The rows now in the table."""
        return tuple(self._rows)

    def row(self, position: int) -> RowT:
        """Return the row at a position."""
        return self._rows[position]

    def position_of(self, key: Hashable) -> int:
        """Return where the row with this identity stands; -1 when it is not here."""
        return next((i for i, row in enumerate(self._rows) if self._identity(row) == key), -1)

    def identity_at(self, position: int) -> Hashable:
        """Return the identity of the row at a position."""
        return self._identity(self._rows[position])

    def set_rows(self, rows: Iterable[RowT], *, has_more: bool = False) -> None:
        """Replace all rows; ticks stay on rows that are still here and may still be ticked.

        That a ticked row is another one now is told as well: what was said of the ticked ones may not hold any more.
        """
        self.beginResetModel()
        self._rows = list(rows)
        self._has_more = has_more
        before = self._ticked
        if before:
            kept = {self._identity(row): row for row in self._rows if self._may_tick(row)}
            self._ticked = {key: kept[key] for key in before if key in kept}
        self.endResetModel()
        if self._ticked != before:
            self.ticks_changed.emit()

    def append_rows(self, rows: Iterable[RowT], *, has_more: bool) -> None:
        """Add the next page."""
        rows = list(rows)
        self._has_more = has_more
        if rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows.extend(rows)
            self.endInsertRows()

    def replace_row(self, row: RowT) -> None:
        """Show a newer version of a row that is here; does nothing when it is not."""
        position = self.position_of(self._identity(row))
        if position >= 0:
            self._rows[position] = row
            self.dataChanged.emit(self.index(position, 0), self.index(position, len(self.columns) - 1))

    # ticks

    @property
    def ticked(self) -> tuple[RowT, ...]:
        """The ticked rows, in the order they were ticked."""
        return tuple(self._ticked.values())

    def toggle_tick(self, position: int) -> None:
        """Tick or untick one row; a barred row stays as it is."""
        row = self._rows[position]
        if not self._may_tick(row):
            return
        key = self._identity(row)
        if key in self._ticked:
            del self._ticked[key]
        else:
            self._ticked[key] = row
        self._ticks_shown(position, position)

    def tick_all(self, *, on: bool) -> None:
        """Tick every row that may be ticked, or none."""
        self._ticked = {self._identity(row): row for row in self._rows if self._may_tick(row)} if on else {}
        if self._rows:
            self._ticks_shown(0, len(self._rows) - 1)

    @property
    def tick_state(self) -> Qt.CheckState:
        """The head's tick box: none, some, or every row that may be ticked."""
        if not self._ticked:
            return Qt.CheckState.Unchecked
        possible = sum(self._may_tick(row) for row in self._rows)
        return Qt.CheckState.Checked if len(self._ticked) == possible else Qt.CheckState.PartiallyChecked

    @property
    def is_tickable(self) -> bool:
        """Whether the table has tick boxes."""
        return self._tickable is not None

    def _may_tick(self, row: RowT) -> bool:
        return self._tickable is not None and self._tickable(row)

    def is_ticked(self, position: int) -> bool:
        """Whether the row at a position is ticked."""
        return self._identity(self._rows[position]) in self._ticked

    def _tick_cell(self, row: RowT) -> Cell:
        if not self._may_tick(row):
            return TickCell(TickState.BARRED)
        return TickCell(TickState.ON if self._identity(row) in self._ticked else TickState.OFF)

    def _ticks_shown(self, first: int, last: int) -> None:
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 0)
        self.ticks_changed.emit()

    # Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of loaded rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of columns, hidden ones included."""
        return 0 if parent.isValid() else len(self.columns)

    def cell(self, index: Index) -> Cell:
        """Return what a cell shows."""
        return self.columns[index.column()].cell(self._rows[index.row()])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the cell for the delegate, and its words for everything else (copying, screen readers)."""
        if not index.isValid():
            return None
        if role == CELL_ROLE:
            return self.cell(index)
        if role == Qt.ItemDataRole.DisplayRole:
            cell = self.cell(index)
            return "" if isinstance(cell, TickCell) else cell.accessible
        if role == Qt.ItemDataRole.AccessibleTextRole:
            column = self.columns[index.column()]
            return f"{column.title} {self.cell(index).accessible}".strip()
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the column titles."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tr("Tick all rows") if column.key == TICK_KEY else column.title
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every cell may be current; nothing is edited in place."""
        return _CELL_FLAGS if index.isValid() else Qt.ItemFlag.NoItemFlags

    def canFetchMore(self, _parent: Index) -> bool:
        """Whether the source has another page."""
        return self._has_more

    def fetchMore(self, _parent: Index) -> None:
        """Ask the screen for the next page, once until it is appended."""
        if self._has_more:
            self._has_more = False
            self.more_wanted.emit()
