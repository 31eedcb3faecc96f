"""收回清单: one page, whatever stands in it."""

from __future__ import annotations

from datetime import date

import pytest
from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtPdf import QPdfDocument

from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.recall_list import LINES, RecallList, draw
from medreg_desktop.ui import assets


@pytest.mark.parametrize("count", [0, 1, LINES, LINES + 40])
def test_it_is_one_page_with_every_form_that_fits(qapp: object, count: int) -> None:
    columns = (("表格编码", 50.0), ("申请人", 40.0), ("去处", 70.0))
    rows = tuple((f"990100-2026-{n:06}-7", "<b>欧阳㛃</b> & 查", "本机打印 2 份") for n in range(count))
    pdf = draw(
        RecallList("需收回的纸件", "共几份", columns, rows, "另有"), FontStack(assets.path("fonts")), date(2026, 11, 23)
    )
    document, buffer = QPdfDocument(), QBuffer()
    buffer.setData(QByteArray(pdf))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    document.load(buffer)
    assert document.pageCount() == 1
    text = document.getAllText(0).text()
    assert "需收回的纸件" in text
    assert text.count("990100-2026-") == min(count, LINES)
    assert ("<b>欧阳" in text) is (count > 0), "a name is never markup"
    document.close()
