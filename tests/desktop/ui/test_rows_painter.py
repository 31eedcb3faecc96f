"""What a table shows of its rows: cells are drawn once and kept, and nobody must see that they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from medreg_desktop.ui.theme import Mode, Theme, look
from medreg_desktop.ui.tokens import Colour, Density
from medreg_desktop.ui.widgets import ButtonCell, Column, RowsModel, Table, TextCell, masked
from tests.helpers.qt import settle


@dataclass(frozen=True)
class Row:
    key: int
    name: str


COLUMNS: tuple[Column[Row], ...] = (
    Column("name", "姓名", 81, lambda row: TextCell(row.name, bold=True)),
    Column("id_number", "证件号码", 97, lambda _row: masked("110105194912310020")),
    Column("scope", "执业范围", 140, lambda _row: TextCell("内科"), stretch=True),
    Column("act", "操作", 98, lambda _row: ButtonCell("办理业务"), sortable=False),
)


def filled(qtbot: QtBot, rows: int = 50) -> Table:
    model: RowsModel[Row] = RowsModel(COLUMNS, identity=lambda row: row.key, tickable=lambda _row: True)
    model.set_rows([Row(n, f"欧阳{n}") for n in range(rows)])
    table = Table(model, "申请")
    qtbot.addWidget(table)
    table.resize(700, 400)
    table.show()
    settle()
    return table


@pytest.fixture
def table(qtbot: QtBot) -> Table:
    return filled(qtbot)


def seen(table: Table, scale: float = 1.0) -> QImage:
    """Return what a screen of this scale shows of the rows."""
    size = table.viewport().size()
    screen = QPixmap(round(size.width() * scale), round(size.height() * scale))
    screen.setDevicePixelRatio(scale)
    screen.fill(Qt.GlobalColor.magenta)
    table.viewport().render(screen, QPoint())
    return screen.toImage()


def tick(table: Table) -> None:
    table.rows_model.toggle_tick(2)


def choose(table: Table) -> None:
    table.setFocus()
    table.select_row(3)


def rename(table: Table) -> None:
    table.rows_model.replace_row(replace(table.rows_model.row(1), name="司马"))


def widen(table: Table) -> None:
    table.setColumnWidth(1, 150)


def scroll(table: Table) -> None:
    table.verticalScrollBar().setValue(7)


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("change", [tick, choose, rename, widen, scroll])
def test_a_table_that_has_drawn_before_shows_what_a_fresh_one_shows(
    qtbot: QtBot, table: Table, change: Callable[[Table], None], scale: float
) -> None:
    before = seen(table, scale)
    change(table)
    settle()
    shown = seen(table, scale)
    table.hide()
    fresh = filled(qtbot)
    change(fresh)
    settle()
    assert shown == seen(fresh, scale)
    assert shown != before


def test_another_look_is_drawn_anew(table: Table, theme: Theme) -> None:
    light = seen(table)
    theme.set_mode(Mode.DARK)
    settle()
    dark = seen(table)
    theme.set_mode(Mode.LIGHT)
    theme.set_density(Density.STANDARD)
    settle()
    assert len({bytes(image.constBits()) for image in (light, dark, seen(table))}) == 3


@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 1.75, 2.0])
def test_no_gap_stands_between_the_cells_of_a_row(table: Table, scale: float) -> None:
    table.setColumnWidth(1, 34)
    table.setColumnWidth(2, 68)  # begins and ends between two pixels of a screen at 125 %
    tick(table)
    image = seen(table, scale)
    above_the_words = round((2 * look().metrics.row + 2) * scale)
    ends = round(table.columnViewportPosition(4) * scale)  # the button fills more of its cell
    colours = {image.pixelColor(x, above_the_words).name() for x in range(ends)}
    assert colours == {look().colour(Colour.ACCENT_SOFT).name()}


def test_the_row_under_the_pointer_is_marked(qtbot: QtBot, table: Table) -> None:
    plain, row = seen(table), look().metrics.row
    qtbot.mouseMove(table.viewport(), QPoint(40, row + row // 2))
    QApplication.processEvents()
    shown = seen(table)
    assert _ground(shown, 1) == look().colour(Colour.HOVER)
    assert _ground(shown, 0) == _ground(plain, 0) == look().colour(Colour.SURFACE)


def _ground(image: QImage, row: int) -> QColor:
    return image.pixelColor(image.width() - 2, row * look().metrics.row + 2)


def test_below_the_last_row_nothing_is_drawn(qtbot: QtBot) -> None:
    for count in (0, 2):
        image = seen(filled(qtbot, count))
        left = {image.pixelColor(5, y).name() for y in range(count * look().metrics.row, image.height())}
        assert len(left) == 1


def test_what_the_room_does_to_the_columns_is_not_reported_as_a_choice(table: Table) -> None:
    told: list[int] = []
    table.header_changed.connect(lambda: told.append(1))
    for width in (650, 900, 520):
        table.resize(width, 380)
        settle()
    assert not told
    table.setColumnWidth(0, 120)
    assert told
