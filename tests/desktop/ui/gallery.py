"""One page with every colour, state, size and widget, like picture 00 of the look; to look at and to test."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.vocabulary import CheckResult, ScanResult, State
from medreg_desktop.ui import words
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Type
from medreg_desktop.ui.widgets import (
    Button,
    ButtonCell,
    Chip,
    ChipText,
    ChoiceField,
    Column,
    Kind,
    Option,
    Panel,
    RowsModel,
    Table,
    Text,
    TextCell,
    TextField,
    WordCell,
    WordLabel,
    masked,
)

COLOURS = (
    (Colour.WINDOW, "窗底"), (Colour.SURFACE, "纸面"), (Colour.RAISED, "浮面"), (Colour.SUNKEN, "凹面"),
    (Colour.DESK, "桌面"), (Colour.LINE, "细线"), (Colour.LINE2, "强线"), (Colour.RING, "焦点"), (Colour.TEXT, "正文"),
    (Colour.TEXT2, "次要"), (Colour.TEXT3, "提示"), (Colour.ACCENT, "行动"), (Colour.ACCENT_FILL, "行动底"),
    (Colour.ACCENT_SOFT, "选中底"), (Colour.OK, "通过"), (Colour.OK_SOFT, "通过底"), (Colour.WARN, "临期"),
    (Colour.WARN_SOFT, "临期底"), (Colour.BAD, "必须处理"), (Colour.BAD_FILL, "终局底"), (Colour.BAD_SOFT, "处理底"),
    (Colour.DIFF, "差异"), (Colour.DIFF_SOFT, "差异底"),
)  # fmt: skip

LAMPS = (
    words.synced("10:42"), words.sending(2, 5), words.offline("10:42"), words.not_answering(18),
    words.network_sign_in(), words.sign_in_again(), words.needs_you(3), words.clock_wrong(7),
)  # fmt: skip


class Page(QWidget):
    """A page on the surface."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), look().colour(Colour.SURFACE))
        painter.end()


class Row:
    """One invented row of the small tables."""

    def __init__(self, name: str) -> None:
        self.name = name


def small_table(names: tuple[str, ...] = ("欧阳以宁", "覃可", "仇一帆")) -> Table:
    columns: tuple[Column[Row], ...] = (
        Column("name", "姓名", 90, lambda row: TextCell(row.name, bold=True)),
        Column("id_number", "证件号码", 100, lambda _row: masked("370000190001010923")),
        Column("deadline", "期限", 130, lambda _row: WordCell((words.deadline(2),), small=True, beside_pills=True)),
        Column("act", "操作", 80, lambda _row: ButtonCell("办理业务"), sortable=False),
    )
    model = RowsModel(columns, identity=lambda row: row.name, tickable=lambda row: row.name != "解知行")
    table = Table(model, "示例")
    model.setParent(table)
    model.set_rows([Row(name) for name in names])
    return table


def _swatches() -> QGridLayout:
    grid = QGridLayout()
    grid.setSpacing(6)
    for position, (colour, name) in enumerate(COLOURS):
        cell = QVBoxLayout()
        cell.setSpacing(1)
        patch = Panel(colour, 4)
        patch.setFixedSize(107, 26)
        cell.addWidget(patch)
        cell.addWidget(Text(f"{name} {colour.value}", Type.SMALL))
        cell.addWidget(Text(look().hex(colour), Type.KEY, Colour.TEXT2))
        grid.addLayout(cell, position // 12, position % 12)
    return grid


def _column(title: str, shown: list[words.Word]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(8)
    column.addWidget(Text(title, Type.SECTION))
    for word in shown:
        column.addWidget(WordLabel(word))
    column.addStretch(1)
    return column


def _states() -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(40)
    states = [words.STATES[state] for state in State]
    for title, shown in (
        ("业务状态", states[:7]),
        ("", states[7:]),
        ("同步灯", list(LAMPS)),
        ("行同步", list(words.ROW_SYNC.values())),
        ("核对", [words.CHECKS[result] for result in CheckResult]),
        ("期限", [words.deadline(days) for days in (-1, 0, 2, 9, None)]),
        ("差异", list(words.DIFFERENCES.values())),
        ("扫码结果", [words.SCANS[result] for result in ScanResult]),
    ):
        row.addLayout(_column(title, shown))
    row.addStretch(1)
    return row


def _sizes() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(6)
    column.addWidget(Text("字号", Type.SECTION))
    for face, sample in (
        (Type.COUNT, "24 粗　数字 128"), (Type.COMPARE, "22 粗　逐字比对 第二"), (Type.TITLE, "18 粗　页题 业务办理"),
        (Type.SECTION, "15 粗　节题 申请与现登记对照"), (Type.NAME, "13 粗　姓名、键值 欧阳以宁"),
        (Type.BODY, "13　正文与表格 变更主要执业机构"), (Type.SMALL, "12　表头、提示、状态栏 数据截至 10:42"),
        (Type.KEY, "11　键帽与刻度 Ctrl+Enter"),
    ):  # fmt: skip
        column.addWidget(Text(sample, face))
    column.addStretch(1)
    return column


def _table_column() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(6)
    column.addWidget(Text("行高", Type.SECTION))
    table = small_table()
    table.rows_model.toggle_tick(1)
    table.setFixedSize(440, 28 * 4)
    column.addWidget(table)
    column.addStretch(1)
    return column


def _controls() -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(8)
    column.addWidget(Text("按钮", Type.SECTION))
    disabled = Button("同意", Kind.FILLED, icon="tick", shown_keys="Ctrl+Enter", tall=True)
    disabled.setEnabled(False)
    for buttons in (
        [Button("同意", Kind.FILLED, icon="tick", shown_keys="Ctrl+Enter", tall=True)],
        [Button("打印预览", Kind.OUTLINED, icon="printer", shown_keys="Ctrl+P", tall=True)],
        [
            Button("不同意…", Kind.FINAL, icon="circle-barred", shown_keys="Alt+N", tall=True),
            Button("确认不同意", Kind.FINAL_FILLED, tall=True),
        ],
        [disabled, Button("导出", Kind.PLAIN, icon="download", shown_keys="Ctrl+E"), Button("查看原因", Kind.LINK)],
    ):
        row = QHBoxLayout()
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
    options = [Option("a", "注册"), Option("b", "变更")]
    empty, used = ChoiceField("业务类型", options), ChoiceField("业务类型", options)
    used.set_values(("a", "b"))
    for field in (empty, used, TextField("关键词", placeholder="姓名、拼音首字母", icon="search")):
        column.addWidget(field)
    column.addWidget(Chip(ChipText("deadline", "期限", "≤ 12 个工作日")), 0, Qt.AlignmentFlag.AlignLeft)
    column.addStretch(1)
    return column


def gallery() -> QWidget:
    """Return the page, 1440 × 812."""
    page = Page()
    page.resize(1440, 812)
    column = QVBoxLayout(page)
    column.setContentsMargins(24, 16, 24, 16)
    column.setSpacing(16)
    column.addWidget(Text("颜色、文字、状态：一页词汇表", Type.TITLE))
    column.addLayout(_swatches())
    column.addLayout(_states())
    foot = QHBoxLayout()
    foot.setSpacing(48)
    foot.addLayout(_sizes())
    foot.addLayout(_table_column())
    foot.addLayout(_controls(), 1)
    column.addLayout(foot, 1)
    return page
