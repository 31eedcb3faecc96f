"""Turns the rows and cells of a template's table into boxes and ruling lines.

A cell may span several rows; in the rows below it the other cells flow round it. Lines that meet end to end are
joined, so that a grid of a hundred cells draws as some forty strokes and no joint shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from medreg_desktop.services.printing.template import Box, Line, TemplateFault

FRAME_WIDTH = 0.45
RULE_WIDTH = 0.2
_SLACK = 0.01  # millimetres by which decimal fractions may miss


@dataclass(frozen=True, slots=True)
class CellSize:
    """What a cell asks for: a width in millimetres (None: the rest of its row) and a number of rows."""

    width: float | None
    rows: int = 1


@dataclass(frozen=True, slots=True)
class RowSize:
    """A row's height in millimetres (None: an equal share of what the fixed rows leave) and its cells."""

    height: float | None
    cells: tuple[CellSize, ...]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A stretch of the rows below that a spanning cell occupies."""

    left: float
    right: float
    until: int  # first row that is free again


def lay_out(table: Box, rows: Sequence[RowSize], where: str) -> list[list[Box]]:
    """Return the box of every cell, row by row; raises TemplateFault naming ``where`` and the row that does not fit."""
    tops = _row_tops(table, rows, where)
    taken: list[_Taken] = []
    boxes: list[list[Box]] = []
    for index, row in enumerate(rows):
        place = f"{where}, row {index + 1}"
        taken = [t for t in taken if t.until > index]
        boxes.append(_lay_out_row(table, row, tops, index, taken, place))
    return boxes


def _row_tops(table: Box, rows: Sequence[RowSize], where: str) -> list[float]:
    fixed = sum(row.height for row in rows if row.height is not None)
    open_rows = sum(row.height is None for row in rows)
    left = table.h - fixed
    if left < -_SLACK or (open_rows == 0 and left > _SLACK):
        raise TemplateFault(where, f"the rows are {fixed:g} mm high together, the table is {table.h:g} mm")
    share = left / open_rows if open_rows else 0.0
    tops = [table.y]
    for row in rows:
        tops.append(tops[-1] + (share if row.height is None else row.height))
    return tops


def _lay_out_row(
    table: Box, row: RowSize, tops: Sequence[float], index: int, taken: list[_Taken], where: str
) -> list[Box]:
    x = _skip(table.x, taken)
    boxes: list[Box] = []
    for number, cell in enumerate(row.cells, start=1):
        edge = min((t.left for t in taken if t.left > x - _SLACK), default=table.right)
        width = edge - x if cell.width is None else cell.width
        if width <= 0 or x + width > edge + _SLACK:
            raise TemplateFault(where, f"cell {number} is {width:g} mm wide, but only {edge - x:g} mm are free")
        until = index + cell.rows
        if until >= len(tops):
            raise TemplateFault(where, f"cell {number} spans {cell.rows} rows, but the table ends before")
        boxes.append(Box(x, tops[index], width, tops[until] - tops[index]))
        if cell.rows > 1:
            taken.append(_Taken(x, x + width, until))
        x = _skip(x + width, [t for t in taken if t.left >= x + width - _SLACK])
    if x < table.right - _SLACK:
        raise TemplateFault(where, f"the row ends {table.right - x:g} mm before the table's right edge")
    return boxes


def _skip(x: float, taken: Sequence[_Taken]) -> float:
    for stretch in sorted(taken, key=lambda t: t.left):
        if abs(stretch.left - x) < _SLACK:
            x = stretch.right
    return x


def rules(table: Box, boxes: Sequence[Box]) -> list[Line]:
    """Return the inner lines of a table once each, joined, and after them its frame."""
    across: defaultdict[float, list[tuple[float, float]]] = defaultdict(list)
    down: defaultdict[float, list[tuple[float, float]]] = defaultdict(list)
    for box in boxes:
        if box.foot < table.foot - _SLACK:
            across[round(box.foot, 3)].append((box.x, box.right))
        if box.right < table.right - _SLACK:
            down[round(box.right, 3)].append((box.y, box.foot))
    lines = [Line(a, y, b, y, RULE_WIDTH) for y, parts in sorted(across.items()) for a, b in _joined(parts)]
    lines += [Line(x, a, x, b, RULE_WIDTH) for x, parts in sorted(down.items()) for a, b in _joined(parts)]
    return lines + _frame(table)


def _joined(parts: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1] + _SLACK:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _frame(table: Box) -> list[Line]:
    half = FRAME_WIDTH / 2
    left, right, top, foot = table.x, table.right, table.y, table.foot
    return [
        Line(left - half, top, right + half, top, FRAME_WIDTH),
        Line(left - half, foot, right + half, foot, FRAME_WIDTH),
        Line(left, top, left, foot, FRAME_WIDTH),
        Line(right, top, right, foot, FRAME_WIDTH),
    ]
