"""导出: exactly what is seen, as text, with its watermark and its audit line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from python_calamine import CalamineWorkbook

from medreg_desktop.app.exports import ListExports
from medreg_desktop.services.cache import audit
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.workbook import write_workbook
from medreg_desktop.services.search.conditions import Query, Tab
from medreg_desktop.ui.theme import Theme
from medreg_desktop.views.applications.export import shown_texts
from tests.core.builders import person, qualification
from tests.desktop.review.office import HOSPITAL, WANG, Office, application
from tests.desktop.views.applications.screen import NAMES, Opened

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)

HOSTILE = '=HYPERLINK("http://127.0.0.1","x")'


@pytest.fixture
def opened(qtbot: QtBot, office: Office, theme: Theme) -> Iterator[Opened]:
    exports = ListExports(office.store, office.clock, WANG.id, WANG.name, lambda: HOSPITAL.name)
    one = Opened(qtbot, office, exports=exports)
    yield one
    one.close()


def cells(path: Path) -> list[list[object]]:
    """The first sheet as another library reads it."""
    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def test_the_file_holds_the_columns_seen_masked_as_shown(opened: Opened, tmp_path: Path) -> None:
    table = opened.page.table
    table.set_column_shown("category", shown=False)
    opened.presenter.export(tmp_path / "a.xlsx", shown_texts(table))
    mark, titles, *rows = cells(tmp_path / "a.xlsx")
    assert mark[0] == "示例市第二人民医院 王经办 2026-11-23 10:00 导出，仅供工作使用，请勿外传"
    assert titles[:3] == ["姓名", "证件号码", "业务类型"]
    assert "类别" not in titles
    assert "操作" not in titles
    assert sorted(str(row[0]) for row in rows) == sorted(NAMES)
    number = application(1).person.id_number
    assert {row[1] for row in rows} == {f"{number[:2]}••••{number[-4:]}"}
    assert opened.notices.history[-1].text == f"已导出 10 条：{tmp_path / 'a.xlsx'}"
    (line,) = [
        each for each in opened.office.store.read(lambda conn: audit.lines(conn, 50)) if each.action == "export_list"
    ]
    assert line.actor == WANG.id
    assert '"rows":"10"' in line.detail


def test_ticked_rows_go_alone_else_all_that_meet_the_conditions(opened: Opened, tmp_path: Path) -> None:
    opened.page.model.toggle_tick(2)
    opened.presenter.export(tmp_path / "one.xlsx", shown_texts(opened.page.table))
    assert [row[0] for row in cells(tmp_path / "one.xlsx")[2:]] == [opened.names[2]]
    opened.page.model.tick_all(on=False)
    opened.presenter.change(Query(text="qiu", tab=Tab.OPEN))
    opened.presenter.export(tmp_path / "some.xlsx", shown_texts(opened.page.table))
    assert [row[0] for row in cells(tmp_path / "some.xlsx")[2:]] == ["仇一帆"]


def test_a_name_that_looks_like_a_formula_stays_text(opened: Opened, tmp_path: Path) -> None:
    opened.office.receives(
        application(3, version=2, person=person(name=HOSTILE), qualification=qualification(name=HOSTILE))
    )
    opened.presenter.refresh()
    opened.presenter.export(tmp_path / "a.xlsx", shown_texts(opened.page.table))
    assert HOSTILE in [row[0] for row in cells(tmp_path / "a.xlsx")]
    with ZipFile(tmp_path / "a.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet


def test_a_folder_that_cannot_be_written_is_said_and_the_old_file_stays(opened: Opened, tmp_path: Path) -> None:
    opened.presenter.export(tmp_path / "missing" / "a.xlsx", shown_texts(opened.page.table))
    assert opened.page.body.fault.isVisible()
    old = tmp_path / "a.xlsx"
    old.write_bytes(b"old")
    (tmp_path / ".a.xlsx.part").mkdir()
    with pytest.raises(KnownFault) as fault:
        write_workbook(old, "", ["a"], [["b"]])
    assert fault.value.code == "file_not_written"
    assert old.read_bytes() == b"old"


def test_control_e_asks_where_to(opened: Opened) -> None:
    opened.page.export.click()
    dialog = opened.page.export.findChild(QFileDialog)
    assert dialog is not None
    assert "单" not in dialog.selectedFiles()[0]
    dialog.close()
    assert opened.page.export.shown_keys == "Ctrl+E"
