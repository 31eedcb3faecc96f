"""Prints a PDF page by page as pictures: the only way Qt offers in the process, and the same on every system.

The whole page is drawn at the printer's resolution (300 dpi unless told otherwise, never more than the printer has)
onto white, then onto the sheet from edge to edge. Strips would save memory but come out misregistered by up to two
pixels (``printing.md`` §3). All Qt objects here are made, used and freed inside one call on one worker thread; Qt
allows painting on QImage and QPrinter there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.printers import (
    Duplex,
    PrintCancelled,
    PrinterDescription,
    PrintSettings,
    Tray,
    sides,
)

_DUPLEX = {
    Duplex.AUTO: QPrinter.DuplexMode.DuplexAuto,
    Duplex.OFF: QPrinter.DuplexMode.DuplexNone,
    Duplex.LONG_EDGE: QPrinter.DuplexMode.DuplexLongSide,
    Duplex.SHORT_EDGE: QPrinter.DuplexMode.DuplexShortSide,
}
_TRAYS = {
    Tray.AUTO: QPrinter.PaperSource.Auto,
    Tray.UPPER: QPrinter.PaperSource.Upper,
    Tray.MIDDLE: QPrinter.PaperSource.Middle,
    Tray.LOWER: QPrinter.PaperSource.Lower,
    Tray.MANUAL: QPrinter.PaperSource.Manual,
}
_DPI_MAX = 600  # an A4 page at 600 dpi is a picture of 139 MB; more shows nothing


class SystemPrinters:
    """The printers of this computer; implements :class:`medreg_desktop.services.printing.printers.Printers`."""

    def available(self) -> tuple[PrinterDescription, ...]:
        """Return the printers, the default one first."""
        found = [_description(info) for info in QPrinterInfo.availablePrinters() if not info.isNull()]
        return tuple(sorted(found, key=lambda printer: (not printer.is_default, printer.title)))

    def send(
        self,
        pdf: bytes,
        settings: PrintSettings,
        job_name: str,
        *,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
        starts: Sequence[int] = (0,),
    ) -> None:
        """Print every page of ``pdf``, in order, as often as ``settings.copies`` says."""
        info = QPrinterInfo.printerInfo(settings.printer)
        if info.isNull():
            raise KnownFault("printer_gone", printer=settings.printer)
        printer = QPrinter(info, QPrinter.PrinterMode.HighResolution)
        printer.setDuplex(_DUPLEX[settings.duplex])
        printer.setPaperSource(_TRAYS[settings.tray])
        order = _Order(settings, tuple(starts), is_two_sided(settings, info), job_name)
        _print(pdf, printer, order, _Watch(progress, cancelled))


def is_two_sided(settings: PrintSettings, info: QPrinterInfo) -> bool:
    """Whether backs will be printed on; "as the printer is set" asks the printer's own preset."""
    if settings.duplex is Duplex.AUTO:
        return info.defaultDuplexMode() is not QPrinter.DuplexMode.DuplexNone
    return settings.duplex is not Duplex.OFF


@dataclass(frozen=True, slots=True)
class _Order:
    """How a document shall come out of the printer."""

    settings: PrintSettings
    starts: tuple[int, ...]
    two_sided: bool
    job_name: str


@dataclass(frozen=True, slots=True)
class _Watch:
    """Who hears of each page and may stop before the next."""

    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]


def print_to_pdf(pdf: bytes, path: Path, settings: PrintSettings, starts: Sequence[int] = (0,)) -> None:
    """Print onto Qt's own PDF printer: the same path as paper, for computers (and tests) without a printer."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(path))
    two_sided = settings.duplex in (Duplex.LONG_EDGE, Duplex.SHORT_EDGE)
    order = _Order(settings, tuple(starts), two_sided, path.stem)
    _print(pdf, printer, order, _Watch(lambda _done, _of: None, lambda: False))


def _description(info: QPrinterInfo) -> PrinterDescription:
    modes = info.supportedDuplexModes()
    duplex = tuple(ours for ours, theirs in _DUPLEX.items() if theirs in modes)
    title = info.description() or info.printerName()
    return PrinterDescription(info.printerName(), title, duplex or (Duplex.AUTO,), info.isDefault())


def _print(pdf: bytes, printer: QPrinter, order: _Order, watch: _Watch) -> None:
    data = QBuffer()
    data.setData(QByteArray(pdf))
    data.open(QIODevice.OpenModeFlag.ReadOnly)
    document = QPdfDocument()
    try:
        document.load(data)
        if document.status() is not QPdfDocument.Status.Ready:
            raise KnownFault("pdf_damaged")
        _print_pages(document, printer, order, watch)
    finally:
        document.close()
        data.close()


def _print_pages(document: QPdfDocument, printer: QPrinter, order: _Order, watch: _Watch) -> None:
    settings = order.settings
    printer.setDocName(order.job_name)
    # A driver that cannot count copies gets the pages again; collated, so that each copy is a whole form.
    by_driver = printer.supportsMultipleCopies()
    if by_driver:
        printer.setCollateCopies(True)
        printer.setCopyCount(settings.copies)
    copies = 1 if by_driver else settings.copies
    repeated = copies < settings.copies
    planned = sides(document.pageCount(), order.starts, copies, two_sided=order.two_sided, repeated=repeated)
    _use_page_of(printer, document, 0)
    painter = QPainter()
    if not painter.begin(printer):
        raise KnownFault("printer_refused", printer=settings.printer)
    try:
        done, total = 0, document.pageCount() * copies
        for number, page in enumerate(planned):
            if watch.cancelled():
                printer.abort()
                raise PrintCancelled
            if page is not None:
                _use_page_of(printer, document, page)
            if number and not printer.newPage():
                raise KnownFault("printer_refused", printer=settings.printer)
            if page is None:
                continue
            _draw_page(document, page, printer, painter, settings.dpi)
            done += 1
            watch.progress(done, total)
    finally:
        painter.end()


def _use_page_of(printer: QPrinter, document: QPdfDocument, page: int) -> None:
    """Take size and orientation from the form, never from the printer's own setting."""
    size = document.pagePointSize(page)
    landscape = size.width() > size.height()
    upright = QSizeF(min(size.width(), size.height()), max(size.width(), size.height()))
    sheet = QPageSize(upright, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.FuzzyMatch)
    orientation = QPageLayout.Orientation.Landscape if landscape else QPageLayout.Orientation.Portrait
    layout = QPageLayout(sheet, orientation, QMarginsF(0, 0, 0, 0))
    layout.setMode(QPageLayout.Mode.FullPageMode)  # the origin is the sheet's corner, not the printable area's
    printer.setPageLayout(layout)


def _draw_page(document: QPdfDocument, page: int, printer: QPrinter, painter: QPainter, dpi: int) -> None:
    size = document.pagePointSize(page)
    scale = min(printer.resolution(), dpi, _DPI_MAX) / 72
    drawn = document.render(page, QSize(round(size.width() * scale), round(size.height() * scale)))
    # render() leaves the ground transparent; a direct conversion to grey would turn it black (printing.md §3).
    white = QImage(drawn.size(), QImage.Format.Format_RGB32)
    white.fill(Qt.GlobalColor.white)
    over = QPainter(white)
    over.drawImage(0, 0, drawn)
    over.end()
    sheet = printer.paperRect(QPrinter.Unit.DevicePixel)
    gray = white.convertToFormat(QImage.Format.Format_Grayscale8)
    painter.drawImage(QRectF(0, 0, sheet.width(), sheet.height()), gray)
