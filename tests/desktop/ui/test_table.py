from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from medreg_desktop.ui import clipboard, words
from medreg_desktop.ui.theme import Theme, look
from medreg_desktop.ui.tokens import Density
from medreg_desktop.ui.widgets import ButtonCell, Column, RowsModel, Table, TextCell, WordCell, column_menu, masked
from medreg_desktop.ui.widgets.cell_delegate import shortened
from tests.helpers.qt import settle


@dataclass(frozen=True)
class Row:
    key: int
    name: str
    can_act: bool = True


COLUMNS: tuple[Column[Row], ...] = (
    Column("name", "姓名", 80, lambda row: TextCell(row.name, bold=True), hideable=False),
    Column("id_number", "证件号码", 96, lambda _row: masked("110105194912310020")),
    Column("scope", "执业范围", 140, lambda _row: TextCell("内科"), stretch=True),
    Column("submitted", "申请日", 62, lambda _row: TextCell("11-02"), drops_below=1366),
    Column("deadline", "期限", 126, lambda row: WordCell((words.deadline(row.key % 5 - 1),), small=True)),
    Column("act", "操作", 98, lambda _row: ButtonCell("办理业务"), sortable=False),
)


def rows(count: int) -> list[Row]:
    return [Row(n, f"欧阳{n}", can_act=n % 5 != 4) for n in range(count)]


@pytest.fixture
def model() -> RowsModel[Row]:
    model: RowsModel[Row] = RowsModel(COLUMNS, identity=lambda row: row.key, tickable=lambda row: row.can_act)
    model.set_rows(rows(50))
    return model


@pytest.fixture
def table(qtbot: QtBot, model: RowsModel[Row]) -> Table:
    table = Table(model, "申请")
    qtbot.addWidget(table)
    table.resize(1000, 500)
    table.show()
    table.setFocus()
    settle()
    return table


def column(table: Table, key: str) -> int:
    return next(i for i, c in enumerate(table.rows_model.columns) if c.key == key)


def test_the_model_keeps_qts_contract(qtmodeltester: ModelTester, model: RowsModel[Row]) -> None:
    qtmodeltester.check(model)
    model.append_rows([Row(100, "覃可")], has_more=False)
    model.set_rows(rows(3))
    qtmodeltester.check(model)


def test_every_cell_and_title_has_words(model: RowsModel[Row]) -> None:
    for position in range(model.columnCount()):
        assert model.headerData(position, Qt.Orientation.Horizontal, Qt.ItemDataRole.AccessibleTextRole)
        assert model.index(0, position).data(Qt.ItemDataRole.AccessibleTextRole)
    number = model.index(0, 2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert number == "证件号码 11 已遮蔽 0020"


@pytest.mark.parametrize("density", list(Density))
@pytest.mark.parametrize("height", [120, 333, 487, 500, 501])
def test_only_whole_rows_are_shown(table: Table, theme: Theme, density: Density, height: int) -> None:
    theme.set_density(density)
    table.resize(1000, height)
    settle()
    assert table.viewport().height() % look().metrics.row == 0
    assert table.viewport().height() > height - look().metrics.header - look().metrics.row


def test_enter_and_double_click_open_the_row(qtbot: QtBot, table: Table) -> None:
    opened: list[int] = []
    table.opened.connect(opened.append)
    table.select_row(3)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    index = table.model().index(5, column(table, "name"))
    place = table.visualRect(index).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == [3, 5]


def test_the_whole_cell_of_a_button_is_its_hit_area_and_space_presses_it(qtbot: QtBot, table: Table) -> None:
    pressed: list[tuple[int, str]] = []
    opened: list[int] = []
    table.pressed.connect(lambda row, key: pressed.append((row, key)))
    table.opened.connect(opened.append)
    act = column(table, "act")
    cell = table.visualRect(table.model().index(2, act))
    assert cell.height() >= 24
    for corner in (cell.topLeft(), cell.center(), cell.bottomRight()):
        qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=corner)
    assert pressed == [(2, "act")] * 3
    table.setCurrentIndex(table.model().index(4, act))
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert pressed[-1] == (4, "act")
    assert opened == []


