from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.vocabulary import Category, Level
from medreg_server.services.exam.refusal import Refusal, WorkbookRefused
from medreg_server.services.exam.rows import COLUMNS, ExamResult, Field, RowFault, parse_rows
from medreg_server.services.exam.sheet import Cell
from tests.server.exam.conftest import HEAD, TABLES

TODAY = date(2026, 11, 23)
ID = "11010519491231002X"
GOOD: tuple[Cell, ...] = ("查若溪", ID, "2026990100000001", "执业医师", "临床", f"202699110{ID}", "2026", "示例考点")
PLACES = {field: place for place, field in enumerate(COLUMNS)}


def parsed(*rows: Sequence[Cell], head: Sequence[Cell] = HEAD) -> list[ExamResult | list[RowFault]]:
    return list(parse_rows([head, *rows], TABLES, TODAY))


def changed(field: Field, cell: Cell) -> tuple[Cell, ...]:
    row = list(GOOD)
    row[PLACES[field]] = cell
    return tuple(row)


def test_a_good_row_is_a_qualification() -> None:
    [result] = parsed(GOOD)
    assert isinstance(result, ExamResult)
    held = result.qualification
    assert (held.name, held.id_number, held.code) == ("查若溪", ID, f"202699110{ID}")
    assert (held.level, held.category, held.exam_category) == (Level.PHYSICIAN, Category.CLINICAL, "10")
    assert (held.obtained_on, held.issuer) == (TODAY, "示例省卫生健康委员会")
    assert (result.line, result.admission_number) == (2, "2026990100000001")


def test_an_earlier_year_ends_with_the_year() -> None:
    [result] = parsed((*GOOD[:5], f"202499110{ID}", "2024", "示例考点"))
    assert isinstance(result, ExamResult)
    assert result.qualification.obtained_on == date(2024, 12, 31)


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        (Field.NAME, "", "missing"),
        (Field.NAME, "  ", "missing"),
        (Field.NAME, "名" * 101, "too_long"),
        (Field.NAME, "查\u200b若溪", "control_character"),
        (Field.NAME, "查\x00若溪", "control_character"),
        (Field.ID_NUMBER, "", "missing"),
        (Field.ID_NUMBER, "110105194912310021", "id_check"),
        (Field.ID_NUMBER, "11010519491331002X", "id_date"),
        (Field.ID_NUMBER, "1101051949123100", "id_length"),
        (Field.ID_NUMBER, 1.10105194912310e17, "stored_as_number"),
        (Field.ADMISSION_NUMBER, "", "missing"),
        (Field.ADMISSION_NUMBER, "9" * 41, "too_long"),
        (Field.ADMISSION_NUMBER, 2.026990100000001e15, "stored_as_number"),
        (Field.LEVEL, "医师", "unknown"),
        (Field.LEVEL, "执业助理医师", "differs_from_code"),
        (Field.CATEGORY, "兽医", "unknown"),
        (Field.CATEGORY, "口腔", "differs_from_code"),
        (Field.CODE, "2026991", "qualification_length"),
        (Field.CODE, f"199799110{ID}", "qualification_year"),
        (Field.CODE, f"202799110{ID}", "qualification_year"),
        (Field.CODE, "202699110440524188001010014", "qualification_id_differs"),
        (Field.CODE, "2026991101101051949123100X1", "qualification_characters"),
        (Field.YEAR, "二〇二六", "no_year"),
        (Field.YEAR, "2025", "differs_from_code"),
        (Field.YEAR, 2026.5, "stored_as_number"),
        (Field.SITE, "", "missing"),
    ],
)
def test_each_fault_names_line_field_and_reason(field: Field, cell: Cell, code: str) -> None:
    _, faults = parsed(GOOD, changed(field, cell))
    assert isinstance(faults, list)
    assert RowFault(3, field, code) in faults


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        (Field.ID_NUMBER, "11010519491231002x"),
        (Field.ID_NUMBER, "１１０１０５１９４９１２３１００２Ｘ"),
        (Field.LEVEL, " 执业医师 "),
        (Field.LEVEL, "1"),
        (Field.LEVEL, 1.0),
        (Field.CATEGORY, "10"),
        (Field.CATEGORY, 10.0),
        (Field.YEAR, 2026.0),
        (Field.YEAR, "2026年"),
        (Field.ADMISSION_NUMBER, 12345.0),
    ],
)
def test_other_ways_of_writing_the_same(field: Field, cell: Cell) -> None:
    assert isinstance(parsed(changed(field, cell))[0], ExamResult)


def test_every_fault_of_a_row_is_told_at_once() -> None:
    [faults] = parsed(("", "1", "", "x", "y", "z", "w", ""))
    assert isinstance(faults, list)
    assert {fault.field for fault in faults} == set(Field)


def test_a_title_may_stand_above_the_head_and_blank_rows_anywhere() -> None:
    rows = [["2026年合格名单"], [], list(HEAD), ["", " "], list(GOOD)]
    [result] = parse_rows(rows, TABLES, TODAY)
    assert isinstance(result, ExamResult)
    assert result.line == 5


def test_columns_may_come_in_any_order_with_others_between() -> None:
    order = [7, 3, 1, 0, 2, 6, 5, 4]
    head = ["序号", *(HEAD[place] for place in order)]
    [result] = parsed(["1", *(GOOD[place] for place in order)], head=head)
    assert isinstance(result, ExamResult)


@pytest.mark.parametrize("site", ["考区", "考点", "考区/考点", "考区 / 考点", "考区／考点"])
def test_the_site_column_has_several_names(site: str) -> None:
    assert isinstance(parsed(GOOD, head=[*HEAD[:7], site])[0], ExamResult)


def test_missing_columns_are_named() -> None:
    with pytest.raises(WorkbookRefused) as refused:
        parsed(GOOD, head=("姓名", "身份证号"))
    assert refused.value.code is Refusal.COLUMNS_MISSING
    assert refused.value.params["columns"] == "准考证号、级别、类别、资格证书编码、年度、考区/考点"


@pytest.mark.parametrize("rows", [[HEAD], [HEAD, [""] * 8]])
def test_a_list_without_rows_is_refused(rows: list[Sequence[Cell]]) -> None:
    with pytest.raises(WorkbookRefused) as refused:
        list(parse_rows(rows, TABLES, TODAY))
    assert refused.value.code is Refusal.NO_ROWS


def test_short_rows_are_filled_with_blanks() -> None:
    [faults] = parsed(GOOD[:3])
    assert isinstance(faults, list)
    assert {fault.code for fault in faults} == {"missing"}


@given(st.lists(st.one_of(st.text(max_size=40), st.floats()), min_size=1, max_size=10))
def test_no_cell_breaks_the_reader(cells: list[Cell]) -> None:
    for answer in parsed(cells, GOOD):
        assert isinstance(answer, ExamResult) or answer
