"""Qt's side of printing. No printer is needed: Qt's own PDF printer takes the same path as paper."""

from __future__ import annotations

import threading
from pathlib import Path

import pypdf
import pytest
from PIL import ImageChops
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
)
from medreg_desktop.services.printing.scan import scan_page
from medreg_desktop.ui.printing.system_printers import SystemPrinters, print_to_pdf
from tests.helpers.review_forms import application, draw, job, page_image


def printed(pdf: bytes, path: Path, settings: PrintSettings | None = None) -> bytes:
    """Print on a thread of its own, as the program does."""
    worker = threading.Thread(target=print_to_pdf, args=(pdf, path, settings or PrintSettings(dpi=200)))
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
