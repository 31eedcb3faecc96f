"""Sets of rows and columns of bits against lists and sorting."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from medreg_desktop.services.search.slices import Slices, among, highest, lowest, members, row_set

VALUES = st.lists(st.integers(0, 2**17), min_size=1, max_size=200) | st.lists(
    st.integers(0, 3), min_size=1, max_size=200
)


def chosen(data: st.DataObject, values: list[int]) -> list[int]:
    return sorted(data.draw(st.sets(st.integers(0, len(values) - 1))))


@given(st.sets(st.integers(0, 5000)), st.integers(1, 50))
def test_a_set_gives_its_members_back(numbers: set[int], most: int) -> None:
    rows, ordered = row_set(list(numbers)), sorted(numbers)
    assert list(members(rows)) == ordered
    assert list(members(lowest(rows, most))) == ordered[:most]
    assert list(members(highest(rows, most))) == ordered[-most:]
    asked = list(range(0, 5100, most))
    assert among(rows, asked) == [n for n in asked if n in numbers]
    assert among(rows, asked[:5]) == [n for n in asked[:5] if n in numbers]


@given(st.data(), VALUES, st.booleans(), st.integers(1, 60))
def test_the_first_of_an_order_are_those_of_sorting(
    data: st.DataObject, values: list[int], descending: bool, most: int
) -> None:
    column, rows = Slices.of(array("I", values)), chosen(data, values)
    ordered = sorted(rows, key=lambda n: (values[n], n), reverse=descending)
    assert list(members(column.first(row_set(rows), most, descending=descending))) == sorted(ordered[:most])
    last = data.draw(st.integers(0, len(values) - 1))
    after = column.after(row_set(rows), values[last], last, descending=descending)
    key = (values[last], last)
    assert list(members(after)) == [n for n in rows if ((values[n], n) < key if descending else (values[n], n) > key)]


@given(st.data(), VALUES)
def test_ranges_and_values_are_those_of_filtering(data: st.DataObject, values: list[int]) -> None:
    column, rows = Slices.of(array("I", values)), chosen(data, values)
    first, last = sorted((data.draw(st.integers(0, 2**18)), data.draw(st.integers(0, 2**18))))
    assert list(members(column.between(row_set(rows), first, last))) == [n for n in rows if first <= values[n] <= last]
    one = data.draw(st.sampled_from([*values, 2**20]))
    assert list(members(column.equal(row_set(rows), one))) == [n for n in rows if values[n] == one]
    assert [column.value(n) for n in range(len(values))] == values


@given(st.data(), VALUES)
def test_changed_rows_have_their_new_values_and_no_other_row_moves(data: st.DataObject, values: list[int]) -> None:
    new = data.draw(st.dictionaries(st.integers(0, len(values) + 9), st.integers(0, 2**19), max_size=20))
    gone = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=5)) - new.keys()
    column = Slices.of(array("I", values)).replaced(row_set([*new, *gone]), new.items())
    expected = {**dict(enumerate(values)), **dict.fromkeys(gone, 0), **new}
    assert {n: column.value(n) for n in expected} == expected
