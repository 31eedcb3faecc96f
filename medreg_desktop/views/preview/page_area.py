"""The page itself: the bytes that print, in Qt's PDF view, with the three ways to look at it."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMargins, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette, QResizeEvent
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPdfWidgets import QPdfView
from PySide6.QtWidgets import QFrame, QWidget

from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour
from medreg_desktop.ui.widgets.scrolling import use_thin_bars

_STEP = 1.15
_SMALLEST, _LARGEST = 0.25, 4.0
_MARGIN, _BETWEEN = 16, 16


class PageArea(QPdfView):
    """Shows one document; ``page_changed`` carries the page in view, ``zoom_changed`` says the percentage moved."""

    page_changed = Signal(int)
    zoom_changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.pages = QPdfDocument()
        self._data = QBuffer()
        self._pdf = b""
        self.setDocument(self.pages)
        self.setPageMode(QPdfView.PageMode.MultiPage)
        self.setZoomMode(QPdfView.ZoomMode.FitToWidth)
        self.setDocumentMargins(QMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN))
        self.setPageSpacing(_BETWEEN)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName(tr("Page"))
        use_thin_bars(self)
        self._dress()
        self._navigator = self.pageNavigator()
        self._navigator.currentPageChanged.connect(self.page_changed)

    def leave_document_to(self, owner: QObject) -> None:
        """Give the document to ``owner``, which must delete it after this view; call it when all else is in place.

        As a child of the view it would report its end to a view that is half gone, and crash the program.
        """
        self.pages.setParent(owner)
        self._data.setParent(owner)

    def show_pdf(self, pdf: bytes) -> bool:
        """Show these bytes; the same ones again change nothing. Returns whether the document is a new one."""
        if pdf is self._pdf:
            return False
        self.pages.close()
        self._data.close()
        self._pdf = pdf
        if pdf:
            self._data.setData(QByteArray(pdf))
            self._data.open(QIODevice.OpenModeFlag.ReadOnly)
            self.pages.load(self._data)
        return True

    def show_page(self, page: int) -> None:
        """Bring ``page`` into view."""
        if page != self._navigator.currentPage():
            self._navigator.jump(page, QPointF(), 0)

    @property
    def percent(self) -> int:
        """The size of the page against paper, in percent."""
        return round(self._factor() * 100)

    def fit_width(self) -> None:
        """Show the page as wide as the window allows."""
        self.setZoomMode(QPdfView.ZoomMode.FitToWidth)
        self.zoom_changed.emit()

    def fit_page(self) -> None:
        """Show the whole page."""
        self.setZoomMode(QPdfView.ZoomMode.FitInView)
        self.zoom_changed.emit()

    def zoom(self, steps: int) -> None:
        """Make the page larger or smaller."""
        factor = min(max(self._factor() * _STEP**steps, _SMALLEST), _LARGEST)
        self.setZoomMode(QPdfView.ZoomMode.Custom)
        self.setZoomFactor(factor)
        self.zoom_changed.emit()

    def _factor(self) -> float:
        """The zoom factor in effect; Qt's own property tells it only in the custom mode."""
        if self.zoomMode() is QPdfView.ZoomMode.Custom or not self.pages.pageCount():
            return self.zoomFactor()
        page = self.pages.pagePointSize(self._navigator.currentPage())
        dots = self.logicalDpiX() / 72
        across = (self.viewport().width() - 2 * _MARGIN) / (page.width() * dots)
        if self.zoomMode() is QPdfView.ZoomMode.FitToWidth:
            return across
        return min(across, (self.viewport().height() - 2 * _MARGIN) / (page.height() * dots))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The percentage follows the window."""
        super().resizeEvent(event)
        self.zoom_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the page keys to the screen; the arrows scroll."""
        if event.key() in {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Escape}:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _dress(self) -> None:
        # QPdfView fills the ground behind its pages with the palette's Dark.
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.Dark, look().colour(Colour.DESK))
        self.setPalette(palette)

    def follow_theme(self) -> None:
        """Take the desk's colour from the look of now; the page stays black on white."""
        self._dress()
