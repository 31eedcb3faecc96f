"""The right side of 审核窗口: 核对, 材料 and 历程."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from medreg_core.domain.records import HistoryEntry
from medreg_core.domain.rules import Check, MaterialState
from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import CheckResult
from medreg_desktop.services.review.sheet import MaterialLine
from medreg_desktop.services.texts.checks import basis_name, check_explanation, check_title
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.theme import look
from medreg_desktop.ui.tokens import Colour, Space, Type
from medreg_desktop.ui.widgets.blocks import CheckRow, CheckRows, SectionHeader
from medreg_desktop.ui.widgets.labels import Hairline, IconLabel, Text, WordLabel
from medreg_desktop.ui.widgets.tick import Tick
from medreg_desktop.ui.words import CHECKS, Word
from medreg_desktop.views.review.words import history_lines, material_note, materials_note

_ORDER = (CheckResult.FAIL, CheckResult.UNKNOWN, CheckResult.PASS)
_LINE = 24
_SHOWN_HISTORY = 6


class ChecksBlock(QWidget):
    """核对: failed first, then unknown, then passed; all of them stand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head = SectionHeader(tr("Checks"))
        self._counts = [WordLabel(None, Type.SMALL) for _ in _ORDER]
        for count in reversed(self._counts):  # each goes right behind the title
            self._head.add_beside_title(count)
        self._rows = CheckRows()
        _column(self, self._head, self._rows)

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show the checks with their articles."""
        for label, result in zip(self._counts, _ORDER, strict=True):
            n = sum(check.result is result for check in checks)
            word = CHECKS[result]
            plain = word.colour if result is not CheckResult.PASS else Colour.TEXT2
            label.set_word(Word(f"{word.text} {n}", word.icon, plain, word.bold) if n else None)
            label.setVisible(bool(n))
        self._rows.set_rows(
            [
                CheckRow(CHECKS[check.result], check_title(check), basis_name(check.article), check_explanation(check))
                for check in sorted(checks, key=lambda check: _ORDER.index(check.result))
            ]
        )


class MaterialsBlock(QWidget):
    """材料: a tick means that the original was seen; missing ones first."""

    ticked = Signal(str, bool)

    def __init__(self, tables: Tables, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tables = tables
        self._head = SectionHeader(tr("Materials"))
        self._body = QVBoxLayout()
        self._body.setSpacing(0)
        self._shown: tuple[tuple[MaterialLine, ...], bool] = ((), False)
        self._ticks: dict[str, Tick] = {}
        _column(self, self._head, self._body)

    def show_lines(self, lines: Sequence[MaterialLine], *, may_tick: bool) -> None:
        """Show the checklist."""
        note, missing = materials_note(lines)
        self._head.set_note(note, Colour.BAD if missing else Colour.TEXT2)
        ordered = tuple(
            sorted(lines, key=lambda line: line.state is not MaterialState.MISSING or line.required.optional)
        )
        if (ordered, may_tick) == self._shown:
            return
        focused = next((code for code, tick in self._ticks.items() if tick.hasFocus()), "")
        self._shown = (ordered, may_tick)
        self._ticks = {}
        _clear(self._body)
        for line in ordered:
            self._body.addWidget(self._line(line, may_tick=may_tick))
        if focused in self._ticks:
            self._ticks[focused].setFocus()

    def _line(self, line: MaterialLine, *, may_tick: bool) -> QWidget:
        missing = line.state is MaterialState.MISSING and not line.required.optional
        tick = Tick(self._tables.materials.name(line.required.code))
        tick.setChecked(line.state is MaterialState.COMPLETE)
        tick.setEnabled(may_tick and line.state in (MaterialState.COMPLETE, MaterialState.ORIGINAL_UNSEEN))
        code = line.required.code
        tick.clicked.connect(lambda on: self.ticked.emit(code, on))
        self._ticks[code] = tick
        note = Text(material_note(line), Type.SMALL, Colour.BAD if missing else Colour.TEXT2)
        return _line_of(tick, note)


class HistoryBlock(QWidget):
    """历程: newest first; who did what and when."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head = SectionHeader(tr("History"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(look().px(Space.PAGE))
        self._grid.setVerticalSpacing(look().px(Space.GROUP))
        self._grid.setContentsMargins(8, 0, 8, 0)
        self._grid.setColumnStretch(3, 1)
        _column(self, self._head, self._grid)

    def show_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """Show the latest entries."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        latest = history_lines(entries)[::-1][:_SHOWN_HISTORY]
        for row, (at, who, what) in enumerate(latest):
            colour = Colour.ACCENT if row == 0 else Colour.TEXT3
            self._grid.addWidget(IconLabel("circle-tick" if row == 0 else "clock", 14, colour), row, 0)
            self._grid.addWidget(Text(at, Type.SMALL, Colour.TEXT2), row, 1)
            self._grid.addWidget(Text(who, Type.SMALL, Colour.TEXT2), row, 2)
            self._grid.addWidget(Text(what, Type.BODY, wrap=True), row, 3)


def _line_of(left: QWidget, right: QWidget) -> QWidget:
    line = QWidget()
    line.setMinimumHeight(look().px(_LINE))
    row = QHBoxLayout(line)
    row.setContentsMargins(8, 0, 8, 0)
    row.addWidget(left)
    row.addStretch(1)
    row.addWidget(right, 0, Qt.AlignmentFlag.AlignVCenter)
    return line


def _column(owner: QWidget, head: QWidget, body: QWidget | QVBoxLayout | QGridLayout) -> None:
    column = QVBoxLayout(owner)
    column.setContentsMargins(0, look().px(Space.BAND), 0, 0)
    column.setSpacing(look().px(Space.TIGHT))
    column.addWidget(head)
    if isinstance(body, QWidget):
        column.addWidget(body)
    else:
        column.addLayout(body)
    column.addSpacing(look().px(Space.TIGHT))
    column.addWidget(Hairline())


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.deleteLater()