def test_a_double_click_on_a_button_presses_it_once(qtbot: QtBot, table: Table, model: RowsModel[Row]) -> None:
    pressed: list[int] = []

    def taken_away(row: int, _key: str) -> None:
        pressed.append(model.rows[row].key)
        model.set_rows([each for each in model.rows if each.key != model.rows[row].key])

    table.pressed.connect(taken_away)
    place = table.visualRect(model.index(2, column(table, "act"))).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)  # the next row stands there by now
    qtbot.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert pressed == [2]


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_a_key_held_down_presses_once(table: Table, model: RowsModel[Row], key: Qt.Key) -> None:
    """Held over 撤回 it would take back one decision after the other, as each moves up into its place."""
    acted: list[int] = []
    table.pressed.connect(lambda row, _key: acted.append(row))
    table.opened.connect(acted.append)
    table.setCurrentIndex(model.index(2, column(table, "act")))
    for repeated in (False, True, True):
        press = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", repeated)
        QCoreApplication.sendEvent(table, press)
    assert acted == [2]


def test_a_row_that_came_under_the_pointer_while_it_was_down_is_not_pressed(
    qtbot: QtBot, table: Table, model: RowsModel[Row]
) -> None:
    pressed: list[int] = []
    table.pressed.connect(lambda row, _key: pressed.append(row))
    place = table.visualRect(model.index(2, column(table, "act"))).center()
    qtbot.mousePress(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    model.set_rows([row for row in model.rows if row.key != 2])
    qtbot.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert pressed == []


def test_a_row_that_came_under_the_pointer_while_it_was_down_is_not_ticked(
    qtbot: QtBot, table: Table, model: RowsModel[Row]
) -> None:
    box = table.visualRect(model.index(2, 0)).center()
    qtbot.mousePress(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    model.set_rows([row for row in model.rows if row.key != 2])
    qtbot.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert model.ticked == ()


@pytest.mark.parametrize("leaves", [False, True])
def test_a_double_click_ticks_and_unticks_one_row(
    qtbot: QtBot, table: Table, model: RowsModel[Row], *, leaves: bool
) -> None:
    box = table.visualRect(model.index(2, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert [row.key for row in model.ticked] == [2]
    if leaves:
        model.set_rows([row for row in model.rows if row.key != 2])
    second = QMouseEvent(
        QEvent.Type.MouseButtonDblClick,
        box.toPointF(),
        table.viewport().mapToGlobal(box).toPointF(),
        Qt.MouseButton.LeftButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QCoreApplication.sendEvent(table.viewport(), second)
    qtbot.mouseRelease(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert model.ticked == ()


def test_space_and_the_box_tick_and_barred_rows_do_not(qtbot: QtBot, table: Table, model: RowsModel[Row]) -> None:
    table.select_row(0)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    box = table.visualRect(model.index(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    barred = table.visualRect(model.index(4, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=barred)
    assert [row.key for row in model.ticked] == [0, 1]
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert [row.key for row in model.ticked] == [0]


def test_tick_all_skips_rows_that_cannot_be_acted_on(qtbot: QtBot, table: Table, model: RowsModel[Row]) -> None:
    qtbot.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(model.ticked) == 40
    assert all(row.can_act for row in model.ticked)
    assert model.tick_state == Qt.CheckState.Checked
    model.toggle_tick(0)
    assert model.tick_state == Qt.CheckState.PartiallyChecked
    header = table.horizontalHeader()
    point = header.rect().topLeft() + header.rect().center() * 0
    point.setX(header.sectionViewportPosition(0) + 12)
    point.setY(header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert model.tick_state == Qt.CheckState.Checked
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert model.ticked == ()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=20), min_size=1, max_size=6), st.data())
def test_a_refresh_keeps_current_row_and_ticks(qapp: object, pages: list[list[int]], data: st.DataObject) -> None:
    model: RowsModel[Row] = RowsModel(COLUMNS, identity=lambda row: row.key, tickable=lambda row: row.can_act)
    table = Table(model, "申请")
    try:
        model.set_rows(rows(20))
        for page in pages:
            here = model.rowCount()
            if here:
                table.select_row(data.draw(st.integers(0, here - 1)))
                model.toggle_tick(data.draw(st.integers(0, here - 1)))
            current = model.identity_at(table.current_row) if here else None
            row_before = table.current_row
            ticked = {row.key for row in model.ticked}
            model.set_rows([Row(n, f"欧阳{n}", can_act=n % 5 != 4) for n in page])
            assert {row.key for row in model.ticked} == ticked & set(page)
            if current in page:
                assert model.identity_at(table.current_row) == current
            elif page and row_before >= 0:
                assert table.current_row == min(row_before, len(page) - 1)
    finally:
        table.deleteLater()
        model.deleteLater()


def test_a_title_asks_for_sorting_and_shows_it(qtbot: QtBot, table: Table) -> None:
    asked: list[str] = []
    table.sort_requested.connect(asked.append)
    header = table.horizontalHeader()
    for key in ("deadline", "act"):
        point = header.rect().center()
        point.setX(header.sectionViewportPosition(column(table, key)) + 20)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
    assert asked == ["deadline"], "a column of buttons cannot be sorted"
    table.show_sort("deadline", descending=True)
    settle()


def test_columns_stick(qtbot: QtBot, table: Table) -> None:
    table.setColumnWidth(column(table, "name"), 123)
    table.horizontalHeader().moveSection(2, 4)
    table.set_column_shown("id_number", shown=False)
    stored = table.header_state()

    other = Table(table.rows_model, "申请")
    qtbot.addWidget(other)
    assert other.restore_header(stored)
    assert other.columnWidth(column(other, "name")) == 123
    assert other.isColumnHidden(column(other, "id_number"))
    assert other.header_state() == stored
    other.reset_header()
    assert other.columnWidth(column(other, "name")) == 80
    assert not other.isColumnHidden(column(other, "id_number"))


@pytest.mark.parametrize("state", ["", "1", "1::", "2::AAAA", "x:y:z", "1::!!!!", "1::QUJD"])
def test_a_state_of_another_schema_or_a_damaged_one_changes_nothing(table: Table, state: str) -> None:
    before = table.header_state()
    assert not table.restore_header(state)
    assert table.header_state() == before


def test_a_change_of_columns_is_reported(qtbot: QtBot, table: Table) -> None:
    with qtbot.waitSignal(table.header_changed):
        table.setColumnWidth(column(table, "name"), 150)
    with qtbot.waitSignal(table.header_changed):
        table.set_column_shown("deadline", shown=False)


def test_the_column_chooser_lists_what_may_be_hidden(qtbot: QtBot, table: Table) -> None:
    menu = column_menu(table, table)
    names = [action.text() for action in menu.actions() if action.isCheckable()]
    assert names == ["证件号码", "执业范围", "申请日", "期限", "操作"]
    next(action for action in menu.actions() if action.text() == "期限").trigger()
    assert table.isColumnHidden(column(table, "deadline"))
    menu.deleteLater()


def test_a_narrow_window_drops_the_column_that_may_go_first(table: Table) -> None:
    assert table.isColumnHidden(column(table, "submitted"))
    table.resize(1400, 500)
    settle()
    assert not table.isColumnHidden(column(table, "submitted"))


def test_copied_rows_look_as_shown_and_masked_stays_masked(qtbot: QtBot, table: Table, model: RowsModel[Row]) -> None:
    let_out: list[str] = []
    table.many_copied.connect(lambda text, _n: let_out.append(text))
    clipboard.put("")
    model.toggle_tick(0)
    model.toggle_tick(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "", "more than the current row is the screen's to let out"
    copied = let_out[0].splitlines()
    assert [line.split("\t")[0] for line in copied] == ["欧阳0", "欧阳2"]
    assert "110105194912310020" not in "".join(copied)
    model.tick_all(on=False)
    table.select_row(1)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("欧阳1\t")
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == ""


def test_what_another_program_or_the_diagnosis_copied_stays_on_the_clipboard(dressed_app: Theme) -> None:
    QGuiApplication.clipboard().setText("somebody else's")
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == "somebody else's"
    clipboard.put("a code", of_persons=False)
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == "a code"


def test_the_next_page_is_asked_for_once(qtbot: QtBot, model: RowsModel[Row]) -> None:
    asked: list[bool] = []
    model.more_wanted.connect(lambda: asked.append(True))
    model.set_rows(rows(10), has_more=True)
    root = model.index(-1, -1)
    for _ in range(3):
        if model.canFetchMore(root):
            model.fetchMore(root)
    assert asked == [True]
    model.append_rows([Row(99, "覃可")], has_more=True)
    assert model.canFetchMore(root)


def test_a_new_version_of_a_row_replaces_the_old_one(model: RowsModel[Row]) -> None:
    model.replace_row(Row(3, "解知行"))
    model.replace_row(Row(999, "不在"))
    assert model.row(3).name == "解知行"
    assert model.rowCount() == 50


def test_what_a_column_cuts_off_is_told_whole_and_nothing_else(dressed_app: Theme) -> None:
    cause = TextCell("暂缓：服务端在等另一项内容，会自动继续", small=True)
    assert shortened(cause, 204) == cause.accessible
    assert shortened(cause, 400) == ""
    assert shortened(TextCell("同意", tail="变更 主要执业机构"), 90) == "同意 变更 主要执业机构"
    assert shortened(masked("110105194912310020"), 20) == "", "a masked number stays masked"
