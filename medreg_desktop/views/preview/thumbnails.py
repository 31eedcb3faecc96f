"""The strip of small pages at the left: arrows and PgUp/PgDn walk it, the current page has a ring."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPalette
from PySide6.QtPdf import QPdfDocument
from PySide6.QtWidgets import QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui import paint
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets.scrolling import use_thin_bars

Index = QModelIndex | QPersistentModelIndex

WIDTH = 164
_PAGE = QSize(120, 170)
_TOP, _LABEL = 12, 28
_KEPT = 96  # pictures of about 80 kB


class _PagesModel(QAbstractListModel):
    """The pages of a document and their pictures, drawn when first seen (3 to 5 ms each)."""

    def __init__(self, document: QPdfDocument, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self._pictures: dict[tuple[int, int], QImage] = {}

    def reload(self) -> None:
        """Show the document as it is now."""
        self.beginResetModel()
        self._pictures.clear()
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._document.pageCount()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return tr("Page {n}", n=index.row() + 1)
        return None

    def picture(self, page: int, size: QSize) -> QImage:
        """Return a page at ``size`` device pixels."""
        key = (page, size.width())
        if key not in self._pictures:
            if len(self._pictures) >= _KEPT:
                self._pictures.pop(next(iter(self._pictures)))
            self._pictures[key] = self._document.render(page, size)
        return self._pictures[key]


class _PageDelegate(QStyledItemDelegate):
    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(look().px(WIDTH) - 12, look().px(_TOP + _PAGE.height() + _LABEL))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model, view = index.model(), self.parent()
        assert isinstance(model, _PagesModel)
        assert isinstance(view, Thumbnails)
        cell: QRect = option.rect
        width, height = look().px(_PAGE.width()), look().px(_PAGE.height())
        page = QRect(cell.left() + (look().px(WIDTH) - width) // 2, cell.top() + look().px(_TOP), width, height)
        # A page is paper in either theme: white, with black print.
        painter.fillRect(page, Qt.GlobalColor.white)
        scale = painter.device().devicePixelRatio()
        painter.drawImage(page, model.picture(index.row(), QSize(round(width * scale), round(height * scale))))
        current = index.row() == view.currentIndex().row()
        edge, line = (Colour.RING, 3) if current else (Colour.LINE2, 1)
        paint.panel(painter, page.adjusted(-line, -line, line, line), edge=edge, width=line, radius=2)
        label = QRect(cell.left(), page.bottom() + 4, look().px(WIDTH), look().px(_LABEL - 6))
        face, colour = (Type.SMALL_BOLD, Colour.ACCENT) if current else (Type.SMALL, Colour.TEXT2)
        paint.words(painter, label, str(index.data()), face, colour, paint.CENTRE)


class Thumbnails(QListView):
    """Shows ``document``; ``chosen`` carries a page when the user walks or presses."""

    chosen = Signal(int)

    def __init__(self, document: QPdfDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = _PagesModel(document, self)
        self.setModel(self._pages)
        self.setItemDelegate(_PageDelegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedWidth(look().px(WIDTH))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setAccessibleName(tr("Pages"))
        use_thin_bars(self)
        self.selectionModel().currentChanged.connect(self._on_current)

    def reload(self) -> None:
        """Show the document after it changed."""
        self._pages.reload()

    def show_page(self, page: int) -> None:
        """Mark ``page`` without telling ``chosen``."""
        if page != self.currentIndex().row():
            blocked = self.blockSignals(True)
            self.setCurrentIndex(self._pages.index(page))
            self.blockSignals(blocked)
            self.viewport().update()

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid() and not self.signalsBlocked():
            self.chosen.emit(current.row())
