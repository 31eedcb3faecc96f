"""Qt's side of printing. No printer is needed: Qt's own PDF printer takes the same path as paper."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pypdf
import pytest
from PIL import ImageChops
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo
from pytestqt.qtbot import QtBot

from medreg_core.domain.vocabulary import Kind
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.printers import (
    Duplex,
    PrinterDescription,
    PrintSettings,
    Tray,
    fitted,
    settings_from_text,
    settings_to_text,
    sides,
)
from medreg_desktop.services.printing.scan import scan_page
from medreg_desktop.ui.printing.system_printers import SystemPrinters, is_two_sided, print_to_pdf
from tests.helpers.review_forms import application, draw, job, page_image


def printed(pdf: bytes, path: Path, settings: PrintSettings | None = None, starts: Sequence[int] = (0,)) -> bytes:
    """Print on a thread of its own, as the program does."""
    worker = threading.Thread(target=print_to_pdf, args=(pdf, path, settings or PrintSettings(dpi=200), starts))
    worker.start()
    worker.join()
    return path.read_bytes()


def test_what_prints_is_the_page_at_full_size_with_readable_codes(qtbot: QtBot, tmp_path: Path) -> None:
    pdf = draw(job())
    sheet = printed(pdf, tmp_path / "sheet.pdf", PrintSettings(dpi=300))
    ours, theirs = page_image(pdf, dpi=100), page_image(sheet, dpi=100)
    far_off = ImageChops.difference(ours, theirs.resize(ours.size)).histogram()[160:]
    assert sum(far_off) < 0.006 * ours.width * ours.height
    assert scan_page(page_image(sheet, 1, 200)).form_number == job().form_number


def test_every_copy_is_a_whole_document_in_order(qtbot: QtBot, tmp_path: Path) -> None:
    pdf = draw(job(1), job(2, subject=application(Kind.CANCELLATION, registered=True)))
    path = tmp_path / "copies.pdf"
    printed(pdf, path, PrintSettings(copies=2, dpi=150))
    reader = pypdf.PdfReader(path)
    assert len(reader.pages) == 6
    numbers = [scan_page(page_image(path.read_bytes(), n, 150)).form_number for n in (0, 2, 3, 5)]
    assert numbers == [job(1).form_number, job(2).form_number] * 2


def test_two_sided_every_form_and_copy_begins_on_a_front(qtbot: QtBot, tmp_path: Path) -> None:
    pdf = draw(job(1, subject=application(Kind.CANCELLATION, registered=True)), job(2))
    sheets = printed(
        pdf, tmp_path / "sheets.pdf", PrintSettings(duplex=Duplex.LONG_EDGE, copies=2, dpi=150), starts=(0, 1)
    )
    sides_printed = [scan_page(page_image(sheets, n, 150)).form_number for n in range(8)]
    one, two = job(1).form_number, job(2).form_number
    assert sides_printed == [one, "", two, two] * 2
    assert len(pypdf.PdfReader(tmp_path / "sheets.pdf").pages) == 8


@pytest.mark.parametrize(
    ("pages", "starts", "copies", "repeated", "planned"),
    [
        (3, (0, 1), 1, False, [0, None, 1, 2]),
        (3, (0, 2), 1, False, [0, 1, 2]),
        (3, (0, 2), 1, True, [0, 1, 2, None]),  # the driver's next copy begins on a front as well
        (1, (0,), 2, False, [0, None, 0]),
        (4, (0, 2), 1, True, [0, 1, 2, 3]),
    ],
)
def test_the_back_of_a_forms_last_page_belongs_to_no_other_form(
    pages: int, starts: Sequence[int], copies: int, repeated: bool, planned: list[int | None]
) -> None:
    assert sides(pages, starts, copies, two_sided=True, repeated=repeated) == planned
    one_sided = sides(pages, starts, copies, two_sided=False, repeated=repeated)
    assert one_sided == list(range(pages)) * copies


@pytest.mark.parametrize(
    ("asked", "preset", "two_sided"),
    [
        (Duplex.OFF, QPrinter.DuplexMode.DuplexLongSide, False),
        (Duplex.LONG_EDGE, QPrinter.DuplexMode.DuplexNone, True),
        (Duplex.SHORT_EDGE, QPrinter.DuplexMode.DuplexNone, True),
        (Duplex.AUTO, QPrinter.DuplexMode.DuplexNone, False),
        (Duplex.AUTO, QPrinter.DuplexMode.DuplexLongSide, True),
        (Duplex.AUTO, QPrinter.DuplexMode.DuplexAuto, True),
    ],
)
def test_as_the_printer_is_set_asks_the_printer(asked: Duplex, preset: QPrinter.DuplexMode, two_sided: bool) -> None:
    info = cast("QPrinterInfo", SimpleNamespace(defaultDuplexMode=lambda: preset))
    assert is_two_sided(PrintSettings(duplex=asked), info) is two_sided


def test_the_paper_is_a4_whatever_the_printer_was_set_to(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "a4.pdf"
    printed(draw(job()), path)
    box = pypdf.PdfReader(path).pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)


def test_a_printer_that_is_gone_is_named(qtbot: QtBot) -> None:
    with pytest.raises(KnownFault) as caught:
        SystemPrinters().send(
            draw(job()), PrintSettings("gone"), "n", progress=lambda _done, _of: None, cancelled=lambda: False
        )
    assert (caught.value.code, caught.value.params) == ("printer_gone", {"printer": "gone"})


def test_a_damaged_document_is_a_known_fault(qtbot: QtBot, tmp_path: Path) -> None:
    with pytest.raises(KnownFault, match="pdf_damaged"):
        print_to_pdf(b"%PDF-1.4 nothing", tmp_path / "x.pdf", PrintSettings())


LASER = PrinterDescription("laser", "Laser", (Duplex.OFF, Duplex.LONG_EDGE), is_default=True)
PLAIN = PrinterDescription("plain", "Plain", (Duplex.OFF,))


@pytest.mark.parametrize(
    ("kept", "printers", "expected"),
    [
        (
            PrintSettings("plain", Tray.LOWER, Duplex.OFF, 3),
            (LASER, PLAIN),
            PrintSettings("plain", Tray.LOWER, Duplex.OFF, 3),
        ),
        (PrintSettings("gone", copies=2), (LASER, PLAIN), PrintSettings("laser", duplex=Duplex.OFF, copies=2)),
        (PrintSettings("plain", duplex=Duplex.LONG_EDGE), (PLAIN,), PrintSettings("plain", duplex=Duplex.OFF)),
        (PrintSettings("laser", copies=4), (), PrintSettings("", copies=4)),
    ],
)
def test_settings_fit_the_printers_there_are(
    kept: PrintSettings, printers: tuple[PrinterDescription, ...], expected: PrintSettings
) -> None:
    assert fitted(kept, printers) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", '{"printer": 1}', '{"tray": "cellar"}'])
def test_unreadable_settings_are_the_standard_ones(text: str) -> None:
    assert settings_from_text(text) == PrintSettings()


def test_settings_are_kept_as_text_and_copies_stay_in_bounds() -> None:
    settings = PrintSettings("laser", Tray.MANUAL, Duplex.LONG_EDGE, 2)
    assert settings_from_text(settings_to_text(settings)) == settings
    assert settings_from_text('{"printer": "laser", "copies": 9000}').copies == 1
