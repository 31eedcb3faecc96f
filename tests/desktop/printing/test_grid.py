from __future__ import annotations

import pytest

from medreg_desktop.services.printing.grid import FRAME_WIDTH, RULE_WIDTH, CellSize, RowSize, lay_out, rules
from medreg_desktop.services.printing.template import Box, TemplateFault

TABLE = Box(10, 20, 100, 30)


def row(height: float | None, *cells: CellSize | float | None) -> RowSize:
    return RowSize(height, tuple(cell if isinstance(cell, CellSize) else CellSize(cell) for cell in cells))


def test_the_last_cell_takes_the_rest_and_open_rows_share_what_is_left() -> None:
    boxes = lay_out(TABLE, [row(10, 30, None), row(None, None), row(None, 50, None)], "t")
    assert boxes == [
        [Box(10, 20, 30, 10), Box(40, 20, 70, 10)],
        [Box(10, 30, 100, 10)],
        [Box(10, 40, 50, 10), Box(60, 40, 50, 10)],
    ]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_cells_flow_round_one_that_spans_rows(place: int) -> None:
    first: list[CellSize | float] = [40.0, 40.0]
    first.insert(place, CellSize(20, rows=2))
    boxes = lay_out(TABLE, [row(10, *first), row(10, 40, 40), row(10, None)], "t")
    spanning = boxes[0][place]
    assert (spanning.w, spanning.h) == (20, 20)
    beside = [box for box in boxes[0] if box is not spanning]
    assert [(b.x, b.w) for b in boxes[1]] == [(b.x, b.w) for b in beside]


def test_an_open_cell_ends_where_a_spanning_one_begins() -> None:
    boxes = lay_out(TABLE, [row(10, 70, CellSize(30, rows=3)), row(10, None), row(10, 20, None)], "t")
    assert boxes[1] == [Box(10, 30, 70, 10)]
    assert boxes[2] == [Box(10, 40, 20, 10), Box(30, 40, 50, 10)]


@pytest.mark.parametrize(
    ("rows", "where", "words"),
    [
        ([row(10, None)], "t", "10 mm high together, the table is 30 mm"),
        ([row(20, None), row(20, None)], "t", "40 mm high together"),
        ([row(30, 60, 60)], "t, row 1", "cell 2 is 60 mm wide, but only 40 mm are free"),
        ([row(30, 60, 30)], "t, row 1", "ends 10 mm before"),
        ([row(30, CellSize(None, rows=2))], "t, row 1", "spans 2 rows, but the table ends before"),
        ([row(10, 60, CellSize(40, rows=2)), row(20, 70)], "t, row 2", "only 60 mm are free"),
        ([row(30, 100, None)], "t, row 1", "cell 2 is 0 mm wide"),
    ],
)
def test_what_does_not_add_up_is_named(rows: list[RowSize], where: str, words: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        lay_out(TABLE, rows, "t")
    assert caught.value.params["where"] == where
    assert words in caught.value.params["reason"]


def test_each_inner_line_is_drawn_once_and_joined() -> None:
    boxes = lay_out(TABLE, [row(10, 50, 50), row(10, 50, 50), row(10, 50, 50)], "t")
    lines = rules(TABLE, [box for part in boxes for box in part])
    inner = [line for line in lines if line.width == RULE_WIDTH]
    assert [(line.x0, line.y0, line.x1, line.y1) for line in inner] == [
        (10, 30, 110, 30),
        (10, 40, 110, 40),
        (60, 20, 60, 50),
    ]
    assert len([line for line in lines if line.width == FRAME_WIDTH]) == 4


def test_no_line_runs_through_a_spanning_cell() -> None:
    boxes = lay_out(TABLE, [row(15, 60, CellSize(40, rows=2)), row(15, 60)], "t")
    inner = [line for line in rules(TABLE, [b for part in boxes for b in part]) if line.width == RULE_WIDTH]
    assert [(line.x0, line.x1) for line in inner if line.y0 == line.y1] == [(10, 70)]
