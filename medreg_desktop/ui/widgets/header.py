"""The head of a table: titles on the surface with one rule below, sort mark, tick box for all rows."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QHeaderView, QWidget

from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.cell_delegate import paint_sort_mark
from medreg_desktop.ui.widgets.rows_model import TICK_KEY, RowsModel
from medreg_desktop.ui.widgets.tick import paint_tick


class TableHeader(QHeaderView):
    """Horizontal header of one table; movable, resizable; the sort order itself is the screen's, shown here."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.sorted_by = ""
        self.descending = False
        self.setSectionsMovable(True)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setStretchLastSection(False)
        self.setMinimumSectionSize(28)
        self.dress()
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def dress(self) -> None:
        """Renew the ground behind and beside the titles."""
        palette = QPalette(self.palette())
        for role in (QPalette.ColorRole.Button, QPalette.ColorRole.Window, QPalette.ColorRole.Base):
            palette.setColor(role, look().colour(Colour.SURFACE))
        self.setPalette(palette)

    def show_sort(self, key: str, *, descending: bool) -> None:
        """Mark the column the rows are sorted by."""
        self.sorted_by, self.descending = key, descending
        self.viewport().update()

    def sizeHint(self) -> QSize:
        """Return the density's header height."""
        return QSize(super().sizeHint().width(), look().metrics.header)

    def sectionSizeFromContents(self, logical_index: int) -> QSize:
        """Return title plus sort mark."""
        title = str(self.model().headerData(logical_index, Qt.Orientation.Horizontal) or "")
        return QSize(look().text_width(title, Type.SMALL_BOLD) + look().px(30), look().metrics.header)

    def paintSection(self, painter: QPainter, rect: QRect, logical_index: int) -> None:
        """Draw one title."""
        painter.save()
        painter.fillRect(rect, look().colour(Colour.SURFACE))
        model = self.model()
        assert isinstance(model, RowsModel)
        column = model.columns[logical_index]
        left = rect.left() + look().px(Space.CONTROL)
        if column.key == TICK_KEY:
            state = model.tick_state
            partly = state == Qt.CheckState.PartiallyChecked
            checked = state == Qt.CheckState.Checked
            paint_tick(painter, left, rect.center().y(), checked=checked, partly=partly)
        else:
            sorted_here = column.key == self.sorted_by
            face = Type.SMALL_BOLD if sorted_here else Type.SMALL
            box = QRect(left, rect.top(), rect.right() - left, rect.height() - 1)
            width = paint.words(painter, box, column.title, face, Colour.TEXT if sorted_here else Colour.TEXT2)
            if sorted_here:
                paint_sort_mark(painter, left + width + 4, rect.center().y(), descending=self.descending)
        paint.hline(painter, rect.left(), rect.right() + 1, rect.bottom(), Colour.LINE2)
        painter.restore()
